# SPDX-License-Identifier: Apache-2.0
"""Taps and traces: rows of a running daemon as they pass, all of them while there are few, some of them while there are many."""

import json
import os
import queue
import signal
import socket
import subprocess
import threading
import time
import unittest

from harness import BUILD, ROOT, Daemon, Programs

# The pipe is how a test feeds rows one by one; `busy` has more rows than anyone can look at.
CONFIG = """
[global]
control=control
threads=2
stack=in:unix(listen={dir}/in.sock), parse:parse_json, web:keep(status >= 200), out:file(path={dir}/out.log)
stack=busy:made(what=access, rate={rate}), busy_parse:parse_access, drop_all:keep(status == 1), none:null
"""


class Asked:
    """A `stook` that looks at rows of a daemon."""

    def __init__(self, flow, *words):
        self.process = subprocess.Popen([os.path.join(ROOT, BUILD, "stook"), *words, "--socket", "control"], cwd=flow.dir,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.err = []
        self.readers = [threading.Thread(target=self.read, args=(self.process.stdout, self.lines.put), daemon=True),
                        threading.Thread(target=self.read, args=(self.process.stderr, self.err.append), daemon=True)]
        for reader in self.readers:
            reader.start()
        flow.addCleanup(self.end)

    @staticmethod
    def read(stream, take):
        with stream:
            for line in stream:
                take(line)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join()

    def has_line(self):
        return not self.lines.empty()

    def line(self):
        return self.lines.get(timeout=60)

    def out(self):
        """What was not read yet, of a program that has ended."""
        text = ""
        while not self.lines.empty():
            text += self.lines.get()
        return text

    def has_ended(self):
        return self.process.poll() is not None


class Tapped(Programs):
    """A daemon, and programs that look at its rows."""

    def daemon(self, text=None, rate=20000):
        return Daemon(self, (text or CONFIG).format(dir=self.dir, rate=rate))

    def ask(self, *words):
        """A program that goes on; its lines are read as they come."""
        return Asked(self, *words)

    def feed(self, *rows):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as to:
            to.connect(self.path("in.sock"))
            to.sendall("".join(json.dumps(row) + "\n" for row in rows).encode())

    def begun(self, daemon, asked, feed):
        """Rows are fed until the first one is shown: from then on the tap is there."""
        def has_come():
            feed()
            return asked.has_line()
        daemon.wait_for(has_come, "the tap shows a row")

    def finish(self, asked, code=0):
        """All that it wrote."""
        asked.process.wait(timeout=60)
        for reader in asked.readers:
            reader.join(timeout=60)
        out = asked.out()
        self.assertEqual(asked.process.returncode, code, "".join(asked.err))
        return out, "".join(asked.err)


class Taps(Tapped):
    def test_shows_all_rows_behind_an_element_in_order(self):
        """S1-TAP-1: at a low rate a tap is lossless; rows come with what the element wrote."""
        daemon = self.daemon()
        tap = self.ask("tap", "web", "--json")
        self.begun(daemon, tap, lambda: self.feed({"status": 200, "n": -1}))
        # By one connection: what comes by several has no order among them.
        self.feed(*({"status": 100 + n % 3 * 100, "n": n, "text": "a b"} for n in range(200)))
        wanted = [n for n in range(200) if n % 3 != 0]
        seen = []
        while len(seen) < len(wanted):
            row = json.loads(tap.line())
            if row["n"] >= 0:
                seen.append(row)
        self.assertEqual([row["n"] for row in seen], wanted)
        self.assertEqual(seen[0], {"status": 200, "n": 1, "text": "a b"})
        daemon.stop()

    def test_expressions_limits_and_forms(self):
        daemon = self.daemon()
        where = self.ask("tap", "parse", "--where", 'status >= 500 and path ~ "^/api"', "-n", "2")
        sink = self.ask("tap", "out", "-n", "1")
        source = self.ask("tap", "in", "-n", "1")
        deadline = time.monotonic() + 60
        n = 0
        while any(not one.has_ended() for one in (where, sink, source)) and time.monotonic() < deadline:
            n += 1
            self.feed({"status": 500, "path": "/api/x", "agent": "two words", "n": n}, {"status": 500, "path": "/other"},
                      {"status": 404, "path": "/api/y"})
            time.sleep(0.01)
        lines = self.finish(where)[0].splitlines()
        self.assertEqual(len(lines), 2)
        for line in lines:
            self.assertRegex(line, r'^status=500 path=/api/x agent="two words" n=\d+$')
        self.assertRegex(self.finish(sink)[0], r"^status=\d+ path=/")
        self.assertRegex(self.finish(source)[0], r'^message="\{')
        daemon.stop()

    def test_many_rows_are_sampled_and_it_is_said(self):
        """S1-TAP-2: above its budget a tap shows some rows and says how many; the rows are those of the element."""
        daemon = self.daemon(rate=400000)
        out, err = self.finish(self.ask("tap", "busy_parse", "--json", "-n", "30000"))
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(len(rows), 30000)
        self.assertTrue(all("status" in row and "message" not in row or "parse_error" not in row for row in rows))
        counts = json.loads(err.splitlines()[-1])
        self.assertGreater(counts["passed"], counts["shown"])
        self.assertGreaterEqual(counts["shown"], 30000)
        self.assertEqual(counts["looked_at"], counts["matched"])
        daemon.signal(signal.SIGTERM)
        daemon.process.wait(timeout=30)
        self.assertIn("balanced=yes", daemon.log())

    def test_several_taps_and_their_ends(self):
        """S1-TAP-3: a killed caller takes its tap with it: eight more find room again and again."""
        daemon = self.daemon()
        for _ in range(3):
            taps = [self.ask("tap", "busy_parse", "--json") for _ in range(8)]
            for tap in taps:
                self.assertIn("status", json.loads(tap.line()))
            refused = self.ask("tap", "busy_parse")
            self.assertIn("there are 8 taps", self.finish(refused, 3)[1])
            for tap in taps:
                tap.process.kill()
                tap.process.wait()

            def is_free():
                return self.stook("tap", "busy_parse", "-n", "1", "--socket", "control").code == 0
            daemon.wait_for(is_free, "the taps have gone")
        tap = self.ask("tap", "busy_parse")
        tap.line()
        tap.process.send_signal(signal.SIGINT)
        self.finish(tap)
        short = self.ask("tap", "drop_all", "--for", "200ms")
        self.assertEqual(self.finish(short)[0], "")
        left = self.ask("tap", "busy_parse")
        left.line()
        daemon.signal(signal.SIGTERM)
        self.finish(left, 3)
        daemon.process.wait(timeout=30)

    def test_wrong_questions(self):
        daemon = self.daemon()

        def says(text, code, *words):
            done = self.stook(*words, "--socket", "control")
            self.assertEqual(done.code, code, done.err)
            self.assertIn(text, done.err)
        says("no element 'pars'; did you mean 'parse'?", 3, "tap", "pars")
        says("the expression: ", 3, "tap", "parse", "--where", "status >=")
        says("usage: stook tap", 2, "tap")
        says("-n 0: at least 1", 2, "tap", "parse", "-n", "0")
        says("usage: stook tap", 2, "tap", "parse", "--what", "x")
        says("no source 'parse'; there are busy, in", 3, "trace", "1", "parse")
        says("there are several sources", 3, "trace", "1")
        says("N is at most", 3, "trace", "100000", "in")
        self.assertIn("--where", self.stook("tap", "--help").out)
        self.assertIn("SOURCE", self.stook("trace", "--help").out)
        daemon.stop()

    def test_a_reload_is_told_of_and_gone_through(self):
        """S1-TAP-4: a tap goes on over a reload, in other workers too, and ends where its element goes away."""
        daemon = self.daemon()
        tap = self.ask("tap", "web", "--json")
        self.begun(daemon, tap, lambda: self.feed({"status": 200, "n": 0}))
        for count, change in enumerate([("threads=2", "threads=1"), ("status >= 200", "status >= 100")]):
            self.write("stookd.conf", self.read("stookd.conf").replace(*change))
            self.stook("reload", "--socket", "control")
            daemon.wait_for(lambda: daemon.log().count("event=reloaded") == count + 1, "reloaded")
            mark = 1000 + count

            def arrives():
                self.feed({"status": 200, "n": mark})  # the first may pass before the tap is there again
                return tap.has_line() and json.loads(tap.line())["n"] == mark
            daemon.wait_for(arrives, "rows of the next plan")
        self.write("stookd.conf", self.read("stookd.conf").replace(", web:keep(status >= 100)", ""))
        self.stook("reload", "--socket", "control")
        err = self.finish(tap, 3)[1]
        self.assertEqual(err.count("the configuration was reloaded"), 3, err)
        self.assertIn("no element 'web' in the configuration any more", err)
        daemon.stop()


class Traces(Tapped):
    CHAIN = """
[global]
control=control
threads=2
stack=in:unix(listen={dir}/in.sock), parse:parse_json, mark:set(site=berlin), web:keep(status >= 200), out:file(path={dir}/out.log)
stack=in, other:remove(message), all:null
"""

    def test_the_whole_way_of_a_row(self):
        """S1-TRACE-1: values before and after, who dropped it, the sinks it reached, in both stacks of its source."""
        daemon = self.daemon(self.CHAIN)
        trace = self.ask("trace", "2", "--json")
        while not trace.has_ended():
            self.feed({"status": 404, "path": "/x"}, {"status": 100})
        rows = [json.loads(line) for line in self.finish(trace)[0].splitlines()]
        self.assertEqual(len(rows), 2)
        for row in rows:
            self.assertEqual(row["source"], "in")
            self.assertIn("message", row["values"])
            steps = {step["element"]: step for step in row["steps"]}
            status = json.loads(row["values"]["message"])["status"]
            self.assertEqual(steps["parse"]["set"]["status"], status)
            self.assertEqual(steps["parse"]["verdict"], "kept")
            self.assertEqual(steps["mark"]["set"], {"site": "berlin"})
            self.assertEqual(steps["mark"]["was"], {})
            self.assertEqual(steps["web"]["verdict"], "kept" if status == 404 else "dropped")
            self.assertEqual("out" in steps, status == 404)
            self.assertEqual(steps["other"]["removed"], ["message"])
            self.assertEqual(steps["all"]["verdict"], "reached")
            times = [step["at_ns"] for step in row["steps"]]
            self.assertEqual(times, sorted(times))
        daemon.stop()

    def test_for_people(self):
        daemon = self.daemon(self.CHAIN)
        trace = self.ask("trace", "1", "in")
        while not trace.has_ended():
            self.feed({"status": 404, "path": "/x"})
        text = self.finish(trace)[0]
        self.assertRegex(text, r"^row 1 of in at 20")
        self.assertRegex(text, r"\n  parse +\+[\d.]+ [num]*s +kept +.*\+status=404")
        self.assertRegex(text, r"\n  web +\+[\d.]+ [num]*s +kept *\n")
        self.assertRegex(text, r"\n  out +\+[\d.]+ [num]*s +reached *\n")
        self.assertRegex(text, r"\n  out +(\+[\d.]+ [num]*s +delivered|not final yet; `stook health` says what waits)\n")
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
