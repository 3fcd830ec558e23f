# SPDX-License-Identifier: Apache-2.0
"""A sink behind a spool: it is down, the daemon is stopped or killed, the spool is full; rows come through all of it."""

import os
import signal
import unittest

from harness import Daemon, Flow


class Spool(Flow):
    """The sink writes to out.log, which is /dev/full while it is down."""

    CONFIG = """
[global]
stop_timeout=2s
state_dir=.
stack=in:TAIL,out:FILE
[in]
path=in.log
start_at=beginning
[out]
path=out.log
format=raw
spool=spool
{more}
"""

    def down(self):
        os.symlink("/dev/full", self.path("out.log"))

    def up(self, daemon=None):
        os.unlink(self.path("out.log"))
        if daemon is not None:
            daemon.signal(signal.SIGUSR1)

    def add(self, first, last):
        self.write("in.log", "".join(f"{n}\n" for n in range(first, last + 1)), "a")

    def out(self):
        return [int(line) for line in self.read("out.log").splitlines()] if os.path.isfile(self.path("out.log")) else []

    def start(self, more=""):
        return Daemon(self, self.CONFIG.format(more=more))

    def settled(self, daemon, seconds=30):
        """The position says that all of in.log is settled."""
        size = os.path.getsize(self.path("in.log"))
        daemon.wait_for(lambda: os.path.exists(self.path("in.pos")) and f" {size} " in self.read("in.pos"),
                        "position at the end", seconds)

    def test_a_sink_that_is_down_holds_up_nobody_and_gets_everything_later(self):
        self.down()
        self.add(1, 50_000)
        daemon = self.start()
        self.settled(daemon)
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "the sink is down")
        daemon.stop()
        self.assertIn("spooled=50000", daemon.log())
        self.up()
        self.add(50_001, 60_000)
        daemon = self.start()
        daemon.wait_for(lambda: len(self.out()) >= 60_000, "all rows")
        daemon.stop()
        self.assertEqual(self.out(), list(range(1, 60_001)))

    def test_a_sink_that_comes_back_gets_everything_at_once(self):
        self.down()
        daemon = self.start()
        self.add(1, 20_000)
        self.settled(daemon)
        self.up(daemon)
        daemon.wait_for(lambda: len(self.out()) >= 20_000, "all rows")
        daemon.stop()
        self.assertEqual(self.out(), list(range(1, 20_001)))

    def test_what_is_settled_survives_kill_after_kill(self):
        self.down()
        last = 0
        for _ in range(6):
            daemon = self.start()
            self.add(last + 1, last + 5000)
            last += 5000
            self.settled(daemon)
            daemon.kill()
        self.up()
        daemon = self.start()
        daemon.wait_for(lambda: set(self.out()) >= set(range(1, last + 1)), "all rows")
        daemon.stop()
        out = self.out()
        self.assertLess(len(out), last + 6 * 8192)  # repeats: the window of each kill

    def test_a_kill_between_delivery_and_its_note_repeats_rows_and_loses_none(self):
        daemon = self.start()
        self.add(1, 100_000)
        daemon.wait_for(lambda: len(self.out()) > 1000, "some rows")
        daemon.kill()
        daemon = self.start()
        daemon.wait_for(lambda: set(self.out()) >= set(range(1, 100_001)), "all rows")
        daemon.stop()

    def test_a_full_spool_blocks_the_source_and_loses_nothing(self):
        self.down()
        with open(self.path("in.log"), "w", encoding="utf-8") as lines:
            lines.writelines(f"{n} {'x' * 1000}\n" for n in range(1, 100_001))
        daemon = self.start("spool_size=64MiB")
        daemon.wait_for(lambda: "event=spool_full" in daemon.log(), "a full spool")
        self.up(daemon)
        daemon.wait_for(lambda: os.path.isfile(self.path("out.log")) and self.read("out.log").count("\n") >= 100_000,
                        "all rows", 60)
        daemon.stop()
        self.assertEqual([int(line.split()[0]) for line in self.read("out.log").splitlines()], list(range(1, 100_001)))

    def test_a_full_spool_may_drop_and_counts_it(self):
        self.down()
        with open(self.path("in.log"), "w", encoding="utf-8") as lines:
            lines.writelines(f"{n} {'x' * 1000}\n" for n in range(1, 100_001))
        daemon = self.start("spool_size=64MiB\nspool_full=drop_new")
        self.settled(daemon)
        daemon.stop(code=1)
        self.assertRegex(daemon.log(), r"kind=spool .*dropped_spool_full=[1-9]")

    def test_a_finite_run_ends_when_the_spool_is_delivered(self):
        self.add(1, 10_000)
        result = self.run_config(f"stack=in:FILE,out:FILE\n[in]\npath=in.log\n[out]\npath=out.log\nformat=raw\n"
                                 f"spool={self.path('spool')}\n")
        self.assertEqual(self.out(), list(range(1, 10_001)))
        self.assertEqual(result.line("out", "spool")["spooled"], 0)

    def test_two_daemons_never_share_a_spool(self):
        daemon = self.start()
        result = self.stook("run", f"stdin, file(path=other.log, spool={self.path('spool')})")
        self.assertEqual(result.code, 3)
        self.assertIn("spool", result.err)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
