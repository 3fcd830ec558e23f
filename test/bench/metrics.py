#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What metrics cost the daemon at full load: its processor time a row while its page is read once a second, over that without.

    test/bench/metrics.py [--stookd build/release/stookd] [--pairs 30] [--seconds 1] [--stacks 1] [--every 1] [--smoke]

Spans without and with a scraper take turns in one running daemon (turns.py says how). The bar is 1 %. Then the page is read again
and again from a daemon at rest: what one answer costs, which is exact where the ratio is not, on a machine that does other things
as well. --stacks: so many stacks like the first one, all of them at work. --smoke: short spans, and only whether the page says
how many rows there are.
"""

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

from turns import Middle, Watched, by_threads, take_turns

BAR = 1.01
# The first stack never ends, so that stookd stays when the others have.
CONFIG = "[global]\ncontrol=control\nmetrics=127.0.0.1:0\nthreads=1\nstack=idle:unix(listen={0}/idle), none:null\n"
STACK = "stack=in{0}:made(what=access, count={1}), parse{0}:parse_access, out{0}:file(path=/dev/null)\n"


def cpu_of(pid):
    """User and system time of all threads, in ns: the process' own clock, as clock_getcpuclockid(3) numbers it."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def read_page(address):
    """The page, by one connection, as Prometheus reads it."""
    link = http.client.HTTPConnection(address, timeout=60)
    try:
        link.request("GET", "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"})
        return link.getresponse().read().decode()
    finally:
        link.close()


class Daemon:
    """stookd with so many stacks; `count`: rows of each, 0: without an end."""

    def __init__(self, stookd, stacks, count=0):
        self.stook = stookd[:-1]
        with open("stookd.conf", "w", encoding="utf-8") as config:
            config.write(CONFIG.format(os.getcwd()) + "".join(STACK.format(number, count) for number in range(stacks)))
        self.log = open("log", "w+", encoding="utf-8")
        self.process = subprocess.Popen([stookd, "-c", "stookd.conf"], stderr=self.log)
        self.address = None
        while self.address is None:
            if self.process.poll() is not None:
                raise SystemExit(self.said())
            found = re.search(r"event=pages_open address=(\S+)", self.said())
            self.address = found and found[1]
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def said(self):
        with open("log", encoding="utf-8") as log:
            return log.read()

    def ledger(self):
        done = subprocess.run([self.stook, "ledger", "--json", "--socket", "control"], capture_output=True, check=True)
        return json.loads(done.stdout)["lines"]


def ratios_of(daemon, asked):
    """Of pairs of spans: with over without. Prints what they were."""
    watched, answers = Watched(daemon.process.pid), []

    def span(is_read):
        is_over = threading.Event()

        def scrape():
            is_over.wait(asked.every / 2)
            while not is_over.is_set():
                answers.append(len(read_page(daemon.address)))
                is_over.wait(asked.every)

        scraper = threading.Thread(target=scrape) if is_read else None
        if scraper:
            scraper.start()
        found = watched.span(asked.seconds)
        if scraper:
            is_over.set()
            scraper.join()
        return found

    ratios, spans = take_turns(lambda: span(False), lambda: span(True), asked.pairs)
    middle = Middle(ratios)
    print(f"read each {asked.every:g} s: {middle}\n  ns a row: {by_threads(spans[0])}; with it: {by_threads(spans[1])}; "
          f"{spans[0][-1].rate:,.0f} rows/s, {len(answers)} answers in {asked.pairs * asked.seconds:g} s", flush=True)
    return middle


def answer_cost(daemon, times):
    """Processor time of one answer in ms, and its bytes."""
    page = read_page(daemon.address)
    cpu = cpu_of(daemon.process.pid)
    for _ in range(times):
        page = read_page(daemon.address)
    return (cpu_of(daemon.process.pid) - cpu) / times / 1e6, len(page)


def rest(daemon, stacks, count):
    """Waits until all rows are delivered. What is wrong with the page then, or None."""
    while sum(line["out"] for line in daemon.ledger() if line["kind"] == "sink") < stacks * count:
        time.sleep(0.05)
    found = sum(float(value) for value in re.findall(r'^stook_rows_in_total\{[^}]*kind="source"[^}]*\} (\S+)$',
                                                     read_page(daemon.address), re.MULTILINE))
    return None if found == stacks * count else f"the page says {found:.0f} rows, there were {stacks * count}"


def main():
    """Exits with 0; 1 when the page is wrong; 2 when a program is missing."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--stookd", default="build/release/stookd")
    words.add_argument("--pairs", type=int, default=30)
    words.add_argument("--seconds", type=float, default=1)
    words.add_argument("--every", type=float, default=1)
    words.add_argument("--stacks", type=int, default=1)
    words.add_argument("--smoke", action="store_true")
    asked = words.parse_args()
    if asked.smoke:
        asked.pairs, asked.seconds, asked.every, asked.stacks = 1, 0.2, 0.1, 2
    stookd = os.path.abspath(asked.stookd)
    if not os.access(stookd, os.X_OK) or not os.access(stookd[:-1], os.X_OK):
        print(f"metrics.py: missing: {stookd} and stook beside it", file=sys.stderr)
        return 2
    count, wrong = 1000 if asked.smoke else 100_000, None
    with tempfile.TemporaryDirectory(prefix="stook-bench-") as folder:
        os.chdir(folder)
        with Daemon(stookd, asked.stacks) as daemon:
            time.sleep(0 if asked.smoke else 1)
            middle = ratios_of(daemon, asked)
        if not asked.smoke:
            print(f"bar: at most {BAR}: {middle.verdict(BAR)}")
        for stacks in (asked.stacks,) if asked.smoke else (1, 10, 100):
            with Daemon(stookd, stacks, count if stacks < 100 else 1000) as daemon:
                wrong = wrong or rest(daemon, stacks, count if stacks < 100 else 1000)
                cost, size = answer_cost(daemon, 20 if asked.smoke else 200)
                print(f"one answer with {stacks} stacks: {cost:.2f} ms, {size:,} bytes", flush=True)
        os.chdir("/")
    if wrong:
        print("WRONG " + wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
