#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a script that loops costs the stacks beside it.

Usage: STOOK_BUILD=build/release test/bench/lua_beside.py [ROWS [ROUNDS]]

An innocent stack (access log, a script that counts and keeps one row of a thousand, JSON to a file) runs beside another one that gets 1,000 rows a second: its script does its
work, or loops for ever at each row, is ended three times, and is then suspended. Both stacks have one worker, so that
nobody has a processor to spare. Seconds of wall and CPU time until the innocent rows are in their file, in turns, and the median
of the ratios; ending a loop three times takes three budgets of 200 ms, which are spent once and are taken off. The bar is
for CPU time: on a machine that does other work the wall says little."""

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
STOOKD = os.path.join(os.path.dirname(os.path.dirname(HERE)), os.environ.get("STOOK_BUILD", "build/release"), "stookd")
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
    "good": """local n = 0
function filter(rec)
  n = n + 1
  rec.number = n
  return n % 1000 == 0
end
""",
    "loops": "function filter(rec) while true do end end",
}


def has_come_out(rows):
    """Whether the file's last row has that number."""
    try:
        with open("out", "rb") as file:
            file.seek(max(0, os.path.getsize("out") - 1000))
            return b'"number":%d}' % rows in file.read()
    except FileNotFoundError:
        return False


def run(kind, rows):
    """Seconds of wall and CPU time until all innocent rows are in their file."""
    if os.path.exists("out"):
        os.unlink("out")
    process = measure.Process([STOOKD, "-v", "-c", kind + ".conf"], "log")
    try:
        while not has_come_out(rows):
            if process.has_ended(2) or time.monotonic() > process.begin + measure.DEADLINE:
                process.fail("its rows did not come out")
        wall = time.monotonic() - process.begin
    finally:
        process.kill(signal.SIGKILL)
        cost = process.collect()
    with open("log", encoding="utf-8", errors="replace") as log:
        if ("event=suspended" in log.read()) != (kind == "loops"):
            process.fail("the script that loops is suspended, and no other")
    return wall, cost.cpu


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
        costs = {name: [] for name in SCRIPTS}
        for turn in range(rounds):
            for name in list(SCRIPTS) if turn % 2 else reversed(list(SCRIPTS)):
                costs[name].append(run(name, rows // 1000 * 1000))
    finally:
        shutil.rmtree(folder)
    for what, at in (("wall", 0), ("CPU", 1)):
        good, loops = ([one[at] for one in costs[name]] for name in ("good", "loops"))
        ratios = [(slow - BUDGETS) / fast for slow, fast in zip(loops, good)]
        print("%s: %.2f s beside a good script, %.2f s beside one that loops; ratio without %.1f s of budgets %.3f (%.3f-%.3f)" % (
            what, statistics.median(good), statistics.median(loops), BUDGETS, statistics.median(ratios), min(ratios), max(ratios)))
    sys.exit(0 if statistics.median(ratios) <= BAR else 1)


if __name__ == "__main__":
    main()
