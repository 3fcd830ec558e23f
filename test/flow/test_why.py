# SPDX-License-Identifier: Apache-2.0
"""`stook why`: rows that failed, were refused or were dropped are found with their element and its reason."""

import json
import os
import unittest

from harness import Daemon, Programs

CONFIG = """
[global]
control=control
letters={dir}/letters
stack=in:tail(path={dir}/in.log, start_at=beginning), parse:parse_json(on_error=drop), out:file(path={dir}/out.log)
stack=in, other:parse_json(on_error=raw_out), good:file(path={dir}/good.log, also=stook.id)
stack=in, third:parse_json, raw:file(path={dir}/raw.log, format=raw, key=a)
[raw_out]
plugin=null
"""

REFUSING = """
[global]
control=control
letters={dir}/letters
stack=in:tail(path={dir}/in.log, start_at=beginning), parse:parse_json, out:file(path={dir}/out/$host, also=stook.id)
"""


SCRIPTED = """
[global]
control=control
stack=in:tail(path={dir}/in.log, start_at=beginning), parse:parse_json, judge:lua(script={dir}/judge.lua, on_error=drop), out:file(path={dir}/out.log)
stack=in, parse, all:lua(script={dir}/all.lua, on_error=drop), other:file(path={dir}/other.log)
"""
JUDGE = """function filter(rec)
  if rec.n == 1 then error("one is too few") end
  if rec.n == 2 then return rec.no.such end
  if rec.n == 3 then emit({ n = 30 }) end
end
"""
BATCH = """return { reads = { "n:integer" }, batch = function(b)
  error("no bundle at all")
end }
"""


class Why(Programs):
    def reasons(self, *words, code=0):
        done = self.stook("why", "--json", "--socket", "control", *words)
        self.assertEqual(done.code, code, done.err)
        return [json.loads(line) for line in done.out.splitlines()]

    def test_rows_that_failed(self):
        """S1-WHY-1: element, fate, the parser's own text, and the row's id and begin."""
        self.write("in.log", "")
        daemon = Daemon(self, CONFIG.format(dir=self.dir))
        self.reasons(code=1)
        self.write("in.log", '{"a":1}\n{"broken\nnot json at all\n')
        daemon.wait_for(lambda: len(self.stook("why", "--json", "--socket", "control").out.splitlines()) >= 6,
                        "reasons are there")
        all_of = self.reasons()
        parse = [one for one in all_of if one["element"] == "parse"]
        self.assertEqual(len(parse), 2, all_of)
        self.assertEqual({one["fate"] for one in parse}, {"dropped"})
        routed = [one for one in all_of if one["element"] == "other"]
        self.assertEqual({one["fate"] for one in routed}, {"routed"})
        broken = [one for one in parse if "broken" in one["row"]][0]
        self.assertTrue(broken["id"].startswith("in:"), broken)
        raw = [one for one in all_of if one["element"] == "raw"]
        self.assertIn("could not be encoded", raw[0]["why"])
        self.assertEqual(sum(one["rows"] for one in raw), 2)
        found = self.reasons(broken["id"])
        self.assertLessEqual({"parse", "other"}, {one["element"] for one in found})
        self.assertTrue(all(one["id"] == broken["id"] for one in found))
        self.reasons("in:no.such.row", code=1)
        text = self.stook("why", "--socket", "control").out
        self.assertRegex(text, r"(?m)^20\S+Z parse: dropped, .+, id in:\S+$")
        daemon.stop(1)

    def test_rows_that_a_script_failed(self):
        """S1-WHY-3: a row that a script raised an error for is found with the error's text, each with its own."""
        self.write("judge.lua", JUDGE)
        self.write("all.lua", BATCH)
        self.write("in.log", '{"n":3}\n{"n":1}\n{"n":4}\n{"n":2}\n')
        daemon = Daemon(self, SCRIPTED.format(dir=self.dir))
        daemon.wait_for(lambda: len(self.stook("why", "--json", "--socket", "control").out.splitlines()) >= 6, "reasons are there")
        found = self.reasons()
        why = {one["row"].partition("n=")[2].split()[0]: one["why"] for one in found if one["element"] == "judge"}
        self.assertEqual(why["1"], "judge.lua:2: one is too few")
        self.assertEqual(set(why), {"1", "2"})
        self.assertRegex(why["2"], r"^judge\.lua:3: attempt to index a nil value")
        self.assertEqual({one["why"] for one in found if one["element"] == "all"}, {"all.lua:2: no bundle at all"})
        daemon.stop(1)

    def test_rows_that_a_sink_refused(self):
        """S1-WHY-2: a refused row is found with the sink's reason, by its id where the sink's format writes it."""
        os.makedirs(self.path("out/wall"))  # a folder has the name of the file that the row is for
        self.write("in.log", '{"host":"web","n":1}\n{"host":"wall","n":2}\n')
        daemon = Daemon(self, REFUSING.format(dir=self.dir))
        daemon.wait_for(lambda: self.stook("why", "--json", "--socket", "control").out != "", "a reason is there")
        one = self.reasons()[0]
        self.assertEqual((one["element"], one["fate"], one["rows"]), ("out", "letter", 1))
        self.assertIn('"n":2', one["row"].replace("\\", ""))
        self.assertTrue(one["id"].startswith("in:"), one)
        self.assertNotEqual(one["why"], "")
        self.assertEqual(self.reasons(one["id"]), [one])
        daemon.stop(1)


if __name__ == "__main__":
    unittest.main()
