# SPDX-License-Identifier: Apache-2.0
"""A reload that fails while a hopeless script has its stack stand still: it stands still afterwards, and no row is lost."""

import json
import os
import signal
import unittest

from harness import Daemon, Programs

HOPELESS_FROM = "function filter(rec) if tonumber(rec.message) >= {} then error('always') end end"
GOOD = "function filter(rec) rec.good = true end"


class ReloadBreaker(Programs):
    def config(self, more="", stacks=""):
        return f"""[global]
threads=2
state_dir=.
control=control
stop_timeout=300ms
stack=in:TAIL,bad:LUA,{more}out:FILE
{stacks}
[in]
path=in.log
start_at=beginning
[bad]
script=bad.lua
on_error=drop
state=none
[out]
path=out.json
"""

    def write_rows(self, name, first, last):
        self.write(name, "".join(f"{n}\n" for n in range(first, last)), "a")

    def reload(self, daemon, config, event):
        at = len(daemon.log())
        self.write("stookd.conf", config)
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: f"event={event}" in daemon.log()[at:], event)
        return daemon.log()[at:]

    def messages(self):
        if not os.path.isfile(self.path("out.json")):
            return []
        return [int(json.loads(line)["message"]) for line in self.read("out.json").splitlines(True) if line.endswith("\n")]

    def failed_rows(self):
        ledger = json.loads(self.stook("ledger", "--json", "--socket", "control").out)
        self.assertTrue(ledger["balanced"], ledger)
        return sum(line["dropped"].get("error", 0) for line in ledger["lines"])

    def has_counted(self):
        ledger = json.loads(self.stook("ledger", "--json", "--socket", "control").out)
        return all(line["in_flight"] == 0 for line in ledger["lines"] if line["id"] == "bad")

    def holder(self):
        sources = json.loads(self.stook("health", "--json", "--socket", "control").out)["sources"]
        return next(one["holder_state"] for one in sources if one["source"] == "in")

    def start(self, config, first_bad):
        self.write("bad.lua", HOPELESS_FROM.format(first_bad))
        daemon = Daemon(self, config)
        daemon.wait_for(lambda: "event=suspended" in daemon.log(), "suspended")
        self.assertIn('rows="wait for a reload"', daemon.log())
        daemon.wait_for(self.has_counted, "the rows that failed last are counted")
        return daemon

    def test_rows_that_wait_do_not_fail_when_another_stack_keeps_the_reload_from_going_on(self):
        stacks = "stack=two:TAIL,{}other:FILE\n[two]\npath=two.log\nstart_at=beginning\n[other]\npath=/dev/full"
        self.write_rows("in.log", 0, 50_000)
        self.write_rows("two.log", 0, 100)
        daemon = self.start(self.config(stacks=stacks.format("")), 0)
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "the other sink takes nothing")
        failed = self.failed_rows()
        changed = self.config("keep(message != 7),", stacks.format("keep(message != 7),"))
        self.assertIn("sink 'other' takes nothing", self.reload(daemon, changed, "reload_failed"))
        self.assertEqual(self.holder(), "suspended")
        self.write("bad.lua", GOOD)
        self.reload(daemon, self.config(stacks=stacks.format("")), "reloaded")
        daemon.wait_for(lambda: self.messages()[-1:] == [49_999], "the last row")
        rows = self.messages()
        self.assertEqual(rows, sorted(set(rows)))
        self.assertEqual(len(rows), 50_000 - failed)
        daemon.signal(signal.SIGTERM)
        daemon.process.wait(timeout=30)

    def test_rows_that_failed_for_a_reload_that_failed_are_read_again(self):
        os.symlink("/dev/full", self.path("out.json"))
        self.write_rows("in.log", 0, 50_000)
        daemon = self.start(self.config(), 200)
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "the sink takes nothing")
        self.assertIn("sink 'out' takes nothing", self.reload(daemon, self.config("keep(message != 7),"), "reload_failed"))
        self.assertEqual(self.holder(), "suspended")
        failed = self.failed_rows()
        self.write_rows("in.log", 50_000, 60_000)
        self.write("bad.lua", GOOD)
        os.unlink(self.path("out.json"))
        daemon.signal(signal.SIGUSR1)
        self.reload(daemon, self.config(), "reloaded")
        daemon.wait_for(lambda: self.messages()[-1:] == [59_999], "the last row")
        self.assertEqual(set(self.messages()), set(range(60_000)))
        self.assertEqual(self.failed_rows(), failed, "no more rows failed")
        daemon.stop(code=1)


if __name__ == "__main__":
    unittest.main()
