#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sources written in Lua: rows and their types, waiting, positions, and what becomes of a script that fails."""

import os
import re
import unittest

from harness import Daemon, Programs

CONFIG = """
[global]
stack=in:LUA,out:FILE
{stacks}
[in]
script=in.lua
{more}
[out]
path=out.log
format=json
"""


class LuaSource(Programs):
    def setUp(self):
        super().setUp()
        self.write("beside.lua", 'function run() every(0.005, function() emit{ message = "beside" } end) end')

    def config(self, script, more="", stacks=""):
        self.write("in.lua", script)
        return CONFIG.format(more=more, stacks=stacks)

    def rows(self):
        return self.json_lines("out.log") if os.path.exists(self.path("out.log")) else []

    def lines(self, name):
        return self.read(name).count("\n") if os.path.exists(self.path(name)) else 0

    def run_script(self, script, more="", **rest):
        return self.run_config(self.config(script, more), **rest)

    def test_rows_are_exact(self):
        self.run_script("""
            return { kind = "source", writes = { "n:integer", "r:real", "s:text", "when:time", "big:unsigned" },
              run = function()
                emit{ n = 9007199254740993, r = 0.1, s = "caf\\xc3\\xa9", big = -1, o = { 1, { x = stook.null } } }
                emit{ n = 3.0, r = 7, free = true, other = "text", message = "m" }
              end }""")
        text = self.read("out.log")
        self.assertIn('"n":9007199254740993', text)
        self.assertIn('"big":18446744073709551615', text)
        first, second = self.rows()
        self.assertEqual((first["r"], first["s"], first["o"]), (0.1, "café", [1, {"x": None}]))
        self.assertEqual(second, {"n": 3, "r": 7.0, "message": "m", "free": True, "other": "text"})

    def test_filters_read_declared_keys_and_what_rest_spreads(self):
        self.write("in.lua", 'return { writes = { "n:integer" }, run = function() for i = 1, 9 do emit{ n = i, k = i } end end }')
        self.run_stack("in:lua(in.lua), keep(n >= 4), parse_msgpack(rest), keep(k <= 5), file(path=out.log, format=json)")
        self.assertEqual(self.rows(), [{"n": 4, "k": 4}, {"n": 5, "k": 5}])

    def test_tasks_wait_side_by_side(self):
        self.run_script("""
            function run()
              spawn(function(name) for i = 1, 3 do emit{ message = name .. i } sleep(0.01) end end, "a")
              for i = 1, 3 do emit{ message = "b" .. i } sleep(0.01) end
            end""")
        messages = [row["message"] for row in self.rows()]
        self.assertEqual(sorted(messages), ["a1", "a2", "a3", "b1", "b2", "b3"])
        self.assertEqual(set(messages[:2]), {"a1", "b1"})

    def test_many_rows_wait_for_room(self):
        result = self.run_script("""
            return { writes = { "n:integer" }, run = function() for i = 1, 200000 do emit{ n = i } end end }""")
        self.assertEqual(result.line("in")["in"], 200000)
        with open(self.path("out.log"), encoding="utf-8") as file:
            self.assertTrue(all(line == '{"n":%d}\n' % (i + 1) for i, line in enumerate(file)))

    def test_a_script_that_raises_begins_anew_and_harms_nobody(self):
        daemon = Daemon(self, self.config("""
            function run(token)
              local n = token or 0
              emit{ message = "row " .. n }
              commit(n + 1)
              sleep(0.01)
              if n < 2 then error("broken " .. n) end
              sleep(1000)
            end""", stacks="stack=beside:LUA(beside.lua),out2:FILE(path=beside.log)\n"))
        daemon.wait_for(lambda: len(self.rows()) == 3, "the third life")
        daemon.wait_for(lambda: self.lines("beside.log") > 3, "rows beside")
        daemon.stop()
        self.assertEqual([row["message"] for row in self.rows()], ["row 0", "row 1", "row 2"])
        for n in (0, 1):
            self.assertRegex(daemon.log(), rf'event=source_failed instance=in script=in.lua line=7 message="?broken {n}')

    def test_a_script_that_loops_is_ended_and_named(self):
        daemon = Daemon(self, self.config("""
            function run()
              emit{ message = "before" }
              sleep(0)
              while true do pcall(function() while true do end end) end
            end""", "budget=20ms", "stack=beside:LUA(beside.lua),out2:FILE(path=beside.log)\n"))
        daemon.wait_for(lambda: "event=source_failed" in daemon.log() and len(self.rows()) >= 2, "its end and second life")
        daemon.wait_for(lambda: self.lines("beside.log") > 3, "rows beside")
        daemon.stop()
        self.assertRegex(daemon.log(), r'event=source_failed instance=in script=in.lua line=5 message="stopped: it ran longer')

    def test_a_script_that_leaks_coroutines_is_named(self):
        result = self.run_script("""
            function run()
              emit{ message = "one" }
              while true do spawn(function() sleep(1000) end) end
            end""", "restart=never")
        self.assertRegex(result.log, r'event=source_failed .* line=4 message="spawn: 1000 tasks run already')
        self.assertEqual(self.rows(), [{"message": "one"}])
        result = self.run_script("""
            function run()
              local all = {}
              while true do all[#all + 1] = coroutine.create(function() end) end
            end""", "restart=never\nmemory=1MiB\nbudget=20s")
        self.assertRegex(result.log, r'event=source_failed .* message="not enough memory"')

    def test_a_script_that_returns_early_ends_or_begins_anew(self):
        self.run_script('function run() emit{ message = "only" } end')
        self.assertEqual(self.rows(), [{"message": "only"}])
        daemon = Daemon(self, self.config('function run(n) n = (n or 0) + 1 emit{ message = "again " .. n } commit(n) end',
                                          "restart=always"))
        daemon.wait_for(lambda: {"message": "again 2"} in self.rows(), "the second life")
        daemon.stop()
        self.assertIn("event=source_returned instance=in script=in.lua again_in=", daemon.log())

    def test_a_position_is_kept_over_the_end(self):
        script = """
            function run(token)
              token = token or { line = 0, of = "f" }
              for i = 1, 3 do
                token.line = token.line + 1
                emit{ message = token.of .. token.line }
                commit(token)
              end
            end"""
        self.run_script(script, "state_file=in.pos")
        self.run_script(script, "state_file=in.pos")
        self.assertEqual([row["message"] for row in self.rows()], ["f1", "f2", "f3", "f4", "f5", "f6"])
        self.write("in.pos", "nonsense\n")
        os.remove(self.path("in.pos.old"))
        result = self.stook("run", self.path("stook.conf"))
        self.assertEqual(result.code, 3)
        self.assertIn("the position in", result.err)

    def test_a_position_never_runs_ahead_of_what_is_delivered(self):
        self.write("in.lua", """
            function run(token)
              local n = token or 0
              while true do n = n + 1 emit{ message = tostring(n) } commit(n) end
            end""")
        pid = Daemon(self, CONFIG.format(more="state_file=in.pos", stacks=""))
        pid.wait_for(lambda: os.path.exists(self.path("in.pos")), "a saved position")
        pid.process.kill()
        pid.process.wait()
        kept = int(re.search(r"(\d+)", self.read("in.pos").splitlines()[1]).group(1))
        delivered = self.read("out.log").count("\n")
        self.assertGreater(kept, 0)
        self.assertGreaterEqual(delivered, kept)

    def test_mistakes_are_told_before_the_start(self):
        for script, text in (("return { run = 1 }", "in.lua: it has no function run"),
                             ("function go() end", "in.lua: it has no function run"),
                             ("return { kind = 'filter', run = print }", 'in.lua: its kind is not "source"'),
                             ("return { row = print }", "in.lua:1: its table has 'row', which is none of kind, doc, options, "
                                                        "writes, setup, run, finish, stop"),
                             ("x = = 1", "in.lua:1: unexpected symbol near '='"),
                             ("emit{}", "in.lua:1: emit: the source does not run yet")):
            self.write("in.lua", script)
            result = self.stook("check", self.write("stook.conf", CONFIG.format(more="", stacks="")))
            self.assertEqual(result.code, 2)
            self.assertIn(text, result.err + result.out)

    def test_what_cannot_be_a_row_raises(self):
        result = self.run_script("""
            return { writes = { "n:integer" }, run = function()
              for _, row in ipairs{ { n = "x" }, { n = 1.5 }, { message = print }, { [1] = 2 } } do
                local ok, why = pcall(emit, row)
                emit{ message = why }
              end
              local co = coroutine.wrap(function() sleep(1) end)
              emit{ message = select(2, pcall(co)) }
            end }""")
        told = [row["message"] for row in self.rows()]
        self.assertIn("emit: key 'n' is declared integer, and this is a string", told[0])
        self.assertIn("emit: key 'n' is declared integer, and this is a number", told[1])
        self.assertIn("a function cannot be kept in a record", told[2])
        self.assertIn("emit: a row's key is a text, not a number", told[3])
        self.assertIn("sleep: it cannot wait here", told[4])
        self.assertEqual(result.line("in")["in"], 5)

    def test_s0_46_to_49_events_and_metrics(self):
        self.run_script("""
            function run()
              send_event("exec.df", "a line")
              send_event("exec.df", { used = 12, message = "m" })
              send_metric_string("stat.a", "id", "007")
              send_metric_integer("stat.a", "n", 5)
              send_metric_integer("stat.a", "big", 9007199254740993)
              send_metric_double("stat.a", "r", 0.1)
              send_metric_double("stat.a", "whole", 2)
              for _, f in ipairs{ function() send_event("a", "b", 5) end, function() send_metric_integer("a", "b", 1.5) end,
                                  function() send_metric_string("a", "b", 7) end } do
                emit{ message = select(2, pcall(f)) }
              end
            end""")
        rows = self.rows()
        self.assertEqual(rows[0], {"message": "a line", "stream_key": "exec.df"})
        self.assertEqual(rows[1], {"message": "m", "stream_key": "exec.df", "used": 12})
        self.assertEqual(rows[2], {"stream_key": "stat.a", "metric_key": "id", "value": "007"})
        self.assertEqual(rows[4]["value"], 9007199254740993)
        self.assertEqual(rows[5]["value"], 0.1)
        self.assertIn('"value":2.0', self.read("out.log"))
        self.assertIn("send_event: 3 arguments; it takes 2, and the time is taken inside", rows[7]["message"])
        self.assertIn("send_metric_integer: the value is no integer", rows[8]["message"])
        self.assertIn("send_metric_string: the value is a number; it would be a string", rows[9]["message"])

    def test_s0_50_and_27_the_sandbox_and_what_opens_it(self):
        script = """
            function run()
              emit{ message = tostring(io) .. tostring(os.execute) .. type(debug) .. type(require) }
              if require then emit{ message = require("more.words").hello } end
            end"""
        self.write("lib/more/words.lua", 'return { hello = "hello" }')
        self.run_script(script)
        self.run_script(script, "lua_debug=yes\nlua_package=ON\nlua_paths=lib")
        self.assertEqual([row["message"] for row in self.rows()], ["nilnilnilnil", "nilniltablefunction", "hello"])


if __name__ == "__main__":
    unittest.main()
