#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`stook spool` on spools at rest, in use, and damaged."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

BUILD = os.environ["STOOK_BUILD"]
RECORDS = 200
DELIVERED = 50


def tool(*words):
    return subprocess.run([os.path.join(BUILD, "stook"), "spool", *words], capture_output=True, text=True, timeout=60)


def rows(first, last):
    return "".join(f"record {i} row {row}\n" for i in range(first, last + 1) for row in (1, 2))


class SpoolTool(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.spool = os.path.join(self.folder.name, "spool")
        self.filler = subprocess.Popen([os.path.join(BUILD, "test/flow/fill_spool"), self.spool, str(RECORDS), str(DELIVERED)],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.assertEqual(self.filler.stdout.readline(), "filled\n")

    def tearDown(self):
        self.rest()
        self.filler.stdout.close()
        self.folder.cleanup()

    def rest(self):
        if not self.filler.stdin.closed:
            self.filler.stdin.close()
            self.assertEqual(self.filler.wait(timeout=60), 0)

    def segments(self):
        return sorted(os.path.join(self.spool, name) for name in os.listdir(self.spool) if name.endswith(".seg"))

    def flip(self, path, offset):
        with open(path, "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 1]))

    def check_views(self, in_use):
        listed = json.loads(tool("list", self.spool, "--json").stdout)
        self.assertEqual(listed["in_use"], in_use)
        self.assertEqual(listed["waiting_records"], RECORDS - DELIVERED)
        self.assertEqual(listed["reader"]["sequence"], DELIVERED)
        self.assertEqual(listed["segments"][-1]["last"], RECORDS)
        self.assertIn("150 records wait", tool("list", self.spool).stdout)
        checked = tool("check", self.spool)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""), checked.stdout)
        self.assertEqual(tool("check", self.spool, "--json").stdout, "[]\n")
        self.assertEqual(tool("export", self.spool).stdout, rows(DELIVERED + 1, RECORDS))
        shown = tool("show", self.spool).stdout.splitlines()
        self.assertEqual(len(shown), 1 + RECORDS - DELIVERED)
        self.assertEqual(shown[1].split()[0], "51")
        self.assertTrue(shown[1].endswith("odd.log"))
        self.assertTrue(tool("export", self.spool, "--all").stdout.endswith(rows(DELIVERED + 1, RECORDS)))

    def test_a_spool_in_use_and_at_rest_shows_the_same_and_is_not_changed(self):
        self.check_views(True)
        self.rest()
        before = {path: pathlib.Path(path).read_bytes() for path in self.segments()}
        self.check_views(False)
        self.assertEqual(before, {path: pathlib.Path(path).read_bytes() for path in self.segments()})

    def test_damage_is_found_line_by_line(self):
        self.rest()
        self.flip(self.segments()[1], 64 + 24 + 3)
        checked = tool("check", self.spool)
        self.assertEqual(checked.returncode, 1)
        lines = checked.stdout.splitlines()
        self.assertEqual(len(lines), 2, lines)
        self.assertRegex(lines[0], r"0000000000000\w+\.seg:64: \d+ bytes do not verify: record \d+$")
        self.assertRegex(lines[1], r"records (\d+) to \1 are gone$")
        self.assertEqual(len(json.loads(tool("check", self.spool, "--json").stdout)), 2)
        self.assertEqual(len(tool("export", self.spool).stdout.splitlines()), 2 * (RECORDS - DELIVERED - 1))

    def test_repair_refuses_a_spool_in_use(self):
        refused = tool("repair", self.spool)
        self.assertEqual(refused.returncode, 3)
        self.assertIn("is in use by another process", refused.stderr)

    def test_repair_mends_a_header_and_copies_what_is_bad(self):
        self.rest()
        self.flip(self.segments()[1], 9)
        self.flip(self.segments()[2], 64 + 24 + 3)
        self.assertIn("the header does not verify", tool("check", self.spool).stdout)
        repaired = tool("repair", self.spool)
        self.assertEqual(repaired.returncode, 0, repaired.stderr)
        self.assertIn("header written anew", repaired.stdout)
        self.assertEqual(len(os.listdir(os.path.join(self.spool, "bad"))), 1)
        self.assertNotIn("header", tool("check", self.spool).stdout)

    def test_bad_usage_and_a_folder_that_is_no_spool(self):
        self.assertEqual(tool("list").returncode, 2)
        self.assertEqual(tool("show", self.spool, "--json").returncode, 2)
        missing = tool("list", self.spool + "/none")
        self.assertEqual(missing.returncode, 3)
        self.assertIn("cannot read the spool", missing.stderr)
        no_spool = tool("repair", self.folder.name)
        self.assertEqual(no_spool.returncode, 3)
        self.assertEqual(os.listdir(self.folder.name), ["spool"])


if __name__ == "__main__":
    unittest.main()
