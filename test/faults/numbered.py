# SPDX-License-Identifier: Apache-2.0
"""Numbered lines: a thread that writes them into a log that rotates under it, and a count of those that came out."""

import array
import gzip
import os
import random
import re
import shutil
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "flow"))

LINE = re.compile(rb"n(\d+) x+;")  # a kill may leave the head of a line, which the next start ends
CYCLES = int(os.environ.get("FAULT_CYCLES", "0"))  # 0: few of each kind, for two minutes in all


def seed_of(name):
    """The seed of this run, printed so that it can be repeated."""
    seed = int(os.environ.get("FAULT_SEED", time.time_ns() & 0xffffffff))
    print(f"{name}: FAULT_SEED={seed}", flush=True)
    return seed


def numbered(first, last, dice=None):
    """The lines of these numbers, both ends included."""
    return "".join(f"n{n} {'x' * (dice.randrange(1, 90) if dice else 1 + n % 60)};\n" for n in range(first, last + 1))


class Seen:
    """How often each number has come out, over all files that ever were at the output's path."""

    def __init__(self, path):
        self.path = path
        self.count = array.array("H")
        self.prefix = 0  # all numbers below have come out
        self.total = 0
        self.files = {}  # inode -> [file, bytes of a line that is not whole yet]
        self.lock = threading.Lock()

    def close(self):
        for file, _ in self.files.values():
            file.close()

    def look(self):
        """Takes in what is new; returns itself."""
        with self.lock:
            if os.path.isfile(self.path):
                file = open(self.path, "rb")  # pylint: disable=consider-using-with
                inode = os.fstat(file.fileno()).st_ino
                if inode in self.files:
                    file.close()
                else:
                    self.files[inode] = [file, b""]
            for entry in self.files.values():
                self.take(entry)
            while self.prefix < len(self.count) and self.count[self.prefix] > 0:
                self.prefix += 1
        return self

    def take(self, entry):
        text = entry[1] + entry[0].read()
        whole = text.rfind(b"\n") + 1
        entry[1] = text[whole:]
        for found in LINE.findall(text, 0, whole):
            number = int(found)
            if number >= len(self.count):
                self.count.extend([0] * (number + 1 - len(self.count)))
            self.count[number] += 1
            self.total += 1

    def distinct(self):
        return sum(1 for count in self.count if count > 0)

    def has(self, number):
        return number < len(self.count) and self.count[number] > 0

    def missing(self, end):
        return [n for n in range(end) if not self.has(n)]


class Writer(threading.Thread):
    """Writes numbered lines at a steady pace, and rotates the log in every way that may cost nothing: what nobody has read
    is never truncated or deleted unless there is a copy."""

    KINDS = ("rename", "rename_twice", "copytruncate", "pack", "delete", "truncate")

    def __init__(self, flow, seed, seen, pace=20):
        super().__init__(daemon=True)
        self.dice = random.Random(seed)
        self.seen, self.pace = seen, pace
        self.written = 0
        self.first = 0  # line of the present log
        self.serial = 0
        self.kept = []  # rotated files: path, number of the line behind its last
        self.ended = threading.Event()
        self.gate = threading.Lock()  # whoever starts or ends the daemon holds it
        self.is_down = True
        self.did = dict.fromkeys(self.KINDS, 0)
        self.error = None
        os.makedirs(flow.path("logs"))
        self.log = flow.path("logs/in.log")
        self.file = open(self.log, "a", encoding="ascii")  # pylint: disable=consider-using-with

    def run(self):
        try:
            while not self.ended.is_set():
                for _ in range(self.dice.randrange(5, 40)):
                    self.write()
                    time.sleep(0.005)
                getattr(self, self.dice.choice(self.KINDS))()
                self.clean()
        except Exception as error:  # pylint: disable=broad-except
            self.error = error
        self.file.close()

    def end(self):
        """Stops writing; returns how many lines there are."""
        self.ended.set()
        self.join()
        if self.error is not None:
            raise self.error
        return self.written

    def write(self):
        count = self.dice.randrange(1, 2 * self.pace)
        count *= 50 if self.dice.random() < 0.005 else 1
        text = numbered(self.written, self.written + count - 1, self.dice)
        cut = self.dice.randrange(len(text)) if self.dice.random() < 0.2 else len(text)
        for part in (text[:cut], text[cut:]):  # now and then a line without its end
            self.file.write(part)
            self.file.flush()
        self.written += count

    def again(self):
        self.file.close()
        self.file = open(self.log, "a", encoding="ascii")  # pylint: disable=consider-using-with

    def name(self):
        self.serial += 1
        path = f"{self.log}.{self.serial}"
        self.kept.append((path, self.written))
        return path

    def is_read(self, end, seconds=3):
        """Waits until all before `end` has come out; false when it takes too long, as when there is no daemon."""
        until = time.monotonic() + seconds
        while self.seen.look().prefix < end:
            if time.monotonic() > until or self.ended.is_set():
                return False
            time.sleep(0.01)
        return True

    # Each kind of rotation.
    def rename(self):
        self.did["rename"] += 1
        path = self.name()
        os.rename(self.log, path)
        if self.dice.random() < 0.5:  # the logger has not noticed yet
            self.write()
            self.kept[-1] = (path, self.written)
        time.sleep(self.dice.choice((0, 0, 0.001, 0.03)))
        self.again()
        self.first = self.written

    def rename_twice(self):
        self.did["rename_twice"] += 1
        self.rename()
        self.write()
        self.rename()

    def copytruncate(self):
        # A daemon that runs has seen the log before; one that does not run need not have.
        if not self.is_down and self.first < self.written and not self.is_read(self.first + 1):
            return
        with self.gate:
            self.did["copytruncate"] += 1
            shutil.copyfile(self.log, self.name())
            os.truncate(self.log, 0)
            self.first = self.written

    def pack(self):
        """gzip of a rotated file, as logrotate does with delaycompress: once it has been read."""
        for path, end in self.kept:
            if self.seen.prefix >= end and os.path.exists(path):
                self.did["pack"] += 1
                with open(path, "rb") as plain, gzip.open(path + ".gz", "wb", 1) as packed:
                    shutil.copyfileobj(plain, packed)
                os.unlink(path)
                return

    def delete(self):
        if self.is_read(self.written):
            self.did["delete"] += 1
            os.unlink(self.log)
            self.again()
            self.first = self.written

    def truncate(self):
        if self.is_read(self.written):
            self.did["truncate"] += 1
            os.truncate(self.log, 0)
            self.first = self.written

    def clean(self):
        """Rotated files that were read go, but the last few."""
        while len(self.kept) > 5 and self.seen.prefix >= self.kept[0][1]:
            path, _ = self.kept.pop(0)
            for name in (path, path + ".gz"):
                if os.path.exists(name):
                    os.unlink(name)
