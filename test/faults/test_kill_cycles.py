# SPDX-License-Identifier: Apache-2.0
"""A writer of numbered lines whose log rotates in every way, and a daemon that is killed with -9 at random, again and
again: every line comes out, and what comes out twice is what had come in just before a kill."""

import os
import random
import signal
import subprocess
import time
import unittest

from numbered import CYCLES, Seen, Writer, seed_of
from harness import BUILD, ROOT, Daemon, Flow

WINDOW = 8192  # rows on their way
RECENT = 2.0   # seconds: one between two times that positions are written down, and a slow machine's
STOOKD = os.path.join(ROOT, BUILD, "stookd")

CONFIG = """
[global]
threads=2
stop_timeout={stop_timeout}
state_dir=state
stack=in:TAIL,out:FILE
[in]
path={path}
start_at=beginning
partial_flush=0
linger=300ms
exclude=*.gz, *.tmp
[out]
path=out.log
format=raw
{more}
"""


class Cycles(Flow):
    """One test is one writer and many lives of the daemon."""

    more = ""
    stop_timeout = "10s"

    def begin(self, name):
        self.seed = seed_of(name)
        self.dice = random.Random(self.seed)
        self.seen = Seen(self.path("out.log"))
        self.addCleanup(self.seen.close)
        os.mkdir(self.path("state"))
        self.writer = Writer(self, self.seed + 1, self.seen)
        self.addCleanup(self.writer.ended.set)
        pattern = self.dice.choice(("logs/in.log", "logs/in.log*"))
        self.config = CONFIG.format(path=pattern, more=self.more, stop_timeout=self.stop_timeout)
        daemon = Daemon(self, self.config)  # before there are positions only what is at the path itself is read
        daemon.wait_for(lambda: os.path.exists(self.path("state/in.pos")), "positions")
        daemon.stop()
        self.saved = {}  # name of a position -> what it was, and since when
        self.history = [(time.monotonic(), 0, 0)]  # when, rows written, rows that came out
        self.writer.start()

    def look(self):
        """Notes what has come out by now."""
        if time.monotonic() - self.history[-1][0] > 0.05:
            self.seen.look()
            self.note_positions()
            self.history.append((time.monotonic(), self.writer.written, self.seen.total))

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.live()
            self.look()
            time.sleep(0.005)

    def live(self):
        """What happens while a daemon lives or does not."""

    def positions(self):
        """What a kill leaves of how far everything is: each has its number, which grows."""
        try:
            lines = [line.split() for line in self.read("state/in.pos").splitlines()]
            return {"tail": sum(int(line[4]) * 1_000_000_000 + int(line[5]) for line in lines if line[0] == "file")}
        except FileNotFoundError:
            return {"tail": 0}

    def note_positions(self):
        for name, position in self.positions().items():
            if position != self.saved.get(name, (-1, 0))[0]:
                self.saved[name] = (position, time.monotonic())

    def since(self, name, born):
        """When a position was last written down, or somewhat before. A daemon that lives for long does so each second."""
        at = self.saved[name][1] - 0.3
        return max(at, time.monotonic() - RECENT) if time.monotonic() - born > RECENT + 1 else at

    def at(self, moment):
        """The note of the history at that time or before it."""
        return max((entry for entry in self.history if entry[0] <= moment), default=self.history[0])

    def window(self, born):
        """What the kill of a daemon born then may repeat: what came in since positions were written down."""
        self.note_positions()
        return self.writer.written - self.at(self.since("tail", born))[1]

    def start(self):
        with self.writer.gate:
            self.writer.is_down = False
        return Daemon(self, self.config)

    def is_down(self):
        with self.writer.gate:
            self.writer.is_down = True

    def kill_early(self):
        """Somewhere in its start."""
        with self.writer.gate:
            self.writer.is_down = False
        with open(self.path("early.log"), "ab") as log:
            process = subprocess.Popen([STOOKD, "-v", "-c", self.path("stookd.conf")], cwd=self.dir, stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log)
        time.sleep(self.dice.random() * 0.06)
        process.kill()
        process.wait()

    def kill_one(self):
        if self.dice.random() < 0.2 and os.path.exists(self.path("stookd.conf")):
            born = time.monotonic()
            self.kill_early()
        else:
            daemon = self.start()
            born = time.monotonic()
            self.wait(self.dice.choice((0, 0.1, 0.3, 0.6, 1.5)) * self.dice.random())
            daemon.kill()
        self.is_down()
        return self.window(born)

    def finish(self, daemon):
        """The writer stops, everything comes out, and the daemon is stopped."""
        end = self.writer.end()
        try:
            daemon.wait_for(lambda: self.seen.look().prefix >= end, "the last line", 60)
        except AssertionError as error:
            raise AssertionError(f"seed {self.seed}: missing {self.seen.missing(end)[:20]} of {end}; rotated "
                                 f"{self.writer.did}; {error}") from None
        daemon.stop()
        self.seen.look()
        self.assertEqual(len(self.seen.count), end, f"seed {self.seed}")
        print(f"  {end} lines, {self.writer.did}, repeats {self.seen.total - end}", flush=True)


class Killed(Cycles):
    def test_no_line_is_missing_and_few_are_repeated_however_often_the_daemon_is_killed(self):
        self.begin("killed")
        allowed = WINDOW
        for cycle in range(CYCLES or 40):
            allowed += self.kill_one()
            self.wait(self.dice.choice((0, 0, 0.05, 0.2)))
            repeats = self.seen.look().total - self.seen.distinct()
            self.assertLessEqual(repeats, allowed, f"seed {self.seed}: repeated in {cycle + 1} lives")
        self.finish(self.start())
        repeats = self.seen.total - self.seen.distinct()
        print(f"  {CYCLES or 40} kills, of at most {allowed} repeats", flush=True)
        self.assertLessEqual(repeats, allowed, f"seed {self.seed}")


class Stopped(Cycles):
    def test_no_line_is_missing_or_repeated_when_the_daemon_is_stopped_orderly(self):
        self.begin("stopped")
        for _ in range((CYCLES + 2) // 3 or 12):
            daemon = self.start()
            self.wait(self.dice.choice((0, 0.1, 0.3, 0.6)) * self.dice.random())
            daemon.stop()
            self.is_down()
            self.wait(self.dice.choice((0, 0, 0.05, 0.2)))
        self.finish(self.start())
        twice = [n for n, count in enumerate(self.seen.count) if count > 1]
        self.assertEqual(twice, [], f"seed {self.seed}")


class Spooled(Killed):
    """The same behind a spool, and the sink is down for half of the time: out.log is then /dev/full."""

    more = "spool=spool"
    stop_timeout = "2s"

    def begin(self, name):
        self.turn_at = 0
        self.serial = 0
        self.daemon = None
        super().begin("spooled")

    def positions(self):
        state = b""
        if os.path.exists(self.path("spool/state")):
            with open(self.path("spool/state"), "rb") as file:
                state = file.read()
        sequences = [int.from_bytes(state[slot + 48:slot + 56], "little") for slot in (0, 256)]
        return {**super().positions(), "spool": max(sequences)}

    def window(self, born):
        window = super().window(born)
        return window + self.seen.look().total - self.at(self.since("spool", born))[2]

    def turn(self):
        """The sink goes down, or comes back."""
        out = self.path("out.log")
        if os.path.islink(out):
            os.unlink(out)
        else:
            self.serial += 1
            if os.path.exists(out):
                self.seen.look()
                os.rename(out, f"{out}.{self.serial}")
            os.symlink("/dev/full", out)
        if self.daemon is not None:
            self.daemon.signal(signal.SIGUSR1)

    def live(self):
        if time.monotonic() > self.turn_at:
            self.turn()
            self.turn_at = time.monotonic() + self.dice.random()

    def start(self):
        self.daemon = super().start()
        return self.daemon

    def is_down(self):
        self.daemon = None
        super().is_down()

    def finish(self, daemon):
        if os.path.islink(self.path("out.log")):
            self.turn()
        super().finish(daemon)


if __name__ == "__main__":
    unittest.main()
