# SPDX-License-Identifier: Apache-2.0
"""A disk that is full: rows wait, and arrive whole and once when there is space again."""

import json
import os
import signal
import subprocess
import time
import unittest

from harness import BUILD, ROOT, Flow

STOOK = os.path.join(ROOT, BUILD, "stook")


class FullDisk(Flow):
    LINES = 20_000

    def start(self, words, shell):
        """`stook run` in a mount namespace of its own; its files are seen through /proc."""
        shell = f"mkdir disk && mount -t tmpfs -o size=1m tmpfs disk && {shell} && exec \"$@\""
        with open(self.path("err"), "wb") as err:
            process = subprocess.Popen(["unshare", "-m", "sh", "-c", shell, "sh", STOOK, "run", "--json", *words],
                                       cwd=self.dir, stdin=subprocess.DEVNULL, stdout=err, stderr=err)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_for(self, what, process):
        end = time.monotonic() + 30
        while what not in self.read("err"):
            self.assertLess(time.monotonic(), end, self.read("err"))
            self.assertIsNone(process.poll(), self.read("err"))
            time.sleep(0.005)

    def report(self):
        report = json.loads(self.read("err").splitlines()[-1])
        self.assertTrue(report["balanced"], report)
        return {(line["id"], line["kind"]): line for line in report["lines"]}, report

    def setUp(self):
        super().setUp()
        can_mount = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", self.dir],
                                   capture_output=True, check=False)
        if can_mount.returncode != 0:
            self.skipTest("no right to mount: " + can_mount.stderr.decode())
        self.lines = [f"{i} {'x' * (i % 40)}" for i in range(self.LINES)]  # about 500 KiB
        self.write("in.log", "".join(line + "\n" for line in self.lines))

    def test_once_there_is_space_again_all_arrives_and_no_line_is_torn_or_repeated(self):
        process = self.start(["file(in.log), file(path=disk/out.log, format=raw)"], "head -c 800000 /dev/zero > disk/ballast")
        self.wait_for("event=sink_waits", process)
        disk = f"/proc/{process.pid}/root{self.dir}/disk"
        with open(f"{disk}/out.log", "rb") as out:  # outlives the namespace
            self.assertLess(os.fstat(out.fileno()).st_size, 300_000)
            self.assertIsNone(process.poll())
            os.unlink(f"{disk}/ballast")
            self.assertEqual(process.wait(timeout=60), 0, self.read("err"))
            self.assertEqual(out.read().decode().splitlines(), self.lines)
        lines, report = self.report()
        self.assertTrue(report["all_home"])
        self.assertEqual(lines["file2", "sink"]["out"], self.LINES)
        self.assertGreater(lines["file2", "sink"]["retries"], 0)
        self.assertRegex(self.read("err"),
                         r'level=error event=sink_waits instance=file2 reason="write disk/out.log: No space left on device"')
        self.assertIn("event=sink_recovered", self.read("err"))

    def test_the_other_stack_goes_on_and_what_never_fits_is_named_at_the_stop(self):
        self.write("stook.conf", f"""
[global]
stop_timeout=500ms
stack=a:FILE,full:FILE
stack=b:FILE,free:FILE
[a]
path={self.path("in.log")}
[b]
path={self.path("in.log")}
[full]
path=disk/out.log
format=raw
[free]
path=free.log
format=raw
""")
        process = self.start(["stook.conf"], "head -c 2000000 /dev/zero > disk/ballast; true")
        self.wait_for("event=sink_waits", process)
        end = time.monotonic() + 30
        while not os.path.exists(self.path("free.log")) or self.read("free.log").count("\n") < self.LINES:
            self.assertLess(time.monotonic(), end, self.read("err"))
            time.sleep(0.005)
        self.assertEqual(self.read("free.log").splitlines(), self.lines)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=15), 1, self.read("err"))
        lines, report = self.report()
        self.assertEqual(lines["free", "sink"]["out"], self.LINES)
        missing = lines["full", "sink"]["in_flight"] + lines["a", "source"]["in_flight"]
        self.assertEqual(lines["full", "sink"]["out"] + missing, lines["a", "source"]["in"])
        self.assertGreater(missing, 0)
        self.assertIn(f"event=not_delivered rows={missing}", self.read("err"))


if __name__ == "__main__":
    unittest.main()
