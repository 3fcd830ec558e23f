# SPDX-License-Identifier: Apache-2.0
"""Files that grow, are renamed, truncated and deleted, and a daemon that is stopped and killed meanwhile."""

import os
import random
import re
import shutil
import signal
import threading
import time
import unittest

from harness import Daemon, Flow
from netns_kit import stand_still

PACE = 10000  # rows a second that the writer makes at most; positions are written once a second


class Tail(Flow):
    def config(self, path="in.log", more="", stated=False):
        state = f"state_dir={self.path('state')}\n" if stated else ""
        return (f"[global]\nthreads=2\n{state}stack=in:TAIL,out:FILE\n[in]\npath={path}\n{more}\n"
                "[out]\npath=out.log\nformat=raw\n")

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("state"))

    def out(self):
        """The lines so far; one that is being written is not one yet."""
        text = self.read("out.log") if os.path.exists(self.path("out.log")) else ""
        return text[:text.rfind("\n") + 1].splitlines()

    def add(self, name, *lines):
        self.write(name, "".join(f"{line}\n" for line in lines), "a")

    def arrives(self, daemon, expected):
        daemon.wait_for(lambda: len(self.out()) >= len(expected), f"{len(expected)} lines, there are {self.out()[-3:]}")
        self.assertEqual(self.out(), expected)


class Following(Tail):
    def test_lines_arrive_as_they_are_written(self):
        self.add("in.log", "before")
        daemon = Daemon(self, self.config())
        for n in range(20):
            self.add("in.log", f"line {n}")
            self.arrives(daemon, [f"line {k}" for k in range(n + 1)])
        daemon.stop()

    def test_start_at_says_where_the_first_start_begins(self):
        self.add("in.log", "before")
        daemon = Daemon(self, self.config(more="start_at=beginning"))
        self.add("in.log", "after")
        self.arrives(daemon, ["before", "after"])
        daemon.stop()

    def test_files_that_appear_later_are_found_and_read_from_their_begin(self):
        daemon = Daemon(self, self.config(path="logs/*/*.log"))
        expected = []
        for n in range(5):
            self.write(f"logs/host{n}/a.log", f"first of {n}\n")
            self.write(f"logs/host{n}/a.txt", "of another kind\n")
            expected.append(f"first of {n}")
            self.arrives(daemon, expected)
        daemon.stop()

    def test_an_unfinished_line_waits_for_its_newline(self):
        self.write("in.log", "")
        daemon = Daemon(self, self.config(more="partial_flush=0"))
        self.write("in.log", "whole\nhal", "a")
        self.arrives(daemon, ["whole"])
        self.write("in.log", "f\n", "a")
        self.arrives(daemon, ["whole", "half"])
        daemon.stop()

    def test_an_unfinished_line_is_handed_on_after_partial_flush(self):
        self.write("in.log", "")
        config = self.config(more="partial_flush=50ms").replace("format=raw", "format=json")
        daemon = Daemon(self, config)
        self.write("in.log", "hal", "a")
        daemon.wait_for(lambda: self.out(), "the part")
        self.assertEqual(self.json_lines("out.log"), [{"message": "hal", "partial": True}])
        daemon.stop()

    def test_a_truncated_file_begins_again(self):
        self.write("in.log", "")
        daemon = Daemon(self, self.config())
        self.add("in.log", "one", "two", "three")
        self.arrives(daemon, ["one", "two", "three"])
        os.truncate(self.path("in.log"), 0)
        self.add("in.log", "four")
        self.arrives(daemon, ["one", "two", "three", "four"])
        daemon.stop()

    def test_a_deleted_file_that_comes_again_is_read_from_its_begin(self):
        self.write("in.log", "")
        daemon = Daemon(self, self.config())
        expected = []
        for n in range(10):
            self.add("in.log", f"of life {n}")
            expected.append(f"of life {n}")
            os.unlink(self.path("in.log"))  # its last line may still be unread
            self.add("in.log", f"again {n}")
            expected.append(f"again {n}")
            daemon.wait_for(lambda: len(self.out()) == len(expected), f"{expected}")  # noqa: B023
            self.assertEqual(sorted(self.out()), sorted(expected))
        daemon.stop()


class Rotating(Tail):
    def writer(self, lines, on_rotate, every):
        """Writes numbered lines from a thread that opens the file anew after each rotation, as loggers do."""
        def run():
            for begin in range(0, lines, every):
                with open(self.path("in.log"), "a", encoding="utf-8") as log:
                    for n in range(begin, min(begin + every, lines)):
                        log.write(f"line {n}\n")
                        if n % 50 == 0:
                            log.flush()
                if begin + every < lines:
                    on_rotate(begin // every)
        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def test_twenty_renames_in_a_row_lose_and_repeat_nothing(self):
        self.write("in.log", "")
        daemon = Daemon(self, self.config())

        def rename(n):
            for k in range(n, -1, -1):
                name = "in.log" if k == 0 else f"in.log.{k}"
                if os.path.exists(self.path(name)):
                    os.rename(self.path(name), self.path(f"in.log.{k + 1}"))

        thread = self.writer(21000, rename, 1000)
        thread.join()
        self.assertTrue(os.path.exists(self.path("in.log.20")))
        daemon.wait_for(lambda: len(self.out()) >= 21000, f"all lines, there are {len(self.out())}")
        daemon.stop()
        lines = [int(line.split()[1]) for line in self.out()]
        self.assertEqual(sorted(lines), list(range(21000)))

    def test_copytruncate_before_all_was_read_reads_the_copy_first(self):
        self.write("in.log", "")
        daemon = Daemon(self, self.config(path="in.log*"))  # the copies match as well
        expected = []
        for n in range(10):
            self.add("in.log", f"round {n} seen")
            expected.append(f"round {n} seen")
            self.arrives(daemon, expected)
            stand_still(daemon)
            self.add("in.log", *[f"round {n} line {k}" for k in range(n * 10)])
            shutil.copy(self.path("in.log"), self.path(f"in.log.{n}"))
            os.truncate(self.path("in.log"), 0)
            self.add("in.log", *[f"round {n} after {k}" for k in range(300 - n)])
            expected += [f"round {n} line {k}" for k in range(n * 10)] + [f"round {n} after {k}" for k in range(300 - n)]
            daemon.signal(signal.SIGCONT)
            self.arrives(daemon, expected)
        daemon.stop()
        self.assertEqual(self.out(), expected)

    def test_copytruncate_between_lines_loses_nothing_that_was_read(self):
        self.write("in.log", "")
        daemon = Daemon(self, self.config())
        written = 0
        for n in range(20):
            self.add("in.log", *[f"line {k}" for k in range(written, written + 500)])
            written += 500
            daemon.wait_for(lambda: len(self.out()) >= written, "all before the truncation")  # noqa: B023
            shutil.copy(self.path("in.log"), self.path(f"in.log.{n}"))
            os.truncate(self.path("in.log"), 0)
        daemon.stop()
        self.assertEqual(self.out(), [f"line {k}" for k in range(written)])


class Restarting(Tail):
    CONFIG = "start_at=beginning\npartial_flush=0"

    def positions(self):
        text = self.read("state/in.pos")
        lines = text.splitlines()
        self.assertRegex(lines[0], r"^stook-pos 1 \d+$")
        self.assertTrue(all(re.match(r"^file( [0-9a-f]+){11} \S+$", line) for line in lines[1:-1]), text)
        self.assertRegex(lines[-1], rf"^end {len(lines) - 2} [0-9a-f]{{8}}$")
        self.assertTrue(text.endswith("\n"))
        return lines[1:-1]

    def test_an_orderly_stop_repeats_nothing_and_loses_nothing(self):
        self.write("in.log", "")
        written = 0
        for _ in range(6):
            daemon = Daemon(self, self.config(more=self.CONFIG, stated=True))
            for _ in range(3):
                self.add("in.log", *[f"line {n}" for n in range(written, written + 700)])
                written += 700
            daemon.stop()
            self.assertEqual(len(self.positions()), 1)
            self.assertEqual(os.stat(self.path("state/in.pos")).st_mode & 0o777, 0o600)
            self.add("in.log", *[f"line {n}" for n in range(written, written + 10)])  # while nobody looks
            written += 10
        daemon = Daemon(self, self.config(more=self.CONFIG, stated=True))
        self.arrives(daemon, [f"line {n}" for n in range(written)])
        daemon.stop()

    def test_a_rotation_while_nobody_looks_is_followed(self):
        self.write("in.log", "")
        daemon = Daemon(self, self.config(more=self.CONFIG, stated=True))
        self.add("in.log", "one")
        self.arrives(daemon, ["one"])
        daemon.stop()
        self.add("in.log", "two")
        os.rename(self.path("in.log"), self.path("in.log.1"))
        self.add("in.log", "three")
        daemon = Daemon(self, self.config(more=self.CONFIG, stated=True))
        daemon.wait_for(lambda: len(self.out()) >= 3, "both files")
        self.assertEqual(sorted(self.out()), ["one", "three", "two"])
        daemon.stop()

    def test_a_truncation_while_nobody_looks_is_followed_into_the_copy(self):
        self.write("in.log", "")
        daemon = Daemon(self, self.config(more=self.CONFIG, stated=True))
        self.add("in.log", "one")
        self.arrives(daemon, ["one"])
        daemon.stop()
        self.add("in.log", "two")
        shutil.copy(self.path("in.log"), self.path("in.log.1"))
        os.truncate(self.path("in.log"), 0)
        self.add("in.log", "three, which is longer than all that was there before")
        daemon = Daemon(self, self.config(more=self.CONFIG, stated=True))
        self.arrives(daemon, ["one", "two", "three, which is longer than all that was there before"])
        daemon.stop()

    def test_two_rotations_while_nobody_looks_are_both_read(self):
        self.write("in.log", "")
        daemon = Daemon(self, self.config(more=self.CONFIG, stated=True))
        self.add("in.log", "one")
        self.arrives(daemon, ["one"])
        daemon.stop()
        os.rename(self.path("in.log"), self.path("in.log.2"))
        self.add("in.log", "two")
        os.rename(self.path("in.log"), self.path("in.log.1"))
        self.add("in.log", "three")
        self.add("in.log.sorted", "three")  # not a name that rotation makes
        daemon = Daemon(self, self.config(more=self.CONFIG, stated=True))
        daemon.wait_for(lambda: len(self.out()) >= 3, "all files")
        daemon.stop()
        self.assertEqual(sorted(self.out()), ["one", "three", "two"])

    def test_a_stop_within_a_line_repeats_nothing_of_it(self):
        self.write("in.log", "")
        more = "start_at=beginning\npartial_flush=20ms\nmax_line=1KiB"
        for text, expected in (("hal", ["hal"]), ("\nnext\n", ["hal", "next"]), ("x" * 5000, ["hal", "next", "x" * 1024]),
                               ("y\nend\n", ["hal", "next", "x" * 1024, "end"])):
            daemon = Daemon(self, self.config(more=more, stated=True))
            self.write("in.log", text, "a")
            self.arrives(daemon, expected)
            daemon.stop()
            self.assertEqual(self.out(), expected)

    def test_positions_that_cannot_be_written_are_one_line_and_rows_go_on(self):
        self.write("in.log", "")
        daemon = Daemon(self, self.config(more=self.CONFIG, stated=True))
        self.add("in.log", "one")
        self.arrives(daemon, ["one"])
        daemon.wait_for(lambda: os.path.exists(self.path("state/in.pos")) and " 4 0 4 " in self.read("state/in.pos"), "the first position")
        os.mkdir(self.path("state/in.pos.new"))
        expected = ["one"]
        for n in range(4):
            self.add("in.log", f"line {n}")
            expected.append(f"line {n}")
            self.arrives(daemon, expected)
            time.sleep(0.6)
        daemon.wait_for(lambda: "event=positions_failed" in daemon.log(), "it is told")
        self.assertEqual(daemon.log().count("event=positions_failed"), 1)
        self.assertIn("failures=1", daemon.log())
        self.assertIn(" 4 0 4 ", self.read("state/in.pos"))
        os.rmdir(self.path("state/in.pos.new"))
        daemon.wait_for(lambda: " 32 0 32 " in self.read("state/in.pos"), "the position is written then")
        daemon.stop()
        self.assertRegex(daemon.log(), r"event=ledger element=in kind=source .* checkpoint_failures=[1-9]")

    def test_an_unusable_position_file_stops_the_start_and_the_tool_gets_out_of_it(self):
        self.add("in.log", "one")
        daemon = Daemon(self, self.config(more=self.CONFIG, stated=True))
        self.arrives(daemon, ["one"])
        daemon.stop()
        for ending in ("", ".old"):
            self.write("state/in.pos" + ending, "stook-pos 1 7\nfile 1 2\nend 1 0\n")
        self.write("stookd.conf", self.config(more=self.CONFIG, stated=True))
        result = self.stook("run", "stookd.conf")
        self.assertEqual(result.code, 3)
        self.assertIn("in.pos:2: the position file is damaged; `stook state reset ", result.err)
        self.assertIn("--from-start` reads all files again, `--from-end` goes on with what is written from now on", result.err)
        self.assertEqual(self.stook("state", "show", "state/in.pos").code, 3)
        self.assertEqual(self.stook("state", "reset", "state/in.pos").code, 2)
        self.assertEqual(self.stook("state", "reset", "state/no.pos", "--from-end").code, 3)
        for way, expected in (("--from-end", ["one", "two"]), ("--from-start", ["one", "two", "one", "two", "three"])):
            result = self.stook("state", "reset", "state/in.pos", way)
            self.assertEqual(result.code, 0, result.err)
            daemon = Daemon(self, self.config(more=self.CONFIG, stated=True))
            self.add("in.log", ("two", "three")[way == "--from-start"])
            self.arrives(daemon, expected)
            daemon.stop()
        shown = self.stook("state", "show", "state/in.pos")
        self.assertEqual(shown.code, 0)
        self.assertRegex(shown.out, r"\n +14  20\S+Z  \S+/in.log\n1 file; files that are not listed begin at their begin\n")

    def test_a_kill_at_any_moment_loses_nothing_and_repeats_little(self):
        seed = int(os.environ.get("STOOK_SEED", time.time_ns() & 0xffffffff))
        print(f"STOOK_SEED={seed}", flush=True)
        dice = random.Random(seed)
        self.write("in.log", "")
        ends = threading.Event()
        written = [0]

        def write():
            rotated = 0
            while not ends.is_set():
                with open(self.path("in.log"), "a", encoding="utf-8") as log:
                    for _ in range(100):
                        log.write("".join(f"line {n} {'x' * 60}\n" for n in range(written[0], written[0] + 20)))
                        log.flush()
                        written[0] += 20
                        if ends.wait(0.002):  # the writer's pace, so that a run is some tens of MB
                            break
                if not ends.is_set() and os.path.getsize(self.path("in.log")) > 1 << 20 and rotated < 8:
                    os.rename(self.path("in.log"), self.path(f"in.log.{rotated}"))
                    rotated += 1

        writer = threading.Thread(target=write)
        kills = 8
        try:
            for kill in range(kills):
                daemon = Daemon(self, self.config(more=self.CONFIG, stated=True))
                if kill == 0:
                    writer.start()
                moment = time.monotonic() + dice.uniform(0, 1.5)
                daemon.wait_for(lambda: time.monotonic() > moment, "the moment of the kill")  # noqa: B023
                daemon.kill()
        finally:
            ends.set()
            writer.join()
        daemon = Daemon(self, self.config(more=self.CONFIG, stated=True))
        last = f"line {written[0] - 1} "
        daemon.wait_for(lambda: last in self.read("out.log"), "the last line")
        daemon.stop()
        self.positions()
        # A kill may leave the head of a line at the end of the output; the next start ends it.
        numbers = [int(found) for found in re.findall(r"line (\d+) x{60}(?=\n|line)", self.read("out.log"))]
        self.assertEqual(sorted(set(numbers)), list(range(written[0])), f"seed {seed}")
        self.assertLessEqual(len(numbers) - written[0], kills * 2 * PACE, f"seed {seed}")


if __name__ == "__main__":
    unittest.main()
