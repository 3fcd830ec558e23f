# SPDX-License-Identifier: Apache-2.0
"""A disk that is full for the output, for positions, or for the spool, and has room again later: nothing is lost or torn,
each trouble is told once, and memory stays bounded."""

import os
import re
import subprocess
import sys
import time
import unittest

from numbered import Seen, numbered
from harness import HAS_SANITIZER, Daemon, Flow

MIB = 1 << 20
MEMORY = 96 * MIB
LINES = 60_000

CONFIG = """
[global]
threads=2
stop_timeout=2s
state_dir={state}
stack=in:TAIL,out:FILE
[in]
path=in.log
start_at=beginning
[out]
path={out}
format=raw
{more}
"""


class FullDisk(Flow):
    """disk/ is a tmpfs of its own; this process has a mount namespace of its own, too, so nobody else sees it."""

    def mount(self, size):
        os.mkdir(self.path("disk"))
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.path("disk")], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.path("disk")], check=False)

    def fill(self, leave=0):
        """Takes all the room but so many bytes."""
        with open(self.path("disk/ballast"), "ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(65536))
            except OSError:
                pass
            size = ballast.tell()
            ballast.truncate(max(0, size - leave))

    def free(self):
        os.unlink(self.path("disk/ballast"))

    def begin(self, out, state=".", more=""):
        self.seen = Seen(self.path(out))
        self.addCleanup(self.seen.close)
        self.config = CONFIG.format(out=out, state=state, more=more)
        return Daemon(self, self.config)

    def add(self, first, last):
        self.write("in.log", numbered(first, last - 1), "a")

    def all_there(self, daemon, end):
        daemon.wait_for(lambda: self.seen.look().prefix >= end, f"{end} lines", 60)
        self.assertEqual((self.seen.total, len(self.seen.count)), (end, end))

    def told_once(self, log, event, reason):
        lines = [line for line in log.splitlines() if f"event={event} " in line]
        self.assertEqual(len(lines), 1, "\n".join(lines))
        self.assertRegex(lines[0], reason)

    def bounded(self, daemon):
        with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as status:
            most = int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1)) * 1024
        if not HAS_SANITIZER:
            self.assertLess(most, MEMORY)

    def test_output(self):
        self.mount("1m")
        self.fill(leave=300_000)
        self.add(0, LINES)
        daemon = self.begin("disk/out.log")
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "a full disk")
        time.sleep(2)
        self.add(LINES, LINES + 10)
        subprocess.run(["mount", "-o", "remount,size=16m", self.path("disk")], check=True)
        self.free()
        self.all_there(daemon, LINES + 10)
        self.bounded(daemon)
        daemon.stop()
        self.told_once(daemon.log(), "sink_waits", "write .*disk/out.log: No space left on device")
        self.assertIn("event=sink_recovered", daemon.log())
        self.assertEqual(self.read("disk/out.log"), numbered(0, LINES + 9))

    def test_output_that_is_full_when_the_daemon_is_killed_and_started(self):
        self.mount("1m")
        self.fill(leave=200_000)
        self.add(0, LINES)
        daemon = self.begin("disk/out.log")
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "a full disk")
        daemon.kill()
        for _ in range(3):
            daemon = Daemon(self, self.config)
            daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "a full disk")
            daemon.kill()
        daemon = Daemon(self, self.config)
        subprocess.run(["mount", "-o", "remount,size=16m", self.path("disk")], check=True)
        daemon.wait_for(lambda: self.seen.look().prefix >= LINES, "all lines", 60)
        daemon.stop()
        self.assertEqual(self.seen.look().missing(LINES), [])

    def test_positions(self):
        self.mount("1m")
        os.mkdir(self.path("disk/state"))
        self.add(0, 100)
        daemon = self.begin("out.log", state="disk/state")
        daemon.wait_for(lambda: os.path.exists(self.path("disk/state/in.pos")), "positions")
        self.fill()
        former = self.read("disk/state/in.pos")
        for last in range(10_000, LINES + 1, 10_000):
            self.add(100 if last == 10_000 else last - 10_000, last)
            self.all_there(daemon, last)  # rows go on
            time.sleep(0.4)
        daemon.wait_for(lambda: "event=positions_failed" in daemon.log(), "positions that cannot be written")
        self.told_once(daemon.log(), "positions_failed", r"cannot write .*disk/state/in\.pos\.new: No space left on device")
        self.assertIn("end 1 ", self.read("disk/state/in.pos"))
        self.assertGreaterEqual(len(self.read("disk/state/in.pos")), len(former) - 8)
        self.bounded(daemon)
        self.free()
        daemon.wait_for(lambda: f" {os.path.getsize(self.path('in.log'))} " in self.read("disk/state/in.pos"), "positions")
        daemon.kill()
        daemon = Daemon(self, self.config)
        self.add(LINES, LINES + 10)
        self.all_there(daemon, LINES + 10)  # and nothing is repeated
        daemon.stop()

    def test_positions_that_never_fit(self):
        self.mount("1m")
        os.mkdir(self.path("disk/state"))
        self.fill()
        self.add(0, LINES)
        daemon = self.begin("out.log", state="disk/state")
        self.all_there(daemon, LINES)
        daemon.stop()
        self.told_once(daemon.log(), "positions_failed", "No space left on device")
        self.free()
        daemon = Daemon(self, self.config)
        daemon.wait_for(lambda: self.seen.look().total >= 2 * LINES, "all lines again")
        daemon.stop()

    def test_spool(self):
        self.mount("40m")
        os.symlink("/dev/full", self.path("out.log"))
        self.fill(leave=25 * MIB)
        with open(self.path("in.log"), "w", encoding="ascii") as log:
            log.writelines(f"n{n} {'x' * 1000};\n" for n in range(LINES))
        daemon = self.begin("out.log", more="spool=disk/spool\nspool_size=64MiB")
        daemon.wait_for(lambda: "event=spool_full" in daemon.log(), "a full disk")
        time.sleep(2)
        self.assertRegex(daemon.log(), "level=(warning|error) event=spool_full .*")
        self.bounded(daemon)
        daemon.kill()
        daemon = Daemon(self, self.config)
        daemon.wait_for(lambda: "event=spool_full" in daemon.log(), "a full disk")
        self.told_once(daemon.log(), "spool_full", ".")
        os.unlink(self.path("out.log"))
        daemon.signal(10)
        daemon.wait_for(lambda: self.seen.look().prefix >= LINES, "all lines", 60)
        self.bounded(daemon)
        daemon.stop()
        self.assertEqual(self.seen.look().missing(LINES), [])
        self.assertLess(self.seen.total, LINES + 8192)

    def test_spool_without_room_for_a_segment(self):
        self.mount("40m")
        self.fill(leave=MIB)
        self.add(0, LINES)
        daemon = self.begin("out.log", more="spool=disk/spool\nspool_size=64MiB")
        daemon.wait_for(lambda: re.search("event=spool_(full|failed)", daemon.log()), "a full disk")
        time.sleep(1.5)
        self.assertEqual(self.seen.look().total, 0)
        self.free()
        self.all_there(daemon, LINES)
        daemon.stop()
        self.assertLessEqual(len(re.findall("event=spool_(?:full|failed)", daemon.log())), 2)


if __name__ == "__main__":
    if os.environ.get("FAULT_UNSHARED") is None:
        can = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False)
        if can.returncode != 0:
            print("skipped: no right to mount: " + can.stderr.decode())
            sys.exit(77)
        os.execvpe("unshare", ["unshare", "-m", sys.executable, *sys.argv], {**os.environ, "FAULT_UNSHARED": "1"})
    unittest.main()
