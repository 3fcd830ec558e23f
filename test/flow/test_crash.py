# SPDX-License-Identifier: Apache-2.0
"""What a crash leaves behind, what the next start says of it, and what `stook report` gathers. Catalogue: S1-08."""

import ctypes
import glob
import json
import os
import signal
import stat
import subprocess
import unittest

from harness import BUILD, HAS_SANITIZER, PLAIN, ROOT, TAIL_TO_FILE, Daemon, Programs, of_threads

# A script that is in its row for as long as the test wants.
BUSY = """
[global]
state_dir=state
control=control
stack=in:TAIL,slow:LUA,out:FILE
[in]
path=in.log
start_at=beginning
[slow]
script=slow.lua
budget=1m
[out]
path=out.log
format=raw
"""
SLOW = """
function filter(rec)
  print("in the row")
  while true do end
end
"""


class Crash(Programs):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("state"), 0o700)

    def crashes(self):
        return glob.glob(self.path("state/crash.*"))

    def crash(self, config, number, thread=None):
        """Sends a fault to a thread by its name, or to the process, and gives back the report."""
        daemon = Daemon(self, config)
        if thread is not None:
            daemon.wait_for(lambda: "in the row" in daemon.log(), "the script runs")
        pid = daemon.process.pid
        if thread is None:
            daemon.signal(number)
        else:
            task = next(task for task, comm in of_threads(pid, "comm") if comm.strip() == thread)
            self.assertEqual(ctypes.CDLL(None).tgkill(pid, task, number), 0)
        self.assertEqual(daemon.process.wait(60), -number, daemon.log())
        self.assertIn("level=fatal event=crashed signal=" + number.name, daemon.log())
        self.assertEqual(len(self.crashes()), 1, daemon.log())
        return self.read(self.crashes()[0])

    @unittest.skipIf(HAS_SANITIZER, "a sanitizer takes faults itself")
    def test_a_crash_leaves_a_report_and_the_next_start_says_so(self):
        self.write("in.log", "no row is told\n")
        config = TAIL_TO_FILE.format(more="state_dir=state", out="out.log")
        report = self.crash(config, signal.SIGSEGV)
        for piece in ("has crashed", "signal: SIGSEGV", "thread: stookd", "return addresses:", "stookd(", "event=started",
                      "source [in] tail: rows ", "sink [out] file: ", "worker 0: ", "end of the report"):
            self.assertIn(piece, report)
        self.assertNotIn("no row is told", report)
        self.assertEqual(stat.S_IMODE(os.stat(self.crashes()[0]).st_mode), 0o600)
        daemon = Daemon(self, config)
        self.assertIn("event=crashed_before report=state/crash.", daemon.log())
        daemon.stop()
        daemon = Daemon(self, config)
        self.assertNotIn("event=crashed_before", daemon.log())
        daemon.stop()
        self.assertEqual(len(self.crashes()), 1)

    @unittest.skipIf(HAS_SANITIZER, "a sanitizer takes faults itself")
    def test_a_report_names_the_element_that_a_worker_was_at(self):
        self.write("in.log", "one\n")
        self.write("slow.lua", SLOW)
        report = self.crash(BUSY.replace("[global]", "[global]\nthreads=1"), signal.SIGBUS, "stook-work-0")
        self.assertIn("thread: stook-work-0", report)
        self.assertRegex(report, r"worker 0: runs \[slow\] lua in rows of \[in\] for \d+ ms   <- here")
        self.assertIn("source [in] tail: rows 1, unsettled 1, ", report)
        self.assertIn("event=script_log", report)

    @unittest.skipIf(HAS_SANITIZER, "a sanitizer takes faults itself")
    def test_a_log_of_json_has_the_crash_as_json(self):
        self.write("in.log", "one\n")
        daemon = Daemon(self, TAIL_TO_FILE.format(more="log_format=json", out="out.log"))
        daemon.signal(signal.SIGBUS)
        self.assertEqual(daemon.process.wait(60), -signal.SIGBUS)
        line = next(line for line in daemon.log().splitlines() if '"crashed"' in line)
        self.assertEqual(json.loads(line), {"level": "fatal", "event": "crashed", "signal": "SIGBUS", "thread": "stookd",
                                            "report": "here"})

    @unittest.skipIf(HAS_SANITIZER, "a sanitizer takes faults itself")
    def test_without_a_state_folder_the_report_goes_to_the_log(self):
        self.write("in.log", "one\n")
        daemon = Daemon(self, TAIL_TO_FILE.format(more="", out="out.log"))
        daemon.signal(signal.SIGABRT)
        self.assertEqual(daemon.process.wait(60), -signal.SIGABRT)
        self.assertIn("event=crashed signal=SIGABRT thread=stookd report=here", daemon.log())
        self.assertIn("end of the report", daemon.log())

    def test_report_gathers_what_a_bug_report_needs_and_no_secret(self):
        self.write("in.log", "one\n")
        self.write("state/crash.1.2", "a crash of old\n")
        self.write("more.conf", "[global]\nloglevel=info\n")
        config = TAIL_TO_FILE.format(more="state_dir=state\ncontrol=control\npidfile=pid\ninclude=more.conf\nlogfile=own.log", out="out.log") + \
            "# password = geheim\\\n# noch-geheim\n# proxy = http://me:geheim@proxy:1\n# header = Authorization: geheim\n"
        daemon = Daemon(self, config)
        log = [f"time=x level=notice event=made number={i}" for i in range(500)]
        self.write("own.log", "\n".join(log) + "\n")
        done = self.stook("report", "-c", "stookd.conf", "-o", "report.txt")
        self.assertEqual((done.code, done.out), (0, "report.txt\n"), done.err)
        text = self.read("report.txt")
        for piece in ("==== versions and machine", "source:tail", "==== configuration stookd.conf, secrets masked", "loglevel=info",
                      "==== stookd says: health", "healthy", "==== stookd says: ledger", f"process {daemon.process.pid}\n",
                      "Max open files", "number=499", "a crash of old", "==== stook plan"):
            self.assertIn(piece, text)
        self.assertIn("stook_rows_in_total", text.split("==== stookd says: metrics")[1].split("====")[0])
        self.assertNotIn("geheim", text)
        self.assertNotIn("number=299", text)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("report.txt")).st_mode), 0o600)
        self.assertEqual(self.stook("report", "-c", "stookd.conf", "-o", "report.txt").code, 3)  # never over another file
        self.write("other.conf", "[global]\ncontrol=control\n" + PLAIN)
        self.assertIn(f"process {daemon.process.pid}\n", self.stook("report", "-c", "other.conf", "-o", "-").out)
        daemon.stop()
        done = self.stook("report", "-c", "stookd.conf", "-o", "-")
        self.assertEqual(done.code, 0)
        self.assertIn("cannot ask at control", done.out)
        self.write("wrong.conf", PLAIN + "[global]\nstack=in:TAIL,web:HTTP\n[web]\nurl=http://me:geheim@127.0.0.1:1/\n")
        self.assertNotIn("geheim", self.stook("report", "-c", "wrong.conf", "-o", "-").out)
        self.assertEqual(self.stook("report", "-c").code, 2)

    def test_a_log_of_json_has_one_object_a_line(self):
        self.write("in.log", "one\n")
        self.write("stookd.conf", TAIL_TO_FILE.format(more="log_format=json\nlogfile=own.log", out="out.log"))
        process = subprocess.Popen([os.path.join(ROOT, BUILD, "stookd"), "-c", "stookd.conf"], cwd=self.dir,
                                   stdin=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        self.until(lambda: os.path.exists(self.path("own.log")) and '"event":"started"' in self.read("own.log"), "started")
        process.terminate()
        self.assertEqual(process.wait(60), 0)
        events = [json.loads(line) for line in self.read("own.log").splitlines()]
        self.assertEqual(events[-1]["event"], "stopped")
        self.assertEqual(events[-1]["exit"], 0)
        self.assertTrue(all(event["time"].endswith("Z") and event["level"] for event in events))

    def test_an_instance_has_a_level_of_its_own(self):
        config = "[global]\nstack=a:TCP,out:FILE\nstack=b:TCP,out:FILE\n[a]\nlisten=127.0.0.1:0\nlog_level=%s\n[b]\nlisten=127.0.0.1:0\n" \
            "[out]\npath=out.log\nformat=raw\n"
        daemon = Daemon(self, config % "error")
        self.assertIn("event=listening instance=b", daemon.log())
        self.assertNotIn("event=listening instance=a", daemon.log())
        daemon.stop()
        done = self.stook("check", self.write("a.conf", config % "loud"))
        self.assertEqual(done.code, 2)
        self.assertIn("[a] log_level: no such level; it takes debug, info, notice, warning, error or fatal", done.out + done.err)


if __name__ == "__main__":
    unittest.main()
