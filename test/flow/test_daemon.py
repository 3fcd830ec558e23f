# SPDX-License-Identifier: Apache-2.0
"""The daemon's life: pid file, background, signals, stop, and rest."""

import os
import re
import signal
import time
import unittest

from harness import HAS_SANITIZER, PLAIN, TAIL_TO_FILE, Daemon, Programs, is_alive


class PidFile(Programs):
    def test_a_second_start_is_refused_and_names_the_first(self):
        daemon = Daemon(self, PLAIN, "-p", "stookd.pid")
        self.assertEqual(self.read("stookd.pid"), f"{daemon.process.pid}\n")
        second = self.stookd("-c", "stookd.conf", "-p", "stookd.pid")
        self.assertEqual(second.returncode, 3)
        self.assertIn(f"already runs as process {daemon.process.pid}", second.stderr)
        daemon.stop()
        self.assertFalse(os.path.exists(self.path("stookd.pid")))

    def test_a_stale_file_is_taken_over(self):
        daemon = Daemon(self, PLAIN, "-p", "stookd.pid")
        daemon.kill()
        self.assertEqual(self.read("stookd.pid"), f"{daemon.process.pid}\n")
        again = Daemon(self, PLAIN, "-p", "stookd.pid")
        self.until(lambda: self.has("stookd.pid", f"{again.process.pid}\n"), "the pid file of the second")
        again.stop()

    def test_the_file_may_be_named_by_the_config(self):
        daemon = Daemon(self, TAIL_TO_FILE.format(more="pidfile=own.pid", out="out.log"))
        self.assertEqual(self.read("own.pid"), f"{daemon.process.pid}\n")
        daemon.stop()


class Background(Programs):
    def test_d_returns_once_all_is_open(self):
        self.write("in.log", "")
        self.write("a.conf", TAIL_TO_FILE.format(more="logfile=own.log", out="out.log"))
        done = self.stookd("-d", "-c", "a.conf", "-p", "stookd.pid")
        pid = int(self.read("stookd.pid"))
        self.addCleanup(lambda: is_alive(pid) and os.kill(pid, signal.SIGKILL))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(os.path.exists(self.path("out.log")), "the output is open when the command returns")
        self.assertNotEqual(pid, os.getpid())
        self.assertEqual(os.getsid(pid), pid)
        self.write("in.log", "one\n", "a")
        self.until(lambda: self.has("out.log", "one\n"), "the row")
        os.kill(pid, signal.SIGTERM)
        self.until(lambda: not is_alive(pid), "the end")  # an orphan's: its status goes to init
        self.assertIn("balanced=yes", self.read("own.log"))

    def test_d_ends_with_the_failure_of_the_background(self):
        self.write("a.conf", TAIL_TO_FILE.format(more="", out="absent/out.log\ncreate_folders=no"))
        done = self.stookd("-d", "-c", "a.conf", "-p", "stookd.pid")
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, "cannot open .*absent/out.log: No such file or directory; create the folder")
        self.assertFalse(os.path.exists(self.path("stookd.pid")))


class Signals(Programs):
    def test_usr2_logs_a_ledger_that_balances(self):
        self.write("in.log", "one\ntwo\n")
        daemon = Daemon(self, PLAIN)
        self.until(lambda: self.has("out.log", "one\ntwo\n"), "the rows")

        def has_settled():
            """Asks once more: a row is in the file a moment before its source knows."""
            before = daemon.log().count("event=ledger_sum")
            daemon.signal(signal.SIGUSR2)
            daemon.wait_for(lambda: daemon.log().count("event=ledger_sum") > before, "the ledger")
            return "in_flight=0" in daemon.log().splitlines()[-1]

        self.until(has_settled, "the rows are settled")
        self.assertNotIn("balanced=no", daemon.log())
        self.assertIn("event=ledger element=in kind=source plugin=tail in=2 out=2", daemon.log())
        self.assertIn("event=ledger_sum read=2 dropped=0 in_flight=0 balanced=yes", daemon.log())
        daemon.stop()

    def test_usr2_balances_under_load(self):
        daemon = Daemon(self, "[global]\nthreads=2\nstack=in:MADE,out:FILE\n[in]\nrate=200000\n[out]\npath=out.log\nformat=raw\n")
        for round_number in range(1, 21):
            daemon.signal(signal.SIGUSR2)
            daemon.wait_for(lambda: daemon.log().count("event=ledger_sum") == round_number, "the ledger")  # noqa: B023
        self.assertNotIn("balanced=no", daemon.log())
        daemon.stop()

    def test_hup_and_usr1_reopen_the_output_and_lose_nothing(self):
        daemon = Daemon(self, "[global]\nthreads=2\nstack=in:MADE,out:FILE\n[in]\nrate=100000\n"
                        "[out]\npath=out.log\nformat=pattern\npattern=$seq $message\\n\n")
        for part in range(10):
            self.until(lambda: os.path.exists(self.path("out.log")) and os.path.getsize(self.path("out.log")) > 50000, "rows")
            os.rename(self.path("out.log"), self.path(f"out.{part}"))
            daemon.signal(signal.SIGHUP if part % 2 else signal.SIGUSR1)
            self.until(lambda: os.path.exists(self.path("out.log")), "the new file")
        daemon.stop()
        lines = []
        for name in [f"out.{part}" for part in range(10)] + ["out.log"]:
            text = self.read(name)
            self.assertTrue(text == "" or text.endswith("\n"), f"{name} ends with a torn line")
            lines += text.splitlines()
        self.assertEqual([int(line.split()[0]) for line in lines], list(range(1, len(lines) + 1)))

    def test_term_delivers_all_that_was_written_before_it(self):
        self.write("in.log", "")
        daemon = Daemon(self, PLAIN)
        text = "".join(f"line {n}\n" for n in range(50000))
        self.write("in.log", text, "a")
        daemon.stop()
        self.assertEqual(self.read("out.log"), text)

    def blocked(self, timeout="300ms"):
        """A daemon whose sink is a pipe that is open and that nobody reads; and enough rows to fill it."""
        os.mkfifo(self.path("pipe"))
        reader = os.open(self.path("pipe"), os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.write("in.log", "".join(f"line {n} {'x' * 100}\n" for n in range(20000)))
        more = f"stop_timeout={timeout}\nstate_dir={self.dir}"
        return Daemon(self, TAIL_TO_FILE.format(more=more, out="pipe")), reader

    def in_flight(self, daemon):
        return [int(line.split("in_flight=")[1].split()[0]) for line in daemon.log().splitlines() if "ledger_sum" in line]

    def test_term_with_a_blocked_sink_ends_in_time_and_says_how_many_rows(self):
        daemon, _ = self.blocked()
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "the pipe is full")
        start = time.monotonic()
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.process.wait(30), 1)
        self.assertLess(time.monotonic() - start, 9)  # it is 10 s by default
        self.assertGreater(self.in_flight(daemon)[-1], 0)
        self.assertIn(f"event=not_delivered rows={self.in_flight(daemon)[-1]}", daemon.log())

    def test_what_a_blocked_sink_did_not_take_comes_after_the_next_start(self):
        daemon, reader = self.blocked()
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "the pipe is full")
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.process.wait(30), 1)
        got = b""

        def arrives():
            nonlocal got
            try:
                while part := os.read(reader, 1 << 16):
                    got += part
            except BlockingIOError:
                pass
            return b"line 19999 " in got

        arrives()
        before = got.count(b"\n")
        self.assertGreater(before, 0)
        again = Daemon(self, TAIL_TO_FILE.format(more=f"state_dir={self.dir}", out="pipe"))
        again.wait_for(arrives, "the last line")
        again.stop()
        numbers = [int(number) for number in re.findall(rb"line (\d+) x{100}\n", got)]
        self.assertEqual(sorted(set(numbers)), list(range(20000)))
        self.assertLessEqual(len(numbers) - 20000, before, "repeated is what one delivery had begun to write")

    def test_a_second_term_ends_at_once(self):
        daemon, _ = self.blocked("60s")
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "the pipe is full")
        daemon.signal(signal.SIGTERM)
        start = time.monotonic()
        while daemon.process.poll() is None and time.monotonic() - start < 30:  # two that come at once are one
            daemon.signal(signal.SIGTERM)
            time.sleep(0.05)
        self.assertEqual(daemon.process.poll(), 1)
        self.assertIn("event=not_delivered", daemon.log())


class Idle(Programs):
    def test_nothing_wakes_up_while_nothing_is_written_and_memory_is_small(self):
        self.write("in.log", "one\n")
        daemon = Daemon(self, TAIL_TO_FILE.format(more=f"state_dir={self.dir}", out="out.log"))
        self.until(lambda: self.has("out.log", "one\n"), "the row")
        switches = lambda: {t["Pid"]: t["voluntary_ctxt_switches"] for t in self.threads(daemon.process.pid)}  # noqa: E731
        self.until(lambda: os.path.exists(self.path("in.pos")), "the position is saved")
        before, since, end = switches(), time.monotonic(), time.monotonic() + 20
        while time.monotonic() - since < 2:  # the event is that nothing happens for two seconds
            self.assertLess(time.monotonic(), end, "it never came to rest")
            time.sleep(0.1)
            now = switches()
            if now != before:
                before, since = now, time.monotonic()
        if not HAS_SANITIZER:
            rss = int(self.threads(daemon.process.pid)[0]["VmRSS"].split()[0])
            self.assertLessEqual(rss, 10 * 1024)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
