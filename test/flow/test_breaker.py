# SPDX-License-Identifier: Apache-2.0
"""A script that is hopeless is not called any more: its rows wait for a reload, and other stacks go on."""

import json
import os
import signal
import unittest

from harness import Daemon, Programs

HOPELESS = "function filter(rec) error('always') end"
GOOD = "function filter(rec) rec.good = true end"


class Breaker(Programs):
    def config(self, stacks, more=""):
        return f"""[global]
threads=2
state_dir={self.dir}
control=control
{stacks}
[in]
path=in.log
start_at=beginning
[bad]
script=bad.lua
on_error=drop
{more}
[out]
path=out.json
"""

    def write_rows(self, name, rows):
        self.write(name, "".join(f"{n}\n" for n in range(rows)))

    def has_rows(self, name):
        return os.path.exists(self.path(name)) and self.read(name).endswith("\n")

    def messages(self, name):
        return [int(row["message"]) for row in self.json_lines(name)]

    def stop(self, daemon):
        daemon.process.send_signal(signal.SIGTERM)
        return daemon.process.wait(timeout=30)

    def test_its_source_waits_and_a_reload_with_a_mended_script_goes_on(self):
        self.write_rows("in.log", 50_000)
        self.write("bad.lua", HOPELESS)
        daemon = Daemon(self, self.config("stack=in:TAIL,bad:LUA,out:FILE", "state=none"))
        daemon.wait_for(lambda: "event=suspended" in daemon.log(), "suspended")
        self.assertRegex(daemon.log(), r"level=error event=suspended instance=bad source=in "
                                       r'reason="its script failed for 100 rows in a row" rows="wait for a reload"')
        holder = json.loads(self.stook("health", "--json", "--socket", "control").out)["sources"][0]
        self.assertEqual([holder[key] for key in ("source", "stack", "holder", "holder_state", "reason")],
                         ["in", "in,bad", "bad", "suspended", "its script failed for 100 rows in a row"])
        # A reload that changes nothing gives the script another chance.
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: daemon.log().count("event=suspended") > 1, "suspended again")
        self.write("bad.lua", GOOD)
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: self.json_lines("out.json")[-1:] == [{"message": "49999", "good": True}], "the last row")
        daemon.stop(code=1)
        rows = self.messages("out.json")
        self.assertEqual(rows, sorted(set(rows)))
        lost = 50_000 - len(rows)
        # Each time it was called for 100 rows in a row in each worker, and the bundle at hand failed.
        self.assertTrue(200 <= lost <= 2 * 2 * 356, lost)

    def test_other_stacks_of_the_source_go_on(self):
        self.write_rows("in.log", 20_000)
        self.write("bad.lua", HOPELESS)
        daemon = Daemon(self, self.config("stack=in:TAIL,bad:LUA,out:FILE\nstack=in,two:FILE", "[two]\npath=two.json"))
        daemon.wait_for(lambda: self.has_rows("two.json") and len(self.messages("two.json")) == 20_000, "all rows in the other stack")
        self.assertIn('rows="fail until a reload"', daemon.log())
        self.assertEqual(daemon.log().count("event=suspended"), 1)
        self.write("bad.lua", GOOD)
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: "event=reloaded" in daemon.log(), "reloaded")
        with open(self.path("in.log"), "a", encoding="ascii") as file:
            file.write("20000\n")
        daemon.wait_for(lambda: self.has_rows("out.json") and self.messages("out.json") == [20_000], "the row of the mended script")
        daemon.stop(code=1)

    def test_three_loops_within_a_minute_are_enough(self):
        self.write_rows("in.log", 5000)
        self.write("bad.lua", "function filter(rec) if rec.message % 50 == 49 then while true do end end end")
        config = self.config("stack=in:FILE,bad:LUA,out:FILE", "budget=20ms").replace("start_at=beginning", "")
        result = self.stook("run", "--json", self.write("stook.conf", config))
        self.assertEqual(result.code, 1)  # rows wait that nobody will fetch
        self.assertTrue(result.report["balanced"])
        self.assertIn('reason="its script was ended beyond its budget three times within a minute"', result.log)
        self.assertEqual(result.log.count("event=script_killed"), 3)
        self.assertEqual(self.messages("out.json"), [n for n in range(149) if n % 50 != 49])

    def test_a_stop_does_not_wait_for_it_and_no_row_that_waits_is_lost(self):
        self.write_rows("in.log", 50_000)
        self.write("bad.lua", HOPELESS)
        config = self.config("stop_timeout=60s\nstack=in:TAIL,bad:LUA,out:FILE")
        daemon = Daemon(self, config)
        daemon.wait_for(lambda: "event=suspended" in daemon.log(), "suspended")
        self.assertEqual(self.stop(daemon), 1)
        self.write("bad.lua", GOOD)
        daemon = Daemon(self, config)
        daemon.wait_for(lambda: self.json_lines("out.json")[-1:] == [{"message": "49999", "good": True}], "the last row")
        daemon.stop()
        self.assertGreater(len(self.messages("out.json")), 49_000)


if __name__ == "__main__":
    unittest.main()
