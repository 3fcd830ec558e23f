# SPDX-License-Identifier: Apache-2.0
"""Rows that a sink will never take: found among their neighbours, kept as letters, delivered later."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

from harness import BUILD, ROOT, Flow

STOOK = os.path.join(ROOT, BUILD, "stook")
CONFIG = """
[global]
{more}
stack=in:FILE,parse_json,out:FILE
[in]
path=in.json
[out]
path=out/$host
format=json
{out}
"""


class Letters(Flow):
    """Rows for the host `wall` are refused: a folder has the name of their file."""

    def make(self, count=3000, guilty=(0, 7, 1000, 1001, 2999)):
        self.guilty = set(guilty)
        rows = [{"host": "wall" if n in self.guilty else f"web{n % 3}", "n": n} for n in range(count)]
        self.write("in.json", "".join(json.dumps(row) + "\n" for row in rows))
        os.makedirs(self.path("out/wall"))

    def delivered(self):
        return sorted(row["n"] for n in range(3) for row in self.json_lines(f"out/web{n}"))

    def letters(self, folder="letters/out"):
        names = sorted(name for name in os.listdir(self.path(folder)) if name.endswith(".jsonl"))
        return [letter for name in names for letter in self.json_lines(f"{folder}/{name}")]


class Refused(Letters):
    def test_refused_rows_are_kept_alone_and_their_neighbours_delivered_once(self):
        self.make()
        result = self.run_config(CONFIG.format(more="letters=letters", out=""), code=1)
        self.assertEqual(self.delivered(), sorted(set(range(3000)) - self.guilty))
        letters = self.letters()
        self.assertEqual({json.loads(letter["text"])["n"] for letter in letters}, self.guilty)
        self.assertEqual(len(letters), len(self.guilty))
        for letter in letters:
            self.assertEqual((letter["sink"], letter["format"], letter["address"]), ("out", "json", self.path("out/wall")))
            self.assertIn("Is a directory", letter["reason"])
            self.assertGreater(letter["attempts"], 1)
        line = result.line("out", "sink")
        self.assertEqual((line["out"], line["lettered"], line["dropped"]), (2995, 5, {}))
        self.assertEqual(os.stat(self.path("letters")).st_mode & 0o777, 0o700)

    def test_order_within_a_file_is_kept_around_refused_rows(self):
        self.make(guilty=random.Random(3).sample(range(3000), 200))
        self.run_config(CONFIG.format(more="letters=letters", out=""), code=1)
        for n in range(3):
            rows = [row["n"] for row in self.json_lines(f"out/web{n}")]
            self.assertEqual(rows, [i for i in range(3000) if i % 3 == n and i not in self.guilty])
        self.assertEqual([json.loads(letter["text"])["n"] for letter in self.letters()], sorted(self.guilty))

    def test_without_a_folder_or_with_drop_refused_rows_are_dropped_and_counted(self):
        self.make()
        for more, out in (("", ""), ("letters=letters", "on_refused=drop")):
            result = self.run_config(CONFIG.format(more=more, out=out), code=1)
            line = result.line("out", "sink")
            self.assertEqual((line["lettered"], line["dropped"]), (0, {"refused": 5}))
        self.assertFalse(os.path.exists(self.path("letters")))

    def test_full_letters_are_dropped_with_that_reason(self):
        self.make(guilty=range(100, 200))
        result = self.run_config(CONFIG.format(more="letters=letters\nletters_size=4KiB", out=""), code=1)
        line = result.line("out", "sink")
        kept = len(self.letters())
        self.assertGreater(kept, 10)
        self.assertEqual((line["out"], line["lettered"], line["dropped"]), (2900, kept, {"letters_full": 100 - kept}))
        self.assertLessEqual(sum(os.path.getsize(self.path(f"letters/out/{name}"))
                                 for name in os.listdir(self.path("letters/out"))), 4096)
        self.assertIn("event=letters_full", result.log)

    def test_letters_lie_in_state_dir_when_there_is_one(self):
        self.make()
        self.run_config(CONFIG.format(more="state_dir=state", out=""), code=1)
        self.assertEqual(len(self.letters("state/letters/out")), 5)

    def test_what_is_wrong_is_said_before_the_start(self):
        self.make()
        for out, words in (("on_refused=letters", "[out] on_refused: there is no folder for letters; letters = DIR"),
                           ("on_refused=leters", "[out] on_refused: no sink 'leters' in this build; did you mean 'letters'?")):
            result = self.stook("check", self.write("stook.conf", CONFIG.format(more="", out=out)))
            self.assertEqual(result.code, 2)
            self.assertIn(words, result.err)

    def test_failed_rows_become_letters_that_say_which_element(self):
        self.write("in.json", '{"host":"a","n":1}\nnot json\n{"host":"b","n":2}\n')
        result = self.run_config("[global]\nletters=letters\nstack=in:FILE,parse:PARSE_JSON,out:FILE\n[in]\npath=in.json\n"
                                 "[parse]\non_error=letters\n[out]\npath=out.json\n", code=1)
        self.assertEqual(len(self.json_lines("out.json")), 2)
        letter, = self.letters("letters/letters")
        self.assertEqual(letter["reason"], "failed in 'parse'")
        self.assertEqual(json.loads(letter["text"])["message"], "not json")
        self.assertEqual(result.line("parse")["routed"], 1)
        self.assertEqual((result.line("letters", "sink")["lettered"], result.line("letters", "sink")["out"]), (1, 0))


class Tool(Letters):
    def setUp(self):
        super().setUp()
        self.make(guilty=range(500, 1500))
        self.run_config(CONFIG.format(more="letters=letters", out=""), code=1)

    def tool(self, *words, code=0):
        result = self.stook("letters", *words)
        self.assertEqual(result.code, code, result.err)
        return result.out

    def replay(self, code=0):
        return self.tool("replay", "letters", "--config", "stook.conf", "--sink", "out", code=code)

    def clear_the_way(self):
        os.rmdir(self.path("out/wall"))

    def test_letters_are_listed_shown_and_exported(self):
        line = self.tool("list", "letters").splitlines()[1].split()
        self.assertEqual((line[0], line[1], line[2]), ("out", "1", "000"))
        shown = self.tool("show", "letters", "2")
        self.assertEqual(shown.count("Is a directory"), 2)
        self.assertIn('{"host":"wall","n":501}\\n', shown)
        rows = [json.loads(line)["n"] for line in self.tool("export", "letters").splitlines()]
        self.assertEqual(rows, list(range(500, 1500)))
        self.assertEqual(self.tool("export", "letters", "--sink", "other"), "")

    def test_a_letter_that_holds_its_rows_id_is_shown_with_it(self):
        offset = sum(len(line) + 1 for line in self.read("in.json").splitlines()[:501])
        for out in ("also=stook.id", "format=msgpack\nalso=stook.id"):
            text = CONFIG.format(more="letters=more", out=out)
            self.run_config(text.replace("format=json\n", "") if "format" in out else text, code=1)
            self.assertRegex(self.tool("show", "more", "2"), rf"\(asked \d+ times, \w+, id in:\w+\.\w+\.\w+\.{offset}\)")
            shutil.rmtree(self.path("more"))
        self.assertNotIn(", id ", self.tool("show", "letters", "2"))

    def test_letters_are_delivered_once_the_way_is_free_and_then_they_are_gone(self):
        self.assertIn("delivered 0, refused again 1 000", self.replay(code=1))
        self.clear_the_way()
        self.assertIn("delivered 1 000, refused again 0", self.replay())
        self.assertEqual([row["n"] for row in self.json_lines("out/wall")], list(range(500, 1500)))
        self.assertEqual(os.listdir(self.path("letters/out")), [])
        self.assertEqual(self.tool("list", "letters"), "no letters\n")
        self.assertIn("delivered 0, refused again 0", self.replay())

    def test_letters_in_another_format_stay(self):
        self.clear_the_way()
        self.write("raw.conf", CONFIG.format(more="letters=letters", out="").replace("format=json", "format=raw"))
        result = self.stook("letters", "replay", "letters", "--config", "raw.conf", "--sink", "out")
        self.assertEqual(result.code, 1)
        self.assertIn("1000 letters are in format 'json', and sink 'out' takes 'raw'; they stay", result.err)
        self.assertEqual(len(self.letters()), 1000)

    def test_a_replay_that_is_killed_loses_nothing_and_repeats_a_few(self):
        self.clear_the_way()
        seed = int.from_bytes(os.urandom(4), "little")
        print("seed", seed)
        chance = random.Random(seed)
        kills = 0
        for _ in range(15):
            process = subprocess.Popen([STOOK, "letters", "replay", "letters", "--config", "stook.conf", "--sink", "out"],
                                       cwd=self.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0, 0.02))
            process.send_signal(signal.SIGKILL)
            kills += process.wait() != 0
        self.replay()
        rows = [row["n"] for row in self.json_lines("out/wall", torn=kills)]
        self.assertEqual(set(rows), set(range(500, 1500)))
        self.assertLessEqual(len(rows) - 1000, 256 * kills)
        self.assertEqual(os.listdir(self.path("letters/out")), [])

    def test_what_a_crash_left_of_letters_and_notes_does_no_harm(self):
        self.clear_the_way()
        name = self.path("letters/out/" + sorted(os.listdir(self.path("letters/out")))[0])
        first = self.letters()[0]
        with open(name, "a", encoding="utf-8") as file:
            file.write('{"time":"2026-11-21T03:38:00Z","sink":"out","te')
        with open(name.replace(".jsonl", ".done"), "w", encoding="utf-8") as file:
            file.write("0\n12")
        self.assertIn("delivered 999", self.replay())
        self.assertNotIn(first["text"], self.read("out/wall"))
        self.assertEqual(os.listdir(self.path("letters/out")), [])


class FullDisk(Letters):
    """Letters on a tmpfs of their own, in a mount namespace of its own."""

    def test_refused_rows_wait_for_room_and_nothing_is_lost_or_torn(self):
        can_mount = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", self.dir],
                                   capture_output=True, check=False)
        if can_mount.returncode != 0:
            self.skipTest("no right to mount: " + can_mount.stderr.decode())
        self.make(guilty=range(0, 3000, 3))
        self.write("stook.conf", CONFIG.format(more="letters=disk/letters", out="retry_most=200ms"))
        shell = ("mkdir disk && mount -t tmpfs -o size=256k tmpfs disk && head -c 200000 /dev/zero > disk/ballast && "
                 "exec \"$@\"")
        with open(self.path("err"), "wb") as err:
            process = subprocess.Popen(["unshare", "-m", "sh", "-c", shell, "sh", STOOK, "run", "--json", "stook.conf"],
                                       cwd=self.dir, stdin=subprocess.DEVNULL, stdout=err, stderr=err)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        end = time.monotonic() + 30
        while "letters: write" not in self.read("err"):
            self.assertLess(time.monotonic(), end, self.read("err"))
            self.assertIsNone(process.poll(), self.read("err"))
            time.sleep(0.005)
        disk = f"/proc/{process.pid}/root{self.dir}/disk"
        self.assertIn("No space left on device", self.read("err"))
        folder = os.open(f"{disk}/letters/out", os.O_RDONLY)  # outlives the namespace
        self.addCleanup(os.close, folder)
        subprocess.run(["nsenter", "-t", str(process.pid), "-m", "-r", "mount", "-o", "remount,size=8m", f"{self.dir}/disk"],
                       check=True)
        self.assertEqual(process.wait(timeout=60), 1, self.read("err"))
        report = json.loads(self.read("err").splitlines()[-1])
        self.assert_balanced(report)
        rows = []
        for name in sorted(os.listdir(folder)):
            with open(os.open(name, os.O_RDONLY, dir_fd=folder), encoding="utf-8") as file:
                rows += [json.loads(json.loads(line)["text"])["n"] for line in file]
        self.assertEqual(rows, list(range(0, 3000, 3)))


if __name__ == "__main__":
    unittest.main()
