#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether scripts keep memory: rows for a long time through a script that makes strings, tables, rows and shared values.

Usage: STOOK_BUILD=build/release test/bench/soak.py [ROWS]

Samples the resident memory ten times a second. It has to be flat: the most of the second half at most 4 MiB above the most
of the second quarter; else exit code 1. The first quarter is for caches to fill."""

import os
import shutil
import signal
import sys
import tempfile

sys.dont_write_bytecode = True
import measure  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
STOOK = os.path.join(os.path.dirname(os.path.dirname(HERE)), os.environ.get("STOOK_BUILD", "build/release"), "stook")
SCRIPT = """
local seen, count = {}, 0
local shared = stook.shared("soak")
local word = stook.regex("[a-z]+")
function filter(rec)
  local text = rec.message .. "#" .. rec.seq                  -- a new text for each row
  rec.short = text:sub(-20):upper():gsub("%d", "x")
  rec.words = { first = word:find(text), again = (text:gsub("%s+", "_")) }
  rec.json = stook.json.encode({ seq = rec.seq, text = text, list = { 1, 2, rec.seq } })
  rec.back = stook.json.decode(rec.json)
  rec.print = string.format("%s-%08x-%5.2f", stook.hash.sha256 and "h" or "n", rec.seq, rec.seq / 3)
  shared:set("row" .. rec.seq, text, 0.5)                     -- expires
  shared:add("sum", 1)
  count = count + 1
  seen[text] = count                                          -- a table that grows and is let go
  if count % 5000 == 0 then
    seen = {}
  end
  if rec.seq % 100 == 0 then
    emit({ from = rec.seq, text = text:rep(3) })
  end
  if rec.seq % 1000 == 0 then
    pcall(error, { text })
    local thread = coroutine.wrap(function() coroutine.yield(text) end)
    rec.thread = thread()
  end
  if rec.seq % 10000 == 0 then
    error("now and then: " .. text)
  end
end
"""
CONFIG = """[global]
threads=1
stack=in:MADE,s:LUA,out:NULL
[in]
what=access
count=%d
[s]
script=soak.lua
keys=seq
[out]
format=json
"""


def resident(pid):
    """Resident memory in MiB; 0 when the process is gone."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as status:
            return next((int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS:")), 0)
    except OSError:
        return 0


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    folder = tempfile.mkdtemp(prefix="stook-soak-")
    os.chdir(folder)
    try:
        for name, text in (("soak.lua", SCRIPT), ("soak.conf", CONFIG % rows)):
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
        process = measure.Process([STOOK, "run", "--json", "soak.conf"], "log")
        samples = []
        try:
            while not process.has_ended(100):
                samples.append(resident(process.child.pid))
        except BaseException:
            process.kill(signal.SIGKILL)
            raise
        cost = process.collect()
        if process.child.returncode != 0:
            process.fail("exit code %d" % process.child.returncode)
    finally:
        shutil.rmtree(folder)
    held = [mib for mib in samples if mib > 0]
    if len(held) < 40:
        sys.exit("too few rows: it was done after %d samples" % len(held))
    quarter = len(held) // 4
    before, after = max(held[quarter:2 * quarter]), max(held[2 * quarter:])
    print("%d rows, %.0f s of CPU, %.0f rows/s" % (rows, cost.cpu, rows / cost.wall))
    print("resident MiB: first %.1f, most %.1f, last %.1f; most of the second quarter %.1f, of the second half %.1f" % (
        held[0], max(held), held[-1], before, after))
    sys.exit(0 if after <= before + 4 else 1)


if __name__ == "__main__":
    main()
