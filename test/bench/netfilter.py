#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what logged packets and connections cost stook and Debian's ulogd2, with the very same configuration.

Each run has a network namespace of the bench's own: netfilter_send sends datagrams to itself, a rule logs and drops them. A
logger is charged from when it listens to its end, with all its threads; what the kernel does for the sender and the rule is
charged to the sender. The programs of a workload run in turn, in rounds. `floor` is netfilter_limit, which only takes from the
kernel what the group gathers, with ulogd2's settings of the group and with stook's. Exit code: 0, also where there is no network
namespace to be had or no ulogd2; 1 if rows are missing where none may be, an output is not as it should be, or a program failed,
never for a bar that is missed, as the machine may be busy; 2 if a program is missing.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import measure  # noqa: E402
import net_programs  # noqa: E402
import table  # noqa: E402
import workload  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "test/flow"))
import netns_kit  # noqa: E402

BUFFER = 32 << 20  # ulogd2 takes it when its limit is larger
PACKET = 100
RATE = {"packets": 150_000, "flows": 100_000}

CONFIG = """[global]
logfile="%(log)s"
loglevel=3
stack=%(stack)s
[log1]
%(group)s
netlink_socket_buffer_size=%(buffer)d
netlink_socket_buffer_maxsize=%(most)d
[out1]
file="%(out)s"
sync=0
"""

# What is sent, the stack, what the source is told, how many times ulogd2's records a CPU second stook has to reach.
WORKLOADS = {
    "logemu": ("packets", "log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,print1:PRINTPKT,out1:LOGEMU", "group=5", 5),
    "json": ("packets", "log1:NFLOG,base1:BASE,ip2str1:IP2STR,out1:JSON", "group=5", 10),
    "nfct": ("flows", "log1:NFCT,ip2str1:IP2STR,print1:PRINTFLOW,out1:LOGEMU", "hash_max_entries=65536", None),
}
# Bytes and packets that the kernel gathers in a datagram: its own defaults, which ulogd2 leaves as they are, and stook's.
FLOORS = {"floor/ulogd": (0, 0), "floor/stook": (130560, 512)}

RULES = ('udp dport 5000 log group 5 prefix "in: " drop', "ct state new udp dport 5001 drop")


class Logger(net_programs.Program):
    """A program that takes what is logged. *Invariants:* it listens once this is made."""

    def __init__(self, folder, words, out, ready):
        self.ready = ready
        super().__init__(folder, words, out)

    def find_port(self):
        return 0 if self.ready in self.text() else None

    def wait_until_still(self, rows):
        """Waits until the output has not grown for longer than the kernel gathers packets; returns how many lines it has."""
        size, since = -1, time.monotonic()
        while time.monotonic() - since < 1.5:
            if self.process.has_ended(50):
                self.process.collect()
                self.process.fail("ended")
            now = os.stat(self.out).st_size if os.path.exists(self.out) else 0
            if now != size:
                size, since = now, time.monotonic()
            elif rows == 0:
                break
        return size

    def finish(self, rows):
        """Ends it when all is written, and returns its cost with `rows`, the lines that it wrote, and why others are missing."""
        self.wait_until_still(rows)
        if not os.path.exists(self.out):
            open(self.out, "wb").close()
        dropped = dropped_datagrams()
        cost = self.end(codes=(0, 1))
        cost.rows = workload.count_lines(self.out)
        ledger = [line for line in self.text().splitlines() if " element=log1 " in line]
        cost.reasons = dict(re.findall(r" dropped_(\w+)=(\d+)", ledger[-1])) if ledger else {}
        cost.reasons.update({"of the kernel's datagrams": dropped} if dropped else {})
        return cost


def dropped_datagrams():
    """How many the kernel could not give to the sockets of netfilter that are open in this namespace."""
    with open("/proc/net/netlink", encoding="ascii") as table:
        head, *sockets = [line.split() for line in table]
    return sum(int(one[head.index("Drops")]) for one in sockets if one[head.index("Eth")] == "12")


class Floor(Logger):
    """netfilter_limit. It writes what it has seen at its end."""

    def finish(self, rows):
        time.sleep(1.5)
        self.out = self.log
        cost = self.end()
        cost.reasons = {}
        cost.rows, cost.datagrams = (int(word) for word in re.search(r"(\d+) packets in (\d+) datagrams", self.text()).groups())
        return cost


class Bench:
    """The programs, the folder and the results of one invocation."""

    def __init__(self, chosen, scratch):
        self.chosen = chosen
        self.scratch = scratch
        self.wrong = []
        self.results = []
        self.bars = []

    def start(self, program, name):
        """Starts a program of a workload."""
        folder = net_programs.fresh(os.path.join(self.scratch, program.replace("/", "-")))
        if program in FLOORS:
            words = [self.chosen.limit, "5", str(BUFFER)] + [str(number) for number in FLOORS[program]]
            return Floor(folder, words, os.path.join(folder, "log"), "listening")
        _, stack, group, _ = WORKLOADS[name]
        out, config = os.path.join(folder, "out"), os.path.join(folder, "conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG % {"stack": stack, "group": group, "out": out, "buffer": BUFFER, "most": BUFFER + 1,
                                 "log": "stdout" if program == "ulogd" else "stderr"})
        os.chmod(config, 0o600)
        if program == "ulogd":
            return Logger(folder, [netns_kit.ULOGD, "-c", config], out, "entering main loop")
        return Logger(folder, [self.chosen.stookd, "-v", "-c", config], out, "event=listening")

    def run(self, program, name):
        """One run: its cost, with `rows` and `sent`."""
        if not self.chosen.smoke:
            measure.warm_memory()
        kind = WORKLOADS[name][0]
        logger = self.start(program, name)
        words = [self.chosen.send, kind, str(self.chosen.rows), str(self.chosen.rate or RATE[kind])]
        begin = time.monotonic()
        subprocess.run(words + [str(PACKET)] * (kind == "packets"), check=True)
        took = time.monotonic() - begin
        cost = logger.finish(self.chosen.rows)
        cost.sent, cost.rate = self.chosen.rows, self.chosen.rows / took
        return cost, logger

    def measure(self, name):
        """Runs a workload's programs in rounds, compares what they wrote, and keeps what they cost."""
        kind, _, _, bar = WORKLOADS[name]
        programs = (["ulogd"] if os.path.exists(netns_kit.ULOGD) else []) + ["stook"]
        programs += list(FLOORS) if name == "logemu" else []
        costs = {program: [] for program in programs}
        for turn in range(self.chosen.repeats):
            outputs = {}
            for program in reversed(programs) if turn % 2 else programs:
                cost, logger = self.run(program, name)
                costs[program].append(cost)
                outputs[program] = logger.out
            if "ulogd" in outputs:
                self.compare(name, outputs["ulogd"], outputs["stook"])
            for program in programs:
                shutil.rmtree(os.path.join(self.scratch, program.replace("/", "-")))
        self.results.append((name, costs))
        lost = sum(cost.sent - cost.rows for cost in costs["stook"])
        self.bars.append((f"{name}: lost of {RATE[kind]} {kind} a second", lost, "<=", 0))
        if self.chosen.smoke and lost:
            self.wrong.append(f"{name}: {lost} rows are missing")
        if bar and "ulogd" in costs:
            self.bars.append((f"{name}: records a CPU second, of ulogd2's", times_ulogd(costs, "stook"), ">=", bar))

    def compare(self, name, theirs, ours):
        """The first lines of both, but for times and what differs from run to run."""
        with open(theirs, encoding="utf-8") as one, open(ours, encoding="utf-8") as other:
            for number, (line, own) in enumerate(zip(one, other)):
                if number == 1000 or name == "nfct":
                    return
                if name == "logemu" and comparable_text(line) != comparable_text(own):
                    self.wrong.append(f"{name}: line {number}: {own.strip()!r} instead of {line.strip()!r}")
                    return
                if name == "json" and comparable_members(line) - comparable_members(own):
                    self.wrong.append(f"{name}: line {number}: {comparable_members(line) - comparable_members(own)} is missing")
                    return


def comparable_text(line):
    """A line of LOGEMU without date, and the packet's number."""
    return re.sub(r"\bID=\d+", "", line[15:])


def comparable_members(line):
    """The members of an object, but for times, checksums and the packet's number."""
    return {(key, value) for key, value in json.loads(line).items()
            if key not in ("timestamp", "oob.time.sec", "oob.time.usec", "ip.id", "ip.csum")}


def per_million(run, figure):
    """A cost of a million records that were taken."""
    return getattr(run, figure) / max(run.rows, 1) * 1e6


def times_ulogd(costs, program):
    """How many times ulogd2's records a CPU second: the median over the rounds."""
    return statistics.median(per_million(base, "cpu") / max(per_million(run, "cpu"), 1e-9)
                             for base, run in zip(costs["ulogd"], costs[program]))


def print_results(results):
    """A line for each program of each workload."""
    print("%-8s %-12s %9s %9s %8s %13s %7s %7s %9s %11s %8s" % (
        "workload", "program", "sent", "a second", "lost", "CPU s/M rows", "user", "system", "of a core", "switches/M", "x ulogd2"))
    for name, costs in results:
        for program, runs in costs.items():
            middle = {figure: statistics.median(per_million(run, figure) for run in runs)
                      for figure in ("cpu", "user", "system", "switches")}
            print("%-8s %-12s %9d %9.0f %8d %13.3f %7.3f %7.3f %9.0f %11.0f %8s" % (
                name, program, runs[0].sent, statistics.median(run.rate for run in runs),
                statistics.median(run.sent - run.rows for run in runs), middle["cpu"], middle["user"], middle["system"],
                1e6 / max(middle["cpu"], 1e-9), middle["switches"], "%.2f" % times_ulogd(costs, program) if "ulogd" in costs else ""))
            for run in runs:
                if run.reasons:
                    print("%21s lost %d: %s" % ("", run.sent - run.rows, ", ".join("%s %s" % (number, why) for why, number in run.reasons.items())))


def arguments():
    """Reads the command line and fills in where the programs are."""
    parser = argparse.ArgumentParser(description="measures what logged packets and connections cost")
    parser.add_argument("--rows", type=int, default=1_000_000, help="packets or connections of each run (1,000,000)")
    parser.add_argument("--rate", type=int, default=0, help="a second (150,000 packets, 100,000 connections)")
    parser.add_argument("--repeats", type=int, default=5, help="rounds (5)")
    parser.add_argument("--only", choices=list(WORKLOADS), action="append", metavar="NAME", help=", ".join(WORKLOADS))
    parser.add_argument("--stookd", default=os.path.join(ROOT, "build", "release", "stookd"), metavar="PATH")
    parser.add_argument("--json", metavar="FILE", help="write the results there, too")
    parser.add_argument("--smoke", action="store_true", help="20,000 packets once: outputs matter, times do not")
    chosen = parser.parse_args()
    chosen.stookd = os.path.abspath(chosen.stookd)
    binaries = os.path.join(os.path.dirname(chosen.stookd), "test", "bench")
    chosen.send, chosen.limit = (os.path.join(binaries, name) for name in ("netfilter_send", "netfilter_limit"))
    if chosen.smoke:
        chosen.rows, chosen.repeats = 20_000, 1
    return chosen


def write_json(path, bench):
    """All figures of all runs, and what machine they were taken on."""
    runs = {name: {program: [{**run.as_row(), "sent": run.sent, "rows": run.rows, "switches": run.switches} for run in costs]
                   for program, costs in of_program.items()} for name, of_program in bench.results}
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"machine": table.machine(), "workloads": runs, "bars": bench.bars, "wrong": bench.wrong}, file, indent=1)


def enter():
    """Begins the program anew in a network namespace. Root's own may have buffers beyond net.core.rmem_max, those of a user
    namespace not."""
    words = ["unshare", "-nm"]
    if netns_kit.MARK not in os.environ and os.geteuid() == 0 and netns_kit.works(*words, "true"):
        os.environ[netns_kit.MARK] = ""
        os.execvp(words[0], [*words, sys.executable, *sys.argv])
    return netns_kit.enter() or netns_kit.prepare()


def main():
    """Exits as the head of this file says."""
    chosen = arguments()
    missing = [program for program in (chosen.stookd, chosen.send, chosen.limit) if not os.access(program, os.X_OK)]
    if missing:
        print("netfilter.py: missing: %s\nbuild first: ninja -C build/release stookd test/bench/netfilter_send "
              "test/bench/netfilter_limit" % ", ".join(missing), file=sys.stderr)
        return 2
    why_not = enter()
    if why_not:
        print("skipped: " + why_not)
        return 0
    netns_kit.rules(*RULES)
    memory = "/dev/shm" if "TMPDIR" not in os.environ and os.access("/dev/shm", os.W_OK) else None
    scratch = tempfile.mkdtemp(prefix="stook-bench-", dir=memory)
    bench = Bench(chosen, scratch)
    try:
        for name in chosen.only or WORKLOADS:
            try:
                bench.measure(name)
            except (measure.Failed, OSError, ValueError, subprocess.CalledProcessError) as error:
                bench.wrong.append("%s: %s" % (name, error))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print_results(bench.results)
    for what, figure, relation, bound in [] if chosen.smoke else bench.bars:
        is_met = figure >= bound if relation == ">=" else figure <= bound
        print("%-50s %9.2f %s %-6g %s" % (what, figure, relation, bound, "reached" if is_met else "MISSED"))
    for line in bench.wrong:
        print("WRONG " + line)
    if chosen.json:
        write_json(chosen.json, bench)
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
