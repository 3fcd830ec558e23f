# SPDX-License-Identifier: Apache-2.0
"""Reloads that give sinks and groups a spool, another one, and none, while rows flow: nothing is lost, repeated or left."""

import json
import os
import random
import re
import signal
import threading
import time
import unittest

from harness import Daemon, Programs

CONFIG = """[global]
threads=2
state_dir=.
control=control
stop_timeout=10s
stack=in:TAIL,out:{sink}
[in]
path=in.log
start_at=beginning
[out]
{out}
{members}
"""


class ReloadSpool(Programs):
    def setUp(self):
        super().setUp()
        seed = int(os.environ.get("STOOK_SEED", random.randrange(1 << 30)))
        print("seed", seed)
        self.draw = random.Random(seed)
        self.count, self.has_ended, self.writer = 0, False, None
        self.write("in.log", "")

    def feed(self, rate=10000):
        """Numbered lines, until `fed`."""
        def run():
            begin = time.monotonic()
            with open(self.path("in.log"), "ab", buffering=0) as file:
                while not self.has_ended:
                    due = int((time.monotonic() - begin) * rate)
                    file.write(b"".join(b"%d\n" % n for n in range(self.count + 1, due + 1)))
                    self.count = max(self.count, due)
                    time.sleep(0.002)
        self.writer = threading.Thread(target=run)
        self.writer.start()
        self.addCleanup(self.fed)

    def fed(self):
        self.has_ended = True
        self.writer.join()
        return self.count

    def config(self, out, sink="FILE", members=""):
        return CONFIG.format(out="\n".join(out), sink=sink, members=members)

    def reload(self, daemon, *out, **more):
        at = len(daemon.log())
        os.replace(self.write("stookd.conf.new", self.config(out, **more)), self.path("stookd.conf"))
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: "event=reloaded" in daemon.log()[at:] or "event=reload_failed" in daemon.log()[at:], "reloaded")
        self.assertNotIn("event=reload_failed", daemon.log()[at:])

    def numbers(self, name):
        if not os.path.isfile(self.path(name)):
            return []
        return [int(line) for line in self.read(name).splitlines()]

    def ledger(self):
        done = self.stook("ledger", "--json", "--socket", "control")
        return json.loads(done.out)

    def stop_when_delivered(self, daemon, *names):
        """Every line is in one of the files once, and in no spool."""
        count = self.fed()
        daemon.wait_for(lambda: sum(len(self.numbers(name)) for name in names) >= count, "all lines", 60)
        daemon.stop()
        self.assertEqual(sorted(n for name in names for n in self.numbers(name)), list(range(1, count + 1)))
        self.assertRegex(daemon.log(), "event=ledger element=out kind=sink ")
        self.assertNotIn("event=rows_left", daemon.log())
        self.assertNotRegex(daemon.log(), "kind=spool .*spooled=[1-9]")

    def test_forty_reloads_give_a_sink_a_spool_and_take_it_away(self):
        daemon = Daemon(self, self.config(["path=out.log", "format=raw"]))
        self.feed()
        for _ in range(40):
            spool = self.draw.choice([[], [], ["spool=one"], ["spool=one", "spool_size=1GiB"], ["spool=two"]])
            self.reload(daemon, "path=out.log", "format=raw", *spool)
            time.sleep(self.draw.choice([0, 0, 0.05, 0.2]))
        self.stop_when_delivered(daemon, "out.log")
        self.assertEqual(self.numbers("out.log"), sorted(self.numbers("out.log")), "in order")

    def test_forty_reloads_of_groups_with_and_without_a_spool(self):
        members = "[a]\npath=a.log\nformat={}\n[b]\npath={}\nformat=raw\n"
        names = {"a.log"}
        format_of_a = self.draw.choice(["raw", "pattern\npattern=$message\\n"])

        def draw():
            b = self.draw.choice(["b.log", "c.log"])
            names.add(b)
            kind = self.draw.choice(["failover", "balance"])
            spool = self.draw.choice([[], ["spool=one"], ["spool=two"]])
            return spool, {"sink": f"{kind}(a:FILE, b:FILE)", "members": members.format(format_of_a, b)}
        out, more = draw()
        daemon = Daemon(self, self.config(out, **more))
        self.feed()
        for _ in range(40):
            out, more = draw()
            self.reload(daemon, *out, **more)
            time.sleep(self.draw.choice([0, 0, 0.05, 0.2]))
        self.stop_when_delivered(daemon, *names)

    def test_a_spool_whose_sink_is_down_is_emptied_once_it_is_up(self):
        out = ["path=out.log", "format=raw"]
        os.symlink("/dev/full", self.path("out.log"))
        daemon = Daemon(self, self.config([*out, "spool=one"]))
        self.feed()
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "the sink is down")
        self.reload(daemon, *out)
        self.reload(daemon, *out, "spool=two")
        self.reload(daemon, *out)
        at = self.count
        daemon.wait_for(lambda: self.count > at + 5000, "more rows")
        self.assertTrue(self.ledger()["balanced"])
        os.unlink(self.path("out.log"))
        daemon.signal(signal.SIGUSR1)
        count = self.fed()
        daemon.wait_for(lambda: len(self.numbers("out.log")) >= count, "all lines", 60)
        daemon.wait_for(lambda: daemon.log().count("event=spool_left") == 2, "both spools are left")
        self.write("in.log", f"{count + 1}\n", "a")
        self.count += 1
        self.stop_when_delivered(daemon, "out.log")
        self.assertEqual(self.numbers("out.log"), list(range(1, self.count + 1)))

    def test_rows_left_in_a_spool_are_said_and_come_when_it_is_back(self):
        out = ["path=out.log", "format=raw"]
        os.symlink("/dev/full", self.path("out.log"))
        self.write("in.log", "".join(f"{n}\n" for n in range(1, 1001)), "a")
        daemon = Daemon(self, self.config([*out, "spool=one"]))
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "the sink is down")
        self.reload(daemon, *out)
        daemon.wait_for(lambda: sum(line["spooled"] for line in self.ledger()["lines"]) == 1000, "all rows are in the spool")
        daemon.stop()
        self.assertRegex(daemon.log(), r"event=rows_left instance=out folder=\S*one rows=1000")
        os.unlink(self.path("out.log"))
        daemon = Daemon(self, self.config([*out, "spool=one"]))
        daemon.wait_for(lambda: len(self.numbers("out.log")) == 1000, "all lines")
        daemon.stop()

    def test_a_stop_right_behind_the_reload_says_what_is_left(self):
        out = ["path=out.log", "format=raw"]
        os.symlink("/dev/full", self.path("out.log"))
        self.write("in.log", "".join(f"{n}\n" for n in range(1, 1001)), "a")
        daemon = Daemon(self, self.config([*out, "spool=one"]))
        daemon.wait_for(lambda: sum(line["spooled"] for line in self.ledger()["lines"]) == 1000, "all rows are in the spool")
        self.reload(daemon, *out)
        daemon.stop()
        self.assertEqual(re.findall(r"event=(?:rows|spool)_left .*", daemon.log()),
                         [f"event=rows_left instance=out folder={self.path('one')} rows=1000"])

    def test_a_spool_filled_for_a_group_waits_for_one_that_can_read_it(self):
        """Members of different formats: what waits for them is in neither's, and another sink must not deliver it."""
        group = {"sink": "failover(a:FILE, b:FILE)", "members": "[a]\npath=a.log\nformat=json\n[b]\npath=b.log\nformat=raw\n"}
        self.write("in.log", "".join(f"{n}\n" for n in range(100)))
        for name in ("a.log", "b.log"):
            os.symlink("/dev/full", self.path(name))
        daemon = Daemon(self, self.config(["spool=one"], **group))
        daemon.wait_for(lambda: sum(line["spooled"] for line in self.ledger()["lines"]) == 100, "all rows are in the spool")
        daemon.stop()
        self.write("plain.conf", self.config(["path=out.log", "format=raw", "spool=one"]))
        refused = self.stookd("-v", "-c", self.path("plain.conf"))
        self.assertEqual(refused.returncode, 3, refused.stderr)
        self.assertIn("one holds 100 rows of a group whose members have different formats, and this sink has one", refused.stderr)
        for name in ("a.log", "b.log"):
            os.unlink(self.path(name))
        daemon = Daemon(self, self.config(["spool=one"], **group))
        daemon.wait_for(lambda: os.path.exists(self.path("a.log")) and self.read("a.log").count("\n") == 100, "all rows")
        daemon.stop()
        self.assertFalse(os.path.exists(self.path("out.log")))


if __name__ == "__main__":
    unittest.main()
