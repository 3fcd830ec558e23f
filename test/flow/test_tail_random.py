# SPDX-License-Identifier: Apache-2.0
"""A writer that does to its log whatever loggers and rotators do, at random, and a daemon that is stopped and killed
meanwhile: every line comes out, once when the daemon was only stopped.

What the writer may not do is truncate or delete bytes that nobody has read and of which there is no copy: it waits for
the output first, or makes a copy, as copytruncate does. Nor does it write into a renamed file longer than `linger` after:
lines that a busy machine makes late need not come. STOOK_SEED repeats a run, STOOK_SECONDS makes it longer."""

import os
import random
import re
import shutil
import signal
import time
import unittest

from harness import HAS_SANITIZER, Daemon, Flow

SECONDS = float(os.environ.get("STOOK_SECONDS", "8" if HAS_SANITIZER else "20"))  # of each test
WINDOW = 8192  # rows that a kill may repeat
LINGER = 1  # seconds


class Writer:
    """Appends numbered lines to a log that rotates under it."""

    def __init__(self, flow, dice, pattern):
        self.flow, self.dice, self.pattern = flow, dice, pattern
        self.written = 0
        self.late = set()
        self.serial = 0
        self.kills = 0
        self.daemon = None
        os.mkdir(flow.path("logs"))
        self.log = flow.path("logs/in.log")
        self.link = None
        self.file = open(self.log, "a", encoding="utf-8")
        self.done = []
        self.first = 0  # line of the present log
        # Lines of one length that end alike: what is before a position looks the same in each life of a log.
        self.lengths = dice.choice((range(1, 90), (70,)))
        flow.addCleanup(lambda: self.file.close())

    def config(self):
        return (f"[global]\nthreads=2\nstate_dir={self.flow.path('state')}\nstack=in:TAIL,out:FILE\n[in]\npath={self.pattern}\n"
                f"start_at=beginning\npartial_flush=0\nlinger={LINGER}s\nexclude=*.gz, *.tmp\n[out]\npath=out.log\nformat=raw\n")

    def out(self):
        path = self.flow.path("out.log")
        return self.flow.read("out.log") if os.path.exists(path) else ""

    def numbers(self):
        # A kill may leave the head of a line at the end of the output; the next start ends it.
        return [int(found) for found in re.findall(r"n(\d+) x+;", self.out())]

    # What loggers do.
    def write(self):
        for _ in range(self.dice.choice((1, 1, 2, 7, 60))):
            self.file.write(f"n{self.written} {'x' * self.dice.choice(self.lengths)};")
            self.written += 1
            if self.dice.random() < 0.05:
                self.file.flush()
            self.file.write("\n")
        self.file.flush()

    def write_in_parts(self):
        self.file.write(f"n{self.written} xx")
        self.file.flush()
        self.pause()
        self.file.write("xx;\n")
        self.file.flush()
        self.written += 1

    def again(self):
        self.file.close()
        if not os.path.exists(self.log):
            self.first = self.written
        self.file = open(self.log, "a", encoding="utf-8")

    # What rotators do.
    def name(self):
        self.serial += 1
        return f"{self.log}.{self.serial}"

    def rename(self):
        begin, first = time.monotonic(), self.written
        os.rename(self.log, self.name())
        if self.dice.random() < 0.5:  # some write on into the old file for a while
            self.write()
            if time.monotonic() - begin > LINGER / 2:
                self.late.update(range(first, self.written))
        self.again()

    def rename_twice(self):
        self.rename()
        self.write()
        self.rename()

    def copytruncate(self):
        if self.daemon is not None and self.first < self.written:  # a running daemon has seen the log, but not all of it
            self.until(lambda: self.first in self.numbers(), f"line {self.first}")
            if self.dice.random() < 0.3:
                self.doze()
        shutil.copyfile(self.log, self.name())
        os.truncate(self.log, 0)
        self.first = self.written
        if self.dice.random() < 0.3:
            for _ in range(5):  # it outgrows its former size before anybody looks
                self.write()

    def truncate(self):
        if self.is_read():
            os.truncate(self.log, 0)
            self.first = self.written

    def delete(self):
        if self.is_read():
            os.unlink(self.log)
            self.again()

    def delete_unread(self):
        """Only while a daemon holds it open."""
        if self.daemon is not None and self.is_read():
            self.write()
            self.until(lambda: max(self.numbers(), default=-1) == self.written - 1, "the last line")
            os.unlink(self.log)
            self.again()

    def hard_link(self):
        os.link(self.log, self.name())

    def replace(self):
        """A new file is moved over the log; the old one keeps another name."""
        fresh = self.log + ".tmp"
        os.link(self.log, self.name())
        with open(fresh, "w", encoding="utf-8"):
            pass
        os.rename(fresh, self.log)
        self.first = self.written
        self.again()

    def is_read(self):
        if self.daemon is None:
            return False
        self.until(self.is_whole, f"{self.written} lines")
        return True

    def is_whole(self):
        return len(self.late.union(self.numbers())) >= self.written

    def until(self, is_true, what):
        self.wake()
        self.flow.until(is_true, what)

    def pause(self):
        time.sleep(self.dice.choice((0, 0.001, 0.01, 0.1)))

    # What happens to the daemon.
    def start(self):
        if self.daemon is None:
            self.daemon = Daemon(self.flow, self.config())

    def doze(self):
        """The daemon gets no processor, until something is to be waited for."""
        if self.daemon is not None:
            self.daemon.signal(signal.SIGSTOP)

    def wake(self):
        if self.daemon is not None:
            self.daemon.signal(signal.SIGCONT)

    def stop(self):
        self.wake()
        if self.daemon is not None:
            self.daemon.stop()
            self.daemon = None

    def kill(self):
        if self.daemon is not None:
            self.daemon.kill()
            self.kills += 1
            self.daemon = None

    def run(self, seconds, kinds, life):
        end = time.monotonic() + seconds
        self.start()
        while time.monotonic() < end:
            step = self.dice.choice([self.write] * 6 + [self.pause] * 4 + [self.write_in_parts, self.again, self.start, self.doze, self.wake] + kinds + life)
            self.done.append(step.__name__)
            step()
        self.start()
        self.wake()
        self.daemon.wait_for(self.is_whole, f"{self.written} lines: {self.missing()}")
        time.sleep(0.3)
        self.stop()

    def missing(self):
        return sorted(set(range(self.written)) - self.late.union(self.numbers()))[:10]


class Random(Flow):
    def go(self, life, pattern="logs/in.log", without=()):
        seed = int(os.environ.get("STOOK_SEED", time.time_ns() & 0xffffffff))
        print(f"STOOK_SEED={seed}", flush=True)
        os.mkdir(self.path("state"))
        writer = Writer(self, random.Random(seed), pattern)
        kinds = [writer.rename, writer.rename_twice, writer.copytruncate, writer.truncate, writer.delete, writer.delete_unread,
                 writer.hard_link, writer.replace]
        try:
            writer.run(SECONDS, [kind for kind in kinds if kind.__name__ not in without], [getattr(writer, name) for name in life])
        except AssertionError as error:
            raise AssertionError(f"seed {seed}; missing {writer.missing()}; steps {writer.done[-40:]}; {error}") from None
        numbers = writer.numbers()
        self.assertEqual(writer.missing(), [], f"seed {seed}")
        self.assertLess(max(numbers), writer.written, f"seed {seed}")
        repeats = len(numbers) - len(set(numbers))
        print(f"{writer.written} lines, {len(writer.late)} late, {writer.serial} rotations, {writer.kills} kills, {repeats} repeats, "
              f"{len(writer.done)} steps", flush=True)
        return writer, repeats, seed

    def until(self, is_true, what, seconds=30):
        end = time.monotonic() + seconds
        while not is_true():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.002)

    def test_a_daemon_that_runs_loses_and_repeats_nothing(self):
        _, repeats, seed = self.go([])
        self.assertEqual(repeats, 0, f"seed {seed}")

    def test_a_daemon_that_is_stopped_loses_and_repeats_nothing(self):
        _, repeats, seed = self.go(["stop"] * 2)
        self.assertEqual(repeats, 0, f"seed {seed}")

    def test_a_daemon_that_is_killed_loses_nothing_and_repeats_little(self):
        writer, repeats, seed = self.go(["kill"] * 2)
        self.assertLessEqual(repeats, WINDOW * writer.kills, f"seed {seed}")


if __name__ == "__main__":
    unittest.main()
