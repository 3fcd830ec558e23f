#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a spool before the sink costs: access lines to JSON, and raw lines to raw lines, with a spool and without.

Usage: STOOK_BUILD=build/release test/bench/spooled.py [ROWS [ROUNDS]]

CPU seconds of the whole process for a million rows, rows a second, and the ratio to the same pipeline without a spool in
the same round. Group commit, its default. The programs take turns; medians. The outputs have to be equal."""

import filecmp
import os
import shutil
import statistics
import sys
import tempfile

sys.dont_write_bytecode = True
import measure  # noqa: E402
import workload  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
STOOK = os.path.join(ROOT, os.environ.get("STOOK_BUILD", "build/release"), "stook")
CONFIG = "[global]\nthreads=2\nstack=in:FILE,%sout:FILE\n[in]\npath=%s\n[out]\npath=%s\nformat=%s\n%s"
PIPES = {"json": ("parse:PARSE_ACCESS,", "json"), "raw": ("", "raw")}


def run(folder, source, pipe, is_spooled):
    """One run; returns its cost."""
    stack, form = PIPES[pipe]
    out = os.path.join(folder, "spooled" if is_spooled else "plain")
    spool = os.path.join(folder, "spool")
    for path in (out, spool):
        shutil.rmtree(path, ignore_errors=True)
        if os.path.exists(path):
            os.unlink(path)
    config = os.path.join(folder, "conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(CONFIG % (stack, source, out, form, "spool=%s\n" % spool if is_spooled else ""))
    measure.warm_memory()
    return measure.run([STOOK, "run", config], os.path.join(folder, "log"))


def main():
    """Reads the command line and prints the table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory(prefix="stook-bench-") as folder:
        workload.ensure(folder, rows, ("access.log",))
        source = os.path.join(folder, "access.log")
        print("%-6s %10s %12s %12s %8s %12s" % ("", "plain", "spooled", "ratio", "", "rows/s"))
        for pipe in PIPES:
            costs = []
            for _ in range(rounds):
                costs.append((run(folder, source, pipe, False), run(folder, source, pipe, True)))
                if not filecmp.cmp(os.path.join(folder, "plain"), os.path.join(folder, "spooled"), shallow=False):
                    raise SystemExit("%s: the outputs differ" % pipe)
            ratios = [spooled.cpu / plain.cpu for plain, spooled in costs]
            print("%-6s %10.3f %12.3f %12.2f %8s %12d" % (
                pipe, statistics.median(plain.cpu for plain, _ in costs) / rows * 1e6,
                statistics.median(spooled.cpu for _, spooled in costs) / rows * 1e6, statistics.median(ratios),
                "%.2f-%.2f" % (min(ratios), max(ratios)),
                rows / statistics.median(spooled.wall for _, spooled in costs)))


if __name__ == "__main__":
    main()
