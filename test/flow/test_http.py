# SPDX-License-Identifier: Apache-2.0
"""The http sink against nginx and a Python server: what arrives, what each status means, and what a peer's end costs."""

import json
import os
import subprocess
import unittest

from harness import BUILD, ROOT, Daemon, Programs
from http_peers import Answer, Nginx, Peer, make_certificates

NAMES = os.path.join(ROOT, BUILD, "test/flow/libnames.so")
CONFIG = """
[global]
letters=letters
{more}
stack=in:FILE,parse_json,out:HTTP
[in]
path=in.json
[out]
url={url}
retry_first=20ms
retry_most=50ms
{out}
"""
STAYING = """
[global]
state_dir=.
{more}
stack=in:TAIL,parse_json,out:HTTP
[in]
path=in.json
start_at=beginning
[out]
url={url}
retry_first=20ms
retry_most=50ms
{out}
"""


class Http(Programs):
    def make(self, count=3000, bad=()):
        rows = [{"n": n, "host": f"web{n % 3}", **({"bad": True} if n in bad else {})} for n in range(count)]
        self.write("in.json", "".join(json.dumps(row) + "\n" for row in rows))
        return rows

    def send(self, url, out="", more="", code=0, **what):
        return self.run_config(CONFIG.format(url=url, out=out, more=more), code=code, **what)

    def numbers(self, body):
        return [json.loads(line)["n"] for line in body.splitlines()]

    def letters(self):
        names = sorted(os.listdir(self.path("letters/out"))) if os.path.exists(self.path("letters/out")) else []
        return [letter for name in names if name.endswith(".jsonl") for letter in self.json_lines(f"letters/out/{name}")]


class Bodies(Http):
    def test_rows_arrive_once_and_in_order_over_one_connection(self):
        rows = self.make()
        peer = Peer(self)
        result = self.send(peer.url("/rows?a=b"), "header=\"X-Scope: a b\"\nrequest_size=16KiB\n")
        self.assertEqual([json.loads(line) for line in peer.body().splitlines()], rows)
        self.assertEqual(len({request.connection for request in peer.requests}), 1)
        self.assertGreater(len(peer.requests), 1)
        request = peer.requests[0]
        self.assertEqual((request.method, request.path), ("POST", "/rows?a=b"))
        self.assertEqual(request.headers["Content-Type"], "application/x-ndjson")
        self.assertEqual(request.headers["X-Scope"], "a b")
        self.assertIsNone(request.headers["Expect"])
        self.assertEqual(result.line("out", "sink")["out"], 3000)

    def test_gzip(self):
        rows = self.make()
        peer = Peer(self)
        self.send(peer.url(), "gzip=1\n")
        self.assertEqual([json.loads(line) for line in peer.body().splitlines()], rows)
        self.assertEqual(peer.requests[0].headers["Content-Encoding"], "gzip")
        self.assertLess(sum(int(request.headers["Content-Length"]) for request in peer.requests), len(peer.body()) / 3)

    def test_arrays_within_an_envelope_in_batches_of_a_hundred(self):
        rows = self.make(250)
        peer = Peer(self)
        self.send(peer.url(), 'method=PUT\nbody=array\nbegin={"rows":\nend=}\nhold_rows=100\n')
        bodies = [json.loads(request.body)["rows"] for request in peer.taken]
        self.assertEqual([len(body) for body in bodies], [100, 100, 50])
        self.assertEqual(sum(bodies, []), rows)
        self.assertEqual({(request.method, request.headers["Content-Type"]) for request in peer.taken},
                         {("PUT", "application/json")})

    def test_other_formats_and_secrets(self):
        self.make(3)
        self.write("token", "s3cret\n")
        os.chmod(self.path("token"), 0o600)
        peer = Peer(self)
        result = self.send(peer.url(), f"format=csv\nkeys=n,host\ncontent_type=text/csv\ntoken=file:{self.path('token')}\n")
        self.assertEqual(peer.body(), b"n,host\n0,web0\n1,web1\n2,web2\n")
        self.assertEqual(peer.requests[0].headers["Authorization"], "Bearer s3cret")
        self.assertNotIn("s3cret", result.err)


class Statuses(Http):
    def test_what_passes_is_sent_again_until_it_is_taken(self):
        rows = self.make()
        statuses = [503, 500, 502, 504, 429, 408, 425]
        peer = Peer(self, lambda request: Answer(statuses.pop() if statuses else 204))
        result = self.send(peer.url())
        self.assertEqual([json.loads(line) for line in peer.body().splitlines()], rows)
        line = result.line("out", "sink")
        self.assertEqual([line.get(name) for name in ("retries", "answers_2xx", "answers_4xx", "answers_429", "answers_5xx", "no_answers")],
                         [7, len(peer.requests) - 7, 2, 1, 4, None])

    def test_what_is_sent_again_has_the_key_it_had(self):
        rows = self.make(300)
        statuses = [200, 503, 500, 200, 429]
        peer = Peer(self, lambda request: Answer(statuses.pop() if statuses else 204))
        self.send(peer.url(), "idempotency_header=Idempotency-Key\nrequest_size=1KiB\n")
        self.assertEqual([json.loads(line) for line in peer.body().splitlines()], rows)
        bodies = {}
        for request in peer.requests:
            bodies.setdefault(request.headers["Idempotency-Key"], []).append(request.body)
        self.assertEqual([len(sent) for sent in bodies.values()], [2, 3] + [1] * (len(bodies) - 2))
        self.assertTrue(all(len(set(sent)) == 1 for sent in bodies.values()))

    def test_retry_after_is_obeyed(self):
        self.make(10)
        answers = [Answer(429, "slowly", {"Retry-After": "1"})]
        peer = Peer(self, lambda request: answers.pop() if answers else Answer())
        result = self.send(peer.url())
        self.assertEqual(len(peer.requests), 2)
        self.assertRegex(result.log, r"event=sink_waits .*reason=\"POST http://127.0.0.1:\d+/rows: 429 Too Many Requests: "
                                     r"slowly\".* retry_in=\"?1")

    def test_a_connection_that_ends_without_an_answer(self):
        self.make()
        answers = [Answer(cut=True)] * 3
        peer = Peer(self, lambda request: answers.pop() if answers else Answer())
        result = self.send(peer.url())
        self.assertEqual(self.numbers(peer.body()), list(range(3000)))
        self.assertEqual(result.line("out", "sink")["no_answers"], 3)

    def test_refused_rows_become_letters_alone(self):
        bad = {0, 7, 1000, 1001, 2999}
        self.make(bad=bad)
        peer = Peer(self, lambda request: Answer(422, '{"error":\n\t"row is bad"}') if b'"bad"' in request.body else Answer())
        result = self.send(peer.url(), code=1)
        self.assertEqual(self.numbers(peer.body()), sorted(set(range(3000)) - bad))
        letters = self.letters()
        self.assertEqual({json.loads(letter["text"])["n"] for letter in letters}, bad)
        self.assertRegex(letters[0]["reason"],
                         r'^POST http://127.0.0.1:\d+/rows: 422 Unprocessable (Entity|Content): \{"error": "row is bad"\}$')
        self.assertEqual(result.line("out", "sink")["lettered"], 5)

    def test_settings_that_are_wrong_lose_nothing_and_say_what_to_change(self):
        self.make(10)
        answers = [Answer(401), Answer(403), Answer(404), Answer(405), Answer(301, headers={"Location": "/other"})]
        for answer in answers:
            with self.subTest(answer.status):
                left = [answer]
                peer = Peer(self, lambda request: left.pop() if left else Answer())
                result = self.send(peer.url())
                self.assertEqual(self.numbers(peer.body()), list(range(10)))
                self.assertIn("event=sink_misconfigured", result.log)
                self.assertRegex(result.log, rf"{answer.status} .*; .*(user|path|rights|redirects)")
                self.assertEqual({request.path for request in peer.requests}, {"/rows"})

    def test_config_errors(self):
        self.make(1)
        self.write("client.key", "x")
        cases = [
            ("ftp://h/x", "", "is no URL; write http://host:port/path or https"),
            ("http://u:p@h/x", "", "url: holds a user or a password; write them as the options user and password"),
            ("http://h/x", "header=nonsense\n", 'header: a line is no header; write "Name: value"'),
            ("http://h/x", "header=Content-Length: 1\n", "content-length is set by the sink itself"),
            ("http://h/x", "token=a\nuser=b\n", "token: there is another authorization"),
            ("http://h/x", "tls_ca=ca.pem\n", "tls_ca: has no use with http; write an url that begins with https://"),
            ("https://h/x", "tls_key=client.key\n", "tls_key"),
            ("https://h/x", "proxy=https://h\n", "proxy: TLS to a proxy is not spoken; write http://host:port"),
        ]
        for url, out, text in cases:
            with self.subTest(url + " " + out):
                self.write("stook.conf", CONFIG.format(url=url, out=out, more=""))
                result = self.stook("check", "stook.conf")
                self.assertNotEqual(result.code, 0)
                self.assertIn(text, result.err + result.out)


class RealServer(Http):
    """nginx in front of the Python server."""

    def front(self, peer, more=""):
        return Nginx(self, "listen PORT; client_max_body_size 64k; " + more +
                     f" location /rows {{ proxy_pass http://127.0.0.1:{peer.port}; }}"
                     " location /sink { return 204; } location /off { return 503; }")

    def write_rows(self, first, count):
        self.write("in.json", "".join(json.dumps({"n": n}) + "\n" for n in range(first, first + count)), "a")

    def test_status_codes_of_nginx(self):
        self.make()
        nginx = self.front(Peer(self))
        sent = self.send(nginx.url("/sink"), "request_size=16KiB\n").line("out", "sink")["answers_2xx"]
        self.until(lambda: len(nginx.log()) >= sent, "the log of all requests")
        self.assertEqual({status for status, _ in nginx.log()}, {204})
        self.assertEqual(len({connection for _, connection in nginx.log()}), 1)
        # Nothing is delivered there, and each row is counted.
        result = self.send(nginx.url("/off"), "request_size=16KiB\nretry_for=300ms\n", code=1)
        line = result.line("out", "sink")
        self.until(lambda: len(nginx.log()) >= sent + line["answers_5xx"], "the log of all requests")
        self.assertEqual({status for status, _ in nginx.log()[sent:]}, {503})
        self.assertEqual((line["out"], line["lettered"]), (0, 3000))

    def test_a_body_that_is_too_long_for_nginx_is_divided_until_it_fits(self):
        rows = self.make(6000)
        peer = Peer(self)
        nginx = self.front(peer)
        self.send(nginx.url("/rows"), "hold_rows=6000\n")  # 70 KiB at once
        self.assertEqual([json.loads(line) for line in peer.body().splitlines()], rows)
        self.assertEqual({status for status, _ in nginx.log()}, {200, 413})

    def test_a_server_that_is_killed_and_comes_back_misses_nothing(self):
        self.make(0)
        peer = Peer(self)
        nginx = self.front(peer)
        daemon = Daemon(self, STAYING.format(url=nginx.url("/rows"), out="hold_rows=50\nhold_time=5ms\n", more=""))
        written = 0
        for what in (nginx, peer, nginx, peer):
            self.write_rows(written, 1000)
            daemon.wait_for(lambda: len(set(self.numbers(peer.body()))) > written + 100, "some rows arrive")
            (what.kill if what is nginx else what.stop)()
            self.write_rows(written + 1000, 1000)
            written += 2000
            daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "the sink waits")
            what.start()
        daemon.wait_for(lambda: len(set(self.numbers(peer.body()))) == written, "all rows arrive")
        daemon.stop()
        numbers = self.numbers(peer.body())
        self.assertEqual(sorted(set(numbers)), list(range(written)))
        self.assertLess(len(numbers), written + 4 * 64 * 50)  # what was under way when an answer was lost

    def test_tls(self):
        self.make(100)
        make_certificates(self)
        peer = Peer(self)
        where = self.path("")
        nginx = self.front(peer, f"ssl_certificate {where}server.pem; ssl_certificate_key {where}server.key; "
                           f"ssl_client_certificate {where}ca.pem; ssl_verify_client on; ".replace("listen PORT", ""))
        nginx.kill()
        conf = self.read("nginx/nginx.conf").replace(f"listen 127.0.0.1:{nginx.port};", f"listen 127.0.0.1:{nginx.port} ssl;")
        self.write("nginx/nginx.conf", conf)
        nginx.start()
        client = "tls_ca=ca.pem\ntls_cert=client.pem\ntls_key=client.key\n"
        self.send(nginx.url("/rows", "https"), client)
        self.assertEqual(self.numbers(peer.body()), list(range(100)))
        wrong = [
            ("another CA", "https", "127.0.0.1", client.replace("ca.pem", "other.pem"), "certificate"),
            ("no certificate shown", "https", "127.0.0.1", "tls_ca=ca.pem\n", "look at tls_cert, tls_key and the url"),
            ("plain", "http", "127.0.0.1", "", "look at tls_cert, tls_key and the url"),
        ]
        for name, scheme, host, out, text in wrong:
            with self.subTest(name):
                before = len(peer.requests)
                result = self.send(nginx.url("/rows", scheme, host), out + "retry_for=100ms\n", code=1)
                self.assertIn("event=sink_misconfigured", result.log)
                self.assertIn(text, result.log)
                self.assertEqual(len(peer.requests), before)
        # The name is proven, too: this host is not in the certificate.
        self.write("names", "subjectAltName=DNS:elsewhere\n")
        subprocess.run(["openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                        "-extfile", "names", "-out", "server.pem"], cwd=self.dir, check=True, capture_output=True)
        nginx.kill()
        nginx.start()
        result = self.send(nginx.url("/rows", "https"), client + "retry_for=100ms\n", code=1)
        self.assertIn("event=sink_misconfigured", result.log)
        before = len(peer.taken)
        self.send(nginx.url("/rows", "https"), client + "tls_name=elsewhere\n")
        self.assertGreater(len(peer.taken), before)
        before = len(peer.taken)
        self.send(nginx.url("/rows", "https"), client + "tls_verify=no\n")
        self.assertGreater(len(peer.taken), before)


class Ends(Http):
    def test_a_peer_that_does_not_answer_does_not_keep_the_daemon(self):
        self.make(100)
        peer = Peer(self)
        held = []

        def hang(request):
            held.append(request)
            self.until(lambda: not held, "the test lets go", 60)
            return Answer(cut=True)
        peer.answer = hang
        self.addCleanup(held.clear)
        daemon = Daemon(self, STAYING.format(url=peer.url(), out="timeout=10m\n", more="stop_timeout=200ms"))
        daemon.wait_for(lambda: held, "a request hangs")
        daemon.signal(15)
        code = daemon.process.wait(timeout=30)
        self.assertNotIn("sink_stuck", daemon.log())
        self.assertNotEqual(code, 0)
        held.clear()
        # The rows were not acknowledged, so the next start sends them.
        peer.answer = lambda request: Answer()
        again = Daemon(self, STAYING.format(url=peer.url(), out="", more=""))
        again.wait_for(lambda: len(self.numbers(peer.body())) == 100, "the rows arrive")
        again.stop()
        self.assertEqual(self.numbers(peer.body()), list(range(100)))

    def test_a_request_that_takes_too_long_is_sent_again(self):
        self.make(100)
        first = []

        def slow(request):
            if not first:
                first.append(request)
                self.until(lambda: len(first) > 1, "the next request", 60)
                return Answer(cut=True)
            first.append(request)
            return Answer()
        peer = Peer(self)
        peer.take = slow  # not one at a time
        result = self.send(peer.url(), "timeout=300ms\n")
        self.assertIn("event=sink_waits", result.log)
        self.assertEqual(self.numbers(first[1].body), list(range(100)))

    def test_rows_for_a_peer_that_is_not_there_wait_for_it(self):
        self.make()
        peer = Peer(self)
        peer.stop()
        daemon = Daemon(self, STAYING.format(url=peer.url(), out="", more=""))
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "the sink waits")
        self.assertIn("onnect", daemon.log())
        peer.start()
        daemon.wait_for(lambda: len(self.numbers(peer.body())) == 3000, "the rows arrive")
        daemon.stop()
        self.assertEqual(self.numbers(peer.body()), list(range(3000)))

    def test_a_name_without_an_address_is_said_once(self):
        self.make(1)
        peer = Peer(self)
        for url, more, name in (("http://nowhere.test/", "", "nowhere.test"),
                                ("http://slow.test/", "connect_timeout=50ms\n", "slow.test"),
                                (peer.url(), "proxy=http://me:geheim@nowhere.test:1\n", "nowhere.test")):
            with self.subTest(url + more):
                result = self.send(url, more + "retry_for=2s\n", code=1, env={"LD_PRELOAD": NAMES})
                self.assertEqual(result.log.count("event=name_unresolved"), 1)
                self.assertRegex(result.log, f'event=name_unresolved name={name} reason="(Could not resolve|Resolving timed out)')
                self.assertNotIn("geheim", result.log)
                self.assertGreater(result.line("out", "sink")["retries"], 1)


if __name__ == "__main__":
    unittest.main()
