# SPDX-License-Identifier: Apache-2.0
"""Rows that are collected before a sink: by number, by size, by time."""

import os
import time
import unittest

from harness import Daemon, Flow


class Hold(Flow):
    def run_made(self, count, options):
        result = self.run_config(f"stack=in:MADE,out:FILE\n[in]\ncount={count}\n[out]\npath=out.log\n{options}\n")
        self.assertEqual(len(self.read("out.log").splitlines()), count)
        os.unlink(self.path("out.log"))
        return result.line("out", "sink")

    def test_rows_are_passed_on_by_the_hundred_and_the_rest_at_the_end(self):
        self.assertEqual(self.run_made(250, "hold_rows=100")["deliveries"], 3)

    def test_batches_are_cut_within_bundles_and_filled_over_them(self):
        self.assertEqual(self.run_made(10_000, "hold_rows=7")["deliveries"], 1429)
        self.assertEqual(self.run_made(10_000, "hold_rows=3000")["deliveries"], 4)

    def test_bytes_count_as_well_as_rows(self):
        line = self.run_made(10_000, "hold_bytes=100KiB\nhold_rows=1000000")
        self.assertGreaterEqual(line["deliveries"], line["bytes"] // (160 * 1024))
        self.assertLessEqual(line["deliveries"], line["bytes"] // (100 * 1024) + 1)

    def test_memory_is_a_limit_that_only_makes_batches_smaller(self):
        self.assertGreater(self.run_made(10_000, "hold_rows=1000000\nhold_most=64KiB")["deliveries"], 10)

    def test_a_batch_holds_rows_of_a_spool_too(self):
        self.assertEqual(self.run_made(2500, f"hold_rows=1000\nspool={self.path('spool')}")["deliveries"], 3)

    def test_members_of_a_group_get_the_batches(self):
        for form in ("raw", "csv\nkeys=message\nheader=no"):
            result = self.run_config(f"stack=in:MADE,out:mirror(a:FILE, b:FILE)\n[in]\ncount=1050\n[out]\nhold_rows=500\n"
                                     f"[a]\npath=a.log\nformat=raw\n[b]\npath=b.log\nformat={form}\n")
            self.assertEqual(result.line("out", "sink")["deliveries"], 3)
            for name in ("a.log", "b.log"):
                self.assertEqual(len(self.read(name).splitlines()), 1050)
                os.unlink(self.path(name))

    CONFIG = """
[global]
state_dir=.
stack=in:TAIL,out:FILE
[in]
path=in.log
start_at=beginning
[out]
path=out.log
format=raw
hold_time=700ms
"""

    def test_nothing_goes_on_before_the_time_and_then_all_of_it(self):
        self.write("in.log", "1\n")
        begin = time.monotonic()
        daemon = Daemon(self, self.CONFIG)
        self.write("in.log", "2\n3\n", "a")
        daemon.wait_for(lambda: self.read("out.log") != "", "rows")
        self.assertGreater(time.monotonic() - begin, 0.7)
        daemon.wait_for(lambda: self.read("out.log") == "1\n2\n3\n", "all rows")
        daemon.stop()

    def test_rows_that_are_held_at_a_kill_are_read_again(self):
        daemon = Daemon(self, self.CONFIG.replace("700ms", "1h"))
        self.write("in.log", "1\n2\n3\n")
        time.sleep(1.5)  # positions are written each second: they may not move
        daemon.kill()
        self.assertEqual(self.read("out.log"), "")
        daemon = Daemon(self, self.CONFIG.replace("700ms", "1h"))
        daemon.stop()
        self.assertEqual(self.read("out.log"), "1\n2\n3\n")


if __name__ == "__main__":
    unittest.main()
