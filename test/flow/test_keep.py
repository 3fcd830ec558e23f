#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a script keeps belongs to the position from which reading goes on, whenever the daemon dies."""

import json
import os
import random
import re
import time
import unittest

from harness import Daemon, Flow

COUNT = """
local kept = stook.keep("lines")
function filter(rec)
  rec.path = rec["file.path"]
  rec.n = kept:add(rec.path)                          -- which line of its file this is
  kept:set("last " .. rec.path, rec.message)
  rec.all = kept:add("all")
end
"""
CONFIG = """
stack=in:TAIL,count:LUA,out:FILE
state_dir=state
threads={threads}
[in]
path=in-*.log
start_at=beginning
{more}
[count]
script=count.lua
keys=file.path
{state}
[out]
path=out.log
format=json
"""


class KeepTest(Flow):
    """Lines say their own numbers, so that each row shows whether what was kept belongs to where reading went on."""

    def setUp(self):
        super().setUp()
        self.write("count.lua", COUNT)
        os.mkdir(self.path("state"))
        seed = random.randrange(1 << 30)
        print(f"seed {seed}")
        self.random = random.Random(seed)
        self.lines = {}

    def append(self, name):
        first = self.lines.get(name, 0)
        self.lines[name] = first + self.random.randrange(1, 400)
        self.write(name, "".join(f"{number}\n" for number in range(first, self.lines[name])), "a")

    def generation(self):
        try:
            return int(re.match(r"stook-pos 1 (\d+)", self.read("state/in.pos"))[1])
        except FileNotFoundError:
            return 0

    def rows(self):
        """The whole rows that came out. A kill may cut a write short; then the next row stands behind a torn one."""
        return re.findall(r"\{[^{}]*\}", self.read("out.log")) if os.path.exists(self.path("out.log")) else []

    def live(self, life, config):
        """One life: more lines in some files and a new file, until positions have moved, or any time before."""
        daemon = Daemon(self, config)
        for name in sorted(self.lines):
            if self.random.random() < 0.7:
                self.append(name)
        if life % 4 != 3:
            before = self.generation()
            self.append(f"in-{life}.log")  # positions are written soon when a file appears
            daemon.wait_for(lambda: self.generation() > before, "positions")
        time.sleep(self.random.random() * 0.15)  # any moment will do
        daemon.kill()

    def seen(self):
        return [json.loads(row) for row in self.rows()]

    def has_all(self):
        last = {(row["path"], row["message"]) for row in self.seen()}
        return all((self.path(name), str(lines - 1)) in last for name, lines in self.lines.items())

    def check(self, lives, more="", state="", threads=1):
        """Kills so often; then all has come out, and the count is what one process would have counted."""
        config = CONFIG.format(more=more, threads=threads, state=state)
        for life in range(lives):
            self.live(life, config)
        daemon = Daemon(self, config)
        daemon.wait_for(self.has_all, "all rows")
        self.write("in-last.log", "0\n")
        daemon.wait_for(lambda: "in-last.log" in self.read("out.log"), "the last row")
        daemon.stop()
        rows = self.seen()
        self.assertEqual(len({(row["path"], row["message"]) for row in rows}), sum(self.lines.values()) + 1)
        self.assertEqual(max(row["all"] for row in rows), sum(self.lines.values()) + 1)
        return rows

    def test_a_count_fits_the_lines_however_often_the_daemon_is_killed(self):
        for row in self.check(20):
            self.assertEqual(row["n"], int(row["message"]) + 1, row)

    def test_a_count_fits_the_lines_of_several_lanes(self):
        for row in self.check(4, more="lanes=2", threads=2):
            self.assertEqual(row["n"], int(row["message"]) + 1, row)

    def test_a_sum_over_all_workers_is_exact_after_a_kill(self):
        self.check(4, state="state=none", threads=2)

    def test_what_a_tick_keeps_is_stored_without_any_row(self):
        self.write("tick.lua", """
local kept = stook.keep("ticks")
return { filter = function(rec) rec.n = kept:get("n") end, tick = function() kept:add("n") end, every = "50ms" }
""")
        self.write("in.log", "")
        config = CONFIG.format(more="", threads=1, state="").replace("count.lua", "tick.lua").replace("in-*", "in")
        daemon = Daemon(self, config)
        daemon.wait_for(lambda: os.path.exists(self.path("state/ticks.keep")), "the file")
        daemon.kill()
        self.write("in.log", "a\n")
        daemon = Daemon(self, config)
        daemon.wait_for(self.rows, "a row")
        daemon.stop()
        self.assertGreater(self.seen()[0].get("n", 0), 0)


if __name__ == "__main__":
    unittest.main()
