# SPDX-License-Identifier: Apache-2.0
"""Programs as sources: what they write, how they end, and what is left of them."""

import json
import os
import re
import time
import unittest

from harness import Daemon, Programs, children, is_alive

CONFIG = """
stack=in:EXEC,out:FILE
[in]
command={command}
shell=yes
{more}
[out]
path=out.log
format=json
"""


class Exec(Programs):
    def rows(self):
        return self.json_lines("out.log") if os.path.exists(self.path("out.log")) else []

    def messages(self):
        return [row["message"] for row in self.rows() if "message" in row]

    def daemon(self, command, more=""):
        return Daemon(self, CONFIG.format(command=command, more=more))

    def test_interval_with_both_outputs(self):
        daemon = self.daemon("echo o; echo e >&2", "mode=interval\ninterval=50ms\nwatch=both")
        daemon.wait_for(lambda: len(self.rows()) >= 8, "four runs")
        daemon.stop()
        rows = [(row["message"], row["exec.stream"]) for row in self.rows()]
        self.assertEqual(set(rows), {("o", "stdout"), ("e", "stderr")})
        self.assertLessEqual(abs(rows.count(("o", "stdout")) - rows.count(("e", "stderr"))), 1)

    def test_a_long_run_is_not_started_twice(self):
        daemon = self.daemon("mkdir lock || echo twice; echo one; sleep 0.2; rmdir lock", "mode=interval\ninterval=20ms")
        daemon.wait_for(lambda: len(self.rows()) >= 3 and "event=exec_overran" in daemon.log(), "three runs")
        daemon.stop()
        self.assertEqual(set(self.messages()), {"one"})

    def test_a_killed_program_is_started_again(self):
        daemon = self.daemon("echo $$; exec sleep 300", "mode=supervised")
        seen = set()
        for _ in range(2):
            daemon.wait_for(lambda: set(self.messages()) - seen, "a new process")
            pid = (set(self.messages()) - seen).pop()
            seen.add(pid)
            os.kill(int(pid), 9)
        daemon.wait_for(lambda: len(self.messages()) == 3, "the third")
        self.assertEqual(len(children(daemon.process.pid)), 1)  # no zombies
        daemon.stop()
        self.assertIn('event=exec_ended instance=in pid=', daemon.log())
        self.assertIn('with="signal 9"', daemon.log())

    def test_no_descriptor_and_no_signal_setting_is_inherited(self):
        self.run_config(CONFIG.format(more="environment=X=1, Y=a b", command=(
            "grep -E 'SigIgn|SigBlk' /proc/self/status; ls /proc/self/fd; ps -o pgid=,pid= -p $$; echo $X-$Y")))
        lines = self.messages()
        mine = ~(3 << 31)  # but for the two that glibc uses itself and ignores in what it spawns
        self.assertEqual([int(line.split()[1], 16) & mine for line in lines[:2]], [0, 0])
        self.assertEqual(lines[2:6], ["0", "1", "2", "3"])  # the fourth is of ls
        group, pid = lines[6].split()
        self.assertEqual(group, pid)
        self.assertEqual(lines[7], "1-a b")

    def test_what_a_program_says_at_its_end_is_read(self):
        daemon = self.daemon("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done")
        daemon.wait_for(lambda: self.messages() == ["ready"], "ready")
        daemon.stop()
        self.assertEqual(self.messages(), ["ready", "bye"])

    def test_a_program_that_ignores_the_end_is_killed_with_its_group(self):
        daemon = self.daemon("trap '' TERM; sleep 300 & setsid sleep 301 & echo $$ $!; sleep 302")
        daemon.wait_for(self.messages, "its pids")
        shell, escaped = (int(word) for word in self.messages()[0].split())
        self.addCleanup(lambda: is_alive(escaped) and os.kill(escaped, 9))
        begin = time.monotonic()
        daemon.stop()
        self.assertLess(time.monotonic() - begin, 9)
        self.until(lambda: not is_alive(shell), "its end")
        self.assertTrue(is_alive(escaped))  # it has left the group and holds the pipe still; nobody waits for it

    def test_a_descendant_that_holds_the_pipe_does_not_hold_the_run(self):
        daemon = self.daemon("sleep 300 & echo $!", "report_exit=yes")
        daemon.wait_for(lambda: {"exec.exit": 0} in self.rows(), "the end of the run")
        self.until(lambda: not is_alive(int(self.messages()[0])), "its end")
        daemon.stop()

    def test_a_run_that_lasts_too_long_is_ended(self):
        daemon = self.daemon("echo a; exec sleep 300", "timeout=3s\nreport_exit=yes")  # enough for a shell to say something
        daemon.wait_for(lambda: self.rows() == [{"message": "a"}, {"exec.exit": 143}], "the end")
        daemon.stop()
        self.assertIn("event=exec_timeout", daemon.log())

    def test_errors_go_to_the_log_ten_a_second(self):
        log = self.run_config(CONFIG.format(command="for i in $(seq 1 200); do echo E$i >&2; done; echo done", more="")).log
        lines = [line for line in log.splitlines() if "event=program_stderr" in line]
        self.assertEqual(self.messages(), ["done"])
        self.assertEqual(re.search(r"text=(\w+)", lines[0]).group(1), "E1")
        self.assertLess(len(lines), 100)
        told = [re.search(r"text=(\S+) suppressed=(\d+)", line).groups() for line in lines]
        self.assertEqual(sum((text != '""') + int(more) for text, more in told), 200)

    def test_many_lines_and_a_slow_end(self):
        report = self.run_config(CONFIG.format(command="seq 1 200000", more="")).report
        self.assertEqual(report["lines"][0]["in"], 200000)
        with open(self.path("out.log"), encoding="utf-8") as file:
            self.assertTrue(all(json.loads(line)["message"] == str(i + 1) for i, line in enumerate(file)))


if __name__ == "__main__":
    unittest.main()
