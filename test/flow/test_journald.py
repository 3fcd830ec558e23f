# SPDX-License-Identifier: Apache-2.0
"""The journal: through a journalctl that plays a recording, and the real one on a journal made for the test."""

import os
import shutil
import struct
import subprocess
import sys
import unittest

from harness import Daemon, Programs

CONFIG = """
stack=in:JOURNALD,out:FILE
[in]
start_at=beginning
{more}
[out]
path=out.log
format=json
"""

# Knows --after-cursor; writes the entries behind it, and goes on as `recording` grows when it is to follow. A line in
# `die` is how many entries it writes before it dies.
FAKE = """#!{python}
import os, sys, time
after = ([word.split("=", 1)[1] for word in sys.argv if word.startswith("--after-cursor=")] or [None])[0]
with open("{dir}/calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
done = 0
while True:
    entries = open("{dir}/recording", "rb").read().split(b"\\n\\n\\n")[:-1]  # without one that is being written
    cursors = [entry.split(b"\\n")[0].split(b"=", 1)[1].decode() for entry in entries]
    begin = max(done, cursors.index(after) + 1 if after in cursors else 0)
    for i in range(begin, len(entries)):
        if os.path.exists("{dir}/die") and i - begin == int(open("{dir}/die").read()):
            os.unlink("{dir}/die")
            print("Failed to get journal: Bad message", file=sys.stderr)
            sys.exit(1)
        sys.stdout.buffer.write(entries[i] + b"\\n\\n")
        sys.stdout.flush()
    done = len(entries)
    if "--follow" not in sys.argv:
        break
    time.sleep(0.01)
"""

JOURNAL_REMOTE = os.environ.get("STOOK_JOURNAL_REMOTE", "/lib/systemd/systemd-journal-remote")


def binary(name, value):
    return name + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"


def entry(number, more=b""):
    """One entry of a recording, in the export format."""
    return (b"__CURSOR=s=0a;i=%x;b=1;m=1;t=%x;x=0\n__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=1\n"
            b"_BOOT_ID=0123456789abcdef0123456789abcdef\nMESSAGE=n %d\nPRIORITY=3\nSYSLOG_FACILITY=3\n_PID=812\n"
            b"_SYSTEMD_UNIT=a.service\nSYSLOG_IDENTIFIER=a\n_HOSTNAME=h\n_UID=0\n%s\n\n"
            % (number, number, 1700000000000000 + number, number, more))


class Journald(Programs):
    def setUp(self):
        super().setUp()
        self.write("journalctl", FAKE.format(python=sys.executable, dir=self.dir))
        os.chmod(self.path("journalctl"), 0o755)

    def record(self, numbers):
        self.write("recording", b"".join(entry(number) for number in numbers), "a")

    def rows(self, torn=0):
        return self.json_lines("out.log", torn) if os.path.exists(self.path("out.log")) else []

    def numbers(self, torn=0):
        return [int(row["message"].split()[1]) for row in self.rows(torn)]

    def daemon(self, more=""):
        return Daemon(self, CONFIG.format(more=f"program={self.path('journalctl')}\nstate_file=pos\n{more}"))

    def test_keys(self):
        self.write("recording", entry(5, b"_AUDIT=1\n_AUDIT=2\n" + binary(b"BLOB", b"x\ny\x00") + b"MESSAGE=second\n"))
        self.run_config(CONFIG.format(more=f"program={self.path('journalctl')}\nfollow=no"))
        self.assertEqual(self.rows(), [{
            "message": "n 5", "time": "2023-11-14T22:13:20.000005Z", "severity": "err", "facility": "daemon", "host": "h",
            "app": "a", "pid": "812", "unit": "a.service", "journal": {
                "__REALTIME_TIMESTAMP": "1700000000000005", "__MONOTONIC_TIMESTAMP": "1",
                "_BOOT_ID": "0123456789abcdef0123456789abcdef", "MESSAGE": "second", "_UID": "0", "_AUDIT": ["1", "2"],
                "BLOB": "x\ny\x00"}}])

    def test_a_restart_goes_on_behind_the_last_one(self):
        self.record(range(1, 1001))
        daemon = self.daemon()
        daemon.wait_for(lambda: len(self.rows()) == 1000, "the recording")
        daemon.stop()
        self.record(range(1001, 1011))
        daemon = self.daemon()
        daemon.wait_for(lambda: len(self.rows()) == 1010, "what is new")
        self.record(range(1011, 1012))
        daemon.wait_for(lambda: len(self.rows()) == 1011, "what comes later")
        daemon.stop()
        self.assertEqual(self.numbers(), list(range(1, 1012)))
        self.assertNotIn("event=journald_gap", daemon.log())

    def test_a_child_that_dies_is_started_behind_the_last_entry(self):
        self.record(range(1, 501))
        self.write("die", "200")
        daemon = self.daemon()
        daemon.wait_for(lambda: len(self.rows()) == 500, "the recording")
        daemon.stop()
        self.assertEqual(self.numbers(), list(range(1, 501)))
        self.assertIn('event=journald_ended instance=in with="exit code 1"', daemon.log())
        self.assertIn('text="Failed to get journal: Bad message"', daemon.log())

    def test_entries_that_were_removed_unread_are_a_gap(self):
        self.record(range(1, 11))
        daemon = self.daemon()
        daemon.wait_for(lambda: len(self.rows()) == 10, "the recording")
        daemon.stop()
        self.write("recording", b"")
        self.record(range(16, 21))
        daemon = self.daemon()
        daemon.wait_for(lambda: len(self.rows()) == 15, "what is left")
        daemon.stop(code=1)
        self.assertIn("event=journald_gap instance=in rows=5 after=", daemon.log())
        self.assertIn("dropped=5", daemon.log())

    def test_a_gap_while_the_child_lives_is_told(self):
        self.record([1, 2, 3, 50, 51])
        # Numbers of another boot and of another sequence say nothing about these.
        self.write("recording", entry(60).replace(b";b=1;", b";b=2;") + entry(70).replace(b"s=0a;", b"s=0b;"), "a")
        self.run_config(CONFIG.format(more=f"program={self.path('journalctl')}\nfollow=no\nunits=a.service"))
        told = self.run_config(CONFIG.format(more=f"program={self.path('journalctl')}\nfollow=no"), code=1)
        self.assertEqual(self.numbers(), 2 * [1, 2, 3, 50, 51, 60, 70])
        self.assertEqual(told.log.count("event=journald_gap"), 1)
        self.assertIn("event=journald_gap instance=in rows=46 after=", told.log)
        self.assertEqual(told.line("in", "source")["dropped"], {"unreadable": 46})

    def test_a_killed_daemon_loses_nothing(self):
        self.record(range(1, 20001))
        daemon = self.daemon()
        daemon.wait_for(lambda: self.numbers()[-1:] > [2000], "some rows")
        daemon.kill()
        daemon = self.daemon()
        daemon.wait_for(lambda: self.numbers(torn=1)[-1] == 20000, "all rows")
        daemon.stop()
        self.assertEqual(set(self.numbers(torn=1)), set(range(1, 20001)))

    @unittest.skipUnless(shutil.which("journalctl") and os.access(JOURNAL_REMOTE, os.X_OK), "no systemd-journal-remote here")
    def test_the_real_journalctl(self):
        os.mkdir(self.path("journal"))
        journal = self.path("journal/test.journal")

        def remote(numbers):
            data = b"".join(
                b"__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=0123456789abcdef0123456789abcdef\n"
                b"MESSAGE=n %d\nPRIORITY=6\n_SYSTEMD_UNIT=%s.service\n%s\n"
                % (1700000000000000 + n, n, n, b"odd" if n % 2 else b"even", binary(b"BLOB", b"a\nb")) for n in numbers)
            subprocess.run([JOURNAL_REMOTE, "-o", journal, "-"], input=data, check=True, capture_output=True)

        remote(range(1, 201))
        more = f"folder={self.path('journal')}\nstate_file=pos"
        daemon = Daemon(self, CONFIG.format(more=more))
        daemon.wait_for(lambda: len(self.rows()) == 200, "the journal")
        daemon.stop()
        remote(range(201, 301))
        daemon = Daemon(self, CONFIG.format(more=more))
        daemon.wait_for(lambda: len(self.rows()) == 300, "what is new")
        remote(range(301, 311))
        daemon.wait_for(lambda: len(self.rows()) == 310, "what comes while it follows")
        daemon.stop()
        self.assertEqual(self.numbers(), list(range(1, 311)))
        self.assertEqual(self.rows()[0]["journal"]["BLOB"], "a\nb")
        os.unlink(self.path("out.log"))
        self.run_config(CONFIG.format(more=f"folder={self.path('journal')}\nfollow=no\nunits=odd.service\nmatch=PRIORITY=6"))
        self.assertEqual(self.numbers(), list(range(1, 311, 2)))


if __name__ == "__main__":
    unittest.main()
