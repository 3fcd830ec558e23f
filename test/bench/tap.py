#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a tap costs the daemon: its processor time a row with a tap over that without, at a million rows a second.

    test/bench/tap.py [--stookd build/release/stookd] [--rate 1000000] [--pairs 30] [--seconds 0.5] [--only NAME]

Spans without and with a tap take turns in one running daemon (turns.py says how); the bar is 2 %. The rate is a wish: where it is
not reached, the figure is that of as much as goes. The first line compares no tap with no tap: how far from 1 it is, and how wide,
is what the machine adds to the others.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time

from turns import Drain, Middle, Watched, by_threads, take_turns

BAR = 1.02
TAPS = {"no tap": None, "all rows": "tap parse", "all rows, JSON": "tap parse json",
        "one in a hundred": "tap parse where status == 502 and body_bytes_sent > 40000",
        "no row": "tap parse where status == 1", "at the source": "tap in"}
# A tap's savings are used up, and its calls have come to the worker and gone.
SETTLE = 0.1


def measure(watched, seconds, line):
    """A span with that tap."""
    if line is None:
        time.sleep(SETTLE)
        return watched.span(seconds)
    with Drain(watched, line):
        time.sleep(SETTLE)
        return watched.span(seconds)


def main():
    """Prints two lines for each kind of tap. Exits with 1 when one of them costs too much, 2 when a program is missing."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--stookd", default="build/release/stookd")
    words.add_argument("--rate", type=int, default=1000000)
    words.add_argument("--pairs", type=int, default=30)
    words.add_argument("--seconds", type=float, default=0.5)
    words.add_argument("--only", choices=TAPS)
    asked = words.parse_args()
    stookd = os.path.abspath(asked.stookd)
    if not os.access(stookd, os.X_OK):
        print(f"tap.py: missing: {stookd}", file=sys.stderr)
        return 2
    is_missed = False
    with tempfile.TemporaryDirectory(prefix="stook-bench-") as folder:
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
            watched = Watched(daemon.pid)
            for name in [asked.only] if asked.only else TAPS:
                ratios, spans = take_turns(lambda: measure(watched, asked.seconds, None),
                                           lambda name=name: measure(watched, asked.seconds, TAPS[name]), asked.pairs)
                middle = Middle(ratios)
                verdict = middle.verdict(BAR) if TAPS[name] else "the noise"
                is_missed = is_missed or verdict == "MISSED"
                print(f"{name:17} {middle}: {verdict}\n{'':17} ns a row: {by_threads(spans[0])}; "
                      f"with it: {by_threads(spans[1])}; {spans[0][-1].rate:,.0f} rows/s", flush=True)
            daemon.terminate()
        os.chdir("/")
    return 1 if is_missed else 0


if __name__ == "__main__":
    sys.exit(main())
