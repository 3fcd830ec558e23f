# SPDX-License-Identifier: Apache-2.0
"""Bad input and missing files: each has a clear message and a counted outcome, and nothing else is lost."""

import gzip
import json
import os
import select
import random
import shutil
import subprocess
import time
import unittest
import zlib

from harness import BUILD, ROOT, Flow

MIB = 1 << 20
LONGEST = 256 * 1024  # max_line, as it is by default
STOOK = os.path.join(ROOT, BUILD, "stook")


class LongInput(Flow):
    def write_long(self, name, before, size, after):
        with open(self.path(name), "wb") as file:
            file.write(before)
            for _ in range(size // MIB):
                file.write(b"x" * MIB)
            file.write(after)

    def test_a_line_of_100_mib_is_cut_and_marked_and_its_neighbours_are_whole(self):
        self.write_long("in.log", b"before\n", 100 * MIB, b"end\nafter\n")
        result = self.run_bounded("file(in.log), file(path=out.json)")
        rows = self.json_lines("out.json")
        self.assertEqual(rows[0], {"message": "before"})
        self.assertEqual(rows[1], {"message": "x" * LONGEST, "truncated": True})
        self.assertEqual(rows[2], {"message": "after"})
        self.assertEqual(len(rows), 3)
        self.assertEqual(result.line("file")["bytes"], 100 * MIB + 17)
        self.assertRegex(result.log, r"level=warning event=lines_truncated instance=file path=in.log rows=1\b")

    def test_a_line_of_100_mib_on_the_standard_input_is_cut_too(self):
        self.write_long("in.log", b"before\n", 100 * MIB, b"\nafter\n")
        with subprocess.Popen(["cat", self.path("in.log")], stdout=subprocess.PIPE) as cat:
            self.run_bounded("stdin, file(path=out.json)", stdin=cat.stdout)
        rows = self.json_lines("out.json")
        self.assertEqual([row["message"][:6] for row in rows], ["before", "xxxxxx", "after"])
        self.assertEqual([row.get("truncated", False) for row in rows], [False, True, False])

    def test_a_file_without_any_newline_is_one_row(self):
        self.write_long("in.log", b"", 100 * MIB, b"")
        result = self.run_bounded("file(in.log), file(path=out.json)")
        self.assertEqual(self.json_lines("out.json"), [{"message": "x" * LONGEST, "truncated": True}])
        self.assertIn("event=lines_truncated", result.log)

    def test_a_gzip_bomb_is_inflated_in_bounded_memory(self):
        pack = zlib.compressobj(9, wbits=31)
        with open(self.path("bomb.gz"), "wb") as file:
            for _ in range(1024):
                file.write(pack.compress(bytes(MIB)))
            file.write(pack.compress(b"\nafter\n") + pack.flush())
        result = self.run_bounded("file(bomb.gz), file(path=out.json)")
        rows = self.json_lines("out.json")
        self.assertEqual(rows, [{"message": "\0" * LONGEST, "truncated": True}, {"message": "after"}])
        self.assertEqual(result.line("file")["bytes"], 1024 * MIB + 7)

    def test_truncated_and_damaged_gzip_gives_what_it_holds_and_the_next_file_is_read(self):
        lines = "".join(f"line {i} {random.Random(i).random()}\n" for i in range(20000)).encode()
        packed = gzip.compress(lines)
        self.write("cut.gz", packed[:len(packed) // 2])
        self.write("bad.gz", packed[:50000] + b"\xff" * 100 + packed[50100:])
        self.write("good.log", "good\n")
        for name, reason in (("cut.gz", "it ends in the middle of its compressed data"), 
                             ("bad.gz", "its gzip data is damaged")):
            with self.subTest(name=name):
                result = self.run_bounded(f"file({name}, good.log), file(path={name}.out, format=raw)", code=1)
                got = self.read(f"{name}.out").splitlines()
                whole = lines.decode().splitlines()
                self.assertEqual(got[-1], "good")
                self.assertGreater(len(got), 1000)
                same = sum(1 for a, b in zip(got[:-2], whole) if a == b)
                self.assertGreaterEqual(same, len(got) - 3 if name == "cut.gz" else 1000)
                self.assertEqual(result.line("file")["dropped"], {"unreadable": 1})
                self.assertRegex(result.log,
                                 rf'level=error event=file_unreadable instance=file path={name} offset=\d+ reason="{reason}')


class OddBytes(Flow):
    def test_nul_bytes_and_invalid_utf8_are_carried_and_json_stays_json(self):
        lines = [b"a\0b", b"\0", b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"caf\xc3\xa9 \xc3", b"\x9b31m",
                 "\u0085\u2028\u2029".encode(), b"\x1b[31m\rred", b'"\\\x7f']
        lines += [bytes(random.Random(7).choices(range(256), k=400)).replace(b"\n", b"").rstrip(b"\r") for _ in range(50)]
        self.write("in.log", b"\n".join(lines) + b"\n")
        for how in ("replace", "escape", "base64"):
            self.run_bounded(f"file(in.log), file(path={how}.json, format=json, binary={how})")
            with open(self.path(f"{how}.json"), "rb") as file:
                text = file.read()
            self.assertEqual(text.count(b"\n"), len(lines))
            self.assertNotRegex(text.replace(b"\n", b"").decode("utf-8"), "[\x00-\x1f\x80-\x9f\u2028\u2029]")
            rows = [json.loads(line) for line in text.split(b"\n")[:-1]]
            if how == "replace":
                self.assertEqual([row["message"] for row in rows], [line.decode("utf-8", "replace") for line in lines])
        self.run_bounded("file(in.log), file(path=raw.log, format=raw)")
        with open(self.path("raw.log"), "rb") as file:
            self.assertEqual(file.read(), b"\n".join(lines) + b"\n")

    def test_a_program_read_as_text_goes_through_every_parser(self):
        shutil.copy(STOOK, self.path("program"))
        with open(self.path("program"), "r+b") as file:
            file.truncate(2 * MIB)
        count = None
        for parser in ("parse_json", "parse_kv", "parse_csv(columns=a b c)", "parse_access(combined)", "parse_syslog",
                       "parse_regex('(?<a>x+)')"):
            with self.subTest(parser=parser):
                result = self.run_bounded(f"file(program), {parser}, file(path=out.json)")
                rows = self.json_lines("out.json")
                os.unlink(self.path("out.json"))
                count = count or len(rows)
                self.assertEqual(len(rows), count)
                faults = result.report["lines"][1]["faults"]
                self.assertEqual(sum(1 for row in rows if "parse_error" in row), faults)
                self.assertTrue(all("message" in row for row in rows if "parse_error" in row))

    def test_empty_input_is_no_fault(self):
        self.write("empty.log", "")
        self.write("empty.gz", gzip.compress(b""))
        self.write("blank.log", "\n\n")
        self.run_bounded("file(empty.log, empty.gz), parse_json, file(path=out.json)")
        self.assertEqual(self.read("out.json"), "")
        self.run_bounded("stdin, file(path=in.json)")
        self.assertEqual(self.read("in.json"), "")
        self.run_bounded("file(blank.log), file(path=blank.json)")
        self.assertEqual(self.json_lines("blank.json"), [{"message": ""}, {"message": ""}])


class Paths(Flow):
    def fails(self, code, message, what):
        """Nothing starts, and the message says all that is needed."""
        result = self.stook("run", "--json", what)
        self.assertEqual(result.code, code, result.err)
        self.assertIsNone(result.report)
        self.assertEqual(result.err, message)

    def setUp(self):
        super().setUp()
        self.write("in.log", "one\ntwo\n")

    def test_an_input_that_is_not_there_or_a_folder_stops_the_start(self):
        os.mkdir(self.path("folder"))
        self.fails(3, "stook run: [file] cannot read nope.log: No such file or directory\n", "file(nope.log), null")
        self.fails(3, "stook run: [file] cannot read nope.log: No such file or directory\n",
                   "file(in.log, nope.log), file(path=out.log)")
        self.fails(3, "stook run: [file] no file matches nope*.log\n", "file(nope*.log), null")
        self.fails(3, "stook run: [file] cannot read folder: it is a folder; folder/* names its files\n", "file(folder), null")

    def test_an_output_that_cannot_be_written_stops_the_start(self):
        self.fails(3, "stook run: cannot open nope/out.log: No such file or directory; create the folder, "
                      "or set create_folders = yes\n",
                   "file(in.log), file(path=nope/out.log, create_folders=no)")
        self.fails(3, "stook run: cannot open in.log/out.log: Not a directory; a part of the path is a file, "
                      "name another folder\n",
                   "file(in.log), file(path=in.log/out.log)")
        os.mkdir(self.path("folder"))
        self.fails(3, "stook run: cannot open folder: Is a directory; name a file in that folder\n",
                   "file(in.log), file(path=folder)")

    def test_a_missing_output_folder_is_made(self):
        self.run_bounded("file(in.log), file(path=a/b/c/out.log, format=raw)")
        self.assertEqual(self.read("a/b/c/out.log"), "one\ntwo\n")

    def test_a_configuration_that_is_not_there_is_named(self):
        self.fails(2, "nope.conf: cannot read it: No such file or directory\n", "nope.conf")

    def test_files_without_permission_are_named(self):
        self.write("closed.log", "secret\n")
        os.mkdir(self.path("shut"), 0o555)
        os.chmod(self.path("closed.log"), 0)
        os.chmod(self.dir, 0o755)
        if os.geteuid() == 0:  # whom nothing is forbidden
            if shutil.which("setpriv") is None or not os.access(os.path.dirname(STOOK), os.X_OK):
                self.skipTest("no way to run as another user")
            prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        else:
            prefix = []
        for stack, message in (("file(closed.log), null", "[file] cannot read closed.log: Permission denied"),
                               ("file(in.log), file(path=shut/out.log)",
                                "cannot open shut/out.log: Permission denied; let the user that stookd runs as write there")):
            done = subprocess.run([*prefix, STOOK, "run", stack], cwd=self.dir, capture_output=True, text=True,
                                  check=False, timeout=30)
            self.assertEqual((done.returncode, done.stderr), (3, f"stook run: {message}\n"))

    def test_a_file_that_cannot_be_read_is_counted_and_the_others_are_read(self):
        result = self.run_bounded("file(in.log, /proc/self/mem, in.log), file(path=out.log, format=raw)", code=1)
        self.assertEqual(self.read("out.log"), "one\ntwo\none\ntwo\n")
        self.assertEqual(result.line("file")["dropped"], {"unreadable": 1})
        self.assertRegex(result.log,
                         'event=file_unreadable instance=file path=/proc/self/mem offset=0 reason="Input/output error"')

    def test_a_file_that_vanishes_before_its_turn_is_counted(self):
        os.mkfifo(self.path("pipe"))
        self.write("late.log", "late\n")
        pipe = os.open(self.path("pipe"), os.O_RDWR)
        with open(self.path("err"), "wb") as err:
            process = subprocess.Popen([STOOK, "run", "--json",
                                        "file(pipe, late.log, in.log), file(path=out.log, format=raw)"],
                                       cwd=self.dir, stdin=subprocess.DEVNULL, stdout=err, stderr=err)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        os.write(pipe, b"first\n")
        end = time.monotonic() + 30
        while not os.path.exists(self.path("out.log")) or self.read("out.log") != "first\n":
            self.assertLess(time.monotonic(), end, self.read("err"))
            time.sleep(0.005)
        os.unlink(self.path("late.log"))
        os.close(pipe)
        self.assertEqual(process.wait(timeout=30), 1, self.read("err"))
        self.assertEqual(self.read("out.log"), "first\none\ntwo\n")
        report = json.loads(self.read("err").splitlines()[-1])
        self.assert_balanced(report)
        self.assertEqual(report["lines"][0]["dropped"], {"unreadable": 1})
        self.assertIn('path=late.log offset=0 reason="No such file or directory"', self.read("err"))

    def test_a_file_that_is_removed_while_it_is_read_is_read_to_its_end(self):
        with open(self.path("long.log"), "w", encoding="ascii") as file:
            for i in range(200_000):
                file.write(f"{i}\n")
        os.mkfifo(self.path("hold"))
        hold = os.fdopen(os.open(self.path("hold"), os.O_RDONLY | os.O_NONBLOCK), "rb")  # before somebody writes
        with open(self.path("err"), "wb") as err:
            process = subprocess.Popen([STOOK, "run", "--json", "file(long.log), file(path=hold, format=raw)"],
                                       cwd=self.dir, stdin=subprocess.DEVNULL, stdout=err, stderr=err)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        select.select([hold], [], [], 30)
        os.set_blocking(hold.fileno(), True)
        self.addCleanup(hold.close)
        got = hold.read(4096)  # it reads, and waits for us
        os.unlink(self.path("long.log"))
        got += hold.read()
        self.assertEqual(process.wait(timeout=30), 0, self.read("err"))
        self.assertEqual(got.decode().split(), [str(i) for i in range(200_000)])

    def test_no_value_of_a_key_leads_out_of_the_folder(self):
        hosts = ["../../etc/x", "/etc/passwd", "..", ".", "", "a/../../b", "~root", "a\0b", "new\nline", "-rf",
                 "x" * 5000, "..\\..", "ok-1.example", "$(reboot)", "\u202e\u2044etc", "....//", None]
        rows = [{"n": i} if host is None else {"host": host, "n": i} for i, host in enumerate(hosts)]
        self.write("in.log", "".join(json.dumps(row) + "\n" for row in rows))
        self.run_bounded("file(in.log), parse_json, file(path=box/out/$host.log)")
        names = os.listdir(self.path("box/out"))
        self.assertEqual(os.listdir(self.path("box")), ["out"])
        self.assertEqual(sorted(os.listdir(self.dir)), ["box", "in.log", "memory", "stderr", "stdout"])
        seen = set()
        for name in names:
            self.assertRegex(name, r"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,131}\Z")
            self.assertTrue(name.endswith(".log"), name)
            self.assertTrue(os.path.isfile(self.path(f"box/out/{name}")))
            seen.update(row["n"] for row in self.json_lines(f"box/out/{name}"))
        self.assertEqual(seen, set(range(len(hosts))))
        self.assertEqual([row["host"] for row in self.json_lines("box/out/ok-1.example.log")], ["ok-1.example"])


if __name__ == "__main__":
    unittest.main()
