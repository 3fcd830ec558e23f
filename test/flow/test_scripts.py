# SPDX-License-Identifier: Apache-2.0
"""Scripts, good and bad: what a bad one does costs its own rows, is counted and told, and nothing else is lost."""

import json
import os
import re
import unittest

from harness import ROOT, Flow

DEMO_LOG = os.path.join(ROOT, "etc/demo/access.log")
SCRIPTS = os.path.join(ROOT, "scripts")


class Start(Flow):
    """A script that cannot be used stops the start, with its name and line; nothing is read or written."""

    def fails(self, script, message, options=""):
        self.write("in.log", "row\n")
        self.write("bad.lua", script)
        stack = f"file(in.log), lua(bad.lua{options}), file(path=out.log)"
        result = self.stook("run", "--json", stack)
        first = result.err.splitlines()[0].replace("[lua] script: ", "[lua] ")
        self.assertEqual((result.code, first), (2, f"command line: [lua] {message}"))
        self.assertIn(f"\n    {stack}\n", result.err)
        self.assertIsNone(result.report)
        self.assertFalse(os.path.exists(self.path("out.log")))

    def test_a_mistake_of_syntax_is_named_with_its_line(self):
        self.fails("function filter(rec)\n  rec.x = = 1\nend\n", "bad.lua:2: unexpected symbol near '='")
        self.fails("function filter(rec)\n\n", "bad.lua:3: 'end' expected (to close 'function' at line 1) near <eof>")
        self.fails("\x1bLua", "bad.lua: attempt to load a binary chunk (mode is 't')")

    def test_the_configurations_line_is_named_and_check_says_the_same(self):
        self.write("bad.lua", "function filter(rec) rec.x = end\n")
        self.write("stook.conf", "[global]\nstack=in:FILE,bad:LUA,out:NULL\n[in]\npath=in.log\n[bad]\nscript=bad.lua\n[out]\n")
        for command in ("run", "check"):
            result = self.stook(command, "stook.conf")
            self.assertEqual(result.code, 2)
            self.assertRegex(result.err + result.out, r"stook\.conf:6: \[bad\] script: bad\.lua:1: unexpected symbol near 'end'")

    def test_a_script_that_is_no_filter_says_what_one_is(self):
        self.fails("x = 1", "bad.lua: it neither defines function filter(rec) nor returns a table with row, filter or batch")
        self.fails("return { row = 1 }", "bad.lua: it has none of the functions row, filter and batch")

    def test_a_script_that_breaks_loops_or_bombs_at_its_start_is_refused(self):
        self.fails("\nerror('no')", "bad.lua:2: no")
        self.fails("while true do end", "bad.lua:1: stopped: it ran longer than its budget", ", budget=20ms")
        self.fails("while true do pcall(function() while true do end end) end",
                   "bad.lua:1: stopped: it ran longer than its budget", ", budget=20ms")
        self.fails("local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
                   "bad.lua: not enough memory", ", memory=1MiB")

    def test_keys_that_cannot_be_are_named_with_the_scripts_line_by_check(self):
        self.write("stook.conf", "[global]\nstack=in:FILE,parse_access,bad:LUA,out:NULL\n[in]\npath=in.log\n[bad]\nscript=bad.lua\n")
        bad = self.path("bad.lua")
        for script, message in (
                ('return {\n  reads = { "path", "stauts:integer" },\n  row = print,\n}',
                 f"{bad}:2: [bad] reads key 'stauts', which nothing before it writes; did you mean 'status'? there are "),
                ("return {\n  reads = { 'path' }, -- status\n  writes = { 'status:text' },\n  row = print,\n}",
                 f"{bad}:3: [bad] writes key 'status' as text ({self.path('stook.conf')}:2), and [parse_access] writes it as integer"),
                ('return {\n  row = print,\n  reads = { "?status:text" },\n}',
                 f"{bad}:3: [bad] reads key 'status' as text ({self.path('stook.conf')}:2), and [parse_access] writes it as integer")):
            with self.subTest(script=script):
                self.write("bad.lua", script)
                done = self.stook("check", self.path("stook.conf"))
                self.assertEqual((done.code, done.out), (2, ""))
                self.assertTrue(done.err.startswith(message), done.err)
                self.assertEqual(len(done.err.splitlines()), 3, done.err)

    def test_check_doubts_keys_that_a_script_reads_and_nothing_writes(self):
        config = "[global]\nstack=in:FILE,p:%s,s:LUA,out:NULL\n[in]\npath=in.log\n[s]\nscript=s.lua\n[out]\nformat=json\n"
        body = """function filter(rec)  -- rec.no_key
  local text = "rec.no_key" .. [[rec.no_key]]
  if rec.statsu == 200 then rec.mine = rec.body_bytes_sent end
  return rec["status"] ~= 404 and rec.mine ~= 3 and rec['remote_adr']
end
"""
        self.write("s.lua", body)
        self.write("some.conf", config % "PARSE_ACCESS")
        done = self.stook("check", "some.conf")
        self.assertEqual(done.code, 0)
        self.assertEqual(done.err, """No errors, but scripts read what nothing before them writes:
s.lua:3: [s] reads 'statsu', which no element before it writes; did you mean 'status'?
    if rec.statsu == 200 then rec.mine = rec.body_bytes_sent end
           ^~~~~~
s.lua:4: [s] reads 'remote_adr', which no element before it writes; did you mean 'remote_addr'?
    return rec["status"] ~= 404 and rec.mine ~= 3 and rec['remote_adr']
                                                           ^~~~~~~~~~
""")
        silent = [(body, "PARSE_JSON")]  # which keys there are only the data knows
        for more in ("rec[name] = 1", "change(rec)", "local rec = other", "rec = other", "local function f(a, rec) end"):
            silent.append((body.replace("  if", "  " + more + "\n  if", 1), "PARSE_ACCESS"))
        for script, parser in silent:
            self.write("s.lua", script)
            self.write("some.conf", config % parser)
            done = self.stook("check", "some.conf")
            self.assertEqual((done.code, done.err), (0, ""), script)

    def test_a_script_that_is_not_there_is_named(self):
        result = self.stook("run", "stdin, lua(nope.lua), null")
        self.assertEqual(result.code, 2)
        self.assertIn("the script ./nope.lua cannot be opened: No such file or directory", result.err)


class Rows(Flow):
    """Errors at run time."""

    THIRD = """
local n = 0
function filter(rec)
  n = n + 1
  rec.seen = true
  rec.message = nil
  if n % 3 == 0 then
    error("every third")
  end
end
"""

    def run_script(self, script, rows, options="", code=0, **more):
        """The rows that come out of rows 0, 1, 2 …, and the report."""
        with open(self.path("in.log"), "w", encoding="ascii") as file:
            file.writelines(f"{i}\n" for i in range(rows))
        self.write("bad.lua", script)
        self.write("out.json", "")
        result = self.run_bounded(f"file(in.log), lua(bad.lua{options}), file(path=out.json)", code, **more)
        return self.json_lines("out.json"), result

    def test_with_pass_failed_rows_go_on_as_they_were(self):
        rows, result = self.run_script(self.THIRD, 30_000)
        for i, row in enumerate(rows):
            self.assertEqual(row, {"message": str(i)} if i % 3 == 2 else {"seen": True})
        self.assertEqual(len(rows), 30_000)
        self.assertEqual(result.line("lua")["faults"], 10_000)

    def test_with_drop_failed_rows_are_gone_and_counted(self):
        rows, result = self.run_script(self.THIRD, 3000, ", on_error=drop", code=1)
        self.assertEqual(rows, [{"seen": True}] * 2000)
        self.assertEqual(result.line("lua")["dropped"], {"error": 1000})
        self.assertEqual(result.line("lua")["faults"], 1000)

    def test_with_a_stack_failed_rows_go_there_as_they_were(self):
        self.write("in.log", "".join(f"{i}\n" for i in range(3000)))
        self.write("bad.lua", self.THIRD)
        result = self.run_config("""
[global]
stack=in:FILE,label:LUA,out:FILE
[in]
path=in.log
[label]
script=bad.lua
on_error=bad:FILE
[out]
path=good.json
[bad]
path=bad.json
""")
        self.assertEqual(self.json_lines("good.json"), [{"seen": True}] * 2000)
        self.assertEqual(self.json_lines("bad.json"), [{"message": str(i)} for i in range(2, 3000, 3)])
        self.assertEqual(result.line("label")["routed"], 1000)

    def test_the_log_tells_script_line_and_row_ten_times_a_minute(self):
        _, result = self.run_script(self.THIRD, 30_000)
        lines = [line for line in result.log.splitlines() if "event=script_error" in line]
        self.assertEqual(len(lines), 10)
        self.assertEqual(len(result.log.splitlines()), 10)
        for i, line in enumerate(lines):
            self.assertRegex(line, rf'level=warning event=script_error instance=lua script=bad.lua line=8 row={3 * i + 2} rows=\d+ '
                                   'message="every third"$')

    def test_what_an_error_says_can_neither_flood_nor_forge_the_log(self):
        for words in ("('x\\n\\27[31m'):rep(1 << 18)", "{}", "nil",
                      "setmetatable({}, { __tostring = function() error('x') end })", "12"):
            rows, result = self.run_script(f"function filter(rec) error({words}) end", 5)
            self.assertEqual(rows, [{"message": str(i)} for i in range(5)])
            lines = result.log.splitlines()
            self.assertEqual(len(lines), 5)
            for line in lines:
                self.assertRegex(line, r"\A[ -~]{1,2500}\Z")
                self.assertIn("event=script_error", line)

    def test_a_loop_without_end_costs_its_row_only_wherever_it_is(self):
        for loop in ("while true do end",
                     "while true do pcall(function() while true do end end) end",
                     "coroutine.wrap(function() while true do end end)()",
                     "xpcall(function() error('x') end, function() while true do end end)",
                     "string.find(('a'):rep(30), ('a?'):rep(30) .. ('a'):rep(30) .. 'b')",
                     "for _ in ('a'):rep(1 << 20):gmatch('.-.-.-.-b') do end",
                     "table.sort({ 3, 1, 2 }, function() while true do end end)",
                     "local f f = function() return f() end f()"):
            with self.subTest(loop=loop):
                rows, result = self.run_script(
                    f"function filter(rec) if rec.message % 4 == 2 then rec.x = 1 {loop} end rec.y = 2 end", 9, ", budget=20ms")
                self.assertEqual(rows, [{"message": str(i)} if i % 4 == 2 else {"message": str(i), "y": 2} for i in range(9)])
                self.assertEqual(result.line("lua")["faults"], 2)
                self.assertEqual(result.log.count("event=script_killed"), 2)
                self.assertIn("it ran longer than its budget", result.log)

    def test_a_memory_bomb_costs_its_row_only_wherever_it_is(self):
        for bomb in ("local t = {} while true do t[#t + 1] = ('x'):rep(100) .. #t end",
                     "local s = 'x' while true do s = s .. s end",
                     "rec.x = ('x'):rep(1 << 40)",
                     "local t = {} for i = 1, 1e9 do t[i] = { i } end",
                     "rec.x = table.concat(setmetatable({}, { __index = function() return 'xxxxxxxx' end, "
                     "__len = function() return 1 << 30 end }))",
                     "table.move({}, 1, 1 << 40, 2)",
                     "local function deep() return 1 + deep() end deep()",
                     "local t = {} t.t = t rec.x = t",
                     "rec.x = ('%99d'):rep(100000):format(table.unpack(setmetatable({}, { __len = function() return 1 << 30 end })))"):
            with self.subTest(bomb=bomb):
                rows, result = self.run_script(
                    f"function filter(rec) if rec.message % 4 == 2 then {bomb} end rec.y = 2 end", 9, ", memory=8MiB, budget=5s")
                self.assertEqual(rows, [{"message": str(i)} if i % 4 == 2 else {"message": str(i), "y": 2} for i in range(9)])
                self.assertEqual(result.line("lua")["faults"], 2)
                self.assertEqual(result.log.count("event=script_error"), 2)

    def test_what_a_script_keeps_for_ever_is_bounded_and_its_rows_fail(self):
        rows, result = self.run_script("local kept = {} function filter(rec) if #kept < 1e4 then kept[#kept + 1] = ('x'):rep(10000) .. "
                                       "#kept elseif rec.message % 9 == 0 then kept = {} end end",
                                       850, ", memory=8MiB")
        self.assertEqual(rows, [{"message": str(i)} for i in range(850)])
        self.assertGreater(result.line("lua")["faults"], 10)

    def test_a_record_that_grows_too_large_fails_and_takes_no_memory(self):
        rows, result = self.run_script("function filter(rec) for i = 1, 1e5 do rec['k' .. i] = ('x'):rep(1000) end end", 5,
                                       ", memory=8MiB")
        self.assertEqual([row["message"] for row in rows], [str(i) for i in range(5)])
        line = result.line("lua")
        self.assertTrue(line["faults"] > 0 or line["keys_lost"] > 0, line)

    def test_the_ways_out_are_closed(self):
        rows, _ = self.run_script("""
function filter(rec)
  rec.out = tostring(io or os.execute or os.getenv or os.remove or os.exit or require or package or debug or dofile or loadfile
    or string.dump or load("\\27Lua") or rawget(_G, "newproxy"))
  rec.locked = not pcall(function() getmetatable("").__index = nil end)
end""", 3)
        self.assertEqual([(row["out"], row["locked"]) for row in rows], [("nil", True)] * 3)

    def test_a_script_that_fails_does_not_touch_the_other_stacks(self):
        self.write("in.log", "".join(f"{i}\n" for i in range(2000)))
        self.write("bad.lua", "function filter(rec) rec.message = 'changed' rec.new = 1 error('always') end")
        result = self.run_config("""
[global]
stack=in:FILE,bad:LUA,one:FILE
stack=in:FILE,two:FILE
[in]
path=in.log
[bad]
script=bad.lua
on_error=drop
[one]
path=one.json
[two]
path=two.json
""", code=1)
        self.assertEqual(self.read("one.json"), "")
        self.assertEqual(self.json_lines("two.json"), [{"message": str(i)} for i in range(2000)])
        self.assertEqual(result.line("bad")["dropped"], {"error": 2000})


class Good(Flow):
    def test_a_script_that_copies_everything_changes_nothing(self):
        self.write("copy.lua", "function filter(rec) for key, value in pairs(rec) do rec[key] = value end end")
        rows = [{"i": -2**63, "u": 2**64 - 1, "r": 1.0, "z": -0.0, "n": None, "t": True, "s": "\0é😀",
                 "o": {"b": [], "a": {}}, "l": [1, [2, [3, {"x": None}]]], "big": 10**30, "a.b": 1, "": 2, "e": "",
                 "f": 1e308, "many": list(range(500))}] * 300
        self.write("in.log", "".join(json.dumps(row) + "\n" for row in rows))
        self.run_bounded("file(in.log), parse_json, file(path=plain.json)")
        self.run_bounded("file(in.log), parse_json, lua(copy.lua), file(path=copied.json)")
        self.assertEqual(self.json_lines("plain.json"), rows)
        self.assertEqual(self.read("copied.json"), self.read("plain.json"))

    def test_a_script_that_counts_sees_all_rows_of_its_source_in_order(self):
        self.write("count.lua", "local n = 0 function filter(rec) n = n + 1 rec.n = n end")
        for threads in ("1", "4"):
            self.run_stack(f"made(what=json, count=20000), lua(count.lua), file(path=out.{threads}, format=json)",
                           words=("-t", threads))
            self.assertEqual([row["n"] for row in self.json_lines(f"out.{threads}")], list(range(1, 20001)))

    def test_options_of_a_script_are_checked_and_set(self):
        self.write("least.lua", """
return {
  kind = "filter", doc = "Keeps large ones", state = "none",
  options = { least = { "integer", 10, "smallest kept" } },
  reads = { "n:integer" },
  setup = function(opt) return { row = function(n) return n >= opt.least end } end,
}""")
        self.write("in.log", "".join(f'{{"n":{i}}}\n' for i in range(20)))
        self.run_stack("file(in.log), parse_json, lua(least.lua), file(path=ten.json)")
        self.assertEqual([row["n"] for row in self.json_lines("ten.json")], list(range(10, 20)))
        self.run_stack("file(in.log), parse_json, lua(least.lua, set=least=18), file(path=two.json)")
        self.assertEqual([row["n"] for row in self.json_lines("two.json")], [18, 19])
        result = self.stook("run", "file(in.log), parse_json, lua(least.lua, set=lest=18), null")
        self.assertEqual(result.code, 2)
        self.assertIn("least.lua has no option 'lest'; did you mean 'least'?", result.err)

    def test_values_of_another_type_than_the_declared_one_are_counted(self):
        self.write("next.lua", 'return { reads = { "n:integer" }, writes = { "m:integer" }, row = function(n) return true, n + 1 end }')
        self.write("in.log", '{"n":1}\n{"n":"x"}\n{"k":1}\n')
        result = self.run_stack("file(in.log), parse_json, lua(next.lua), file(path=out.json)")
        self.assertEqual(self.json_lines("out.json"), [{"n": 1, "m": 2}, {"n": "x"}, {"k": 1}])
        self.assertEqual(result.line("lua")["type_faults"], 1)
        self.assertEqual(result.line("lua")["faults"], 0)

    def test_the_scripts_that_come_with_stook_do_on_the_demo_what_they_say(self):
        def run(name, options=""):
            self.run_bounded(f"file({DEMO_LOG}), parse_access(combined), lua({SCRIPTS}/{name}.lua{options}), "
                             f"file(path={name}.json)")
            return self.json_lines(f"{name}.json")
        self.run_bounded(f"file({DEMO_LOG}), parse_access(combined), file(path=all.json)")
        rows = self.json_lines("all.json")
        noise = {"/healthz", "/ping", "/robots.txt", "/favicon.ico"}
        kept = [row for row in rows if "path" not in row or not (
            row["path"] in noise or row["status"] == 304 or "kube-probe" in row.get("http_user_agent", ""))]
        self.assertEqual(run("drop_noise"), kept)
        self.assertLess(len(kept), len(rows))
        for row, label in zip(rows, run("label_web")):
            if "path" in row:
                asset = re.search(r"\.(css|js|png|jpg|gif|svg|ico|woff2)$", row["path"])
                want = ("api" if row["path"].startswith("/api/") else
                        "probe" if row["status"] == 404 and row["path"].endswith(".php") else "asset" if asset else "page")
                self.assertEqual(label["label"], want, row)
        for row, masked in zip(rows, run("mask_address")):
            if re.fullmatch(r"[\d.]+", row.get("remote_addr", "")):
                self.assertEqual(masked["remote_addr"], row["remote_addr"].rsplit(".", 1)[0] + ".0")
        sample = run("sample", ", set=n=10")
        failures = sum(1 for row in rows if row.get("status", 0) >= 400)
        others = sum(1 for row in rows if 0 < row.get("status", 0) < 400)
        self.assertEqual(sum(1 for row in sample if row.get("status", 0) >= 400), failures)
        self.assertEqual(sum(1 for row in sample if row.get("weight") == 10), (others + 9) // 10)


if __name__ == "__main__":
    unittest.main()
