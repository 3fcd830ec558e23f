#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what stook takes from the network and sends to it, beside a program written for that alone and rsyslog.

The programs of a workload run in turn, in rounds; a ratio is the median over the rounds. Below the table stand the bars that
stook has to reach. Exit code: 0; 1 if rows are missing, an output is not as it should be, or a program failed, never for
a bar that is missed, as the machine may be busy; 2 if a program is missing.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import measure  # noqa: E402
import net_programs  # noqa: E402
import net_workloads  # noqa: E402
import table  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def arguments():
    """Reads the command line and fills in where the programs are."""
    parser = argparse.ArgumentParser(description="measures what stook takes from the network and sends to it")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of each run (1,000,000)")
    parser.add_argument("--repeats", type=int, default=5, help="rounds (5)")
    parser.add_argument("--only", choices=list(net_workloads.WORKLOADS), action="append", metavar="NAME", help=", ".join(net_workloads.WORKLOADS))
    parser.add_argument("--stookd", default=os.path.join(ROOT, "build", "release", "stookd"), metavar="PATH")
    parser.add_argument("--json", metavar="FILE", help="write the results there, too")
    parser.add_argument("--smoke", action="store_true", help="20,000 rows once: outputs matter, times do not")
    chosen = parser.parse_args()
    chosen.stookd = os.path.abspath(chosen.stookd)
    chosen.stook = os.path.join(os.path.dirname(chosen.stookd), "stook")
    chosen.binaries = os.path.join(os.path.dirname(chosen.stookd), "test", "bench")
    if chosen.smoke:
        chosen.rows, chosen.repeats = 20_000, 1
    return chosen


def print_bars(bars):
    """Prints what has to be reached."""
    for bar in bars:
        print("%-50s %9.2f %s %-6g %s" % (bar["what"], bar["figure"], bar["relation"], bar["bound"],
                                          "reached" if bar["is_met"] else "MISSED"))


def main():
    """Exits as the head of this file says."""
    chosen = arguments()
    needed = [chosen.stookd, chosen.stook] + [os.path.join(chosen.binaries, name) for name in ("net_send", "net_limit", "net_serve")]
    missing = [program for program in needed if not os.access(program, os.X_OK)]
    if missing:
        print("net.py: missing: %s\nbuild first: ninja -C build/release stook stookd test/bench/net_send test/bench/net_limit "
              "test/bench/net_serve" % ", ".join(missing), file=sys.stderr)
        return 2
    memory = "/dev/shm" if "TMPDIR" not in os.environ and os.access("/dev/shm", os.W_OK) else None
    scratch = tempfile.mkdtemp(prefix="stook-bench-", dir=memory)
    bench = net_workloads.Bench(chosen, scratch)
    try:
        for name, workload_of in net_workloads.WORKLOADS.items():
            if not chosen.only or name in chosen.only:
                try:
                    workload_of(bench)
                except (measure.Failed, OSError, subprocess.CalledProcessError) as error:
                    bench.wrong.append("%s: %s" % (name, error))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    table.print_table(bench.results, "first")
    if any("rsyslog" in result["programs"] for result in bench.results):
        print(net_programs.NOTE)
    if not chosen.smoke:
        print_bars(bench.bars)
    for line in bench.wrong:
        print("WRONG " + line)
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump({"machine": table.machine(), "repeats": chosen.repeats, "wrong": bench.wrong, "bars": bench.bars,
                       "workloads": bench.results}, file, indent=1)
            file.write("\n")
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
