# SPDX-License-Identifier: Apache-2.0
"""`stook repl` through a pseudo-terminal, as somebody sits before it (S3-09)."""

import os
import unittest

from terminal import Terminal

LABEL = """function filter(rec)
  if rec.status and rec.status < 400 then return false end
  if rec.status == 500 then error("a broken row") end
  rec.label = "%s"
end
"""
STACK = "in:stdin, parse_json, label:lua(label.lua), out:file(path=out.log, format=json)"


class Repl(Terminal):
    prompt = "stook> "

    def setUp(self):
        super().setUp()
        self.write("label.lua", LABEL % "bad")

    def start(self, what=STACK):
        return self.open("repl", what)

    def quit(self):
        os.write(self.terminal, b":quit\n")
        self.assertEqual(self.process.wait(timeout=60), 0)

    def test_rows_go_in_and_what_comes_out_is_shown(self):
        self.assertIn("in, parse_json, label, out; rows enter at in", self.start())
        self.assertEqual(self.say('{"message": "{\\"status\\": 404}"}'), 'out         {"status":404,"label":"bad"}')
        self.assertEqual(self.say(":at label"), "in, parse_json, label, out; rows enter at label")
        self.assertIn('{"status":503,"label":"bad"}', self.say('{"status": 503}'))
        self.assertEqual(self.say('{"status": 200}'), "nothing came out")
        self.assertEqual(self.say('{"status": '), "not JSON: ends too early")
        self.quit()

    def test_one_steps_through_the_elements_and_asks_what_a_key_was(self):
        self.start()
        self.say('{"message": "{\\"status\\": 404}"}')
        shown = self.say(":step").splitlines()
        self.assertEqual([line.split(None, 1) for line in shown[1:]],
                         [["parse_json", '{"status":404}'], ["label", '{"status":404,"label":"bad"}'],
                          ["out", '{"status":404,"label":"bad"}']])
        self.say(":step on")
        self.assertIn("label       nothing", self.say('{"message": "{\\"status\\": 200}"}'))
        self.assertEqual(self.say(":history label").splitlines(), ['1  parse_json: -  label: "bad"', "2  parse_json: -  label: (no row)"])
        self.assertEqual(self.say(":history status").splitlines(), ["1  parse_json: 404  label: 404", "2  parse_json: 200  label: (no row)"])
        self.assertIn("label: filtered=1 in=2 out=1", self.say(":count label"))
        self.quit()

    def test_a_script_that_is_changed_is_begun_anew_and_a_wrong_one_is_told_of(self):
        self.start()
        self.say(":at label")
        self.assertIn('"label":"bad"', self.say('{"status": 404}'))
        self.write("label.lua", LABEL % "worse")
        shown = self.say('{"status": 404}')
        self.assertIn("a script has changed: all begins anew", shown)
        self.assertIn('"label":"worse"', shown)
        self.write("label.lua", "function filter(rec) rec.x = = 1 end\n")
        shown = self.say('{"status": 404}')
        self.assertIn("label.lua:1: unexpected symbol near '='", shown)
        self.assertIn("the former script goes on", shown)
        self.assertIn('"label":"worse"', shown)
        self.quit()

    def test_an_error_of_a_script_is_shown(self):
        self.start()
        self.say(":at label")
        shown = self.say('{"status": 500}')
        self.assertIn("event=script_error" if "event=" in shown else "script_error", shown)
        self.assertIn("a broken row", shown)
        self.quit()

    def test_time_passes_and_streams_end(self):
        self.write("ticks.lua", """local n = 0
return { every = "10s", reads = { "?message" }, row = function() n = n + 1 return false end,
  tick = function(_, emit, is_last) emit { n = is_last and -n or n } end }
""")
        self.assertIn("in, script, out; rows enter at in", self.start("ticks.lua"))
        self.assertEqual(self.say("a line"), "nothing came out")
        self.assertEqual(self.say(":advance 10s"), 'out     {"n":1}')
        self.assertEqual(self.say(":advance soon"), "not a span of time; it takes a number and a unit, as in 5ms or 1h30m")
        self.assertEqual(self.say(":end"), 'out     {"n":-1}')
        self.quit()

    def test_commands_and_stacks_that_are_wrong_are_told_of(self):
        self.start()
        self.assertIn("no such command: hlp; did you mean ':help'?", self.say(":hlp"))
        self.assertIn(":history KEY", self.say(":help"))
        self.assertIn("no element 'lable'; did you mean 'label'?", self.say(":at lable"))
        self.assertIn("no filter 'parse_jsn' in this build; did you mean 'parse_json'?", self.say(":stack in:stdin, parse_jsn, out:stdout"))
        self.assertIn('"label":"bad"', self.say('{"message": "{\\"status\\": 404}"}'))
        self.assertEqual(self.say(":stack in:stdin, out:stdout(format=json)"), "in, out; rows enter at in")
        self.assertEqual(self.say("a line"), 'out  {"message":"a line"}')
        self.quit()

    def test_from_a_pipe_it_reads_lines_as_they_come(self):
        self.write("rows", "one\n\ntwo\n")
        done = self.stook("repl", "in:stdin, out:stdout", stdin=b'{"a": 1}\n:read rows\n:read none\n')
        self.assertEqual((done.code, done.err), (0, ""))
        self.assertEqual(done.out.splitlines()[1:], ['out  {"a":1}', 'out  {"message":"one"}', 'out  {"message":"two"}',
                                                     "'none' cannot be read"])
        done = self.stook("repl", "in:stdin, nonsense, out:stdout")
        self.assertEqual(done.code, 2)
        self.assertIn("no filter 'nonsense' in this build", done.err)
        self.assertEqual(self.stook("repl").code, 2)


if __name__ == "__main__":
    unittest.main()
