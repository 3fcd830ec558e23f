# SPDX-License-Identifier: Apache-2.0
"""Rows that a sink will never take go through another stack, and are acknowledged when they are final there."""

import json
import os
import re
import signal
import unittest

from harness import Daemon, Flow, open_files, rows_of

CONFIG = """
[global]
stop_timeout={timeout}
state_dir=.
letters=
control=control
stall_after=300ms
stack=in:TAIL,parse_json,out:FILE
{stacks}
[in]
path=in.log
start_at=beginning
[out]
path=out/$host
format=json
keys=host,n
on_refused={refused}
{out}
[bad]
path=bad.json
format=json
{bad}
"""


class Refused(Flow):
    """Rows for the host `wall` are refused: a folder has the name of their file. Each seventh row is for it."""

    def setUp(self):
        super().setUp()
        os.makedirs(self.path("out/wall"))
        self.bad_before = ""

    def config(self, refused="bad:FILE", out="", bad="", stacks="", timeout="10s"):
        return CONFIG.format(refused=refused, out=out, bad=bad, stacks=stacks, timeout=timeout)

    def start(self, **parts):
        return Daemon(self, self.config(**parts))

    def add(self, first, last):
        rows = [{"host": "web" if n % 7 else "wall", "n": n} for n in range(first, last + 1)]
        self.write("in.log", "".join(json.dumps(row) + "\n" for row in rows), "a")

    def numbers(self, name):
        # A kill may leave the head of a line, which the next start ends.
        return [row["n"] for row in self.json_lines(name, torn=1)] if os.path.isfile(self.path(name)) else []

    def bad_rows(self):
        now = self.read("bad.json") if not os.path.islink(self.path("bad.json")) and self.has_bad() else ""
        return rows_of(self.bad_before + now)

    def has_bad(self):
        return os.path.isfile(self.path("bad.json"))

    def bad(self):
        return [json.loads(row["message"])["n"] for row in self.bad_rows()]

    def block(self, daemon=None):
        """The disk of the second stack is full."""
        if self.has_bad():
            self.bad_before += self.read("bad.json")
        os.symlink("/dev/full", self.path("bad.new"))
        os.rename(self.path("bad.new"), self.path("bad.json"))
        if daemon is not None:
            daemon.signal(signal.SIGUSR1)
            replaced = self.path("bad.json") + " (deleted)"  # until it is closed rows are written where nobody finds them
            daemon.wait_for(lambda: replaced not in open_files(daemon.process.pid), "the file is opened again")

    def unblock(self, daemon):
        os.unlink(self.path("bad.json"))
        daemon.signal(signal.SIGUSR1)

    def wait_settled(self, daemon):
        end = f" {os.path.getsize(self.path('in.log'))} "
        daemon.wait_for(lambda: os.path.exists(self.path("in.pos")) and end in self.read("in.pos"), "all settled")

    def ledger(self, daemon, name, kind):
        found = re.findall(rf"event=ledger element={name} kind={kind} (.*)", daemon.log())
        self.assertTrue(found, daemon.log())
        return dict(re.findall(r"(\w+)=(\S+)", found[-1]))

    def check_all(self, count):
        self.assertEqual(self.numbers("out/web"), [n for n in range(1, count + 1) if n % 7])
        self.assertEqual(self.bad(), [n for n in range(1, count + 1) if n % 7 == 0])

    def test_a_refused_row_has_its_bytes_and_says_why_beside_them(self):
        self.add(1, 3000)
        text = self.config(refused="keep(refused.attempts > 1), bad:FILE").replace("TAIL", "FILE").replace("start_at=beginning", "")
        result = self.run_config(text)
        self.check_all(3000)
        row = self.bad_rows()[0]
        self.assertEqual(set(row), {"message", "refused.reason", "refused.sink", "refused.attempts", "refused.time",
                                    "refused.address"})
        self.assertEqual(row["message"], '{"host":"wall","n":7}')
        self.assertIn("Is a directory", row["refused.reason"])
        self.assertEqual((row["refused.sink"], row["refused.address"]), ("out", self.path("out/wall")))
        self.assertRegex(row["refused.time"], r"^2\d\d\d-.*Z$")
        sink = result.line("out", "sink")
        self.assertEqual((sink["out"], sink["routed"], sink["dropped"]), (2572, 428, {}))
        self.assertEqual(result.line("out.refused", "refusals")["in"], 428)
        self.assertEqual(result.line("bad", "sink")["out"], 428)

    def test_nothing_is_acknowledged_before_its_refused_rows_are_final(self):
        self.block()
        daemon = self.start()
        self.add(1, 2000)
        daemon.wait_for(lambda: "event=sink_waits instance=bad" in daemon.log(), "the second sink waits")
        daemon.kill()
        os.unlink(self.path("bad.json"))
        daemon = self.start()
        self.wait_settled(daemon)
        daemon.stop()
        self.assertEqual(sorted(set(self.bad())), [n for n in range(1, 2001) if n % 7 == 0])
        self.assertEqual(sorted(set(self.numbers("out/web"))), [n for n in range(1, 2001) if n % 7])

    def test_a_full_second_stack_holds_the_first_sink_and_health_says_so(self):
        self.block()
        daemon = self.start()
        self.add(1, 60_000)
        daemon.wait_for(lambda: "rows that it refused wait for 'out.refused'" in self.health(), "named")
        self.assertIn("bad", self.health())
        taken = len(self.numbers("out/web"))
        self.assertLess(taken, 52_000)  # what is not final is bounded
        self.unblock(daemon)
        self.wait_settled(daemon)
        daemon.wait_for(lambda: self.health().startswith("healthy"), "well again")
        daemon.stop()
        self.check_all(60_000)
        self.assertEqual(self.ledger(daemon, "out", "sink")["routed"], str(60_000 // 7))

    def health(self):
        return self.stook("health", "--socket", "control").out

    def test_a_stop_delivers_what_the_second_stack_collects(self):
        daemon = self.start(bad="hold_rows=100000")
        self.add(1, 20_000)
        daemon.wait_for(lambda: len(self.numbers("out/web")) > 1000, "rows flow")
        daemon.stop()
        rows = len(self.numbers("out/web"))
        self.check_all(rows + len(self.bad()))
        self.assertGreater(len(self.bad()), 100)

    def test_a_sink_behind_a_spool(self):
        daemon = self.start(out="spool=spool", refused="set(level = 3), bad:FILE")
        self.add(1, 30_000)
        self.wait_settled(daemon)
        daemon.wait_for(lambda: len(self.bad()) == 30_000 // 7, "all through the spool")
        self.block(daemon)
        self.add(30_001, 40_000)
        self.wait_settled(daemon)
        daemon.wait_for(lambda: "event=sink_waits instance=bad" in daemon.log(), "the second sink waits")
        daemon.signal(signal.SIGTERM)
        os.unlink(self.path("bad.json"))
        daemon.signal(signal.SIGUSR1)
        self.assertEqual(daemon.process.wait(timeout=30), 0, daemon.log())
        daemon = self.start(out="spool=spool", refused="set(level = 3), bad:FILE")
        daemon.wait_for(lambda: len(set(self.bad())) == 40_000 // 7, "the rest")
        daemon.stop()
        self.assertEqual(sorted(set(self.numbers("out/web"))), [n for n in range(1, 40_001) if n % 7])

    def test_a_stack_for_what_the_second_one_refuses(self):
        os.makedirs(self.path("ugly/wall"))
        self.add(1, 3000)
        text = self.config(bad="on_refused=worse:FILE", stacks="").replace("TAIL", "FILE").replace("start_at=beginning", "")
        text = text.replace("path=bad.json", "path=ugly/$host") + "[worse]\npath=worse.json\nformat=json\n"
        text = text.replace("on_refused=bad:FILE", "on_refused=parse_json, bad:FILE")
        result = self.run_config(text)
        self.assertEqual(len(self.json_lines("worse.json")), 428)
        self.assertEqual({row["refused.sink"] for row in self.json_lines("worse.json")}, {"bad"})
        self.assertEqual(result.line("bad", "sink")["routed"], 428)

    def test_reloads_while_rows_are_refused_lose_and_repeat_none(self):
        daemon = self.start()
        count = 0
        for turn in range(6):
            self.add(count + 1, count + 5000)
            count += 5000
            part = {"refused": f"set(turn = {turn}), bad:FILE" if turn % 3 else "bad:FILE",
                    "bad": f"hold_rows={turn}" if turn % 2 else "", "timeout": f"{10 + turn}s"}
            self.write("stookd.new", self.config(**part))
            os.rename(self.path("stookd.new"), self.path("stookd.conf"))
            done = daemon.log().count("event=reloaded")
            daemon.signal(signal.SIGHUP)
            daemon.wait_for(lambda: daemon.log().count("event=reloaded") > done or "event=reload_failed" in daemon.log(), "reloaded")
            self.assertNotIn("event=reload_failed", daemon.log())
        self.wait_settled(daemon)
        daemon.stop()
        self.assertEqual(self.numbers("out/web"), [n for n in range(1, count + 1) if n % 7])
        self.assertEqual(self.bad(), [n for n in range(1, count + 1) if n % 7 == 0])

    def test_mistakes_are_said_before_the_start(self):
        for parts, words in (({"refused": "out:FILE"}, "[out] on_refused: leads back to 'out'; refused rows go to a sink"),
                             ({"bad": "on_refused=out:FILE"}, "leads back to 'bad'"),
                             ({"refused": "keep"}, "[out] on_refused: 'keep' is a filter, and a sink belongs here"),
                             ({"refused": "set(level = 3), bad:FILE"}, None)):
            result = self.stook("check", self.write("stook.conf", self.config(**parts)))
            self.assertEqual(result.code, 2 if words else 0, result.err)
            self.assertIn(words or "", result.err)


if __name__ == "__main__":
    unittest.main()
