# SPDX-License-Identifier: Apache-2.0
"""Rows to programs: by a pipe, by a file, with and without an answer, and programs that die, hang or refuse."""

import os
import sys
import unittest

from harness import Daemon, Programs, is_alive

CONFIG = """
[global]
stop_timeout=1s
{head}
stack=in:MADE,out:EXEC
[in]
what=flows
count={count}
[out]
format=pattern
pattern="$seq\\n"
{more}
"""

# Reads batches that end with an empty line, writes them to `got`, and answers what `answers` says, then ok.
READER = """
import os, sys
answers = {answers}
batch = []
for line in sys.stdin:
    if line != "\\n":
        batch.append(line)
        continue
    told = open("told").read().count("\\n") if os.path.exists("told") else 0
    answer = answers(batch, told)
    with open("told", "a") as file:
        file.write(answer + "\\n")
    if answer == "die":
        os._exit(9)
    if answer == "hang":
        import time
        time.sleep(300)
    if answer.lower().startswith("ok"):
        with open("got", "a") as file:
            file.writelines(batch)
    batch = []
    print(answer, flush=True)
"""


class ExecSink(Programs):
    def run_sink(self, more, count=1000, code=0, head=""):
        return self.run_config(CONFIG.format(more=more, count=count, head=head), code)

    def got(self, name="got"):
        return [int(line) for line in self.read(name).split()]

    def reader(self, answers):
        self.write("reader.py", READER.format(answers=answers))
        return f"command={sys.executable} reader.py\nconfirm=line\n"

    def test_a_pipe(self):
        result = self.run_sink("command=cat > got\nshell=yes", count=100000)
        self.assertEqual(self.got(), list(range(1, 100001)))
        self.assertEqual(result.line("out", "sink")["out"], 100000)

    def test_confirmed_batches(self):
        self.run_sink(self.reader("lambda batch, told: 'ok'"), count=20000)
        self.assertEqual(self.got(), list(range(1, 20001)))

    def test_again_death_and_nonsense_lose_and_repeat_nothing_that_was_confirmed(self):
        answers = "lambda batch, told: ['what', 'die', 'again later', 'ok', 'die'][told] if told < 5 else 'OK'"
        result = self.run_sink(self.reader(answers) + "retry_first=5ms", count=5000)
        self.assertEqual(self.got(), list(range(1, 5001)))
        self.assertIn("ok, again or refused would be right", result.log)
        self.assertIn('with="exit code 9"', result.log)

    def test_a_program_that_does_not_answer_is_ended(self):
        answers = "lambda batch, told: 'hang' if told == 0 else 'ok'"
        result = self.run_sink(self.reader(answers) + "retry_first=5ms\ntimeout=3s", count=100)
        self.assertEqual(self.got(), list(range(1, 101)))
        self.assertIn("has not answered for 3 s and was ended", result.log)
        ends = [line for line in result.log.splitlines() if "event=program_ended " in line]
        self.assertEqual(len(ends), 1, result.log)
        self.assertNotIn(" pid=0 ", ends[0])

    def test_a_refused_row_stands_alone(self):
        result = self.run_sink(self.reader("lambda batch, told: 'refused' if '77\\n' in batch else 'ok'"), count=300, code=1)
        self.assertEqual(self.got(), [i for i in range(1, 301) if i != 77])
        self.assertEqual(result.line("out", "sink")["dropped"], {"refused": 1})

    def test_a_file_in_and_a_file_out(self):
        os.mkdir(self.path("tmp"))
        result = self.run_sink("command=tr 0-9 a-j < $1 > $2; ls tmp/* >> names\nshell=yes\nform=file\noutput=upper\n"
                               "temporary=tmp", count=3000)
        rows = [int("".join(str("abcdefghij".index(c)) for c in word)) for word in self.read("upper").split()]
        self.assertEqual(rows, list(range(1, 3001)))
        self.assertEqual(set(self.read("names").split()), {"rows", "output"})
        self.assertEqual(os.listdir(self.path("tmp")), [])
        self.assertEqual(result.line("out", "sink")["out"], 3000)

    def test_exit_codes_of_runs(self):
        script = "echo >> runs; n=$(wc -l < runs); test $n = 1 && exit 1; grep -qx 5 $1 && exit 65; cat $1 >> got"
        result = self.run_sink(f"command={script}\nshell=yes\nform=file\nretry_first=5ms", count=20, code=1)
        self.assertEqual(self.got(), [i for i in range(1, 21) if i != 5])
        self.assertEqual(result.line("out", "sink")["dropped"], {"refused": 1})
        self.assertIn("has ended with exit code 1", result.log)

    def test_a_run_that_hangs_is_ended_with_its_group(self):
        script = "test -e got && exit 0; if mkdir first; then sleep 300 & echo $! > pid; wait; fi; cat $1 > got"
        result = self.run_sink(f"command={script}\nshell=yes\nform=file\ntimeout=3s\nretry_first=5ms", count=10)
        self.assertEqual(self.got(), list(range(1, 11)))
        self.assertIn("has run for 3 s and was ended", result.log)
        self.until(lambda: not is_alive(self.read("pid").strip()), "its end")

    def test_a_command_that_is_not_there_is_a_setting_to_change(self):
        text = CONFIG.format(more="command=/nonexistent 1\nshell=yes\nform=file", count=10, head="")
        daemon = Daemon(self, text)
        daemon.wait_for(lambda: "event=sink_misconfigured" in daemon.log(), "the event")
        daemon.signal(15)
        self.assertEqual(daemon.process.wait(timeout=30), 1, daemon.log())

    def test_a_stop_waits_for_no_program_that_does_not_read(self):
        daemon = Daemon(self, CONFIG.format(more="command=echo $$ > pid; exec sleep 300\nshell=yes", count=0, head=""))
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "a full pipe")
        self.until(lambda: os.path.exists(self.path("pid")) and self.read("pid").endswith("\n"), "the program's number")
        daemon.signal(15)
        self.assertEqual(daemon.process.wait(timeout=30), 1, daemon.log())
        self.until(lambda: not is_alive(self.read("pid").strip()), "its end")


if __name__ == "__main__":
    unittest.main()
