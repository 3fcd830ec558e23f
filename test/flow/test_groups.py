# SPDX-License-Identifier: Apache-2.0
"""Sinks made of sinks: members' files become /dev/full and come back while rows flow."""

import json
import os
import re
import signal
import time
import unittest

from harness import Daemon, Flow, open_files


class Groups(Flow):
    """Each member writes to a file of its name; one that is down finds /dev/full there."""

    CONFIG = """
[global]
stop_timeout=5s
state_dir=.
stack=in:TAIL,{stack}
[in]
path=in.log
start_at=beginning
[a]
path=a.log
format={form}
[b]
path=b.log
format={form}
{more}
"""
    LAST = "[c]\npath=c.log\nformat=raw\n"

    def setUp(self):
        super().setUp()
        self.written = {name: "" for name in "abc"}  # of each member, in files that it has no more

    def start(self, stack, more="", form="raw"):
        return Daemon(self, self.CONFIG.format(stack=stack, more=more, form=form))

    def add(self, first, last, text="{n}"):
        self.write("in.log", "".join(text.format(n=n) + "\n" for n in range(first, last + 1)), "a")

    def down(self, daemon, *names):
        """As a disk that fills up: what is written stays, what comes is not taken. A file takes rows until it is let go of."""
        former = {}
        for name in names:
            path = self.path(f"{name}.log")
            if os.path.isfile(path):
                former[name] = open(path, encoding="utf-8")
                self.addCleanup(former[name].close)
            os.symlink("/dev/full", path + ".new")
            os.rename(path + ".new", path)
        if daemon is not None:
            daemon.signal(signal.SIGUSR1)
            gone = {self.path(f"{name}.log (deleted)") for name in names}
            daemon.wait_for(lambda: gone.isdisjoint(open_files(daemon.process.pid)), "files are opened anew")
        for name, file in former.items():
            self.written[name] += file.read()

    def up(self, daemon, *names):
        for name in names:
            os.unlink(self.path(f"{name}.log"))
        daemon.signal(signal.SIGUSR1)

    def lines(self, name):
        path = self.path(f"{name}.log")
        now = self.read(f"{name}.log") if os.path.isfile(path) and not os.path.islink(path) else ""
        return (self.written[name] + now[:now.rfind("\n") + 1]).splitlines()  # the last one may be on its way

    def rows(self, name):
        return [int(line) for line in self.lines(name)]

    def wait_rows(self, daemon, name, count):
        daemon.wait_for(lambda: len(self.lines(name)) >= count, f"{count} rows in {name}")

    def ledger(self, daemon, name):
        """The last ledger line of a member."""
        found = re.findall(rf"event=ledger element={name} kind=member (.*)", daemon.log())
        self.assertTrue(found, daemon.log())
        return dict(re.findall(r"(\w+)=(\S+)", found[-1]))

    def test_failover_goes_to_the_next_member_and_comes_back(self):
        daemon = self.start("out:failover(a:FILE, b:FILE, last=c:FILE)", self.LAST)
        self.add(1, 10_000)
        self.wait_rows(daemon, "a", 10_000)
        for turn in range(1, 4):
            first = turn * 20_000 - 9_999
            self.down(daemon, "a")
            self.add(first, first + 9_999)
            self.wait_rows(daemon, "b", turn * 10_000)
            self.up(daemon, "a")
            self.add(first + 10_000, first + 19_999)
            self.wait_rows(daemon, "a", (turn + 1) * 10_000)
        daemon.stop()
        blocks = [list(range(n * 10_000 + 1, n * 10_000 + 10_001)) for n in range(7)]
        self.assertEqual(self.rows("a"), sum(blocks[0::2], []))
        self.assertEqual(self.rows("b"), sum(blocks[1::2], []))
        self.assertEqual(self.rows("c"), [])
        self.assertRegex(daemon.log(), r'event=group_moved instance=out from=a to=b reason=".*No space left on device')
        self.assertRegex(daemon.log(), r'event=group_moved instance=out from=b to=a reason="it works again"')
        self.assertEqual(self.ledger(daemon, "a")["out"], "40000")
        self.assertEqual(self.ledger(daemon, "b")["out"], "30000")
        self.assertEqual(self.ledger(daemon, "a")["state"], "used")

    def test_last_takes_what_nobody_else_takes(self):
        self.down(None, "a", "b")
        daemon = self.start("out:failover(a:FILE, b:FILE, last=c:FILE)", self.LAST)
        self.add(1, 20_000)
        self.wait_rows(daemon, "c", 20_000)
        self.up(daemon, "b")
        self.add(20_001, 30_000)
        self.wait_rows(daemon, "b", 10_000)
        daemon.stop()
        self.assertEqual(self.rows("c"), list(range(1, 20_001)))
        self.assertEqual(self.rows("b"), list(range(20_001, 30_001)))
        self.assertEqual(self.ledger(daemon, "a")["state"], "failing")

    def test_start_by_keeps_each_value_with_its_member_until_that_one_fails(self):
        text = "host=h{h} n={{n}}"
        daemon = self.start("parse_kv, out:failover(a:FILE, b:FILE, start_by=host)", form="json")
        for block in range(10):
            self.add(block * 1000 + 1, block * 1000 + 1000, text.format(h=block))
        daemon.wait_for(lambda: len(self.lines("a")) + len(self.lines("b")) == 10_000, "all rows")
        hosts = {name: {json.loads(line)["host"] for line in self.lines(name)} for name in "ab"}
        self.assertEqual(len(hosts["a"]) + len(hosts["b"]), 10)
        self.assertTrue(hosts["a"] and hosts["b"], hosts)
        for name in "ab":
            numbers = [int(json.loads(line)["n"]) for line in self.lines(name)]
            self.assertEqual(numbers, sorted(numbers))
        before = self.lines("a")
        self.down(daemon, "a")
        for block in range(10, 20):
            self.add(block * 1000 + 1, block * 1000 + 1000, text.format(h=block - 10))
        daemon.wait_for(lambda: len(self.lines("a")) + len(self.lines("b")) == 20_000, "all rows")
        self.assertEqual(self.lines("a"), before)
        daemon.stop()
        every = [int(json.loads(line)["n"]) for name in "ab" for line in self.lines(name)]
        self.assertEqual(sorted(every), list(range(1, 20_001)))

    def test_a_group_behind_a_spool(self):
        self.down(None, "a", "b")
        daemon = self.start("out:failover(a:FILE, b:FILE)", "[out]\nspool=spool\n")
        self.add(1, 30_000)
        size = os.path.getsize(self.path("in.log"))
        daemon.wait_for(lambda: os.path.exists(self.path("in.pos")) and f" {size} " in self.read("in.pos"), "all settled")
        self.up(daemon, "b")
        self.wait_rows(daemon, "b", 30_000)
        daemon.stop()
        self.assertEqual(self.rows("b"), list(range(1, 30_001)))
        self.assertEqual(self.ledger(daemon, "b")["out"], "30000")

    def test_balance_shares_the_rows(self):
        daemon = self.start("out:balance(a:FILE, b:FILE)")
        for block in range(20):
            self.add(block * 1000 + 1, block * 1000 + 1000)
            daemon.wait_for(lambda: len(self.lines("a")) + len(self.lines("b")) == (block + 1) * 1000, "a block")
        self.down(daemon, "a")
        taken = len(self.lines("a"))
        self.add(20_001, 30_000)
        daemon.wait_for(lambda: len(self.lines("a")) + len(self.lines("b")) == 30_000, "all rows")
        daemon.stop()
        self.assertGreater(taken, 1000)
        self.assertEqual(len(self.rows("a")), taken)
        self.assertEqual(sorted(self.rows("a") + self.rows("b")), list(range(1, 30_001)))
        for name in "ab":
            self.assertEqual(self.rows(name), sorted(self.rows(name)))

    def test_mirror_goes_on_without_a_member_and_counts_what_it_misses(self):
        daemon = self.start("out:mirror(a:FILE, b:FILE, wait=100ms, fail_back=1h)")
        self.add(1, 10_000)
        self.wait_rows(daemon, "a", 10_000)
        self.wait_rows(daemon, "b", 10_000)
        self.down(daemon, "b")
        self.add(10_001, 20_000)
        self.wait_rows(daemon, "a", 20_000)
        daemon.wait_for(lambda: os.path.exists(self.path("in.pos")) and
                        f" {os.path.getsize(self.path('in.log'))} " in self.read("in.pos"), "all settled")
        self.up(daemon, "b")
        self.add(20_001, 30_000)
        self.wait_rows(daemon, "a", 30_000)
        self.wait_rows(daemon, "b", 20_000)
        daemon.stop(code=1)
        self.assertEqual(self.rows("a"), list(range(1, 30_001)))
        self.assertEqual(self.rows("b"), list(range(1, 10_001)) + list(range(20_001, 30_001)))
        self.assertEqual(self.ledger(daemon, "b")["dropped_mirror"], "10000")

    def test_mirror_that_needs_all_waits_for_all(self):
        daemon = self.start("out:mirror(a:FILE, b:FILE, need=2)")
        self.add(1, 1000)
        self.wait_rows(daemon, "b", 1000)
        self.down(daemon, "b")
        self.add(1001, 5000)
        daemon.wait_for(lambda: "event=sink_waits instance=out" in daemon.log(), "waits")
        self.up(daemon, "b")
        self.wait_rows(daemon, "b", 5000)
        daemon.stop()
        self.assertEqual(self.rows("a"), list(range(1, 5001)))
        self.assertEqual(self.rows("b"), list(range(1, 5001)))

    def test_reloads_under_load(self):
        """Groups, their members, their kinds and formats change while rows flow: each row comes once."""
        def config(stack, b="b.log", form="raw", more=""):
            return (self.CONFIG.format(stack=stack, more=more, form="raw")
                    .replace("path=b.log\nformat=raw", f"path={b}\nformat={form}"))

        c = "[c]\npath=c.log\nformat=raw\n"
        texts = [config("out:failover(a:FILE, b:FILE)"),
                 config("out:failover(b:FILE, a:FILE)"),
                 config("out:balance(a:FILE, b:FILE, c:FILE)", more=c),
                 config("out:balance(a:FILE, b:FILE)", b="d.log"),
                 config("out:balance(a:FILE, b:FILE)", b="e.log", form="csv\nkeys=message\nheader=no"),
                 config("out:failover(a:FILE, b:FILE, start_by=message)"),
                 config("other:balance(a:FILE, b:FILE)")]
        daemon = Daemon(self, texts[0])
        count = 0
        for turn in range(3 * len(texts)):
            self.write("stookd.conf", texts[turn % len(texts)])
            daemon.signal(signal.SIGHUP)
            while daemon.log().count("event=reloaded") <= turn:
                self.assertNotIn("event=reload_failed", daemon.log())
                self.add(count + 1, count + 100)
                count += 100
                daemon.wait_for(lambda: True, "alive")
                time.sleep(0.001)  # not more than a daemon that is checked at each access takes, however long a reload is
        files = [f"{name}.log" for name in "abcde"]

        def rows():
            return [int(line) for name in files if os.path.exists(self.path(name)) for line in self.read(name).splitlines()]

        daemon.wait_for(lambda: len(rows()) >= count, "all rows")
        daemon.stop()
        self.assertEqual(sorted(rows()), list(range(1, count + 1)))

    def test_members_have_formats_of_their_own(self):
        """JSON, CSV with a header, and a line with a key about the row, of which the others know nothing."""
        rows = [{"n": n, "name": f"né {n}", "big": 2**63 + n, "list": [n, {"k": None}]} for n in range(1, 3001)]
        self.write("in.log", "".join(json.dumps(row) + "\n" for row in rows))
        result = self.run_config(
            "stack=in:FILE,parse_json,out:mirror(a:FILE, b:FILE, c:FILE, need=3)\n[in]\npath=in.log\n"
            "[a]\npath=a.json\n[b]\npath=b.csv\nformat=csv\nkeys=n, list\n"
            "[c]\npath=c.log\nformat=pattern\npattern=\"$n $file.path\\n\"\n")
        self.assertEqual(self.json_lines("a.json"), rows)
        self.assertEqual(self.read("b.csv"), "n,list\n" + "".join(
            f'{n},"[{n},{{""k"":null}}]"\n' for n in range(1, 3001)))
        self.assertEqual(self.read("c.log"), "".join(f"{n} {self.path('in.log')}\n" for n in range(1, 3001)))
        self.assertEqual(result.line("out", "codec")["plugin"], "msgpack")
        for name in "abc":
            self.assertEqual(result.line(name, "member")["out"], 3000)

    def test_a_name_that_is_bin_in_msgpack_is_a_name_to_each_member(self):
        """One that is too long for a key stays among the row's other members, as it came."""
        self.write("in.lua", r'''return { kind = "source", writes = { "m:bytes" }, run = function()
              for n = 1, 3 do emit{ m = "\x82\xa1n" .. string.char(n) .. "\xc5\x01\x2c" .. ("k"):rep(300) .. "\xa1v" } end
            end }''')
        self.run_config("stack=in:LUA(in.lua),parse_msgpack(m),out:mirror(a:FILE, b:FILE, need=2)\n"
                        "[a]\npath=a.json\n[b]\npath=b.log\nformat=pattern\npattern=\"$n\\n\"\n")
        self.assertEqual(self.json_lines("a.json"), [{"n": n, "k" * 300: "v"} for n in (1, 2, 3)])
        self.assertEqual(self.read("b.log"), "1\n2\n3\n")

    def test_a_row_that_a_members_format_cannot_hold_goes_to_the_next(self):
        """Also behind a spool, whose records are in the group's format."""
        rows = [{"n": n} if n % 100 == 0 else {"n": n, "message": f"m{n}"} for n in range(1, 3001)]
        self.write("in.log", "".join(json.dumps(row) + "\n" for row in rows))
        for more in ("", "spool=spool\n"):
            result = self.run_config(
                "stack=in:FILE,parse_json,out:failover(a:FILE, b:FILE)\n[in]\npath=in.log\n"
                f"[a]\npath=a.log\nformat=raw\n[b]\npath=b.json\n[out]\n{more}")
            self.assertEqual(self.read("a.log"), "".join(f"m{n}\n" for n in range(1, 3001) if n % 100))
            self.assertEqual(self.json_lines("b.json"), [{"n": n} for n in range(100, 3001, 100)])
            self.assertEqual((result.line("a", "member")["out"], result.line("b", "member")["out"]), (2970, 30))
            os.unlink(self.path("a.log"))
            os.unlink(self.path("b.json"))

    def test_members_with_different_formats_are_killed_and_come_back(self):
        text = self.CONFIG.format(stack="parse_kv, out:failover(a:FILE, b:FILE, start_by=host)",
                                  more="[out]\nspool=spool\nretry_most=100ms\n", form="json")
        daemon = Daemon(self, text.replace("format=json", "format=csv\nkeys=host, n\nheader=no", 1))
        for block in range(20):
            names = [name for name in "ab" if block >> "ab".index(name) & 1]
            self.down(daemon, *names)
            self.add(block * 500 + 1, block * 500 + 500, f"host=h{block % 7} n={{n}}")
            up = [name for name in "ab" if name not in names]
            if up:
                daemon.wait_for(lambda: sum(len(self.lines(name)) for name in "ab") >= block * 500 + 400, "a block")
            self.up(daemon, *names)
        daemon.wait_for(lambda: sum(len(self.lines(name)) for name in "ab") >= 10_000, "all rows")
        daemon.stop()
        self.assertEqual(sorted({int(line.split(",")[1]) for line in self.lines("a")} |
                                {int(json.loads(line)["n"]) for line in self.lines("b")}), list(range(1, 10_001)))

    def test_a_run_reports_its_members(self):
        self.add(1, 5000)
        result = self.run_config("stack=in:FILE,out:failover(a:FILE, b:FILE)\n[in]\npath=in.log\n"
                                 "[a]\npath=/dev/full\nformat=raw\n[b]\npath=b.log\nformat=raw\n")
        self.assertEqual(result.line("out", "sink")["out"], 5000)
        self.assertEqual(result.line("b", "member")["out"], 5000)
        self.assertEqual(result.line("b", "member")["state"], "used")
        self.assertEqual(result.line("a", "member")["state"], "failing")


if __name__ == "__main__":
    unittest.main()
