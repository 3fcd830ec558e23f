#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What joining stack traces costs: Java's log lines and traces from a file, through `multiline`, into JSON lines.

Usage: STOOK_BUILD=build/release test/bench/multiline.py [LINES [ROUNDS]]

CPU seconds of the whole process for a million lines, and its ratio to the same lines passed on as they are (raw) and
passed on as JSON rows without being joined (json). The programs take turns; medians. Every event is counted."""

import os
import random
import shutil
import statistics
import sys
import tempfile

sys.dont_write_bytecode = True
import measure  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
STOOK = os.path.join(ROOT, os.environ.get("STOOK_BUILD", "build/release"), "stook")
CONFIG = "[global]\nthreads=2\nstack=in:FILE,%sout:FILE\n[in]\npath=in\n[out]\npath=out\nformat=%s\n"
START = "[join]\nstart=^\\d{4}-\\d\\d-\\d\\d \n"
CHAINS = {"raw": CONFIG % ("", "raw"), "json": CONFIG % ("", "json"),
          "java": CONFIG % ("join:MULTILINE(java),", "json"), "start": START + CONFIG % ("join:MULTILINE,", "json")}
WORDS = "Disk Cache Order User Session Query Batch Index Mail Token Queue Route".split()


def trace(rng, number):
    """An event: one log line, or for one in four a line that names an exception and its 10 to 40 frames."""
    time = "2026-11-21 03:%02d:%02d,%03d" % (number // 60000 % 60, number // 1000 % 60, number % 1000)
    if rng.random() < 0.75:
        return "%s INFO  [http-nio-8080-exec-%d] c.e.shop.%sService - done in %d ms\n" % (
            time, rng.randint(1, 20), rng.choice(WORDS), rng.randint(1, 900))
    lines = ["%s ERROR [http-nio-8080-exec-%d] c.e.shop.Web - java.lang.IllegalStateException: request %d" % (
        time, rng.randint(1, 20), number)]
    for part in range(rng.randint(1, 3)):
        if part:
            lines.append("Caused by: java.io.IOException: no %s" % rng.choice(WORDS))
        for _ in range(rng.randint(10, 20)):
            name = rng.choice(WORDS)
            lines.append("\tat com.example.shop.%s.%sHandler.handle%s(%sHandler.java:%d) ~[shop-1.4.2.jar!/:1.4.2]" % (
                name.lower(), name, rng.choice(WORDS), name, rng.randint(1, 900)))
        lines.append("\t... %d common frames omitted" % rng.randint(5, 60))
    return "\n".join(lines) + "\n"


def write(path, wanted):
    """Writes at least so many lines; returns how many, and how many events."""
    rng = random.Random(20261121)
    pool = [trace(rng, number) for number in range(4096)]
    lines = events = 0
    with open(path, "w", encoding="ascii") as file:
        while lines < wanted:
            text = pool[rng.randrange(len(pool))]
            file.write(text)
            lines += text.count("\n")
            events += 1
    return lines, events


def run(name, folder, rows):
    """One run; the number of rows in the output has to be right."""
    out = os.path.join(folder, "out")
    if os.path.exists(out):
        os.unlink(out)
    config = os.path.join(folder, "conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(CHAINS[name])
    measure.warm_memory()
    cost = measure.run([STOOK, "run", config], os.path.join(folder, "log"))
    with open(out, "rb") as file:
        found = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    if found != rows:
        raise SystemExit("%s: %d rows, not %d" % (name, found, rows))
    return cost


def main():
    """Prints a line for each chain."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    memory = "/dev/shm" if "TMPDIR" not in os.environ and os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="stook-multiline-", dir=memory)
    try:
        lines, events = write(os.path.join(folder, "in"), wanted)
        costs = {name: [] for name in CHAINS}
        for _ in range(rounds):
            for name in CHAINS:
                costs[name].append(run(name, folder, events if "MULTILINE" in CHAINS[name] else lines))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("%d lines, %d events, %d rounds" % (lines, events, rounds))
    print("%-6s %14s %10s %8s %8s" % ("chain", "CPU s/M lines", "lines/s", "/ raw", "/ json"))
    for name, runs in costs.items():
        ratios = [statistics.median(a.cpu / b.cpu for a, b in zip(runs, costs[base])) for base in ("raw", "json")]
        print("%-6s %14.3f %10.0f %8.2f %8.2f" % (name, measure.median(runs, "cpu") / lines * 1e6,
                                                  lines / measure.median(runs, "wall"), *ratios))


if __name__ == "__main__":
    main()
