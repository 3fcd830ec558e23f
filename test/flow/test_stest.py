# SPDX-License-Identifier: Apache-2.0
"""`stook test`: test files played by the real engine on a clock that stands still until it is moved."""

import os
import time
import unittest
import xml.etree.ElementTree

from harness import ROOT, Programs

SCRIPTS = os.path.join(ROOT, "scripts")
LEVELS = """function filter(rec)
  if rec.level == "debug" then return false end
  if rec.level == "fatal" then error("a fatal row") end
  rec.seen = true
end
"""
HEAD = """# What this file is about.
stack = in:stdin, parse:parse_json, levels:lua(levels.lua), out:stdout
"""


class TestFiles(Programs):
    def setUp(self):
        super().setUp()
        self.write("levels.lua", LEVELS)

    def play(self, text, code=0, *words):
        self.write("my.stest", text)
        done = self.stook("test", "my.stest", *words)
        self.assertEqual(done.code, code, done.out + done.err)
        return done

    def test_all_scripts_that_are_shipped_have_a_test_and_pass_it(self):
        names = sorted(os.listdir(SCRIPTS))
        tests = [os.path.join(SCRIPTS, name) for name in names if name.endswith(".stest")]
        self.assertEqual([name[:-4] for name in names if name.endswith(".lua")],
                         [os.path.basename(test)[:-6] for test in tests])
        self.assertGreater(len(tests), 3)
        done = self.stook("test", *tests)
        self.assertEqual(done.code, 0, done.out + done.err)
        self.assertNotIn("not ok", done.out)

    def test_rows_go_in_at_any_element_and_are_seen_at_any_other(self):
        done = self.play(HEAD + """
test from the source
feed in
  | {"level": "info", "n": 1}
  | {"level": "debug", "n": 2}
expect parse
  {"level": "info", "n": 1}
  {"n": 2, "level": "debug"}
expect levels
  {"level": "info", "n": 1, "seen": true}
expect out
  {"seen": true, ...}
count levels in=2 filtered=1 out=1 failed=0
count out in=1 out=1

test at a filter, with types that JSON has not
feed levels
  {"at:time": "2026-11-21T03:38:00Z", "src.ip:address": "2001:DB8::1", "n:unsigned": 7, "o": {"a": [1, 2]}}
expect out
  {"at": "2026-11-21T03:38:00Z", "src.ip": "2001:db8::1", "n": 7, "o": {"a":[1,2]}, "seen": true}

test at a sink
feed out
  {"a": 1}
expect out
  | {"a":1}
""")
        self.assertEqual(done.out.splitlines()[:5], ["TAP version 13", "1..3", "ok 1 - my.stest: from the source",
                                                     "ok 2 - my.stest: at a filter, with types that JSON has not",
                                                     "ok 3 - my.stest: at a sink"])
        self.assertEqual(done.err, "")

    def test_a_failure_shows_what_differs_and_update_writes_what_came(self):
        text = HEAD + """
test levels
# A comment stays.
feed in
  | {"level": "info", "n": 1}
  | {"level": "warning", "n": 2}
  | {"level": "debug", "n": 3}
expect out
  {"level": "info", ...}
  {"level": "warning", "n": 2, "sen": true}
  {"level": "debug"}
count levels in=3 filtered=0

test another
expect out
  nothing
feed in
  | {"n": 4}
"""
        done = self.play(text, 1, "--junit", "report.xml")
        self.assertIn("""not ok 1 - my.stest: levels
# my.stest:10: expect out: 3 rows expected, 2 came
#     {"level": "info", ...}
#   - {"level": "warning", "n": 2, "sen": true}
#   + {"level":"warning","n":2,"seen":true}
#       "sen": true expected, it is not there
#       "seen": not expected, true came
#   - {"level": "debug"}
# my.stest:14: count levels: filtered is 1, expected 0
not ok 2 - my.stest: another
# my.stest:20: behind the last expect out: nothing more expected, 1 row came
#   + {"n":4,"seen":true}
# 0 of 2 tests passed""", done.out)
        suites = xml.etree.ElementTree.parse(self.path("report.xml")).getroot()
        self.assertEqual((suites.tag, suites.get("tests"), suites.get("failures")), ("testsuites", "2", "2"))
        cases = suites.findall("testsuite/testcase")
        self.assertEqual([case.get("name") for case in cases], ["levels", "another"])
        self.assertIn('"sen": true expected', cases[0].find("failure").text)

        done = self.stook("test", "--update", "my.stest")
        self.assertEqual(done.code, 0, done.out + done.err)
        updated = text.replace('{"level": "warning", "n": 2, "sen": true}\n  {"level": "debug"}',
                               '{"level":"warning","n":2,"seen":true}').replace("filtered=0", "filtered=1")
        self.assertEqual(self.read("my.stest"), updated + 'expect out\n  {"n":4,"seen":true}\n')
        done = self.stook("test", "my.stest", "--junit", "report.xml")
        self.assertEqual(done.code, 0, done.out + done.err)
        suites = xml.etree.ElementTree.parse(self.path("report.xml")).getroot()
        self.assertEqual((suites.get("failures"), suites.findall(".//failure")), ("0", []))

    def test_an_error_of_a_script_is_seen_in_the_log_and_in_the_counts(self):
        self.play(HEAD + """
test a row fails
feed in
  | {"level": "fatal"}
  | {"level": "info"}
expect out
  {"level": "fatal"}
  {"level": "info", "seen": true}
expect log
  | warning script_error instance=levels script=levels.lua line=3 row=0 rows=2 message="a fatal row"
count levels in=2 out=2 failed=1
""")

    def test_an_hour_passes_at_once(self):
        begin = time.monotonic()
        done = self.play("""stack = in:stdin, join:multiline, out:stdout
stack = in, slow:file
[join]
start = ^\\S
flush = 5s
[out]
format = raw
[slow]
path = never.log
format = raw
hold_time = 10m

test lines that belong together wait for the time-out
at 2026-11-21T03:00:00Z
feed in
  | first
  |   and more
advance 4s
expect out
  nothing
count join held=2
advance 2s
expect out
  | first
  |   and more
expect slow
  nothing
advance 1h
expect slow
  | first
  |   and more

test the end lets go
feed in
  | last
expect out
  nothing
end
expect out
  | last
expect slow
  | last
""")
        self.assertIn("ok 2", done.out)
        self.assertLess(time.monotonic() - begin, 60)
        self.assertFalse(os.path.exists(self.path("never.log")), "no sink is opened")

    def test_ticks_of_scripts_come_each_in_its_own_time(self):
        self.write("count.lua", """local n = 0
return {
  options = { what = { "text", "n" } },
  setup = function(opt)
    return {
      filter = function(rec) n = n + 1 return false end,
      tick = function(now, emit, is_last) emit({ [opt.what] = n, at = now // 1000000000, last = is_last }) n = 0 end,
    }
  end,
}
""")
        begin = time.monotonic()
        self.play("""stack = in:stdin, slow:lua(script=count.lua, tick=20m, set=what=slow), out:stdout
stack = in, quick:lua(script=count.lua, tick=100ms, set=what=quick), null

test an hour
at 1970-01-01T01:00:00Z
feed in
  | a
  | b
expect out
  nothing
advance 19m
expect out
  nothing
advance 1m
expect out
  {"slow": 2, "at": 4800, "last": false}
advance 40m
feed slow
  {"n": 1}
end
expect out
  {"slow": 0, "at": 6000, "last": false}
  {"slow": 0, "at": 7200, "last": false}
  {"slow": 1, "at": 7200, "last": true}
count quick made=36001 in=2 filtered=2
""")
        self.assertLess(time.monotonic() - begin, 60)

    def test_what_scripts_share_begins_anew_in_each_test_and_expires_by_its_clock(self):
        self.write("shared.lua", """local seen, all = stook.shared("seen"), stook.counter("all", "rows")
local kept = stook.keep("kept")
function filter(rec)
  rec.n = seen:add("rows", 1, 60)
  all:add(1)
  rec.kept = kept:add("rows", 1)
end
""")
        self.play("stack = in:stdin, count:lua(shared.lua), out:stdout\n" + """
test rows are counted for a minute
feed count
  {}
  {}
expect out
  {"n": 1, "kept": 1}
  {"n": 2, "kept": 2}
advance 61s
feed count
  {}
expect out
  {"n": 1, "kept": 3}

count count in=3 meter.all=3 meter.none=0

test and another
feed count
  {}
expect out
  {"n": 1, "kept": 1}
count count meter.all=1
""")

    def test_what_is_wrong_with_a_file_is_named_with_its_line(self):
        done = self.play(HEAD + """
test levels
  {"n": 1}
fed in
feed in
  {"n": }
  text
count levels n=1 filterd=1
expect
advance soon
at noon
end now
""", 2)
        for line, what in ((5, "a row that belongs to no step; rows stand behind feed ID or expect ID"),
                           (6, "'fed' is no step; did you mean 'feed'?"),
                           (8, "not JSON: "), (9, "no row; a row is an object"),
                           (10, "'n' is nothing that is counted; there are in, out"),
                           (10, "'filterd' is nothing that is counted; did you mean 'filtered'?"),
                           (11, "expect names no element; it is written: expect ID"),
                           (12, "advance takes a span of time; it is written: advance 90s"),
                           (13, "at takes a time; it is written: at 2026-"), (14, "end takes no word; it is written: end")):
            self.assertIn(f"my.stest:{line}: {what}", done.err)
        self.assertIn("\n    fed in\n    ^~~\n", done.err)

    def test_elements_and_the_configuration_are_checked_too(self):
        done = self.play(HEAD + "test x\nfeed on\nexpect level\nexpect in\n", 2)
        self.assertIn("my.stest:4: no element 'on' in these stacks; there are in, parse, levels and out\n    feed on\n", done.err)
        self.assertIn("my.stest:5: no element 'level' in these stacks; did you mean 'levels'?\n", done.err)
        self.assertIn("my.stest:6: 'in' is a source, and gives what it is fed; expect rows behind a filter", done.err)
        done = self.play("stack = in:stdin, parse_jsn, out:stdout\ntest x\nfeed in\n", 2)
        self.assertIn("my.stest:1: [global] stack: no filter 'parse_jsn' in this build; did you mean 'parse_json'?", done.err)
        self.write("levels.lua", "function filter(rec)\n  rec.x = = 1\nend\n")
        self.assertIn("levels.lua:2: unexpected symbol", self.play(HEAD + "test x\nfeed in\n", 2).err)
        self.assertIn("it has no test; a test begins with", self.play(HEAD, 2).err)
        self.assertIn("nofile.stest: cannot read it: No such file", self.stook("test", "nofile.stest").err)
        self.assertEqual(self.stook("test").code, 2)
        self.assertEqual(self.stook("test", "--bad", "my.stest").code, 2)

    def test_a_configuration_is_included_and_touched_nowhere(self):
        self.write("stook.conf", """[global]
stack = in:TAIL, parse:PARSE_JSON, levels:LUA, out:FILE
[in]
path = in.log
[levels]
script = levels.lua
[out]
path = out.log
""")
        self.play("include = stook.conf\ntest it\nfeed in\n  | {\"n\": 1}\nexpect out\n  {\"n\": 1, \"seen\": true}\n")
        self.assertEqual(sorted(os.listdir(self.dir)), ["levels.lua", "my.stest", "stook.conf"])


if __name__ == "__main__":
    unittest.main()
