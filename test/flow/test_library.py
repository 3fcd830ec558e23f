# SPDX-License-Identifier: Apache-2.0
"""What scripts call, through the real program: tables, values that workers share, meters in the report and in `self`."""

import os
import re
import unittest

from harness import Daemon, Flow


class Library(Flow):
    def test_a_table_beside_the_script_is_looked_up(self):
        self.write("hosts.csv", "ip,name\n10.0.0.1,db1\n10.0.0.2,web1\n")
        self.write("name.lua", """
local hosts = stook.lookup("hosts.csv")
function filter(rec) rec.name = hosts:get(rec.message, "name") end
""")
        self.write("in.log", "10.0.0.1\n10.0.0.9\n10.0.0.2\n" * 100)
        self.run_stack("file(in.log), lua(name.lua), file(path=out.json)")
        self.assertEqual(self.json_lines("out.json"), [{"message": "10.0.0.1", "name": "db1"}, {"message": "10.0.0.9"},
                                                       {"message": "10.0.0.2", "name": "web1"}] * 100)

    def test_a_missing_table_stops_the_start_with_its_name(self):
        self.write("name.lua", 'local hosts = stook.lookup("nope.csv")\nfunction filter(rec) end\n')
        result = self.stook("run", "stdin, lua(name.lua), null")
        self.assertEqual(result.code, 2)
        self.assertIn("name.lua:1: stook.lookup: the table ./nope.csv cannot be opened: No such file or directory", result.err)

    def test_workers_share_values_and_meters(self):
        self.write("count.lua", """
local sums = stook.shared("flow_sums")
local seen = stook.counter("seen", "rows of all workers")
local size = stook.histogram("size")
return {
  state = "none", reads = { "n:integer" }, writes = { "first:boolean" },
  row = function(n)
    seen:add()
    size:add(n)
    return true, sums:claim("n" .. n % 100)
  end,
}
""")
        rows = 20_000
        with open(self.path("in.log"), "w", encoding="ascii") as file:
            file.writelines(f'{{"n":{i}}}\n' for i in range(rows))
        result = self.run_stack("file(in.log), parse_json, lua(count.lua), file(path=out.json)", words=("-t", "4"))
        self.assertEqual(sum(row["first"] for row in self.json_lines("out.json")), 100)
        meters = {meter["name"]: meter for meter in result.report["meters"]}
        self.assertEqual(meters["seen"], {"instance": "lua", "name": "seen", "kind": "counter", "value": rows})
        self.assertEqual((meters["size"]["value"], meters["size"]["sum"]), (rows, rows * (rows - 1) / 2))
        self.assertEqual(sum(meters["size"]["below"].values()), rows)

    def test_meters_are_rows_of_self(self):
        self.write("count.lua", 'local c = stook.counter("lines") function filter(rec) c:add() end')
        self.write("in.log", "a\n" * 50)
        daemon = Daemon(self, """
stack=in:TAIL,count:LUA,out:NULL
stack=me:SELF,own:KEEP,rows:FILE
[in]
path=in.log
start_at=beginning
[count]
script=count.lua
[out]
[me]
what=meters
interval=20ms
[own]
where=meter == "lines"
[rows]
path=rows.json
format=json
""")
        daemon.wait_for(lambda: os.path.exists(self.path("rows.json")) and
                        any(row.get("count") == 50 for row in self.json_lines("rows.json")), "the meter")
        daemon.signal(12)
        daemon.wait_for(lambda: "event=script_meter instance=count kind=counter meter=lines count=50" in daemon.log(), "the log")
        daemon.stop()
        row = next(row for row in self.json_lines("rows.json") if row["count"] == 50)
        self.assertEqual((row["self"], row["instance"], row["kind"]), ("meter", "count", "counter"))

    def test_an_attack_by_the_library_costs_its_row_only(self):
        self.write("in.log", "".join(f"{i}\n" for i in range(9)))
        for attack in ("stook.regex('[ab]*[ab]*[^ab]'):match(('a'):rep(20000))",
                       "while true do pcall(function() stook.regex('(a|a)*b'):match(('a'):rep(1000)) end) end",
                       "stook.regex(''):replace(('a'):rep(1 << 20), function() while true do end end)",
                       "while true do stook.json.decode(('[0,'):rep(60) .. ('0,'):rep(100000)) end",
                       "local s = ('x'):rep(1 << 20) while true do pcall(stook.hash.sha512, s) end",
                       "while true do pcall(stook.grok, '%{A}', { A = '%{B}%{B}', B = '%{A}%{A}' }) end",
                       "local d, i = stook.shared('flood'), 0 while true do i = i + 1 d:set('k' .. i, ('x'):rep(60000)) end"):
            with self.subTest(attack=attack):
                self.write("bad.lua", f"function filter(rec) if rec.message % 4 == 2 then rec.x = 1 {attack} end rec.y = 2 end")
                result = self.run_bounded("file(in.log), lua(bad.lua, budget=20ms), file(path=out.json)", most=256 << 20)
                self.assertEqual(self.json_lines("out.json")[-9:],
                                 [{"message": str(i)} if i % 4 == 2 else {"message": str(i), "y": 2} for i in range(9)])
                self.assertEqual(result.line("lua")["faults"], 2)
                self.assertEqual(len(re.findall("event=script_(?:killed|error) instance=lua script=bad.lua line=1 ", result.log)), 2)
                self.write("out.json", "")

    def test_what_is_kept_is_there_in_the_next_process(self):
        self.write("count.lua", """
local kept = stook.keep("lines")
function filter(rec) rec.n = kept:add("n") end
""")
        self.write("in.log", "a\n" * 10)
        os.mkdir(self.path("state"))
        for run in range(3):
            self.run_config("""
[global]
stack=in:FILE,count:LUA,out:FILE
state_dir=state
[in]
path=in.log
[count]
script=count.lua
[out]
path=out.%d
format=json
""" % run)
            self.assertEqual([row["n"] for row in self.json_lines(f"out.{run}")], list(range(10 * run + 1, 10 * run + 11)))

    def test_what_is_kept_outlives_a_crash_of_the_daemon(self):
        self.write("count.lua", 'local kept = stook.keep("lines") function filter(rec) rec.n = kept:add("n") end')
        self.write("in.log", "a\n" * 10)
        os.mkdir(self.path("state"))
        config = """
stack=in:TAIL,count:LUA,out:FILE
state_dir=state
[in]
path=in.log
start_at=beginning
[count]
script=count.lua
[out]
path=out.log
format=json
"""
        daemon = Daemon(self, config)
        daemon.wait_for(lambda: os.path.exists(self.path("state/in.pos")) and " 20 " in self.read("state/in.pos"),
                        "the position behind ten lines")  # what is kept is stored before it
        daemon.kill()
        daemon = Daemon(self, config.replace("start_at=beginning", "state_file=").replace("out.log", "out.2"))
        with open(self.path("in.log"), "a", encoding="ascii") as file:
            file.write("b\n")
        daemon.wait_for(lambda: os.path.exists(self.path("out.2")) and self.json_lines("out.2"), "a row")
        self.assertEqual(self.json_lines("out.2")[0]["n"], 11)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
