# SPDX-License-Identifier: Apache-2.0
"""Metrics: every name is documented, every figure is the ledger's; the pages over HTTP and their limits; promtool agrees."""

import glob
import json
import os
import re
import signal
import socket
import subprocess
import time
import unittest

from harness import ROOT, TAIL_TO_FILE, Daemon, Programs
from scrape import Scrape, documented, fetch, promtool

CONFIG = """
[global]
control=control
metrics=127.0.0.1:0
state_dir={dir}
stack=in:TAIL,keep:KEEP,judge:LUA,out:FILE
stack=in:TAIL,keep:KEEP,all:FILE
stack=other:TAIL,keep:KEEP,kept:FILE
[in]
path=in.log
start_at=beginning
[other]
path=other.log
start_at=beginning
[keep]
where=message !~ 'skip'
[judge]
script=judge.lua
on_error=drop
[out]
path=out.log
format=raw
[all]
path=all.log
format=raw
[kept]
path=kept.log
format=raw
spool=spool
"""
SCRIPT = """
local rows = stook.counter("rows", "rows that were judged", {verdict = 'a "good" one\\\\'})
local size = stook.histogram("size_count", "their sizes")
local last = stook.gauge("last_total", "the last size")
function filter(rec)
  if rec.message == "bad" then error("bad") end
  rows:add(1)
  size:add(#rec.message)
  last:set(#rec.message)
end
"""
# Columns of the ledger, and what they are called here.
COLUMNS = {"in": "rows_in_total", "appended": "rows_appended_total", "out": "rows_out_total", "disposed": "rows_filtered_total",
           "held": "rows_held_total", "routed": "rows_routed_total", "lettered": "rows_letters_total", "spooled": "rows_spooled",
           "in_flight": "rows_in_flight", "faults": "rows_failed_total", "bytes": "bytes_total"}


class Scraped(Programs):
    def pages(self, daemon):
        """Where the pages of a daemon are."""
        return re.findall(r"event=pages_open address=(\S+)", daemon.log())[-1]

    def metrics(self, address):
        return Scrape(fetch(address)[2])

    def running(self):
        """A daemon that has delivered 7 rows of 10, and lost one."""
        self.write("judge.lua", SCRIPT)
        self.write("in.log", "one\nbad\nskip 1\nskip 2\ntwo\n")
        self.write("other.log", "three\nfour\nskip 3\nfive\nsix\n")
        daemon = Daemon(self, CONFIG.format(dir=self.dir))
        address = self.pages(daemon)
        daemon.wait_for(lambda: self.metrics(address).value("stook_rows_out_total", kind="sink") == 2 + 3 + 4, "the rows")
        for name in ("stook_unsettled_rows", "stook_slots_out", "stook_source_pool_out"):
            daemon.wait_for(lambda name=name: self.metrics(address).value(name) == 0, f"{name}: all is home")
        return daemon, address


class Names(Scraped):
    def test_the_page_has_every_metric_and_no_other(self):
        daemon, address = self.running()
        scrape, table = self.metrics(address), documented()
        self.assertGreater(len(table), 50)
        own = {name for name in scrape.kind if not name.startswith("stook_script_")}
        self.assertEqual(own, set(table))
        for name, (kind, _, doc) in table.items():
            self.assertEqual((scrape.kind[name], scrape.help[name]), (kind, doc), name)
        for (name, labels), _ in scrape.samples.items():
            family = scrape.family(name)
            self.assertIsNotNone(family, name)
            if family in table:
                self.assertLessEqual({label for label, _ in labels} - {"le"}, table[family][1], name)
        daemon.stop(1)

    def test_the_page_has_every_verb(self):
        daemon, _ = self.running()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.connect(self.path("control"))
            link.sendall(b"help\n")
            verbs = link.makefile().read().splitlines()[1:]
        self.assertIn("metrics [openmetrics]", verbs)
        text = ""
        for page in ("core/README.md", "core/run/README.md"):
            with open(os.path.join(ROOT, page), encoding="utf-8") as file:
                text += file.read()
        for verb in verbs:
            self.assertIn(f"| `{verb}` |", text)
        daemon.stop(1)

    def test_dashboard_and_rules_ask_for_metrics_that_there_are(self):
        known = set(documented())
        histograms = {name + suffix for name, (kind, _, _) in documented().items() if kind == "histogram"
                      for suffix in ("_bucket", "_sum", "_count")}
        files = glob.glob(os.path.join(ROOT, "etc/grafana/*.json")) + glob.glob(os.path.join(ROOT, "etc/prometheus/*.yml"))
        self.assertEqual(len(files), 3)
        for path in files:
            with open(path, encoding="utf-8") as file:
                asked = set(re.findall(r"\b(?:stook|process)_\w+", file.read()))
            asked = {name for name in asked if not name.startswith("stook_script_")}
            self.assertTrue(asked, path)
            self.assertEqual(asked - known - histograms, set(), path)


class Figures(Scraped):
    def test_all_figures_are_those_of_the_ledger(self):
        daemon, address = self.running()
        scrape = self.metrics(address)
        ledger = json.loads(self.stook("ledger", "--socket", "control", "--json").out)
        self.assertTrue(ledger["balanced"])
        self.assertGreaterEqual(len(ledger["lines"]), 12)
        for line in ledger["lines"]:
            labels = {"element": line["id"], "kind": line["kind"], "plugin": line["plugin"]}
            labels.update({"route": line["route"]} if line["route"] else {})
            for column, name in COLUMNS.items():
                self.assertEqual(scrape.value("stook_" + name, **labels), line[column], (line, name))
            dropped = scrape.value("stook_rows_dropped_total", **labels)
            self.assertEqual(dropped, sum(line["dropped"].values()), line)
            figure = {column: scrape.value("stook_" + name, **labels) for column, name in COLUMNS.items()}
            self.assertEqual(figure["in"] + figure["appended"], dropped + sum(figure[one] for one in (
                "out", "disposed", "held", "routed", "lettered", "spooled", "in_flight")), line)
        self.assertEqual(scrape.value("stook_rows_dropped_total", element="judge", reason="error"), 1)
        self.assertEqual(scrape.value("stook_rows_dropped_total", element="in", reason="kernel"), 0)
        daemon.stop(1)

    def test_what_is_counted_beside_rows(self):
        daemon, address = self.running()
        scrape = self.metrics(address)
        for sink, rows in (("out", 2), ("all", 3), ("kept", 4)):
            count = scrape.value("stook_sink_age_seconds_count", element=sink)
            self.assertTrue(1 <= count <= rows, (sink, count))
            self.assertEqual(scrape.value("stook_sink_age_seconds_bucket", element=sink, le="+Inf"), count)
            self.assertEqual(scrape.value("stook_sink_delivery_seconds_count", element=sink),
                             scrape.value("stook_sink_shipments_total", element=sink))
        buckets = [value for (name, labels), value in scrape.samples.items()
                   if name == "stook_sink_age_seconds_bucket" and ("element", "all") in labels]
        self.assertEqual(buckets, sorted(buckets))
        self.assertGreaterEqual(scrape.value("stook_source_bundles_total", element="in"), 1)
        self.assertEqual(scrape.value("stook_source_pool_bundles", element="in"), 16)
        self.assertEqual(scrape.value("stook_source_pool_out"), 0)
        self.assertEqual(scrape.value("stook_slots_out"), 0)
        self.assertGreaterEqual(scrape.value("stook_slots", element="out", route="in"), 8)
        self.assertEqual(scrape.value("stook_lua_errors_total", element="judge"), 1)
        self.assertEqual(scrape.value("stook_lua_kills_total", element="judge"), 0)
        self.assertGreater(scrape.value("stook_lua_seconds_total", element="judge"), 0)
        self.assertTrue(0 < scrape.value("stook_lua_memory_bytes") < scrape.value("stook_lua_memory_most_bytes"))
        self.assertGreater(scrape.value("stook_spool_disk_bytes", element="kept"), 0)
        self.assertEqual((scrape.value("stook_healthy"), scrape.value("stook_sink_failed")), (1, 0))
        for room in ("front", "worker", "carrier"):
            self.assertGreater(scrape.value("stook_thread_cpu_seconds_total", room=room), 0)
        for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"):
            self.assertGreater(scrape.value(name), 0, name)
        self.assertTrue(time.time() - 86400 < scrape.value("process_start_time_seconds") <= time.time())
        daemon.stop(1)

    def test_the_meters_of_scripts(self):
        daemon, address = self.running()
        text = fetch(address)[2]
        scrape = Scrape(text)
        self.assertIn('stook_script_rows_total{element="judge",verdict="a \\"good\\" one\\\\"} 2\n', text)
        self.assertEqual(scrape.help["stook_script_rows_total"], "rows that were judged")
        self.assertEqual(scrape.value("stook_script_last_total_value", element="judge"), 3)
        self.assertEqual(scrape.value("stook_script_size_count_value_count", element="judge"), 2)
        self.assertEqual(scrape.value("stook_script_size_count_value_sum", element="judge"), 6)
        self.assertEqual(scrape.value("stook_script_size_count_value_bucket", element="judge", le="4.0"), 2)
        daemon.stop(1)

    def test_counters_go_on_over_a_reload_and_reloads_count(self):
        daemon, address = self.running()
        self.write("stookd.conf", CONFIG.format(dir=self.dir).replace("skip", "no such word"))
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: self.metrics(address).value("stook_reloads_total", result="good") == 1, "the reload")
        self.assertEqual(self.metrics(address).value("stook_rows_filtered_total", element="keep"), 3)
        self.write("in.log", "skip 4\n", "a")
        daemon.wait_for(lambda: self.metrics(address).value("stook_rows_out_total", element="all", kind="sink") == 4, "a row")
        self.assertEqual(self.metrics(address).value("stook_rows_in_total", element="in"), 6)
        self.write("stookd.conf", "[global]\nstack=no such thing\n")
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: self.metrics(address).value("stook_reloads_total", result="failed") == 1, "the other")
        self.assertEqual(self.metrics(address).value("stook_reload_failed"), 1)
        daemon.stop(1)


class Forms(Scraped):
    def ask(self, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.connect(self.path("control"))
            link.sendall(request)
            return link.makefile().read()

    def test_openmetrics_and_the_socket(self):
        daemon, address = self.running()
        status, headers, text = fetch(address, headers={"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"})
        self.assertEqual((status, headers["content-type"]), (200, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
        self.assertTrue(text.endswith("\n# EOF\n"))
        self.assertIn("# TYPE stook_rows_in counter\n", text)
        self.assertIn("\nstook_rows_in_total{", text)
        status, headers, text = fetch(address)
        self.assertEqual(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertIn("# TYPE stook_rows_in_total counter\n", text)
        self.assertTrue(self.ask(b"metrics\n").startswith("ok\n# HELP "))
        self.assertTrue(self.ask(b"metrics openmetrics\n").endswith("\n# EOF\n"))
        self.assertEqual(self.ask(b"metrics xml\n"), "error it takes the word `openmetrics` or none\n")
        daemon.stop(1)

    @unittest.skipUnless(promtool(), "no promtool")
    def test_promtool_takes_it(self):
        daemon, address = self.running()
        done = subprocess.run([promtool(), "check", "metrics"], input=fetch(address)[2], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
        daemon.stop(1)

    @unittest.skipUnless(promtool(), "no promtool")
    def test_promtool_takes_the_rules_and_they_do_what_they_say(self):
        for words in (("check", "rules", "stook.rules.yml"), ("test", "rules", "stook.rules.test.yml")):
            done = subprocess.run([promtool(), *words], cwd=os.path.join(ROOT, "etc/prometheus"), capture_output=True, text=True,
                                  timeout=120, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Pages(Scraped):
    def raw(self, address, request):
        host, port = address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=30) as link:
            link.sendall(request)
            return b"".join(iter(lambda: link.recv(65536), b"")).decode()

    def test_what_is_answered_and_what_is_refused(self):
        daemon, address = self.running()
        self.assertEqual(fetch(address, "/healthz")[::2], (200, "healthy: 2 sources\n"))
        self.assertEqual(fetch(address, "/")[0], 200)
        status, headers, text = fetch(address, method="HEAD")
        self.assertEqual((status, text), (200, ""))
        self.assertGreater(int(headers["content-length"]), 1000)
        self.assertEqual(fetch(address, "/metrics?name[]=x")[0], 200)
        status, _, text = fetch(address, "/etc/passwd")
        self.assertEqual(status, 404)
        self.assertIn("/metrics  ", text)
        status, headers, _ = fetch(address, method="POST")
        self.assertEqual((status, headers["allow"]), (405, "GET, HEAD"))
        for request, status in ((b"GET /metrics\r\n\r\n", 400), (b"\x00\xff\r\n\r\n", 400), (b"GET metrics HTTP/1.1\r\n\r\n", 400),
                                (b"GET /metrics HTTP/1.0\n\n", 200), (b"GET / HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n", 431),
                                (b"GET /" + b"x" * 20000, 431)):
            self.assertTrue(self.raw(address, request).startswith(f"HTTP/1.1 {status} "), request[:40])
        self.assertEqual(fetch(address, "/healthz")[0], 200)
        daemon.stop(1)

    def test_the_17th_client_is_told_so(self):
        daemon, address = self.running()
        host, port = address.rsplit(":", 1)
        links = [socket.create_connection((host, int(port)), timeout=30) for _ in range(16)]
        for link in links:
            self.addCleanup(link.close)
        links[7].sendall(b"GET /healthz HTTP/1.1\r\n")  # taken by now, as were those before it
        self.assertTrue(self.raw(address, b"").startswith("HTTP/1.1 503 "))
        links[7].sendall(b"\r\n")
        self.assertTrue(links[7].recv(100).startswith(b"HTTP/1.1 200 "))
        for link in links:
            link.close()
        daemon.wait_for(lambda: fetch(address, "/healthz")[0] == 200, "room again")
        daemon.stop(1)

    def test_a_client_that_says_nothing_is_cut_off(self):
        daemon, address = self.running()
        self.assertEqual(self.raw(address, b""), "")
        daemon.stop(1)

    def test_healthz_fails_when_a_source_has_come_to_a_stop(self):
        os.mkfifo(self.path("pipe"))
        reader = os.open(self.path("pipe"), os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.write("in.log", "".join(f"line {n} {'x' * 100}\n" for n in range(20000)))
        daemon = Daemon(self, TAIL_TO_FILE.format(more=f"metrics=unix:{self.path('pages')}\nstall_after=300ms\nstop_timeout=300ms",
                                                  out="pipe"))
        address = self.path("pages")
        daemon.wait_for(lambda: self.metrics(address).value("stook_sink_failing_seconds", element="out") > 0, "the pipe is full")
        daemon.wait_for(lambda: self.metrics(address).value("stook_source_paused_seconds", element="in") > 0, "a pause")
        daemon.wait_for(lambda: fetch(address, "/healthz")[0] == 503, "unhealthy")
        self.assertIn("unhealthy: 1 of 1 source has come to a stop; in is held by sink out", fetch(address, "/healthz")[2])
        scrape = self.metrics(address)
        self.assertEqual((scrape.value("stook_healthy"), scrape.value("stook_stalled", element="in")), (0, 1))
        self.assertEqual(scrape.value("stook_sink_failing", element="out"), 1)
        self.assertGreater(scrape.value("stook_sink_failing_seconds", element="out"), 0)
        self.assertGreater(scrape.value("stook_unsettled_seconds", element="in"), 0.2)
        self.assertGreater(scrape.value("stook_slots_out", element="out"), 0)
        self.assertGreater(self.metrics(address).value("stook_slots_starved_total", element="out"), 0)
        daemon.kill()

    def test_addresses(self):
        text = TAIL_TO_FILE.format(more="metrics={}", out="out.log")
        for address, why in (("example.org:9598", "is a name"), ("127.0.0.1", "port"), ("unix:", "")):
            self.write("bad.conf", text.format(address))
            done = self.stook("check", "bad.conf")
            self.assertEqual(done.code, 2, done.out)
            self.assertIn("[global] metrics: ", done.err)
            self.assertIn(why, done.err)
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        done = self.stookd("-c", self.write("taken.conf", text.format(port)))
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"127.0.0.1:{port}", done.stderr)
        daemon = Daemon(self, text.format("0.0.0.0:0"))
        self.assertRegex(daemon.log(), "level=warning event=pages_open address=0.0.0.0:\\d+ reached_by=\"other machines\"")
        self.write("stookd.conf", text.format("127.0.0.1:0"))
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: "event=reload_waits option=metrics" in daemon.log(), "the word")
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
