# SPDX-License-Identifier: Apache-2.0
"""stook top: what it prints in batches and draws on a terminal, its keys, and that it names the bottleneck."""

import fcntl
import json
import os
import signal
import struct
import subprocess
import termios
import unittest

from harness import BUILD, ROOT, TAIL_TO_FILE, Daemon
from terminal import Terminal

CONFIG = """
[global]
control=control
stack=in:TAIL,keep:KEEP,out:FILE
stack=in:TAIL,copy:FILE
[in]
path=in.log
start_at=beginning
[keep]
where=message ~ 'x'
[out]
path=out.log
format=raw
[copy]
path=copy.log
format=raw
"""


class Top(Terminal):
    prompt = "stook top - "
    kind = "xterm"

    def start(self, *words):
        """A top that goes on, its output a pipe."""
        process = subprocess.Popen([os.path.join(ROOT, BUILD, "stook"), "top", "--socket", "control", *words], cwd=self.dir,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

        def end():
            process.kill()
            process.wait()
            process.stdout.close()
        self.addCleanup(end)
        return process

    def live(self, *words):
        """A top on a terminal of 40 lines and 160 columns; what it drew first."""
        self.open("top", "--socket", "control", "-d", "100ms", *words)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
        return self.expect("ROWS/s IN")

    def press(self, keys, then):
        """What is drawn until this text comes."""
        os.write(self.terminal, keys.encode())
        return self.expect(then)

    def ended(self):
        self.assertEqual(self.process.wait(timeout=60), 0)


class Batch(Top):
    def test_rates_are_those_of_the_rows(self):
        daemon = Daemon(self, CONFIG)
        process = self.start("--json", "-d", "100ms")
        json.loads(process.stdout.readline())
        self.write("in.log", "x\n" * 900 + "y\n" * 100)
        wanted = {("in", "source"): 1000, ("keep", "filter"): 900, ("out", "sink"): 900, ("copy", "sink"): 1000}
        rows = {}
        while any(rows.get(key, 0) < count - 0.5 for key, count in wanted.items()):  # each may be in another frame
            frame = json.loads(process.stdout.readline())
            for one in frame["elements"]:
                key = one["element"], one["kind"]
                rows[key] = rows.get(key, 0) + one["out"] * frame["seconds"]
        for key, count in wanted.items():
            self.assertAlmostEqual(rows[key], count, delta=0.5, msg=key)
        self.assertEqual(frame["lost"], 0)
        self.assertTrue(frame["healthy"])
        self.assertEqual({(one["element"], one["kind"]) for one in frame["elements"]},
                         {("in", "source"), ("keep", "filter"), ("out", "codec"), ("copy", "codec"), ("out", "sink"), ("copy", "sink")})
        daemon.stop()

    def test_a_table_sorted_and_filtered(self):
        daemon = Daemon(self, CONFIG)
        done = self.stook("top", "--socket", "control", "-b", "-n", "2", "-d", "0.05", "-s", "element", "-f", "file")
        self.assertEqual(done.code, 0, done.err)
        first, second = done.out.split("stook top - ")[1:]
        self.assertRegex(first, r"\A\d\d:\d\d:\d\d  up .*  healthy  stookd \d")
        self.assertIn("\nbottleneck: none", first)
        table = second.split("\n\n")[1].splitlines()
        self.assertTrue(table[0].startswith("ELEMENT "), table)
        self.assertEqual([line.split()[:3] for line in table[1:]], [["copy", "sink", "file"], ["out", "sink", "file"]])
        daemon.stop()

    def test_what_it_refuses(self):
        done = self.stook("top", "--socket", "control", "-n", "1")
        self.assertEqual(done.code, 3)
        self.assertIn("stook top: cannot ask at control: there is no such socket", done.err)
        for words in (("-s", "color"), ("-n", "0"), ("-d", "1ms"), ("-d",), ("--no",), ("-c", "a", "--socket", "b")):
            done = self.stook("top", *words)
            self.assertEqual((done.code, done.out), (2, ""), words)
            self.assertIn("usage: stook top", done.err)
        self.assertEqual(self.stook("top", "--help").code, 0)

    def test_it_names_a_sink_that_fails(self):
        os.mkfifo(self.path("pipe"))
        reader = os.open(self.path("pipe"), os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.write("in.log", "".join(f"line {n} {'x' * 100}\n" for n in range(20000)))
        daemon = Daemon(self, TAIL_TO_FILE.format(more="control=control\nstall_after=200ms", out="pipe"))
        process = self.start("--json", "-d", "100ms")
        frame = {"bottleneck": "", "healthy": True}
        while frame["healthy"] or not frame["bottleneck"].startswith("sink out, which is failing "):
            frame = json.loads(process.stdout.readline())
        rows = {(one["element"], one["kind"]): one for one in frame["elements"]}
        self.assertEqual(rows["in", "source"]["state"], "stalled")
        self.assertGreater(rows["out", "sink"]["age_s"], 0)
        self.assertGreater(frame["oldest_s"], 0)
        daemon.kill()

    def test_it_names_a_sink_that_is_slow(self):
        self.write("in.log", "x\n" * 200000)
        daemon = Daemon(self, "[global]\ncontrol=control\nstop_timeout=200ms\nstack=in:TAIL,slow:CAPTURE\n"
                        "[in]\npath=in.log\nstart_at=beginning\n[slow]\ndelay=50ms\nformat=raw\n")
        process = self.start("--json", "-d", "300ms")
        while json.loads(process.stdout.readline())["bottleneck"] != "sink slow, workers wait for it":
            pass
        daemon.kill()


class Live(Top):
    def test_keys(self):
        self.write("in.log", "x\n" * 50 + "y\n" * 50)
        daemon = Daemon(self, CONFIG)
        self.live()
        self.expect("every 100 ms")
        self.press("P", "sorted by busy ")
        self.press("R", "sorted by busy, reverse")
        self.press(">", "sorted by age, reverse")
        self.press("<", "sorted by busy, reverse")
        self.press("Ro", "sorted by ledger ")
        self.press(" ", "PAUSED")
        self.press("p", "every 100 ms")
        self.press("+", "every 200 ms")
        self.press("/kee", "filter: kee_")
        self.press("p\n", "filter: keep   every")
        self.expect("\033[7mELEMENT")
        drawn = self.expect("\033[J")
        self.assertIn("keep", drawn)
        self.assertNotIn("copy", drawn)
        self.press("\033", "sorted by ledger   every")
        self.press("h", "sorts by the next column")
        self.press("?", "\033[7mELEMENT")
        self.press("q", "\033[?1049l")
        self.ended()
        daemon.stop()

    def test_a_narrow_terminal_has_what_matters_most(self):
        daemon = Daemon(self, CONFIG)
        self.live()
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        title = " " * 160
        while len(title) > 80:
            self.expect("\033[7m")
            title = self.expect("\033[0m")
        for column in ("ELEMENT", "KIND", "ROWS/s OUT", "%BUSY", "OLDEST", "LOST", "STATE"):
            self.assertIn(column, title)
        self.assertNotIn("PLUGIN", title)
        self.press("h", "A narrow screen leaves out")
        self.press("q", "\033[?1049l")
        self.ended()
        daemon.stop()

    def test_a_dumb_terminal_has_one_table_after_another(self):
        daemon = Daemon(self, CONFIG)
        self.kind = "dumb"
        self.live("-n", "2")
        self.expect("ROWS/s IN")
        self.ended()
        self.assertNotIn("\033", self.seen)
        daemon.stop()

    def test_it_is_suspended_and_goes_on(self):
        daemon = Daemon(self, CONFIG)
        self.live()
        self.process.send_signal(signal.SIGTSTP)
        self.expect("\033[?25h\033[?1049l")
        _, state = os.waitpid(self.process.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(state))
        self.process.send_signal(signal.SIGCONT)
        self.expect("\033[?1049h")
        self.expect("ROWS/s IN")
        self.press("q", "\033[?1049l")
        self.ended()
        daemon.stop()

    def test_it_ends_by_itself_and_by_a_signal(self):
        daemon = Daemon(self, CONFIG)
        self.live("-n", "2")
        self.expect("\033[?1049l")
        self.ended()
        self.seen = ""
        self.live()
        self.process.send_signal(signal.SIGTERM)
        self.expect("\033[?25h\033[?1049l")
        self.ended()
        daemon.stop()

    def test_a_daemon_that_goes_and_comes_again(self):
        daemon = Daemon(self, CONFIG)
        self.live()
        daemon.stop()
        self.expect("cannot ask at control: ")
        daemon = Daemon(self, CONFIG)
        self.expect("bottleneck: none")
        self.press("q", "\033[?1049l")
        self.ended()
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
