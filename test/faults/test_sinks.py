# SPDX-License-Identifier: Apache-2.0
"""Sinks that do not do their part: one that takes half and says again, one that refuses some rows, one that never answers.
What becomes of each row is in the ledger, and TERM ends the daemon within fifteen seconds."""

import json
import os
import re
import signal
import threading
import time
import unittest

from numbered import numbered
from harness import Daemon, Flow

STOP = 15  # seconds, whatever the sink does

CONFIG = """
[global]
threads=2
stop_timeout={stop_timeout}
state_dir=.
stack=in:TAIL,{filters}out:FILE
[in]
path=in.log
start_at=beginning
[out]
{sink}
"""


class Sinks(Flow):
    LINES = 20_000

    def begin(self, sink, filters="", stop_timeout="1s"):
        self.config = CONFIG.format(sink=sink, filters=filters, stop_timeout=stop_timeout)
        return Daemon(self, self.config)

    def again(self):
        return Daemon(self, self.config)

    def ledger(self, log):
        """The elements' lines of the last ledger, by kind; each balances."""
        found = {}
        for line in log.splitlines():
            if " event=ledger " not in line:
                continue
            words = dict(re.findall(r"(\w+)=(\S+)", line))
            count = {name: int(value) for name, value in words.items() if value.isdigit()}
            dropped = sum(value for name, value in count.items() if name.startswith("dropped_"))
            self.assertEqual(count["in"] + count["made"], count["out"] + count["filtered"] + count["held"] + count["in_flight"] +
                             count["spooled"] + dropped + count.get("routed", 0) + count.get("lettered", 0), line)
            found[words["kind"]] = {"lettered": 0, **count, "dropped": dropped}
        self.assertIn("balanced=yes", log)
        return found

    def term(self, daemon, code):
        begin = time.monotonic()
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.process.wait(timeout=STOP), code, daemon.log())
        self.assertLess(time.monotonic() - begin, STOP)
        return self.ledger(daemon.log())

    def test_a_sink_that_takes_half_each_time(self):
        """A pipe that takes 64 KiB at once, and whose reader is slow."""
        os.mkfifo(self.path("out"))
        self.write("in.log", numbered(0, self.LINES - 1))
        pipe = os.open(self.path("out"), os.O_RDWR)
        got = []
        ended = threading.Event()

        def read():
            while not ended.is_set() and (piece := os.read(pipe, 8192)) != b"!":
                got.append(piece)
                time.sleep(0.0005)

        reader = threading.Thread(target=read)
        reader.start()
        daemon = self.begin("path=out\nformat=raw")
        size = os.path.getsize(self.path("in.log"))
        daemon.wait_for(lambda: sum(map(len, got)) >= size, "all lines", 60)
        lines = self.term(daemon, 0)
        os.write(pipe, b"!")
        ended.set()
        reader.join()
        os.close(pipe)
        self.assertEqual(b"".join(got).decode(), numbered(0, self.LINES - 1))
        self.assertEqual((lines["sink"]["out"], lines["sink"]["dropped"]), (self.LINES, 0))

    def refusals(self):
        """Rows of one name go to a folder, which no file sink takes; says which rows are good."""
        os.makedirs(self.path("out/bad.log"))
        rows = [{"name": "bad" if n % 7 == 0 else f"good{n % 3}", "n": n} for n in range(self.LINES)]
        self.write("in.log", "".join(json.dumps(row) + "\n" for row in rows))
        return [row["n"] for row in rows if row["name"] != "bad"]

    def delivered(self):
        names = [f"out/good{n}.log" for n in range(3)]
        return sorted(int(line) for name in names if os.path.exists(self.path(name))
                      for line in re.findall(r'^\{"n":(\d+)\}$', self.read(name), re.MULTILINE))

    def lettered(self):
        folder = self.path("letters/out")
        letters = [letter for name in os.listdir(folder) if name.endswith(".jsonl")
                   for letter in self.json_lines(f"letters/out/{name}")]
        return sorted(json.loads(letter["text"])["n"] for letter in letters)

    def settled(self, daemon):
        size = os.path.getsize(self.path("in.log"))
        daemon.wait_for(lambda: os.path.exists(self.path("in.pos")) and f" {size} " in self.read("in.pos"), "all settled")

    def test_a_sink_that_refuses_some_rows(self):
        """Their neighbours are delivered, and the ledger says how many they were."""
        good = self.refusals()
        bad = self.LINES - len(good)
        for policy, dropped in (("drop", bad), ("letters", 0)):
            for name in os.listdir(self.path("out")):
                if name != "bad.log":
                    os.unlink(self.path(f"out/{name}"))
            if os.path.exists(self.path("in.pos")):
                os.unlink(self.path("in.pos"))
                os.unlink(self.path("in.pos.old"))
            daemon = self.begin(f"path=out/$name.log\nkeys=n\nformat=json\non_refused={policy}", "parse_json,")
            self.settled(daemon)
            lines = self.term(daemon, 1)
            self.assertEqual(self.delivered(), good)
            sink = lines["sink"]
            self.assertEqual((sink["out"], sink["dropped"], sink["lettered"]), (len(good), dropped, bad - dropped))
            told = [line for line in daemon.log().splitlines() if "event=sink_refused" in line]
            self.assertTrue(0 < len(told) <= 10, told)
            daemon = self.again()  # refused is final: they are not offered again
            lines = self.term(daemon, 0)
            self.assertEqual(lines["source"]["in"], 0)
        self.assertEqual(self.lettered(), sorted(set(range(self.LINES)) - set(good)))

    def test_a_daemon_that_is_killed_while_rows_are_refused(self):
        good = self.refusals()
        for _ in range(8):
            daemon = self.begin("path=out/$name.log\nkeys=n\nformat=json", "parse_json,")
            time.sleep(0.02)
            daemon.kill()
        daemon = self.again()
        self.settled(daemon)
        self.assertIn(self.stop_code(daemon), (0, 1))
        self.assertEqual(sorted(set(self.delivered())), good)
        self.assertEqual(sorted(set(self.lettered())), sorted(set(range(self.LINES)) - set(good)))

    def stop_code(self, daemon):
        daemon.signal(signal.SIGTERM)
        code = daemon.process.wait(timeout=STOP)
        self.ledger(daemon.log())
        return code

    def silent(self, sink, count=2):
        """Nothing is delivered and nothing lost: what is in flight at the end comes again after the next start."""
        self.write("in.log", numbered(0, self.LINES - 1))
        for _ in range(count):
            daemon = self.begin(sink)
            daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "a sink that waits")
            time.sleep(0.3)
            lines = self.term(daemon, 1)
            self.assertGreater(lines["source"]["in_flight"] + lines["sink"]["in_flight"], 0)
            self.assertIn("event=not_delivered", daemon.log())
        return lines

    def test_a_pipe_that_nobody_reads(self):
        os.mkfifo(self.path("out"))
        pipe = os.open(self.path("out"), os.O_RDWR)  # its 64 KiB are soon full
        self.addCleanup(os.close, pipe)
        self.silent("path=out\nformat=raw")

    def test_a_device_that_is_always_full(self):
        lines = self.silent("path=/dev/full\nformat=raw")
        self.assertEqual(lines["sink"]["out"], 0)
        os.unlink(self.path("stookd.conf"))
        daemon = self.begin(f"path={self.path('out.log')}\nformat=raw")
        daemon.wait_for(lambda: self.has_all("out.log"), "all lines")
        self.term(daemon, 0)
        self.assertEqual(self.read("out.log"), numbered(0, self.LINES - 1))

    def has_all(self, name):
        return os.path.exists(self.path(name)) and os.path.getsize(self.path(name)) >= os.path.getsize(self.path("in.log"))

    def test_a_spool_before_a_sink_that_never_answers(self):
        self.write("in.log", numbered(0, self.LINES - 1))
        for cycle in range(3):
            daemon = self.begin("path=/dev/full\nformat=raw\nspool=spool")
            daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "a sink that waits")
            time.sleep(0.3)
            lines = self.term(daemon, 0)
            self.assertEqual(lines["source"]["in"], self.LINES if cycle == 0 else 0)
            self.assertIn(f"spooled={self.LINES}", daemon.log())
        daemon = self.begin(f"path={self.path('out.log')}\nformat=raw\nspool=spool")
        daemon.wait_for(lambda: self.has_all("out.log"), "all lines")
        self.term(daemon, 0)
        self.assertEqual(self.read("out.log"), numbered(0, self.LINES - 1))

    def test_a_sink_that_comes_and_goes(self):
        """/dev/full and a file in turn, at full speed: no line is torn, missing or repeated."""
        self.write("in.log", "")
        self.write("out.log", "")
        daemon = self.begin("path=out.log\nformat=raw")
        with open(self.path("in.log"), "a", encoding="ascii") as log:
            for turn in range(20):
                log.write(numbered(turn * 1000, turn * 1000 + 999))
                log.flush()
                if os.path.islink(self.path("out.log")):
                    os.unlink(self.path("out.log"))
                else:
                    daemon.wait_for(lambda: os.path.exists(self.path("out.log")), "the file after the last SIGUSR1")
                    os.rename(self.path("out.log"), self.path(f"out.log.{turn:02}"))
                    os.symlink("/dev/full", self.path("out.log"))
                daemon.signal(signal.SIGUSR1)
                time.sleep(0.03)
        if os.path.islink(self.path("out.log")):
            os.unlink(self.path("out.log"))
        daemon.signal(signal.SIGUSR1)

        def out():
            names = sorted(name for name in os.listdir(self.dir) if name.startswith("out.log"))
            return "".join(self.read(name) for name in names[1:] + names[:1])

        daemon.wait_for(lambda: f"n{20 * 1000 - 1} " in out(), "the last line")
        lines = self.term(daemon, 0)
        whole = re.findall(r"^n\d+ x+;$", out(), re.MULTILINE)
        self.assertEqual(sorted(int(line[1:].split()[0]) for line in whole), list(range(20_000)))
        self.assertEqual(lines["sink"]["out"], 20_000)


if __name__ == "__main__":
    unittest.main()
