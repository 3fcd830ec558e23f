# SPDX-License-Identifier: Apache-2.0
"""Scripts that stand in stacks by their names: found in the folders of the configuration, listed, and new ones at a reload."""

import os
import signal
import unittest

from harness import ROOT, Daemon, Programs

SCRIPTS = os.path.join(ROOT, "scripts")
CONFIG = """[global]
control=control
scripts=scripts
stack=in:TAIL,%sout:FILE
[in]
path=in.log
start_at=beginning
[out]
path=out.log
format=raw
%s"""
TAG = """-- Puts a word behind each line.
return {
  options = { word = { "text", "x", "what is put there" }, times = { "integer", 1, "how often" } },
  reads = { "message:text" }, writes = { "message:text" },
  setup = function(opt)
    return { row = function(message) return true, message .. (" " .. opt.word):rep(opt.times) end }
  end,
}
"""


class NamedScripts(Programs):
    def setUp(self):
        super().setUp()
        self.write("scripts/tag.lua", TAG)
        self.write("in.log", "one\n")

    def wrong(self, elements, sections=""):
        """The first line of what check says."""
        self.write("stook.conf", CONFIG % (elements, sections))
        done = self.stook("check", "stook.conf")
        self.assertEqual(done.code, 2, done.out)
        return done.err.splitlines()[0]

    def test_a_file_that_is_put_into_the_folder_is_there_at_the_next_reload(self):
        daemon = Daemon(self, CONFIG % ("tag,", ""))
        daemon.wait_for(lambda: self.has("out.log", "one x\n"), "the first row")
        self.write("scripts/late.lua", "-- Comes late\n" + TAG.replace('"x"', '"late"'))
        self.write("stookd.conf", CONFIG % ("tag(times=2),more:late,", "[more]\ntimes=2\n"))
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: "event=reloaded" in daemon.log(), "reloaded")
        self.write("in.log", "two\n", "a")
        daemon.wait_for(lambda: self.has("out.log", "one x\ntwo x x late late\n"), "the second row")
        daemon.stop()

    def test_options_of_a_script_stand_where_those_of_others_do(self):
        self.write("stook.conf", """[global]
scripts=scripts
stack=in:FILE,TAG(word="a, 'b'", times=2),own:tag,out:FILE
[in]
path=in.log
[own]
word=c
memory=1MiB
[out]
path=out.log
format=raw
""")
        self.run_stack("stook.conf")
        self.assertEqual(self.read("out.log"), "one a, 'b' a, 'b' c\n")

    def test_a_source_is_found_by_its_name_too(self):
        self.write("scripts/beat.lua", """-- Beats
return { kind = "source", options = { n = { "integer", 1, "how often" } }, writes = { "message:text" },
  setup = function(opt) return { run = function() for i = 1, opt.n do emit { message = "beat " .. i } end end } end }
""")
        daemon = Daemon(self, "[global]\nscripts=scripts\nstack=beat(n=2),tag,out:FILE\n[out]\npath=out.log\nformat=raw\n")
        daemon.wait_for(lambda: self.has("out.log", "beat 1 x\nbeat 2 x\n"), "the rows")
        daemon.stop()
        self.assertIn("its kind is not", self.wrong("beat,"))

    def test_mistakes_are_told(self):
        self.assertIn("tag.lua has no option 'wrd'; did you mean 'word'?", self.wrong("tag(wrd=x),"))
        self.assertIn("'7' has no name; options of a script are written name = value", self.wrong("tag(7),"))
        self.assertIn("word: given twice", self.wrong("it:tag(word=x),", "[it]\nword=y\n"))
        self.assertIn("no filter 'tga' in this build; did you mean 'tag'?", self.wrong("tga,"))
        self.write("scripts/bad.lua", "function filter(rec)\n  rec.x = = 1\nend\n")
        self.assertIn("bad.lua:2: unexpected symbol", self.wrong("bad,"))
        self.write("scripts/other.lua", TAG)
        self.assertIn("'it' is script 'scripts/tag.lua' at stook.conf:4 and script 'scripts/other.lua' here",
                      self.wrong("it:tag,it:other,"))
        self.write("scripts/key.lua", 'return { reads = { "${nothing}" }, row = print }')
        self.assertIn("key.lua: its key '${nothing}' names no option of it", self.wrong("key,"))

    def test_the_user_of_a_script_names_its_keys(self):
        self.write("scripts/copy.lua", """return {
  options = { from = { "text", "message", "" }, to = { "text", nil, "" } },
  reads = { "${from}:text" }, writes = { "new_${to}:text" }, removes = { "${from}" },
  row = function(value) return true, value end }""")
        self.run_stack(self.write("stook.conf", """[global]
scripts=scripts
stack=in:FILE,copy(to=key),out:FILE
[in]
path=in.log
[out]
path=out.log
format=json
"""))
        self.assertEqual(self.json_lines("out.log"), [{"new_key": "one"}])

    def test_list_shows_them_and_describe_the_head_of_one(self):
        self.write("stook.conf", f"[global]\nscripts=scripts, {SCRIPTS}\nstack=in:STDIN,out:STDOUT\n")
        done = self.stook("list", "-c", "stook.conf")
        self.assertEqual(done.code, 0, done.err)
        listed = dict(line.strip().split("  ", 1) for line in done.out.split("\nscripts:\n")[1].splitlines())
        self.assertEqual(listed["tag"].strip(), "Puts a word behind each line")
        names = sorted(name[:-4] for name in os.listdir(SCRIPTS) if name.endswith(".lua"))
        self.assertEqual(sorted(listed), sorted(names + ["tag"]))
        for name in names:
            self.assertGreater(len(listed[name].strip()), 30, name)
        done = self.stook("describe", "sample", "-c", "stook.conf")
        self.assertEqual(done.code, 0, done.err)
        self.assertTrue(done.out.startswith(f"script sample, {SCRIPTS}/sample.lua\n\nKeeps every failure and one"), done.out)
        self.assertIn("Options n ", done.out)
        self.assertEqual(self.stook("list", "-c", "nothing.conf").code, 2)


if __name__ == "__main__":
    unittest.main()
