#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a tap costs the daemon: its processor time a row with a tap over that without, at a million rows a second.

    test/bench/tap.py [--stookd build/release/stookd] [--rate 1000000] [--pairs 5] [--seconds 2]

Spans without and with a tap take turns in one running daemon, so that a machine that becomes slower meets both. The rate is a
wish: where it is not reached, the figure is that of as much as goes.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

TAPS = {"all rows": ["tap", "parse"], "all rows, JSON": ["tap", "parse", "--json"],
        "one in a hundred": ["tap", "parse", "--where", "status == 502 and body_bytes_sent > 40000"],
        "no row": ["tap", "parse", "--where", "status == 1"], "at the source": ["tap", "in"]}


def look(stook, pid):
    """Rows read so far, and the processor time of the daemon in seconds."""
    report = json.loads(subprocess.run([stook, "ledger", "--json", "--socket", "control"], capture_output=True, check=True).stdout)
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return sum(line["in"] for line in report["lines"] if line["kind"] == "source"), (int(fields[11]) + int(fields[12])) / ticks


def span(stook, pid, seconds, words):
    """Processor time a row in ns, and rows a second."""
    tap = words and subprocess.Popen([stook, *words, "--socket", "control"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.2)
    rows, cpu = look(stook, pid)
    begin = time.monotonic()
    time.sleep(seconds)
    more, after = look(stook, pid)
    took = time.monotonic() - begin
    if tap:
        tap.terminate()
        tap.wait()
    return (after - cpu) * 1e9 / (more - rows), (more - rows) / took


def main():
    """Prints a line for each kind of tap."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--stookd", default="build/release/stookd")
    words.add_argument("--rate", type=int, default=1000000)
    words.add_argument("--pairs", type=int, default=5)
    words.add_argument("--seconds", type=float, default=2)
    asked = words.parse_args()
    stookd = os.path.abspath(asked.stookd)
    stook = stookd[:-1]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with open("stookd.conf", "w", encoding="utf-8") as config:
            config.write(f"[global]\ncontrol=control\nthreads=1\nstack=in:made(what=access, rate={asked.rate}), "
                         "parse:parse_access, web:keep(status >= 500), out:file(path=/dev/null)\n")
        with open("log", "wb") as log, subprocess.Popen([stookd, "-c", "stookd.conf"], stderr=log) as daemon:
            while not os.path.exists("control"):
                if daemon.poll() is not None:
                    with open("log", encoding="utf-8") as said:
                        raise SystemExit(said.read())
                time.sleep(0.01)
            time.sleep(1)
            for name, tap in TAPS.items():
                ratios = []
                for _ in range(asked.pairs):
                    off, rate = span(stook, daemon.pid, asked.seconds, None)
                    on, _ = span(stook, daemon.pid, asked.seconds, tap)
                    ratios.append(on / off)
                print(f"{name:20} {statistics.median(ratios):.3f} of the time without   "
                      f"({min(ratios):.3f} to {max(ratios):.3f}; {off:.0f} ns a row, {rate:,.0f} rows/s)", flush=True)
            daemon.terminate()


if __name__ == "__main__":
    main()
