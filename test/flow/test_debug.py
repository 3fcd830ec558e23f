# SPDX-License-Identifier: Apache-2.0
"""`stook run --debug`: scripts stand still, and somebody looks."""

import os
import unittest

from terminal import Terminal

FILTER = """local limit = 2
local function half(n)
  if n == limit then %s end
  return n / 2
end
function filter(rec)
  local n = tonumber(rec.message)
  if n == 3 then error("no threes") end
  rec.half = half(n)
end
"""
STACK = "file(numbers), lua(halves.lua, budget=50ms), file(path=out.log, format=json)"


class Debug(Terminal):
    prompt = "stop> "

    def setUp(self):
        super().setUp()
        self.write("numbers", "1\n2\n3\n4\n")
        self.write("halves.lua", FILTER % "stook.stop()")

    def rows(self):
        return self.json_lines("out.log")

    def end(self):
        """The script goes on for the last time."""
        os.write(self.terminal, b"cont\n")
        self.assertEqual(self.process.wait(timeout=60), 0)

    def test_a_script_stands_still_and_its_variables_are_there(self):
        shown = self.open("run", "--debug", "-q", STACK)
        self.assertEqual(shown.splitlines(), ["stopped", "halves.lua:3: if n == limit then stook.stop() end"])
        self.assertEqual(self.say("n"), "2")
        self.assertEqual(self.say("n + limit, 'a'").splitlines(), ["4", '"a"'])
        self.assertEqual(self.say("{ a = { b = 1 } }"), "{a = {b = 1}}")
        self.assertEqual(self.say(":locals").splitlines(), ["n = 2", "limit = 2  (from around the function)"])
        self.assertEqual(self.say(":where").splitlines(), ["-> halves.lua:3 in half", "   halves.lua:9"])
        self.assertEqual(self.say(":up"), "halves.lua:9: rec.half = half(n)")
        self.assertIn('rec = {message = "2"}', self.say(":locals"))
        self.assertEqual(self.say("rec.message"), '"2"')
        self.assertEqual(self.say(":up"), "there is no further call")
        self.assertEqual(self.say(":down"), "halves.lua:3: if n == limit then stook.stop() end")
        self.say("n = 20")
        self.say("limit = 5")
        self.assertEqual(self.say("x.y"), "typed:1: attempt to index a nil value (global 'x')")
        self.assertIn("unexpected symbol", self.say("n = = 1"))
        self.assertIn("no such command: hlp; `:help` shows all", self.say(":hlp"))
        shown = self.say("cont")
        self.assertIn("halves.lua:8: no threes", shown)
        self.assertEqual(self.say("n"), "3")
        self.end()
        self.assertEqual(self.rows(), [{"message": "1", "half": 0.5}, {"message": "2", "half": 10.0}, {"message": "3"}, {"message": "4", "half": 2.0}])

    def test_nothing_ends_the_script_while_somebody_looks_and_what_is_typed_has_an_end(self):
        self.write("halves.lua", FILTER % "debug.debug()")
        self.open("run", "--debug", "-q", STACK)
        for _ in range(3):
            self.assertIn("stopped: it ran longer than its budget", self.say("while true do end"))
        self.assertEqual(self.say("n"), "2")
        self.say("cont")
        self.end()
        self.assertEqual([row.get("half") for row in self.rows()], [0.5, 1.0, None, 2.0])

    def test_the_tasks_of_a_source_stop_too(self):
        self.write("in.lua", """function run()
  spawn(function(what) emit{ message = what } stook.stop() end, "one")
  sleep(0)
  local two = nil
  two.x = 1
end
""")
        shown = self.open("run", "--debug", "-q", "lua(in.lua, restart=never), file(path=out.log, format=json)")
        self.assertIn("in.lua:2: spawn(function(what) emit{ message = what } stook.stop() end", shown)
        self.assertEqual(self.say("what"), '"one"')
        self.assertIn("in.lua:5: attempt to index a nil value (local 'two')", self.say("cont"))
        self.assertEqual(self.say(":locals"), "two = nil")
        self.end()
        self.assertEqual(self.rows(), [{"message": "one"}])

    def test_one_may_leave(self):
        self.write("numbers", "2\n" * 5)
        self.open("run", "--debug", "-q", STACK)
        os.write(self.terminal, b":quit\n")
        self.assertEqual(self.process.wait(timeout=60), 0)

    def test_from_a_pipe_lines_are_read_as_they_come_and_then_scripts_go_on(self):
        result = self.run_stack(STACK, words=("--debug",), stdin=b"n\n:locals\n")
        self.assertIn("halves.lua:3: if n == limit then stook.stop() end\n2\nn = 2\n", result.err)
        self.assertIn("the scripts go on, and stop no more", result.err)
        self.assertEqual(len(self.rows()), 4)
        self.assertNotIn("stopped\n", self.stook("run", "-q", STACK).err)
        self.write("halves.lua", FILTER % "debug.debug()")
        self.assertIn("attempt to index a nil value (global 'debug')", self.stook("run", "-q", STACK).err)
        self.assertIn("--debug", self.stook("run", "--help").out)
        result = self.stook("run", "--debug", "stdin, lua(halves.lua), stdout")
        self.assertEqual((result.code, result.err), (2, "stook run: --debug reads the standard input, and so does the source stdin; have it read a file\n"))


if __name__ == "__main__":
    unittest.main()
