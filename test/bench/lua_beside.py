#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a script that loops costs the stacks beside it.

Usage: STOOK_BUILD=build/release test/bench/lua_beside.py [ROWS [ROUNDS]]

An innocent stack (access log, a script, JSON to a file) runs beside another one that gets 1,000 rows a second: its script does its
work, or loops for ever at each row, is ended three times, and is then suspended. Both stacks have one worker, so that
nobody has a processor to spare. Seconds of wall time until the innocent rows are in their file, in turns, and the median of
the ratios; ending a loop three times takes three budgets of 200 ms, which are spent once and are taken off."""

import os
import shutil
import signal
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import measure  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
STOOK = os.path.join(os.path.dirname(os.path.dirname(HERE)), os.environ.get("STOOK_BUILD", "build/release"), "stook")
BUDGETS = 0.6  # seconds
BAR = 1.05
CONFIG = """[global]
threads=1
stack=in:MADE,parse:PARSE_ACCESS,good:LUA,out:FILE
stack=other:MADE,beside:LUA,gone:NULL
[in]
what=access
count=%d
[good]
script=good.lua
[out]
path=out
format=json
[other]
what=flows
rate=1000
[beside]
script=%s.lua
"""
SCRIPTS = {
    "good": "function filter(rec) rec.label = 'web' end",
    "loops": "function filter(rec) while true do end end",
}


def ends_with(path, last):
    """Whether the file ends with that text."""
    try:
        with open(path, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - len(last)))
            return file.read() == last
    except FileNotFoundError:
        return False


def run(kind, last):
    """Seconds until all innocent rows are in their file; that file's last bytes, when they are not known yet."""
    if os.path.exists("out"):
        os.unlink("out")
    process = measure.Process([STOOK, "run", kind + ".conf"], "log")
    size, changed = -1, time.monotonic()
    while last and not ends_with("out", last) or not last and time.monotonic() < changed + 2:
        if process.has_ended(2) or time.monotonic() > process.begin + measure.DEADLINE:
            process.fail("its rows did not come out")
        now = os.path.getsize("out") if os.path.exists("out") else -1
        size, changed = now, changed if now == size else time.monotonic()
    wall = time.monotonic() - process.begin
    process.kill(signal.SIGKILL)
    process.collect()
    with open("log", encoding="utf-8", errors="replace") as log:
        if ("event=suspended" in log.read()) != (kind == "loops"):
            process.fail("the script that loops is suspended, and no other")
    with open("out", "rb") as file:
        file.seek(-200, os.SEEK_END)
        return wall, file.read()


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    folder = tempfile.mkdtemp(prefix="stook-beside-", dir="/dev/shm" if "TMPDIR" not in os.environ else None)
    os.chdir(folder)
    try:
        for name, text in SCRIPTS.items():
            with open(name + ".lua", "w", encoding="utf-8") as file:
                file.write(text)
            with open(name + ".conf", "w", encoding="utf-8") as file:
                file.write(CONFIG % (rows, name))
        last = run("good", b"")[1]
        walls = {name: [] for name in SCRIPTS}
        for turn in range(rounds):
            for name in list(SCRIPTS) if turn % 2 else reversed(list(SCRIPTS)):
                walls[name].append(run(name, last)[0])
    finally:
        shutil.rmtree(folder)
    ratios = [(loops - BUDGETS) / good for loops, good in zip(walls["loops"], walls["good"])]
    print("%d rows: %.2f s beside a good script, %.2f s beside one that loops, %.2f of it budgets" % (
        rows, statistics.median(walls["good"]), statistics.median(walls["loops"]), BUDGETS))
    print("ratio without the budgets: median %.3f (%.3f to %.3f), bar %.2f" % (
        statistics.median(ratios), min(ratios), max(ratios), BAR))
    sys.exit(0 if statistics.median(ratios) <= BAR else 1)


if __name__ == "__main__":
    main()
