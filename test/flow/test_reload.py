# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: the daemon goes over to another configuration while rows flow, and loses and repeats none."""

import json
import os
import random
import re
import signal
import threading
import time
import unittest

from harness import Daemon, Programs

CONFIG = """[global]
threads=2
state_dir={dir}
stop_timeout={timeout}
stack=in:TAIL,label:LUA,out:FILE
{stacks}
[in]
path=in.log
start_at=beginning
{tail}
[label]
script=label.lua
{label}
[out]
path={out}
format=pattern
pattern=$message $label\\n
{more}
"""
SCRIPT = """return {{
  reads = {{ "message" }}, writes = {{ "label:text" }},
  row = function(message) return true, "{label}" end,
}}
"""


class Writer:
    """Writes numbered lines until it is told to end."""

    def __init__(self, flow, rate=20000):
        self.path, self.rate, self.count, self.has_ended = flow.path("in.log"), rate, 0, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        flow.addCleanup(self.end)

    def run(self):
        with open(self.path, "ab", buffering=0) as file:
            begin = time.monotonic()
            while not self.has_ended:
                due = int((time.monotonic() - begin) * self.rate)
                file.write(b"".join(b"%d\n" % n for n in range(self.count + 1, due + 1)))
                self.count = max(self.count, due)
                time.sleep(0.002)

    def end(self):
        self.has_ended = True
        self.thread.join()
        return self.count


class Reload(Programs):
    def config(self, **parts):
        self.parts = {"dir": self.dir, "timeout": "10s", "stacks": "", "tail": "", "label": "", "out": "out.log", "more": "",
                      **getattr(self, "parts", {}), **parts}
        return CONFIG.format(**self.parts)

    def start(self, script=SCRIPT.format(label="first"), **parts):
        self.write("in.log", "")
        self.write("label.lua", script)
        return Daemon(self, self.config(**parts))

    def replace(self, name, text):
        """A reload asked for before reads the old file or the new one, and nothing between."""
        os.replace(self.write(name + ".new", text), self.path(name))

    def reload(self, daemon, event="reloaded", **parts):
        """Writes the configuration anew and asks; gives the lines of the log that this made."""
        at = len(daemon.log())
        self.replace("stookd.conf", self.config(**parts))
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: f"event={event}" in daemon.log()[at:], event)
        return daemon.log()[at:]

    def numbers(self, *names):
        found = []
        for name in names:
            if os.path.exists(self.path(name)):
                found += [int(line.split()[0]) for line in self.read(name).splitlines()]
        return found

    def assert_complete(self, count, *names):
        self.assertEqual(sorted(self.numbers(*names)), list(range(1, count + 1)))

    def test_a_script_a_stack_and_a_path_are_changed_under_load(self):
        daemon = self.start()
        writer = Writer(self)
        self.write("label.lua", SCRIPT.format(label="second"))
        self.assertIn("changed=\"\" added=\"\" removed=\"\" routes_kept=1 routes_swapped=0 scripts=label", self.reload(daemon))
        self.until(lambda: " second\n" in self.read("out.log"), "the new script")
        log = self.reload(daemon, stacks="stack=in,keep(message == 7),extra:file(path=extra.log, format=raw)")
        self.assertIn("changed=\"\" added=keep,extra ", log)
        self.assertIn("kept=3 ", self.reload(daemon, stacks=""))
        self.assertIn("changed=out ", self.reload(daemon, out="other.log"))
        self.until(lambda: os.path.exists(self.path("other.log")) and self.read("other.log"), "rows in the other file")
        count = writer.end()
        daemon.stop()
        self.assert_complete(count, "out.log", "other.log")
        for name in ("out.log", "other.log"):
            self.assertEqual(self.numbers(name), sorted(self.numbers(name)), "in order")

    def test_scripts_are_swapped_between_two_bundles_and_no_row_is_lost_or_repeated(self):
        daemon = self.start()
        writer = Writer(self)
        self.until(lambda: " first\n" in self.read("out.log"), "the first script")
        for number in range(1, 31):
            self.replace("label.lua", SCRIPT.format(label=f"l{number}"))
            self.assertIn("kept=2 changed=\"\" added=\"\" removed=\"\" routes_kept=1 routes_swapped=0 scripts=label",
                          self.reload(daemon))
        # What a script reads is another matter: keys have to be found anew, so its route is drained and built again.
        self.replace("label.lua", SCRIPT.format(label="other").replace('"message"', '"?message"'))
        self.assertIn("changed=label added=\"\" removed=\"\" routes_kept=0 routes_swapped=1 scripts=\"\"", self.reload(daemon))
        self.assertIn("kept=3 changed=\"\"", self.reload(daemon))
        self.until(lambda: " other\n" in self.read("out.log"), "the last script")
        count = writer.end()
        daemon.stop()
        self.assertEqual(self.numbers("out.log"), list(range(1, count + 1)))
        labels = [line.split()[1] for line in self.read("out.log").splitlines()]
        order = ["first"] + [f"l{number}" for number in range(1, 31)] + ["other"]
        at = [order.index(label) for label in labels]
        self.assertEqual((at[0], at[-1]), (0, 31))
        self.assertEqual(at, sorted(at), "each script in its turn")

    def test_a_script_that_counts_is_swapped_with_its_last_tick(self):
        script = """local n = 0
function filter(rec) n = n + 1 return false end
function tick(now, emit) emit({{ message = tostring(n), label = "{label}" }}) n = 0 end
"""
        daemon = self.start(script.format(label="first"), label="tick=1h")
        writer = Writer(self)
        for number in range(1, 11):
            before = len(self.read("out.log").splitlines())
            self.replace("label.lua", script.format(label=f"l{number}"))
            self.assertIn("kept=2 changed=\"\" added=\"\" removed=\"\" routes_kept=1 routes_swapped=0 scripts=label",
                          self.reload(daemon))
            self.until(lambda: len(self.read("out.log").splitlines()) > before, "the last tick of the former script")
        count = writer.end()
        daemon.stop()
        lines = [line.split() for line in self.read("out.log").splitlines()]
        self.assertEqual([label for _, label in lines], ["first"] + [f"l{number}" for number in range(1, 11)])
        self.assertEqual(sum(int(n) for n, _ in lines), count)

    def test_a_script_with_an_error_keeps_the_one_that_runs_and_says_so(self):
        daemon = self.start(timeout=f"10s\ncontrol={self.path('control')}")
        writer = Writer(self)
        self.replace("label.lua", "function filter(rec)\n  rec.x = = 1\nend\n")
        done = self.stook("reload", "--socket", "control")
        self.assertEqual(done.code, 1, done.out + done.err)
        self.assertIn("not reloaded, the former configuration runs on:", done.out)
        self.assertIn("[label] script: label.lua:2: unexpected symbol near '='", done.out)
        self.assertIn("label.lua:2: unexpected symbol", daemon.log())
        health = self.stook("health", "--socket", "control")
        self.assertEqual(health.code, 0, health.out)
        self.assertIn("the configuration was not reloaded, the former one runs on:\n", health.out)
        self.assertIn("label.lua:2", json.loads(self.stook("health", "--json", "--socket", "control").out)["reload_failed"])
        self.replace("label.lua", SCRIPT.format(label="second"))
        self.assertEqual(self.stook("reload", "--socket", "control").code, 0)
        self.until(lambda: " second\n" in self.read("out.log"), "the new script")
        daemon.wait_for(lambda: "scripts=label" in daemon.log(), "the reload is over")
        self.assertNotIn("not reloaded", self.stook("health", "--socket", "control").out)
        self.assertIsNone(json.loads(self.stook("health", "--json", "--socket", "control").out)["reload_failed"])
        count = writer.end()
        daemon.stop()
        self.assertEqual(self.numbers("out.log"), list(range(1, count + 1)))

    def test_a_changed_tail_goes_on_where_it_was(self):
        daemon = self.start()
        writer = Writer(self)
        for size in range(1, 6):
            self.assertIn("changed=in ", self.reload(daemon, tail=f"max_line={size}KiB"))
        count = writer.end()
        daemon.stop()
        self.assertEqual(self.numbers("out.log"), list(range(1, count + 1)))

    def test_a_mistake_changes_nothing_and_is_named_with_its_line(self):
        daemon = self.start()
        writer = Writer(self)
        log = self.reload(daemon, "reload_failed", more="colour=red")
        self.assertRegex(log, r'place="?\S*stookd.conf:18"? reason="\[out\] colour: no such option')
        log = self.reload(daemon, "reload_failed", more="", out="absent/out.log\ncreate_folders=no")
        self.assertRegex(log, "event=reload_failed reason=.*absent/out.log: No such file or directory")
        self.parts["out"] = "out.log"
        self.write("label.lua", "return {")
        self.assertIn("label.lua:1: ", self.reload(daemon, "reload_failed"))
        self.assertNotIn("event=reloaded", daemon.log())
        count = writer.end()
        daemon.stop()
        self.assertEqual(self.numbers("out.log"), list(range(1, count + 1)))
        self.assertNotIn("second", self.read("out.log"))

    def test_nothing_changed_swaps_nothing_and_opens_files_again(self):
        daemon = self.start()
        writer = Writer(self)
        self.until(lambda: self.read("out.log"), "rows")
        os.rename(self.path("out.log"), self.path("out.1"))
        self.assertIn("kept=3 changed=\"\" added=\"\" removed=\"\" routes_kept=1 routes_swapped=0", self.reload(daemon))
        self.until(lambda: os.path.exists(self.path("out.log")), "the new file")
        count = writer.end()
        daemon.stop()
        self.assertEqual(self.numbers("out.1", "out.log"), list(range(1, count + 1)))

    def test_what_a_blocked_sink_held_when_it_went_is_read_again(self):
        os.mkfifo(self.path("pipe"))
        reader = os.open(self.path("pipe"), os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        daemon = self.start(out="pipe", timeout="300ms")
        writer = Writer(self)
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "the pipe is full")
        self.reload(daemon, out="out.log")
        count = writer.end()
        self.until(lambda: count in self.numbers("out.log"), "the last row, for which a stop would wait 300 ms at the most")
        daemon.stop(1)  # rows were dropped by the sink that went
        self.assertRegex(daemon.log(), "event=ledger element=out kind=sink .*dropped_abandoned=[1-9]")
        numbers = self.numbers("out.log")
        self.assertEqual(numbers, list(range(numbers[0], count + 1)))
        taken = os.read(reader, 1 << 20)
        self.assertLessEqual(numbers[0], taken.count(b"\n") + 1, "no line between the pipe and the file is missing")

    def test_two_hundred_reloads_with_random_edits_under_load(self):
        seed = int(os.environ.get("STOOK_SEED", random.randrange(1 << 30)))
        print("seed", seed)
        draw = random.Random(seed)
        daemon = self.start()
        writer = Writer(self, 5000)
        names = {"out.log"}
        failed = 0
        end = time.monotonic() + 90
        for number in range(200):
            if time.monotonic() > end:
                break
            edit = draw.randrange(8)
            if edit == 0:
                self.replace("label.lua", SCRIPT.format(label=f"l{number}"))
                self.reload(daemon)
            elif edit == 1:
                self.reload(daemon, stacks=f"stack=in,keep(message > {number}),extra:file(path=extra{number % 7}, format=raw)")
            elif edit == 2:
                self.reload(daemon, stacks="")
            elif edit == 3:
                out = f"out{draw.randrange(5)}.log"
                names.add(out)
                self.reload(daemon, out=out)
            elif edit == 4:
                failed += 1
                self.assertIn("stookd.conf:18 ", self.reload(daemon, "reload_failed", more="colour=red"))
                self.parts["more"] = ""
            elif edit == 5:
                self.reload(daemon, tail=f"max_line={draw.randrange(1, 99)}KiB")
            elif edit == 6:
                self.reload(daemon, stacks="stack=other:TAIL,extra:file(path=extra, format=raw)\n[other]\npath=in.log")
                self.parts["stacks"] = ""
            else:
                daemon.signal(signal.SIGHUP)
                self.reload(daemon)
        self.assertGreaterEqual(number, 20)
        print("reloads", number + 1, "refused", failed)
        count = writer.end()
        daemon.stop()
        self.assert_complete(count, *names)
        for line in re.findall("event=reload_failed.*", daemon.log()):
            # The last one of two that were asked for at once may be under way at the end.
            self.assertRegex(line, "colour: no such option|reason=stopping")


if __name__ == "__main__":
    unittest.main()
