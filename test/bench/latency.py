#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a line takes from write(2) into a tailed file until it can be seen in the output, and how long a start takes.

Usage: STOOK_BUILD=build/release test/bench/latency.py [ROUNDS]

The daemon is at rest before each round. The output is looked at in a tight loop, which takes one processor; medians, and
the 99th percentile, over 200 rounds."""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STOOKD = os.path.join(ROOT, os.environ.get("STOOK_BUILD", "build/release"), "stookd")
CONFIG = """[global]
threads=1
stack=in:TAIL,parse:PARSE_ACCESS,out:FILE
[in]
path=in.log
start_at=beginning
[out]
path=out.log
"""
LINE = (b'203.0.113.19 - - [21/Oct/2025:06:25:03 +0000] "GET /index.html HTTP/1.1" 200 146 "-" '
        b'"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"\n')


def wait_past(fd, size):
    """Spins until the output is longer, and returns its size."""
    end = time.monotonic() + 10
    while (now := os.fstat(fd).st_size) <= size:
        if time.monotonic() > end:
            raise SystemExit("no row came out within 10 s")
    return now


def rest(pid):
    """Until no thread of the daemon runs."""
    def states():
        return {open(f"/proc/{pid}/task/{task}/stat").read().rsplit(") ", 1)[1][0] for task in os.listdir(f"/proc/{pid}/task")}
    while states() != {"S"}:
        time.sleep(0.0005)


def start(folder):
    """A daemon in the folder, and the descriptor of its output once a row has come out."""
    out = os.open(os.path.join(folder, "out.log"), os.O_RDONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    begin = time.perf_counter()
    daemon = subprocess.Popen([STOOKD, "-c", "stook.conf"], cwd=folder, stderr=subprocess.DEVNULL)
    size = wait_past(out, 0)
    return daemon, out, size, time.perf_counter() - begin


def stop(daemon):
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(30)


def show(what, values, unit):
    values = sorted(values)
    print(f"{what:34} median {statistics.median(values):8.1f} {unit}   "
          f"p99 {values[int(len(values) * 0.99)]:8.1f} {unit}   least {values[0]:8.1f} {unit}")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("stook.conf", CONFIG.encode()), ("in.log", LINE)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(text)
        starts = []
        for _ in range(max(1, rounds // 10)):
            daemon, out, size, seconds = start(folder)
            starts.append(seconds * 1e3)
            stop(daemon)
            os.close(out)
        daemon, out, size, _ = start(folder)
        log = os.open(os.path.join(folder, "in.log"), os.O_WRONLY | os.O_APPEND)
        hand_offs = []
        for _ in range(rounds):
            rest(daemon.pid)
            time.sleep(0.002)
            begin = time.perf_counter()
            os.write(log, LINE)
            size = wait_past(out, size)
            hand_offs.append((time.perf_counter() - begin) * 1e6)
        stop(daemon)
    show("start to first row out", starts, "ms")
    show("write(2) to the row in the output", hand_offs, "us")


if __name__ == "__main__":
    main()
