#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much memory scripts take: one source, ten stacks, and a small script so many times in each.

Usage: STOOK_BUILD=build/release test/bench/lua_many.py [INSTANCES]

Resident memory of the process with and without the scripts, when rows have gone through all of them and before it ends."""

import os
import shutil
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import measure  # noqa: E402
from soak import resident  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
STOOK = os.path.join(os.path.dirname(os.path.dirname(HERE)), os.environ.get("STOOK_BUILD", "build/release"), "stook")
BAR = 60  # MiB for 1,000 instances
STACKS = 10
SCRIPT = """function filter(rec)
  if rec.seq == 7 then
    rec.label = "seven"
  end
end
"""


def config(instances):
    """A source that makes ten rows a second for ever, and the stacks."""
    text = "[global]\nthreads=1\n"
    for stack in range(STACKS):
        filters = "".join("s%d:LUA," % number for number in range(stack, instances, STACKS))
        text += "stack=in:MADE,%sout%d:NULL\n" % (filters, stack)
    text += "[in]\nwhat=flows\nrate=10\n"
    return text + "".join("[s%d]\nscript=small.lua\nkeys=seq\n" % number for number in range(instances))


def held(instances):
    """Resident MiB after three seconds in which it did not grow."""
    with open("many.conf", "w", encoding="utf-8") as file:
        file.write(config(instances))
    process = measure.Process([STOOK, "run", "many.conf"], "log")
    most, since = 0, time.monotonic()
    try:
        while time.monotonic() < since + 3:
            if process.has_ended(100):
                process.fail("it ended")
            now = resident(process.child.pid)
            if now > most:
                most, since = now, time.monotonic()
    finally:
        process.kill(9)
        process.collect()
    return most


def main():
    instances = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    folder = tempfile.mkdtemp(prefix="stook-many-")
    os.chdir(folder)
    try:
        with open("small.lua", "w", encoding="utf-8") as file:
            file.write(SCRIPT)
        none, all_of_them = held(0), held(instances)
    finally:
        shutil.rmtree(folder)
    print("%.1f MiB with %d instances, %.1f without, %.1f KiB for each" % (
        all_of_them, instances, none, (all_of_them - none) * 1024 / instances))
    sys.exit(0 if instances != 1000 or all_of_them <= BAR else 1)


if __name__ == "__main__":
    main()
