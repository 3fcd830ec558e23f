# SPDX-License-Identifier: Apache-2.0
"""What something costs a running stookd: short spans with it and without it take turns in one daemon.

A virtual machine with neighbours is not equally fast for two seconds together, so a span is short, each ratio is that of two
spans which follow one another, which of them comes first changes from pair to pair, and there are many pairs. What is said is
their median, their quartiles, and the range in which the true median lies in 19 of 20 cases; a bar is reached or missed only
where that range is on one side of it. The time is processor time of the daemon's threads, by the scheduler in ns, a row
that its sources read.
"""

import collections
import json
import os
import socket
import statistics
import threading
import time

Span = collections.namedtuple("Span", "ns rate threads")  # ns a row, rows a second, ns a row by the name of the thread


class Watched:
    """A running stookd, asked at its control socket: that costs it less than a program that asks."""

    def __init__(self, pid, control="control"):
        self.pid = pid
        self.control = control

    def connect(self, line):
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.connect(self.control)
        link.sendall(line.encode() + b"\n")
        return link

    def ask(self, line):
        """The answer, without its `ok`."""
        with self.connect(line) as link:
            parts = iter(lambda: link.recv(1 << 16), b"")
            head, _, text = b"".join(parts).decode().partition("\n")
        if head != "ok":
            raise SystemExit(f"stookd says to {line!r}: {head}")
        return text

    def rows(self):
        """Read so far by all sources."""
        return sum(line["in"] for line in json.loads(self.ask("ledger json"))["lines"] if line["kind"] == "source")

    def clocks(self):
        """Processor time of each thread in ns, by its number and name."""
        found = {}
        for task in os.listdir(f"/proc/{self.pid}/task"):
            try:
                with open(f"/proc/{self.pid}/task/{task}/comm", encoding="utf-8") as name, \
                     open(f"/proc/{self.pid}/task/{task}/schedstat", encoding="utf-8") as times:
                    found[int(task), name.read().strip()] = int(times.read().split()[0])
            except OSError:
                pass  # it has ended meanwhile
        return found

    def span(self, seconds):
        """As it is now."""
        rows, clocks, begin = self.rows(), self.clocks(), time.monotonic()
        time.sleep(seconds)
        more, later, end = self.rows() - rows, self.clocks(), time.monotonic()
        threads = collections.Counter()
        for key, clock in later.items():
            threads[key[1]] += (clock - clocks.get(key, 0)) / max(1, more)
        return Span(sum(threads.values()), more / (end - begin), threads)


class Drain:
    """Asks for what goes on, such as a tap, and reads it away while it is open."""

    def __init__(self, watched, line):
        self.link = watched.connect(line)
        self.bytes = 0
        self.reader = threading.Thread(target=self.read)

    def read(self):
        while True:
            more = len(self.link.recv(1 << 20))
            if more == 0:
                return
            self.bytes += more

    def __enter__(self):
        self.reader.start()
        return self

    def __exit__(self, *_):
        self.link.shutdown(socket.SHUT_RDWR)
        self.reader.join()
        self.link.close()


def take_turns(off, on, pairs):
    """Ratios of `on` over `off`, which measure a Span each; and the spans of both."""
    ratios, spans = [], ([], [])
    for pair in range(pairs):
        both = [None, None]
        for is_on in (0, 1) if pair % 2 == 0 else (1, 0):
            both[is_on] = (off, on)[is_on]()
            spans[is_on].append(both[is_on])
        ratios.append(both[1].ns / both[0].ns)
    return ratios, spans


class Middle:
    """The middle of some ratios."""

    def __init__(self, ratios):
        ranked = sorted(ratios)
        self.size = len(ranked)
        self.median = statistics.median(ranked)
        self.quartiles = (ranked[self.size // 4], ranked[-1 - self.size // 4])
        # The binomial distribution of how many are below the true median, in its normal approximation.
        reach = int(0.98 * self.size ** 0.5 + 0.5)
        self.low, self.high = ranked[max(0, self.size // 2 - reach)], ranked[min(self.size - 1, (self.size - 1) // 2 + reach)]

    def __str__(self):
        return (f"{self.median:.4f} (half of {self.size} from {self.quartiles[0]:.4f} to {self.quartiles[1]:.4f}; "
                f"the true one from {self.low:.4f} to {self.high:.4f})")

    def verdict(self, bar):
        if self.high <= bar:
            return "reached"
        return "MISSED" if self.low > bar else "not to be told on this machine now"


def by_threads(spans):
    """Medians of the time a row, by thread, the largest first; those below 0.1 ns are left out."""
    names = {name for span in spans for name in span.threads}
    medians = {name: statistics.median(span.threads[name] for span in spans) for name in names}
    return ", ".join(f"{name} {ns:.1f}" for name, ns in sorted(medians.items(), key=lambda one: -one[1]) if ns >= 0.1)
