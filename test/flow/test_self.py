# SPDX-License-Identifier: Apache-2.0
"""The daemon's own events and meters as rows, and that they do not feed on themselves."""

import os
import re
import unittest

from harness import Daemon, Programs

CONFIG = """
stack=in:TAIL,work:FILE
stack=me:SELF,{filters}out:FILE
[in]
path=in.log
start_at=beginning
[work]
path=work.log
format=raw
[me]
interval=20ms
{more}
[out]
path=out.log
format=json
"""

PRINTING = 'function filter(rec) print("again") end\n'


class SelfRows(Programs):
    def rows(self, kind):
        if not os.path.exists(self.path("out.log")):
            return []
        return [row for row in self.json_lines("out.log") if row["self"] == kind]

    def daemon(self, filters="", more=""):
        return Daemon(self, CONFIG.format(filters=filters, more=more))

    def test_meters(self):
        self.write("in.log", "a\n" * 1000)
        daemon = self.daemon(more="what=meters")
        daemon.wait_for(lambda: any(row["instance"] == "work" and row["kind"] == "sink" and row["rows.out"] == 1000
                                    for row in self.rows("meter")), "the meters")
        daemon.stop()
        kinds = {(row["instance"], row["kind"], row["plugin"]) for row in self.rows("meter")}
        self.assertLessEqual({("in", "source", "tail"), ("work", "sink", "file"), ("me", "source", "self")}, kinds)
        self.assertEqual(self.rows("event"), [])

    def test_events(self):
        self.write("in.log", "x" * 3000 + "\n")
        daemon = self.daemon(more="what=events")
        daemon.signal(12)  # the ledger goes to the log
        daemon.wait_for(lambda: any(row["event"] == "ledger_sum" for row in self.rows("event")), "the event")
        daemon.stop()
        row = next(row for row in self.rows("event") if row["event"] == "ledger_sum")
        self.assertEqual(row["level"], "notice")
        self.assertRegex(row["message"], "^level=notice event=ledger_sum read=")
        logged = [line.split(" ", 1)[1] for line in daemon.log().splitlines()]
        for row in self.rows("event"):
            self.assertIn(row["message"], logged)

    def test_a_row_that_makes_an_event_makes_no_row(self):
        self.write("print.lua", PRINTING)
        daemon = self.daemon("print:LUA,", "what=events\n[print]\nscript=print.lua")
        daemon.signal(12)
        daemon.wait_for(lambda: "event=script_log" in daemon.log(), "a script's words")
        daemon.wait_for(lambda: any(row["event"] == "ledger_sum" for row in self.rows("event")), "the ledger")
        daemon.stop()
        self.assertEqual([row for row in self.rows("event") if row["event"] == "script_log"], [])

    def test_a_loop_is_bounded_by_the_rate_and_counted(self):
        self.write("print.lua", PRINTING)
        daemon = self.daemon("print:LUA,", "what=events\nexclude=none\nrate=5\nlevel=info\n[print]\nscript=print.lua")
        daemon.signal(12)
        daemon.wait_for(lambda: "event=script_log" in daemon.log(), "a script's words")
        daemon.wait_for(lambda: "event=ledger_sum" in daemon.log(), "the first ledger")
        daemon.signal(12)
        daemon.wait_for(lambda: len(re.findall("event=ledger_sum", daemon.log())) == 2, "the second ledger")
        daemon.signal(15)
        self.assertIn(daemon.process.wait(timeout=30), (0, 1), daemon.log())
        self.assertIn("balanced=yes", daemon.log())
        self.assertLess(len(self.rows("event")), 200)


if __name__ == "__main__":
    unittest.main()
