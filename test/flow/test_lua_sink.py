#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sinks and codecs written in Lua: delivery, retry, refusal, and what becomes of a script that fails."""

import json
import unittest

from harness import Daemon, Programs

CONFIG = """
[global]
stack=in:FILE,out:LUA
{globals}
[in]
path=in.log
[out]
script=out.lua
format=raw
retry_first=5ms
retry_most=20ms
{more}
"""


class LuaSink(Programs):
    def deliver(self, script, lines, more="", globals_="", code=0):
        self.write("out.lua", script)
        self.write("in.log", "".join(line + "\n" for line in lines))
        return self.run_config(CONFIG.format(more=more, globals=globals_), code)

    def test_bytes_arrive_with_their_rows(self):
        lines = [f"line {i}" for i in range(5000)]
        result = self.deliver("""
            local out, rows = io.open("got.log", "w"), 0
            function deliver(bytes, n) rows = rows + n out:write(bytes) return "done" end
            function stop() out:write("rows ", rows, "\\n") out:close() end""", lines)
        self.assertEqual(self.read("got.log").splitlines(), lines + ["rows 5000"])
        self.assertEqual(result.line("out")["out"], 5000)

    def test_again_offers_the_same_rows(self):
        result = self.deliver("""
            local calls, first = 0, nil
            local out = io.open("got.log", "w")
            function deliver(bytes)
              calls = calls + 1
              first = first or bytes
              if calls <= 3 then
                assert(bytes == first)
                if calls == 2 then error("lost the way") end
                return "again", "not yet", 0.001
              end
              out:write(bytes) out:flush()
              return "done"
            end""", ["a", "b", "c"])
        self.assertEqual(self.read("got.log"), "a\nb\nc\n")
        self.assertRegex(result.log, 'event=sink_waits instance=out .*not yet')

    def test_what_raises_says_where(self):
        result = self.deliver("""
            local calls = 0
            function deliver()
              calls = calls + 1
              if calls == 1 then error("lost the way") end
              if calls == 2 then return 7 end
              return "done"
            end""", ["a"])
        self.assertRegex(result.log, 'event=sink_waits instance=out .*out.lua:5: lost the way')

    def test_a_loop_is_ended(self):
        self.deliver("""
            local calls = 0
            function deliver()
              calls = calls + 1
              if calls == 1 then while true do end end
              return "done"
            end""", ["a"], "budget=20ms")

    def test_the_refused_row_goes_alone(self):
        lines = [f"line {i}" for i in range(300)] + ["poison"] + [f"more {i}" for i in range(300)]
        self.deliver("""
            local out = io.open("got.log", "w")
            function deliver(bytes)
              if bytes:find("poison", 1, true) then return "refused", "not that" end
              out:write(bytes) out:flush()
              return "done"
            end""", lines, "on_refused=bad:FILE\n[bad]\npath=bad.log\nformat=json", code=0)
        self.assertEqual(sorted(self.read("got.log").splitlines()), sorted(line for line in lines if line != "poison"))
        (bad,) = self.json_lines("bad.log")
        self.assertEqual((bad["message"].strip(), bad["refused.reason"]), ("poison", "not that"))

    def test_a_refused_row_is_dropped_and_counted(self):
        result = self.deliver('function deliver(bytes) return bytes:find("b") and "refused" or "done" end',
                              ["a", "b", "c"], "on_refused=drop", code=1)
        self.assertEqual(result.line("out", "sink")["dropped"]["refused"], 1)
        self.assertEqual(result.line("out", "sink")["out"], 2)

    def test_a_stop_does_not_wait_for_ever(self):
        self.write("out.lua", 'function deliver() return "again", "never" end')
        self.write("in.log", "a\n")
        daemon = Daemon(self, CONFIG.format(more="", globals="stop_timeout=100ms"))
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "a refusal")
        daemon.process.terminate()
        self.assertEqual(daemon.process.wait(timeout=30), 1, daemon.log())

    def test_encode_makes_the_bytes(self):
        self.write("line.lua", """
            return { kind = "sink", options = { mark = { "text", "!" } }, setup = function(opt)
              return { encode = function(rec)
                rec.n = rec.n * 2
                if rec.n == 4 then error("four") end
                if rec.n == 6 then return nil end
                return rec.n .. opt.mark .. "\\n"
              end } end }""")
        self.write("in.log", "".join(json.dumps({"n": n}) + "\n" for n in range(6)))
        result = self.run_config("""
stack=in:FILE,parse:PARSE_JSON,out:FILE
stack=in,parse,copy:FILE
[in]
path=in.log
[out]
path=out.log
format=lua
script=line.lua
set=mark=?
[copy]
path=copy.log
format=json
""", code=1)
        self.assertEqual(self.read("out.log"), "0?\n2?\n8?\n10?\n")
        self.assertEqual([row["n"] for row in self.json_lines("copy.log")], [0, 1, 2, 3, 4, 5])
        self.assertEqual(sum(result.line("out", "codec")["dropped"].values()), 2)
        self.assertRegex(result.log, "event=script_error instance=out script=line.lua line=5 message=four")

    def test_one_script_encodes_and_delivers(self):
        self.deliver("""
            function encode(rec) return "<" .. rec.message .. ">" end
            function deliver(bytes, rows)
              local out = io.open("got.log", "a") out:write(rows, bytes) out:close()
              return "done"
            end""", ["a", "b"], globals_="", more="").report
        self.assertEqual(self.read("got.log"), "2a\nb\n")
        self.write("got.log", "")
        self.run_stack("in:file(in.log), out:lua(out.lua, format=lua)")
        self.assertEqual(self.read("got.log"), "2<a><b>")

    def test_mistakes_are_told_before_the_start(self):
        for script, text in (("x = 1", "out.lua: it has no function deliver"),
                             ("return { kind = 'source', deliver = print }", 'out.lua: its kind is not "sink"'),
                             ("return { run = print }", "none of kind, doc, options, setup, encode, deliver, stop")):
            self.write("out.lua", script)
            result = self.stook("check", self.write("stook.conf", CONFIG.format(more="", globals="")))
            self.assertEqual(result.code, 2)
            self.assertIn(text, result.err + result.out)


if __name__ == "__main__":
    unittest.main()
