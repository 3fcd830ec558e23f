#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a script costs in each form, beside the same filter in C++: an access log of twelve keys, a filter that reads
four of them and writes one, JSON lines.

Usage: STOOK_BUILD=build/release test/bench/lua.py [ROWS [ROUNDS]]

CPU seconds of the whole process for a million rows, and the median of the ratios to the run of `native` (the elements
keep and set) in the same round; the programs take turns. All outputs hold the same rows. Then a script of about 2 µs a
row that remembers nothing, with one worker and with two: rows a second of wall time, and their ratio."""

import json
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

FORMAT = ('$host $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" '
          '"$http_user_agent" $request_time')
CONFIG = """[global]
threads=%d
stack=in:FILE,parse:PARSE_ACCESS,%sout:FILE
[in]
path=in
[parse]
format=%s
[out]
path=out
format=json
"""
NATIVE = """[few]
where=status >= 200 and body_bytes_sent >= 100 and method != "PUT" and path != "/nothing"
[mark]
set=label=web
"""
TYPED = '  reads = { "status:integer", "body_bytes_sent:integer", "method:text", "path:text" }, writes = { "label:text" },\n'
SCRIPTS = {
    "positional": "return {\n" + TYPED + """  row = function(status, bytes, method, path)
    if status < 200 or bytes < 100 or method == "PUT" or path == "/nothing" then return false end
    return true, "web"
  end }
""",
    "batch": "local status, bytes, method, path = {}, {}, {}, {}\nreturn {\n" + TYPED + """  batch = function(b)
    b:column(1, status) b:column(2, bytes) b:column(3, method) b:column(4, path)
    for i = 1, b.n do
      if status[i] < 200 or bytes[i] < 100 or method[i] == "PUT" or path[i] == "/nothing" then b:drop(i) end
    end
    b:put(1, "web")
  end }
""",
    "record": """function filter(rec)
  if rec.status < 200 or rec.body_bytes_sent < 100 or rec.method == "PUT" or rec.path == "/nothing" then return false end
  rec.label = "web"
end
""",
    "call": """function cb(tag, ts, record)
  if record.status < 200 or record.body_bytes_sent < 100 or record.method == "PUT" or record.path == "/nothing" then
    return -1, ts, record
  end
  record.label = "web"
  return 2, ts, record
end
""",
}
BARS = {"positional": 1.25, "batch": 1.35, "record": 1.6, "call": 4.5}
BURN = """return { state = "none", reads = { "status:integer" }, writes = { "burnt:integer" },
  row = function(status) local x = status for turn = 1, 400 do x = x * 6364136223846793005 + turn end return true, x end }
"""


def prepare(rows):
    """Writes the input, the scripts and the configurations into the current folder."""
    workload.ensure(".", rows, ("access.log",))
    with open("access.log", encoding="utf-8") as source, open("in", "w", encoding="utf-8") as target:
        for number, line in enumerate(source):
            target.write("www%d.example.org %s 0.%03d\n" % (number % 7, line.rstrip("\n"), number * 7919 % 1000))
    with open("native.conf", "w", encoding="utf-8") as file:
        file.write(CONFIG % (1, "few:KEEP,mark:SET,", FORMAT) + NATIVE)
    for name, script in list(SCRIPTS.items()) + [("burn", BURN)]:
        with open(name + ".lua", "w", encoding="utf-8") as file:
            file.write(script)
        for threads in (1, 2):
            with open("%s.%d.conf" % (name, threads), "w", encoding="utf-8") as file:
                call = "call=cb\n" if name == "call" else ""
                file.write(CONFIG % (threads, "script:LUA,", FORMAT) + "[script]\nscript=%s.lua\n%s" % (name, call))


def run(config):
    """One run; its cost, and the first and the last rows that came out with how many there were."""
    if os.path.exists("out"):
        os.unlink("out")
    cost = measure.run([STOOK, "run", config], "log")
    with open("out", encoding="utf-8") as file:
        lines = file.readlines()
    return cost, len(lines), [json.loads(line) for line in lines[:500] + lines[-500:]]


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    folder = tempfile.mkdtemp(prefix="stook-lua-", dir="/dev/shm" if "TMPDIR" not in os.environ else None)
    os.chdir(folder)
    try:
        prepare(rows)
        costs = {name: [] for name in ["native"] + list(SCRIPTS)}
        expected = None
        for turn in range(rounds):
            for name in list(costs) if turn % 2 else reversed(list(costs)):
                cost, count, sample = run("native.conf" if name == "native" else name + ".1.conf")
                expected = expected or (count, sample)
                if (count, sample) != expected:
                    sys.exit("%s: its rows are not those of the others" % name)
                costs[name].append(cost.cpu)
        print("form         CPU s/M rows   by native (least-most)   bar")
        for name, all_costs in costs.items():
            ratios = [one / native for one, native in zip(all_costs, costs["native"])]
            print("%-12s %12.3f   %9.2f (%.2f-%.2f)   %8s" % (
                name, statistics.median(all_costs) / rows * 1e6, statistics.median(ratios), min(ratios), max(ratios),
                BARS.get(name, "")))
        burns = [(run("burn.1.conf")[0], run("burn.2.conf")[0]) for _ in range(rounds)]
        one, two = (min(costs, key=lambda cost: cost.wall) for costs in zip(*burns))
        print("burn: %.0f rows/s with one worker, %.0f with two, %.2f times (least CPU %.2f s and %.2f s)" % (
            rows / one.wall, rows / two.wall, one.wall / two.wall, min(a.cpu for a, _ in burns), min(b.cpu for _, b in burns)))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
