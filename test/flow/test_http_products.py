# SPDX-License-Identifier: Apache-2.0
"""Elasticsearch, Loki, Splunk and VictoriaLogs, each by a server that is as strict as its documentation.

The servers here are written from the interfaces' public documentation, and know nothing of how stook makes its requests.
"""

import json
import os
import re
import unittest
import urllib.parse

from harness import Flow
from http_peers import Answer, Peer

CONFIG = """
[global]
letters=letters
stack=in:FILE,parse_json,parse_time(ts),out:{plugin}
[in]
path=in.json
[out]
url={url}
retry_first=10ms
retry_most=20ms
{out}
"""


class Elastic:
    """One index after another: documents by id. Actions and documents are checked as the bulk interface checks them."""

    def __init__(self):
        self.indices = {}
        self.busy = set()      # values of n that are answered 429 once
        self.deaf = 0          # so many requests are carried out and not answered
        self.most = 10 << 20   # of a body
        self.made = 0

    def answer(self, request):
        url = urllib.parse.urlsplit(request.path)
        if request.method != "POST" or url.path not in ("/_bulk", "/logs/_bulk"):
            return Answer(404, '{"error":"no handler found"}')
        if request.headers["Content-Type"] not in ("application/json", "application/x-ndjson"):
            return Answer(406, '{"error":"Content-Type header is not supported"}')
        if len(request.body) > self.most:
            return Answer(413)
        if not request.body.endswith(b"\n"):
            return Answer(400, '{"error":{"reason":"The bulk request must be terminated by a newline"}}')
        lines = request.body[:-1].split(b"\n")
        index = url.path.split("/")[1] if url.path != "/_bulk" else None
        items = []
        while lines:
            action = json.loads(lines.pop(0))
            (op, meta), = action.items()
            if op not in ("create", "index"):
                return Answer(400, '{"error":{"type":"illegal_argument_exception"}}')
            items.append({op: self.store(op, meta, index, json.loads(lines.pop(0)))})
        if self.deaf > 0:
            self.deaf -= 1
            return Answer(cut=True)
        errors = any(result["status"] >= 300 for item in items for result in item.values())
        body = {"took": 3, "errors": errors, "items": items}
        wanted = urllib.parse.parse_qs(url.query).get("filter_path")
        if wanted:
            keep = {path.split(".")[-1] for path in wanted[0].split(",") if path.startswith("items.*.")}
            body = {"errors": errors,
                    "items": [{op: {k: v for k, v in result.items() if k in keep} for op, result in item.items()}
                              for item in items]}
        return Answer(200, json.dumps(body))

    def store(self, op, meta, index, document):
        name = meta.get("_index", index)
        if name is None or name != name.lower():
            return {"status": 400, "error": {"type": "invalid_index_name_exception", "reason": f"[{name}]"}}
        if document.get("n") in self.busy:
            self.busy.discard(document["n"])
            return {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "queue is full"}}
        if "bad" in document:
            return {"status": 400, "error": {"type": "document_parsing_exception", "reason": "failed to parse field [bad]",
                                             "caused_by": {"type": "x", "reason": "no number"}}}
        self.made += "_id" not in meta
        key = meta.get("_id", f"made{self.made}")
        place = self.indices.setdefault(name, {})
        if op == "create" and key in place:
            return {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "already exists"}}
        place[key] = document
        return {"_index": name, "_id": key, "status": 201}


class Loki:
    """Streams by their labels."""

    def __init__(self):
        self.streams = {}
        self.pushes = []

    def answer(self, request):
        if request.method != "POST" or request.path != "/loki/api/v1/push":
            return Answer(404)
        if request.headers["Content-Type"] != "application/json":
            return Answer(400, "unsupported content type")
        push = json.loads(request.body)
        if set(push) != {"streams"}:
            return Answer(400, "unknown field")
        for stream in push["streams"]:
            labels = stream["stream"]
            if not labels or not all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) and isinstance(value, str)
                                     for name, value in labels.items()):
                return Answer(400, f"bad labels {labels}")
            for entry in stream["values"]:
                time, line = entry[:2]
                if not re.fullmatch(r"\d{1,19}", time) or not isinstance(line, str) or len(entry) > 3:
                    return Answer(400, f"bad entry {entry}")
                if "too old" in line:
                    return Answer(400, "entry too far behind, oldest acceptable timestamp is: 2026-11-21T00:00:00Z")
        self.pushes.append(len(push["streams"]))
        for stream in push["streams"]:
            key = tuple(sorted(stream["stream"].items()))
            known = self.streams.setdefault(key, [])
            known.extend(entry for entry in stream["values"] if entry not in known)
        return Answer(204)


class Collector:
    """Splunk's HTTP Event Collector: objects one after the other, with or without blanks between them."""

    def __init__(self):
        self.events = []
        self.queue_is_full = 0

    def answer(self, request):
        if request.path != "/services/collector/event":
            return Answer(404, '{"text":"The requested URL was not found on this server.","code":404}')
        if request.headers["Authorization"] is None:
            return Answer(401, '{"text":"Token is required","code":2}')
        if request.headers["Authorization"] != "Splunk 1111-2222":
            return Answer(403, '{"text":"Invalid token","code":4}')
        if self.queue_is_full > 0:
            self.queue_is_full -= 1
            return Answer(503, '{"text":"Server is busy","code":9}')
        text, decoder, events = request.body.decode(), json.JSONDecoder(), []
        while text.strip():
            event, end = decoder.raw_decode(text.lstrip())
            text = text.lstrip()[end:]
            if "event" not in event:
                return Answer(400, json.dumps({"text": "Event field is required", "code": 12,
                                               "invalid-event-number": len(events)}))
            if event.get("index", "main") not in ("main", "web"):
                return Answer(400, json.dumps({"text": "Incorrect index", "code": 7, "invalid-event-number": len(events)}))
            if "bad" in event["event"]:
                return Answer(400, json.dumps({"text": "Invalid data format", "code": 6,
                                               "invalid-event-number": len(events)}))
            events.append(event)
        self.events += events
        return Answer(200, '{"text":"Success","code":0}')


class Products(Flow):
    def make(self, count, bad=(), **more):
        rows = [{"ts": f"2026-11-21T03:38:{n % 60:02}.{n % 1000:03}Z", "n": n, "host": f"web{n % 3}",
                 "message": f"line {n}", **({"bad": "x"} if n in bad else {}), **more} for n in range(count)]
        self.write("in.json", "".join(json.dumps(row) + "\n" for row in rows))
        return rows

    def send(self, plugin, server, out="", code=0):
        self.peer = Peer(self, server.answer)
        return self.run_config(CONFIG.format(plugin=plugin, url=self.peer.url("").rstrip("/"), out=out), code=code)

    def letters(self):
        names = sorted(os.listdir(self.path("letters/out")))
        return [letter for name in names if name.endswith(".jsonl") for letter in self.json_lines(f"letters/out/{name}")]


class Elasticsearch(Products):
    def test_rows_are_stored_once_under_their_own_id(self):
        self.make(2000)
        server = Elastic()
        result = self.send("elasticsearch", server, "index=logs-$host\ngzip=1\n")
        self.assertEqual(set(server.indices), {"logs-web0", "logs-web1", "logs-web2"})
        found = [document for place in server.indices.values() for document in place.values()]
        self.assertEqual(sorted(document["n"] for document in found), list(range(2000)))
        self.assertEqual(found[0], {"@timestamp": "2026-11-21T03:38:00Z", "n": 0, "host": "web0", "message": "line 0"})
        self.assertTrue(all(key.startswith("in:") for place in server.indices.values() for key in place))
        self.assertEqual(result.line("out", "sink")["out"], 2000)

    def test_answers_that_are_lost_store_nothing_twice(self):
        self.make(2000)
        server = Elastic()
        server.deaf = 3
        self.send("elasticsearch", server, "index=logs\n")
        self.assertEqual(sorted(document["n"] for document in server.indices["logs"].values()), list(range(2000)))

    def test_each_row_has_its_own_answer(self):
        bad = {0, 5, 500, 1999}
        self.make(2000, bad)
        server = Elastic()
        server.busy = set(range(0, 2000, 7)) - bad
        result = self.send("elasticsearch", server, "index=logs\n", code=1)
        self.assertEqual({document["n"] for document in server.indices["logs"].values()}, set(range(2000)) - bad)
        letters = self.letters()
        self.assertEqual({json.loads(letter["text"].splitlines()[1])["n"] for letter in letters}, bad)
        self.assertEqual(letters[0]["reason"], "400 document_parsing_exception: failed to parse field [bad]: no number")
        line = result.line("out", "sink")
        self.assertEqual((line["out"], line["lettered"]), (1996, 4))
        self.assertIn("429 es_rejected_execution_exception: queue is full", result.log)
        # Only the rows that were busy are sent again, together.
        sent = sum(request.body.count(b"\n") // 2 for request in self.peer.requests)
        self.assertEqual(sent, 2000 + len(range(0, 2000, 7)) - len(bad & set(range(0, 2000, 7))))

    def test_a_body_that_is_too_long_is_divided(self):
        self.make(2000)
        server = Elastic()
        server.most = 20000
        self.send("elasticsearch", server, "index=logs\n")
        self.assertEqual(sorted(document["n"] for document in server.indices["logs"].values()), list(range(2000)))

    def test_index_of_the_url_and_no_ids(self):
        self.make(10)
        server = Elastic()
        self.peer = Peer(self, server.answer)
        self.run_config(CONFIG.format(plugin="elasticsearch", url=self.peer.url("/logs/_bulk"), out="id=\nop=index\n"))
        self.assertEqual(len(server.indices["logs"]), 10)
        self.assertTrue(all(key.startswith("made") for key in server.indices["logs"]))

    def test_what_is_no_bulk_interface_is_said(self):
        self.make(10)

        class Page:
            def answer(self, _):
                return Answer(200, "<html>hello</html>")
        result = self.send("elasticsearch", Page(), "index=logs\nretry_for=50ms\n", code=1)
        self.assertIn("the answer is no JSON object; set url to a bulk interface", result.log)


class LokiPush(Products):
    def test_entries_of_the_same_labels_go_together_with_their_nanoseconds(self):
        rows = self.make(900, **{"file.name": "a b"})
        server = Loki()
        self.send("loki", server, "labels=host, file.name\nline=message\nmetadata=n\ntenant=t1\n")
        self.assertEqual(set(server.streams), {tuple(sorted({"job": "stook", "host": f"web{n}", "file_name": "a b"}.items()))
                                               for n in range(3)})
        self.assertTrue(all(count == 3 for count in server.pushes), server.pushes)
        first = server.streams[tuple(sorted({"job": "stook", "host": "web1", "file_name": "a b"}.items()))]
        self.assertEqual([entry[1] for entry in first], [row["message"] for row in rows if row["host"] == "web1"])
        self.assertEqual(first[0], ["1795232281001000000", "line 1", {"n": "1"}])
        self.assertEqual(self.peer.requests[0].headers["X-Scope-OrgID"], "t1")

    def test_the_row_as_json_and_entries_that_are_refused(self):
        self.make(300)
        with open(self.path("in.json"), "a", encoding="utf-8") as file:
            file.write('{"ts":"2020-01-01T00:00:00Z","message":"too old"}\n')
        server = Loki()
        self.send("loki", server, "job=web\n", code=1)
        (labels, entries), = server.streams.items()
        self.assertEqual(labels, (("job", "web"),))
        self.assertEqual(len(entries), 300)
        self.assertEqual(json.loads(entries[0][1]), {"n": 0, "host": "web0", "message": "line 0"})
        letter, = self.letters()
        self.assertIn("entry too far behind", letter["reason"])


class Splunk(Products):
    def test_events(self):
        rows = self.make(500)
        server = Collector()
        server.queue_is_full = 2
        self.send("splunk", server, "token=1111-2222\nsourcetype=access\nindex=web\nsource=${none}\n")
        self.assertEqual(server.events[1], {"time": 1795232281.001, "host": "web1", "sourcetype": "access", "index": "web",
                                            "event": {key: rows[1][key] for key in ("n", "host", "message")}})
        self.assertEqual([event["event"]["n"] for event in server.events], list(range(500)))

    def test_refused_events_and_wrong_settings(self):
        self.make(500, bad={7, 300})
        server = Collector()
        self.send("splunk", server, "token=1111-2222\n", code=1)
        self.assertEqual([event["event"]["n"] for event in server.events], sorted(set(range(500)) - {7, 300}))
        self.assertEqual(len(self.letters()), 2)
        for out, text in (("token=3333", "Invalid token"), ("token=1111-2222\nindex=nobody", "Incorrect index")):
            with self.subTest(out):
                result = self.send("splunk", server, out + "\nretry_for=50ms\n", code=1)
                self.assertIn("event=sink_misconfigured", result.log)
                self.assertIn(text, result.log)


class VictoriaLogs(Products):
    def test_lines_and_which_keys_are_what(self):
        rows = self.make(100)
        lines = []

        class Victoria:
            def answer(self, request):
                url = urllib.parse.urlsplit(request.path)
                if url.path != "/insert/jsonline" or request.headers["Content-Type"] != "application/stream+json":
                    return Answer(400)
                lines.extend((urllib.parse.parse_qs(url.query), json.loads(line)) for line in request.body.splitlines())
                return Answer(200)
        self.send("victorialogs", Victoria(), "stream_fields=host, app\ntenant=12:34\n")
        self.assertEqual(lines[0][0], {"_time_field": ["time"], "_msg_field": ["message"], "_stream_fields": ["host,app"]})
        self.assertEqual([line["n"] for _, line in lines], [row["n"] for row in rows])
        self.assertEqual(lines[1][1]["time"], "2026-11-21T03:38:01.001Z")
        headers = self.peer.requests[0].headers
        self.assertEqual((headers["AccountID"], headers["ProjectID"]), ("12", "34"))


if __name__ == "__main__":
    unittest.main()
