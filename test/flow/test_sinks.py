# SPDX-License-Identifier: Apache-2.0
"""Files that stook writes: rotation, compression, names from rows, modes, and each codec read back by another reader."""

import csv
import datetime
import glob
import json
import os
import re
import struct
import subprocess
import time
import unittest

from harness import Flow


def unpack(data):
    """All msgpack values in data. Independent of stook, after the msgpack specification."""
    at = 0

    def take(size):
        nonlocal at
        at += size
        assert at <= len(data), "data ends within a value"
        return data[at - size:at]

    def number(form):
        return struct.unpack(">" + form, take(struct.calcsize(form)))[0]

    def pairs(count):
        return {value(): value() for _ in range(count)}

    def value():
        tag = number("B")
        if tag <= 0x7f or tag >= 0xe0:
            return tag if tag <= 0x7f else tag - 256
        if tag <= 0x8f:
            return pairs(tag & 15)
        if tag <= 0x9f:
            return [value() for _ in range(tag & 15)]
        if tag <= 0xbf:
            return take(tag & 31).decode()
        if tag in (0xc0, 0xc2, 0xc3):
            return {0xc0: None, 0xc2: False, 0xc3: True}[tag]
        if 0xc4 <= tag <= 0xc6:
            return take(number("BHI"[tag - 0xc4]))
        if 0xca <= tag <= 0xd3:
            return number("fdBHIQbhiq"[tag - 0xca])
        if 0xd9 <= tag <= 0xdb:
            return take(number("BHI"[tag - 0xd9])).decode()
        if 0xdc <= tag <= 0xdd:
            return [value() for _ in range(number("HI"[tag - 0xdc]))]
        if 0xde <= tag <= 0xdf:
            return pairs(number("HI"[tag - 0xde]))
        size = number("BHI"[tag - 0xc7]) if tag <= 0xc9 else 1 << (tag - 0xd4)
        return number("b"), take(size)

    values = []
    while at < len(data):
        values.append(value())
    return values


class Sinks(Flow):
    def lines_of(self, name):
        """The lines of a file, whatever it was compressed with; it ends at the end of a line."""
        tools = {".gz": ["gzip", "-dc"], ".zst": ["zstd", "-qdc"]}
        tool = tools.get(os.path.splitext(name)[1], ["cat"])
        text = subprocess.run([*tool, self.path(name)], capture_output=True, check=True).stdout
        self.assertTrue(text == b"" or text.endswith(b"\n"), f"{name} ends within a line")
        return text.decode().splitlines()

    def rotated(self):
        """Names of the rotated files, the oldest first."""
        names = [os.path.basename(name) for name in glob.glob(self.path("out.log.*"))]
        return sorted(names, key=lambda name: -int(re.match(r"out\.log\.(\d+)", name)[1]))

    def numbered(self, more, count=20000):
        self.run_config(f"[global]\nthreads=2\nstack=in:MADE,out:FILE\n[in]\ncount={count}\n"
                        f"[out]\npath=out.log\nformat=pattern\npattern=$seq $message\\n\n{more}\n")


class Rotation(Sinks):
    def check_all_there(self, ending, count=20000):
        names = self.rotated()
        self.assertGreater(len(names), 5)
        self.assertTrue(all(name.endswith(ending) for name in names), names)
        self.assertEqual([int(re.match(r"out\.log\.(\d+)", name)[1]) for name in names], list(range(len(names), 0, -1)))
        lines = [line for name in names + ["out.log"] for line in self.lines_of(name)]
        self.assertEqual([int(line.split()[0]) for line in lines], list(range(1, count + 1)))

    def test_files_past_the_size_are_rotated_at_a_line(self):
        self.numbered("rotate=200KiB")
        self.check_all_there(tuple("0123456789"))
        for name in self.rotated():
            self.assertLess(abs(os.path.getsize(self.path(name)) - 200 * 1024), 128 * 1024, name)

    def test_rotated_files_are_compressed_by_gzip(self):
        self.numbered("rotate=200KiB\ncompress=gzip")
        self.check_all_there(".gz")

    def test_rotated_files_are_compressed_by_zstd(self):
        self.numbered("rotate=200KiB\ncompress=zstd")
        self.check_all_there(".zst")

    def test_only_so_many_files_stay(self):
        self.numbered("rotate=200KiB\nkeep_files=3\ncompress=zstd")
        self.assertEqual(self.rotated(), ["out.log.3.zst", "out.log.2.zst", "out.log.1.zst"])
        lines = [int(line.split()[0]) for name in self.rotated() + ["out.log"] for line in self.lines_of(name)]
        self.assertEqual(lines, list(range(lines[0], 20001)))

    def test_a_file_is_rotated_after_its_time(self):
        begin = time.monotonic()
        self.run_config("[global]\nstack=in:MADE,out:FILE\n[in]\nrate=1000\ncount=600\n"
                        "[out]\npath=out.log\nformat=pattern\npattern=$seq\\n\nrotate_every=100ms\n")
        names = self.rotated()
        self.assertGreaterEqual(len(names), 2)
        self.assertLessEqual(len(names), (time.monotonic() - begin) / 0.1)
        lines = [int(line) for name in names + ["out.log"] for line in self.lines_of(name)]
        self.assertEqual(lines, list(range(1, 601)))


class Files(Sinks):
    def test_rows_go_where_their_keys_say_and_never_out_of_the_folder(self):
        names = ["web1", "web2", "../../etc", "a/b", "", ".", "..", "x" * 300, "ü"]
        self.write("in.json", "".join(json.dumps({"host": names[n % len(names)], "n": n}) + "\n" for n in range(900)))
        self.run_config("[global]\nstack=in:FILE,p:PARSE_JSON,out:FILE\n[in]\npath=in.json\n"
                        "[out]\npath=by/$host/rows.json\nformat=json\n")
        found = {}
        for folder, _, files in os.walk(self.dir):
            for name in files:
                if name not in ("in.json", "stook.conf"):
                    path = os.path.join(folder, name)
                    self.assertTrue(path.startswith(self.path("by") + "/"), path)
                    with open(path, encoding="utf-8") as file:
                        found[path] = [json.loads(line) for line in file]
        self.assertEqual(sorted(row["n"] for rows in found.values() for row in rows), list(range(900)))
        self.assertEqual([row["n"] for row in found[self.path("by/web1/rows.json")]], list(range(0, 900, 9)))
        for rows in found.values():
            self.assertEqual([row["n"] for row in rows], sorted(row["n"] for row in rows))

    def test_a_time_makes_a_name(self):
        self.write("in.json", '{"at":"2026-01-02T03:04:05Z","n":1}\n{"at":"2026-02-03T00:00:00Z","n":2}\n')
        self.run_config("[global]\nstack=in:FILE,p:PARSE_JSON,t:PARSE_TIME,out:FILE\n[in]\npath=in.json\n"
                        "[t]\nkey=at\nto=time\n[out]\npath=day-${time:%Y%m%d}.json\nformat=pattern\npattern=$n\\n\n")
        self.assertEqual(self.read("day-20260102.json"), "1\n")
        self.assertEqual(self.read("day-20260203.json"), "2\n")

    def test_new_files_have_the_mode_and_a_file_that_is_there_is_appended_to(self):
        self.write("in.log", "new\n")
        self.write("old.log", "old\n")
        os.chmod(self.path("old.log"), 0o604)
        before = os.umask(0o077)
        try:
            for name, mode in (("new.log", ""), ("shared.log", ", mode=0664"), ("old.log", "")):
                self.run_stack(f"file(in.log), file(path={name}, format=raw{mode})")
        finally:
            os.umask(before)
        modes = {name: os.stat(self.path(name)).st_mode & 0o777 for name in ("new.log", "shared.log", "old.log")}
        self.assertEqual(modes, {"new.log": 0o640, "shared.log": 0o664, "old.log": 0o604})
        self.assertEqual(self.read("old.log"), "old\nnew\n")

    def test_rotated_and_compressed_files_keep_the_mode(self):
        self.numbered("rotate=200KiB\ncompress=gzip\nmode=0600")
        for name in self.rotated() + ["out.log"]:
            self.assertEqual(os.stat(self.path(name)).st_mode & 0o777, 0o600, name)

    def test_missing_folders_are_made(self):
        self.write("in.log", "one\n")
        self.run_stack("file(in.log), file(path=a/b/c/out.log, format=raw)")
        self.assertEqual(self.read("a/b/c/out.log"), "one\n")


AWKWARD = [
    {"a": 1, "b": 'say "x", y', "c": 1.5},
    {"a": -9223372036854775808, "b": "line\nbreak", "c": 0.1},
    {"a": 9223372036854775807, "b": "", "c": -1e300},
    {"a": 0, "b": "ünï ✓ \u0001", "c": 2.5},
    {"b": " blanks ", "c": 3.25},
]


class Codecs(Sinks):
    def encode(self, format, rows, more=""):
        self.write("in.json", "".join(json.dumps(row) + "\n" for row in rows))
        self.run_config(f"[global]\nstack=in:FILE,p:PARSE_JSON,out:FILE\n[in]\npath=in.json\n"
                        f"[out]\npath=out.{format}\nformat={format}\n{more}\n")
        return f"out.{format}"

    def test_json_is_read_back_by_python(self):
        rows = AWKWARD + [{"o": {"x": [1, None, True, {"y": []}], "z": {}}, "n": None}]
        self.assertEqual(self.json_lines(self.encode("json", rows)), rows)

    def test_msgpack_is_read_back_by_another_reader(self):
        rows = AWKWARD + [{"o": {"x": [1, None, True, {"y": []}], "z": {}, "big": 2**64 - 1, "long": "x" * 70000}},
                          {"list": list(range(-200, 200, 7)), "m": {f"k{n}": n for n in range(40)}, "n": None}]
        name = self.encode("msgpack", rows)
        with open(self.path(name), "rb") as file:
            self.assertEqual(unpack(file.read()), rows)

    def test_csv_is_read_back_by_python_with_one_header_a_file(self):
        name = self.encode("csv", AWKWARD, "keys=a, b, c")
        with open(self.path(name), newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file))
        self.assertEqual(lines[0], ["a", "b", "c"])
        self.assertEqual(len(lines), 1 + len(AWKWARD))
        for line, row in zip(lines[1:], AWKWARD):
            self.assertEqual(line[0], str(row.get("a", "")))
            self.assertEqual(line[1], row["b"].replace("\x01", "\\x01"))  # control characters are escaped
            self.assertEqual(float(line[2]), row["c"])
        self.encode("csv", AWKWARD, "keys=a, b, c")  # appended to, without another header
        with open(self.path(name), newline="", encoding="utf-8") as file:
            self.assertEqual(sum(line == ["a", "b", "c"] for line in csv.reader(file)), 1)

    def test_each_rotated_csv_has_its_header(self):
        self.run_config("[global]\nstack=in:MADE,out:FILE\n[in]\nwhat=json\ncount=20000\n"
                        "[out]\npath=out.log\nformat=csv\nkeys=seq, message\nrotate=100KiB\n")
        names = self.rotated() + ["out.log"]
        self.assertGreater(len(names), 5)
        numbers = []
        for name in names:
            with open(self.path(name), newline="", encoding="utf-8") as file:
                lines = list(csv.reader(file))
            self.assertEqual(lines[0], ["seq", "message"], name)
            numbers += [int(line[0]) for line in lines[1:]]
            self.assertTrue(all(json.loads(line[1]) for line in lines[1:]))
        self.assertEqual(numbers, list(range(1, 20001)))

    def test_pattern_and_raw(self):
        name = self.encode("pattern", [{"a": 1, "b": "x"}, {"a": 2}], "pattern=\"$a:${b:-none} 100% $$\\n\"")
        self.assertEqual(self.read(name), "1:x 100% $\n2:none 100% $\n")
        name = self.encode("raw", [{"a": 1, "b": "x\ty"}, {"b": "z"}], "key=b")
        self.assertEqual(self.read(name), "x\ty\nz\n")

    def test_a_row_without_the_key_of_raw_is_counted_as_dropped(self):
        self.write("in.json", '{"a":1}\n{"b":2}\n')
        result = self.run_stack("file(in.json), parse_json, file(path=out.raw, format=raw, key=b)", code=1)
        self.assertEqual(self.read("out.raw"), "2\n")
        self.assertEqual(result.line("file2", "codec")["dropped"], {"encode": 1})

    def test_times_are_iso_in_json(self):
        self.write("in.json", '{"at":"2026-01-02T03:04:05.678+01:00"}\n')
        self.run_stack("file(in.json), parse_json, parse_time(at), file(path=out.json, format=json)")
        row = self.json_lines("out.json")[0]
        found = [datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in row.values() if "T" in text]
        self.assertIn(datetime.datetime(2026, 1, 2, 2, 4, 5, 678000, datetime.timezone.utc), found)


if __name__ == "__main__":
    unittest.main()
