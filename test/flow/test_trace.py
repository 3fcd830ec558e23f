# SPDX-License-Identifier: Apache-2.0
"""The last word of a trace: what became of each row at each sink that it reached, or where its way ended before."""

import json
import os
import time
import unittest

from test_tap import Tapped

# Rows for the host `wall` are refused, as a folder has the name of their file; a full disk takes nothing.
ENDS = """
[global]
control=control
letters={dir}/letters
stop_timeout=2s
stack=in:unix(listen={dir}/in.sock), parse:parse_json, judge:lua(script={dir}/judge.lua, on_error=drop), some:keep(n > 0), out:file(path={dir}/out/$host)
stack=in, parse, judge, some, kept:file(path=/dev/full, spool={dir}/spool)
stack=in, parse, judge, some, later:file(path={dir}/later.log, hold_time=100ms)
stack=in, parse, judge, some, both:mirror(a:FILE, b:FILE, wait=10ms, fail_back=1h)
[a]
path={dir}/a.log
[b]
path=/dev/full
"""
JUDGE = 'function filter(rec)\n  if rec.n == 7 then error("seven") end\nend\n'
ROWS = ({"host": "web", "n": 1}, {"host": "wall", "n": 2}, {"host": "web", "n": 7}, {"host": "web", "n": 0})


class Ends(Tapped):
    def traced(self, *rows, is_json=True):
        """What one trace says while rows are fed."""
        trace = self.ask("trace", str(len(rows)), "in", *(["--json"] if is_json else []))
        while not trace.has_ended():
            self.feed(*rows)
            time.sleep(0.01)
        out = self.finish(trace)[0]
        return [json.loads(line) for line in out.splitlines()] if is_json else out

    def final_rows(self, daemon):
        """One row of each kind, of which all sinks have said their word, by its number."""
        found = {}

        def has_all():
            for row in self.traced(*ROWS):
                if all(fate["fate"] for fate in row["fates"]):
                    found[json.loads(row["values"]["message"])["n"]] = row
            return len(found) == len(ROWS)
        daemon.wait_for(has_all, "each row's last word")
        return found

    def test_what_became_of_a_row(self):
        """S1-TRACE-2: delivered, refused, spooled, taken by a part of a group; failed and dropped before."""
        os.makedirs(self.path("out/wall"))
        self.write("judge.lua", JUDGE)
        daemon = self.daemon(ENDS)
        rows = self.final_rows(daemon)
        fates = {n: {fate["sink"]: fate for fate in row["fates"]} for n, row in rows.items()}
        for n, host in ((1, "web"), (2, "wall")):
            self.assertEqual({sink: fate["fate"] for sink, fate in fates[n].items()},
                             {"out": "delivered" if host == "web" else "letter", "kept": "spooled", "later": "delivered", "both": "delivered"})
            self.assertGreaterEqual(min(fate["at_ns"] for fate in rows[n]["fates"]), 0)
            self.assertIn("missed by b", fates[n]["both"]["why"])
        self.assertEqual(fates[1]["out"]["why"], "")
        self.assertIn("wall", fates[2]["out"]["why"])
        for n, element, verdict, why in ((7, "judge", "failed, dropped", "judge.lua:2: seven"), (0, "some", "dropped", r"^keep at .*stookd.conf:6$")):
            self.assertEqual(rows[n]["fates"], [])
            step = rows[n]["steps"][-1]
            self.assertEqual((step["element"], step["verdict"]), (element, verdict))
            self.assertRegex(step["why"], why)
        text = self.traced({"host": "web", "n": 7}, is_json=False)
        self.assertRegex(text, r"\n  judge +\+\S+ [num]*s +failed, dropped: .*judge.lua:2: seven.*\n  it reached no sink\n$")
        daemon.signal(15)
        daemon.process.wait(timeout=30)
        self.assertIn("balanced=yes", daemon.log())

    def test_a_row_that_is_held(self):
        """S1-TRACE-3: a row whose sink is not done with it is told of all the same, and says so."""
        daemon = self.daemon("[global]\ncontrol=control\n"
                             "stack=in:unix(listen={dir}/in.sock), out:file(path={dir}/out.log, format=raw, hold_time=1h)\n")
        trace = self.ask("trace", "1", "--json")
        while not trace.has_ended():
            self.feed({"text": "y"})
            time.sleep(0.1)  # many bundles would end the hold
        row = json.loads(self.finish(trace)[0])
        self.assertEqual([(fate["sink"], fate["fate"], fate["at_ns"]) for fate in row["fates"]], [("out", None, None)])
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
