# SPDX-License-Identifier: Apache-2.0
"""The kernel's log: the real one where it can be read, and recorded ones in a pipe."""

import datetime
import os
import re
import subprocess
import unittest

from harness import Daemon, Programs

CONFIG = """
stack=in:KMSG,out:FILE
[in]
path={path}
state_file=pos
[out]
path=out.log
format=json
"""


def kernel_records():
    """All records as the kernel gives them now; none where it does not."""
    try:
        fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return []
    found = []
    while True:
        try:
            found.append(os.read(fd, 8192).decode("utf-8", "replace"))
        except BrokenPipeError:
            continue
        except OSError:
            os.close(fd)
            return found


class Kmsg(Programs):
    def rows(self):
        return self.json_lines("out.log") if os.path.exists(self.path("out.log")) else []

    @unittest.skipUnless(kernel_records(), "/dev/kmsg cannot be read here")
    def test_the_real_one_over_a_restart(self):
        before = kernel_records()
        for _ in range(2):
            daemon = Daemon(self, CONFIG.format(path="/dev/kmsg"))
            daemon.wait_for(lambda: len(self.rows()) >= len(before), "all records")
            daemon.stop()
        rows = self.rows()
        numbers = [row["kmsg.sequence"] for row in rows]
        self.assertEqual(numbers, sorted(set(numbers)))  # none twice
        by_number = {row["kmsg.sequence"]: row for row in rows}
        for record in before:
            pri, number, usec = (int(word) for word in record.split(",")[:3])
            row = by_number[number]
            self.assertEqual(row["pri"], pri)
            words = record.split(";", 1)[1].split("\n")[0]
            if "\\x" not in words:
                self.assertEqual(row["message"], words)
        # dmesg says the same of the time, but for what clocks are corrected by.
        told = subprocess.run(["dmesg", "--time-format", "iso"], capture_output=True, text=True, check=False).stdout
        first = re.search(r"^(\S{19})", told)
        if first:
            ours, theirs = (datetime.datetime.fromisoformat(text[:19]) for text in (rows[0]["time"], first.group(1)))
            self.assertLess(abs(ours - theirs), datetime.timedelta(minutes=1))

    def test_a_pipe_that_goes_on(self):
        os.mkfifo(self.path("fifo"))
        writer = os.open(self.path("fifo"), os.O_RDWR)
        self.addCleanup(os.close, writer)
        daemon = Daemon(self, CONFIG.format(path="fifo"))
        os.write(writer, b"6,1,100,-;one\n6,2,200,-;two\n SUBSYSTEM=usb\n")
        daemon.wait_for(lambda: len(self.rows()) == 2, "two rows")
        os.write(writer, b"this is none\n6,7,300,-;seven\n")
        daemon.wait_for(lambda: len(self.rows()) == 3, "a third")
        daemon.stop(code=1)
        self.assertEqual([row["message"] for row in self.rows()], ["one", "two", "seven"])
        self.assertEqual(self.rows()[1]["kmsg.subsystem"], "usb")
        self.assertIn("event=kmsg_gap instance=in rows=4 before=7", daemon.log())
        self.assertIn("dropped=5", daemon.log())
        self.assertRegex(self.stook("state", "show", "pos").out, "^delivered up to [0-9a-f-]{36} 8$")
        self.assertEqual(self.stook("state", "reset", "pos", "--from-start").code, 2)


if __name__ == "__main__":
    unittest.main()
