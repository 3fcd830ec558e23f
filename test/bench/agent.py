#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the sources cost that run code: a script in Lua, a program, a script in a process of its own; and whether 200 commands
a second are all started, and none is left behind.

Usage: STOOK_BUILD=build/release test/bench/agent.py [--rows N] [--repeats N] [--seconds N] [--smoke] [--only NAME] [--json FILE]

The programs of a workload take turns; a ratio is the median over the rounds of CPU times, the child's included. Below the
table stand the bars that stook has to reach. A missed bar does not change the exit code, as the machine may be busy; a wrong
output, a zombie or a missed interval does: 1. --smoke: 20,000 rows once and commands for 3 seconds, without a judgement of
times."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import compare  # noqa: E402
import measure  # noqa: E402
import table  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get("STOOK_BUILD", "build/release"))
STOOK = os.path.join(BUILD, "stook")
STOOKD = os.path.join(BUILD, "stookd")
LIMIT = os.path.join(BUILD, "test/bench/pipe_limit")

HEAD = "[global]\nthreads=1\nstack=in:%s,out:%s\n[out]\n%s[in]\n"
TO_FILE = "path=out.stook\nformat=raw\n"
TO_JSON = "path=out.%s\nformat=json\n"
PREPARED = """return { writes = { "status:integer", "bytes:integer" }, run = function()
  local rows = {}
  for i = 1, 1024 do rows[i] = { message = "GET /api/v1/orders/" .. i, status = 200, bytes = i * 7919 %% 100000 } end
  for i = 0, %d do emit(rows[i %% 1024 + 1]) end
end }
"""
LINES = """local function line(i)
  return ("203.0.113.%%d GET /api/v1/orders/%%d HTTP/1.1 200 %%d Mozilla/5.0 (X11; Linux x86_64)"):format(i %% 256, i,
    i * 7919 %% 100000)
end
function run()
  local lines = {}
  for i = 0, 1023 do lines[i] = %s end
  for i = 0, %d do %s(lines[i %% 1024]) end
end
"""
WORKLOADS = ["emit", "exec", "isolated_write", "isolated_emit", "commands", "scripted_commands"]
BARS = {"emit": ("rows/s of a Lua source that emits prepared rows", 1e6), "exec": ("lines/s of exec", 5e5),
        "isolated_write": ("lines/s of an isolated source, as JSON text", 5e5),
        "isolated_emit": ("lines/s of an isolated source, as rows", 5e5)}
COMMANDS = 200
PAUSE = 0.02  # s between two looks at the daemon's children


class Bench:
    """One invocation: its folder and its results."""

    def __init__(self, chosen, folder):
        self.chosen, self.folder = chosen, folder
        self.results, self.wrong, self.notes, self.bars = [], [], [], []

    def write(self, name, text):
        """A file in the folder."""
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def run(self, words):
        """One run of a program."""
        return measure.run(words, os.path.join(self.folder, "messages"))

    def pairs(self, name, programs, outputs, are_equal=True):
        """The programs in turns, as often as asked for, and what they have written compared."""
        costs = {}
        for turn in range(self.chosen.repeats):
            for output in outputs:
                if os.path.exists(output):
                    os.unlink(output)
            for program, words in reversed(programs) if turn % 2 else programs:
                costs.setdefault(program, []).append(self.run(words))
            problem = compare.same_bytes(*outputs, 0 if self.chosen.smoke else 1000) if are_equal else None
            if problem:
                self.wrong.append("%s: %s" % (name, problem))
        for output in outputs:
            os.unlink(output)
        ordered = {program: costs[program] for program, _ in programs}
        self.results.append(table.result_of(name, self.chosen.rows, ordered, "cpu"))
        if name in BARS:
            what, bound = BARS[name]
            best = self.chosen.rows / min(cost.wall for cost in costs["stook"])
            self.bars.append({"what": what, "figure": best, "bound": bound, "is_met": best >= bound})

    def config(self, name, text):
        """The words that run a configuration."""
        self.write(name + ".conf", text)
        return [STOOK, "run", "--json", name + ".conf"]

    def rows_in(self):
        """How many rows the last run's source had, by its ledger."""
        with open(os.path.join(self.folder, "messages"), encoding="utf-8") as file:
            report = next(json.loads(line) for line in file if line.startswith('{"balanced"'))
        return next(line["in"] for line in report["lines"] if line["id"] == "in")

    def emit(self):
        """Prepared rows, beside the source that is written in C++."""
        rows = self.chosen.rows
        self.write("emit.lua", PREPARED % (rows - 1))
        made = self.config("made", HEAD % ("MADE", "FILE", TO_JSON % "made") + "count=%d\n" % rows)
        stook = self.config("emit", HEAD % ("LUA", "FILE", TO_JSON % "emit") + "script=emit.lua\n")
        self.pairs("emit", [("made", made), ("stook", stook)], ["out.made", "out.emit"], False)
        if self.rows_in() != rows:  # the last run's: of stook when there was one, else that of made, which is as long
            self.wrong.append("emit: %d rows" % self.rows_in())

    def read_pipe(self, name, config, kind):
        """Lines of a pipe to a file, beside a program that does nothing else."""
        limit = [LIMIT, "read", "out.limit", LIMIT, "write", str(self.chosen.rows), kind]
        self.pairs(name, [("limit", limit), ("stook", self.config(name, HEAD % (config[0], "FILE", TO_FILE) + config[1]))],
                   ["out.limit", "out.stook"])

    def isolated(self, name, row, call):
        """A script in a process of its own, beside a program that writes the same lines."""
        self.write(name + ".lua", LINES % (row, self.chosen.rows - 1, call))
        self.read_pipe(name, ("LUA", "script=%s.lua\nisolate=process\nbudget=10s\n" % name), "text")

    def measure(self, name):
        """One workload."""
        if name == "emit":
            self.emit()
        elif name == "exec":
            self.read_pipe(name, ("EXEC", "command=%s write %d text\n" % (LIMIT, self.chosen.rows)), "text")
        elif name == "isolated_write":
            self.isolated(name, '\'{"message":"\' .. line(i) .. \'"}\\n\'', "write")
        elif name == "isolated_emit":
            self.isolated(name, "{ message = line(i) }", "emit")
        else:
            self.commands(name)

    def commands(self, name):
        """200 short commands a second: are all started, is none left behind?"""
        if name == "commands":
            stacks = "".join("stack=in%d:EXEC,out:FILE\n" % i for i in range(COMMANDS))
            sections = "".join("[in%d]\ncommand=echo beat\nmode=interval\ninterval=1s\n" % i for i in range(COMMANDS))
        else:
            self.write("every.lua", """function run()
  for i = 1, %d do
    spawn(function()
      sleep(i / %d)
      every(1, function() local p = program({ "echo", "beat" }) emit{ message = p:line() } p:wait() p:close() end)
    end)
  end
end
""" % (COMMANDS, COMMANDS))
            stacks, sections = "stack=in0:LUA,out:FILE\n", "[in0]\nscript=every.lua\n"
        self.write("commands.conf", "[global]\nthreads=1\n" + stacks + "[out]\npath=%s\n" % name + sections)
        found = Watched(self, name).run()
        self.notes.append("%s: %s" % (name, found))


class Watched:
    """A daemon that starts commands, and what is seen of it from outside."""

    def __init__(self, bench, name):
        self.bench, self.name = bench, name

    def lines(self):
        """How many commands have said their word."""
        if not os.path.exists(self.name):
            return 0
        with open(self.name, "rb") as file:
            return file.read().count(b"\n")

    @staticmethod
    def zombies(pid):
        """Children that have ended and were not taken away yet."""
        found = set()
        for task in os.listdir("/proc/%d/task" % pid):
            try:
                with open("/proc/%d/task/%s/children" % (pid, task), encoding="ascii") as file:
                    children = file.read().split()
                for child in children:
                    with open("/proc/%s/stat" % child, encoding="ascii") as file:
                        if file.read().rsplit(") ", 1)[1].startswith("Z"):
                            found.add(child)
            except OSError:
                pass
        return found

    def run(self):
        """Seconds of it; a sentence with its figures."""
        seconds = self.bench.chosen.seconds
        with open("commands.log", "wb") as log:
            daemon = subprocess.Popen([STOOKD, "-v", "-c", "commands.conf"], stderr=log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while self.lines() < COMMANDS and daemon.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        begin, first, ages, oldest = time.monotonic(), self.lines(), {}, 0.0
        last, stall = begin, 0.0  # how long this program was kept waiting itself
        while time.monotonic() - begin < seconds:
            now = time.monotonic()
            last, stall = now, max(stall, now - last - PAUSE)
            ages = {child: ages.get(child, now) for child in self.zombies(daemon.pid)}
            oldest = max([oldest] + [now - since for since in ages.values()])
            time.sleep(PAUSE)
        elapsed, started = time.monotonic() - begin, self.lines() - first
        with open("/proc/%d/stat" % daemon.pid, encoding="ascii") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        daemon.send_signal(signal.SIGTERM)
        code = daemon.wait(30)
        with open("commands.log", encoding="utf-8") as log:
            text = log.read()
        missed = sum(int(words) for words in re.findall(r"event=exec_overran .*left_out=(\d+)", text))
        if oldest > 5 or code != 0:
            self.bench.wrong.append("%s: a zombie of %.1f s, exit code %d" % (self.name, oldest, code))
        if not self.bench.chosen.smoke and (missed or started < COMMANDS * (int(elapsed) - 1)):
            self.bench.wrong.append("%s: %d commands in %.1f s, %d intervals missed" % (self.name, started, elapsed, missed))
        return ("%d commands in %.1f s (%.1f a second), intervals missed: %d; oldest zombie seen: %.0f ms; %.1f %% of a processor "
                "in stookd itself; the bench itself was held up for %.0f ms at the most"
                % (started, elapsed, started / elapsed, missed, oldest * 1000, cpu / elapsed * 100, stall * 1000))


def arguments():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="measures the sources that run code")
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows of each run (2,000,000)")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each program (5)")
    parser.add_argument("--seconds", type=int, default=60, help="how long commands are started (60)")
    parser.add_argument("--only", choices=WORKLOADS, action="append", metavar="NAME", help=", ".join(WORKLOADS))
    parser.add_argument("--json", metavar="FILE", help="write the results there, too")
    parser.add_argument("--smoke", action="store_true", help="20,000 rows once, commands for 3 seconds")
    chosen = parser.parse_args()
    if chosen.smoke:
        chosen.rows, chosen.repeats, chosen.seconds = 20_000, 1, 3
    if chosen.rows < 1 or chosen.repeats < 1 or chosen.seconds < 2:
        parser.error("--rows and --repeats take a number of at least 1, --seconds of at least 2")
    return chosen


def main():
    """Exits with 0; 1 if something is wrong; 2 if a program is missing."""
    chosen = arguments()
    missing = [program for program in (STOOK, STOOKD, LIMIT) if not os.access(program, os.X_OK)]
    if missing:
        print("agent.py: missing: %s; build stook, stookd and test/bench/pipe_limit" % ", ".join(missing), file=sys.stderr)
        return 2
    memory = "/dev/shm" if "TMPDIR" not in os.environ and os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="stook-bench-", dir=memory) as folder:
        os.chdir(folder)
        bench = Bench(chosen, folder)
        for name in chosen.only or WORKLOADS:
            try:
                bench.measure(name)
            except measure.Failed as error:
                bench.wrong.append("%s: %s" % (name, error))
        os.chdir(ROOT)
    table.print_table(bench.results, "first")
    for bar in bench.bars:
        print("%-50s %9.0f >= %-8.0f %s" % (bar["what"], bar["figure"], bar["bound"], "reached" if bar["is_met"] else "MISSED"))
    for line in bench.notes:
        print(line)
    for line in bench.wrong:
        print("WRONG " + line)
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump({"machine": table.machine(), "wrong": bench.wrong, "bars": bench.bars, "workloads": bench.results,
                       "commands": bench.notes}, file, indent=1)
            file.write("\n")
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
