# SPDX-License-Identifier: Apache-2.0
"""Commands, switches, and exit codes of the two programs."""

import json
import os
import pwd
import signal
import subprocess
import unittest

from harness import BUILD, PLAIN, ROOT, TAIL_TO_FILE, Daemon, Programs


class Commands(Programs):
    def test_no_command_and_an_unknown_one_are_usage_errors(self):
        self.assertEqual(self.stook().code, 2)
        done = self.stook("runn", "x")
        self.assertEqual((done.code, done.err), (2, "stook: no such command: runn; did you mean 'run'?\n"))
        done = self.stook("zzz")
        self.assertEqual((done.code, done.err), (2, "stook: no such command: zzz; `stook help` shows all\n"))

    def test_help_and_version_go_to_standard_output(self):
        done = self.stook("help")
        self.assertEqual((done.code, done.err), (0, ""))
        for command in ("run", "check", "plan", "health", "ledger", "list", "describe", "version"):
            self.assertIn(f"stook {command}", done.out)
        self.assertEqual(self.stook("version").out.split()[0], "stook")

    def test_each_command_helps(self):
        commands = {line.split()[1] for line in self.stook("help").out.splitlines() if line.startswith("  stook ")} - {"version"}
        self.assertGreater(len(commands), 20)
        for command in commands:
            for word in ("--help", "-h"):
                with self.subTest(command=command, word=word):
                    done = self.stook(command, word)
                    self.assertEqual((done.code, done.err), (0, ""))
                    self.assertTrue(done.out.startswith(f"usage: stook {command}"), done.out)

    def test_each_command_shows_its_usage_for_wrong_words(self):
        for words in (["check"], ["check", "--jsn", "x"], ["check", "a", "b"], ["plan"], ["plan", "a", "b"], ["list", "x"],
                      ["describe"], ["describe", "a", "b"], ["run"], ["run", "a", "b"], ["run", "--bad", "x"],
                      ["health", "x"], ["health", "--socket"], ["health", "--socket", "a", "-c", "b"], ["ledger", "x"],
                      ["run", "-t", "0", "x"], ["test"], ["test", "--bad", "x"], ["run", "-t"], ["run", "-k", "x", "y"]):
            with self.subTest(words=words):
                done = self.stook(*words)
                self.assertEqual((done.code, done.out), (2, ""))
                self.assertRegex(done.err, "usage: stook|stook run: ")

    def test_a_file_that_is_not_there_is_named_by_each_command(self):
        for command in ("check", "plan", "run"):
            done = self.stook(command, "nofile.conf")
            self.assertEqual((done.code, done.err), (2, "nofile.conf: cannot read it: No such file or directory\n"))

    def test_check_says_what_is_there(self):
        done = self.stook("check", self.write("a.conf", PLAIN))
        self.assertEqual((done.code, done.out), (0, f"{self.path('a.conf')}: no errors; 1 stack, 2 instances\n"))
        self.assertEqual(json.loads(self.stook("check", "--json", "a.conf").out), [])
        self.assertFalse(os.path.exists(self.path("out.log")), "check opens nothing")

    def test_plan_shows_routes_keys_memory_and_threads(self):
        done = self.stook("plan", self.write("a.conf", PLAIN.replace("[global]", "[global]\nthreads=3")))
        self.assertEqual(done.code, 0)
        for text in ("route in: 1 lane", "lanes are dealt", "in:tail -> out:file(raw)", "message text (in) -> out",
                     "memory: at most ", "threads: main, 3 workers, 1 carrier"):
            self.assertIn(text, done.out)
        self.assertIn("keep:keep", self.stook("plan", "stdin, parse_json, keep(status >= 500), stdout").out)

    def test_list_and_describe_know_the_same_plugins(self):
        listed = self.stook("list")
        self.assertEqual(listed.code, 0)
        names = [line.split()[0] for line in listed.out.splitlines() if line.startswith("  ")]
        self.assertGreater(len(names), 20)
        for name in set(names):
            with self.subTest(plugin=name):
                self.assertIn(name, self.stook("describe", name).out)
                found = json.loads(self.stook("describe", name, "--json").out)
                self.assertEqual(len(found), names.count(name))
                self.assertTrue(all(one["name"] == name and one["doc"] for one in found))
                self.assertIn("|", self.stook("describe", name, "--markdown").out + "|")

    def test_describe_proposes_the_nearest_plugin(self):
        done = self.stook("describe", "pars_json")
        self.assertEqual((done.code, done.out), (2, ""))
        self.assertIn("no plugin 'pars_json' in this build; did you mean 'parse_json'?", done.err)

    def test_run_of_a_stack_and_of_a_file_give_the_same(self):
        self.write("in.log", "one\ntwo\n")
        self.run_config("[global]\nstack=in:FILE,out:FILE\n[in]\npath=in.log\n[out]\npath=a.log\nformat=raw\n")
        self.run_stack("file(in.log), file(path=b.log, format=raw)")
        self.assertEqual(self.read("a.log"), "one\ntwo\n")
        self.assertEqual(self.read("b.log"), "one\ntwo\n")

    def test_exit_codes_tell_dropped_rows_and_what_is_missing_apart(self):
        self.write("in.log", '{"a":1}\nno json\n')
        self.run_stack("file(in.log), parse_json, null", code=0)
        dropped = self.run_stack("file(in.log), parse_json(on_error=drop), null", code=1)
        self.assertEqual(dropped.line("parse_json")["dropped"], {"error": 1})
        self.assertEqual(self.stook("run", "file(in.log), parse_jsn, null").code, 2)
        missing = self.stook("run", "file(absent.log), null")
        self.assertEqual(missing.code, 3)
        self.assertIn("absent.log", missing.err)
        self.write("plain", "")
        folder = self.stook("run", "file(in.log), file(path=plain/x/out.log)")
        self.assertEqual(folder.code, 3)
        self.assertIn("plain", folder.err)

    def test_the_table_and_quiet(self):
        self.write("in.log", "one\ntwo\n")
        loud = self.stook("run", "file(in.log), null")
        self.assertEqual(loud.code, 0)
        self.assertRegex(loud.err, r"file .*\b2\b")
        self.assertEqual(self.stook("run", "-q", "file(in.log), null").err, "")

    def test_an_interrupt_ends_a_run_that_has_no_end(self):
        run = subprocess.Popen([os.path.join(ROOT, BUILD, "stook"), "run", "--json",
                                "made(rate=1000), file(path=out.log, format=raw)"],
                               cwd=self.dir, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.addCleanup(run.kill)
        self.until(lambda: os.path.exists(self.path("out.log")) and self.read("out.log"), "a first row")
        run.send_signal(signal.SIGINT)
        report = json.loads(run.communicate(timeout=30)[1].splitlines()[-1])
        self.assertEqual(run.returncode, 0)
        self.assert_balanced(report)
        self.assertEqual(len(self.read("out.log").splitlines()), report["lines"][0]["in"])


class Switches(Programs):
    def test_version_help_and_info(self):
        self.assertRegex(self.stookd("-V").stdout, r"^stookd \d+\.\d+")
        help_text = self.stookd("-h").stdout
        for switch in ("-d", "-c", "-u", "-p", "-l", "-v", "-V", "-h", "-i", "-t", "-k"):
            self.assertIn(f"  {switch} [", help_text)
        self.assertIn("match_limit", self.stookd("-i", "keep").stdout)
        self.assertEqual(self.stookd("-i", "kep").returncode, 2)

    def test_wrong_switches_and_numbers_are_usage_errors(self):
        self.write("a.conf", PLAIN)
        for words in (["-x"], ["-t", "x"], ["-t", "0"], ["-t", "-1"], ["-t", "5000"], ["-k", "1"], ["-k", "-1"],
                      ["-l", "loud"], ["stray"]):
            with self.subTest(words=words):
                done = self.stookd("-c", "a.conf", *words)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertTrue(done.stderr.startswith("stookd: "), done.stderr)
        self.assertFalse(os.path.exists(self.path("out.log")))

    def test_a_level_hides_what_is_below_it(self):
        self.write("in.log", "one\n")
        self.write("a.conf", PLAIN)
        for level, is_heard in (("error", False), ("7", False), ("info", True), ("3", True)):
            with self.subTest(level=level), open(self.path(f"log.{level}"), "wb") as log:
                daemon = subprocess.Popen([os.path.join(ROOT, BUILD, "stookd"), "-v", "-l", level, "-c", "a.conf"],
                                          cwd=self.dir, stderr=log, stdin=subprocess.DEVNULL)
                self.addCleanup(daemon.kill)
                self.until(lambda: self.has("out.log", "one\n"), "the row")
                daemon.terminate()
                self.assertEqual(daemon.wait(30), 0)
                os.unlink(self.path("out.log"))
            self.assertEqual("event=started" in self.read(f"log.{level}"), is_heard)
            self.assertEqual("event=stopping" in self.read(f"log.{level}"), is_heard)

    def test_v_logs_to_stderr_and_without_it_to_the_file(self):
        self.write("in.log", "one\n")
        config = TAIL_TO_FILE.format(more="logfile=own.log", out="out.log")
        daemon = Daemon(self, config)
        daemon.stop()
        self.assertFalse(os.path.exists(self.path("own.log")))
        quiet = subprocess.Popen([os.path.join(ROOT, BUILD, "stookd"), "-c", "stookd.conf"], cwd=self.dir,
                                 stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.addCleanup(quiet.kill)
        self.until(lambda: os.path.exists(self.path("own.log")) and "event=started" in self.read("own.log"), "started")
        os.rename(self.path("own.log"), self.path("own.log.1"))
        quiet.send_signal(signal.SIGHUP)
        self.until(lambda: os.path.exists(self.path("own.log")), "the log's new file")
        quiet.terminate()
        self.assertEqual(quiet.communicate(timeout=30)[1], b"")
        self.assertIn("balanced=yes", self.read("own.log"))

    def test_threads_of_the_command_line_override_the_file(self):
        daemon = Daemon(self, TAIL_TO_FILE.format(more="threads=8", out="out.log"), "-t", "2", "-k", "4")
        names = [thread["Name"] for thread in self.threads(daemon.process.pid)]
        self.assertEqual(sorted(name for name in names if name.startswith("stook-work-")), ["stook-work-0", "stook-work-1"])
        daemon.stop()
        daemon = Daemon(self, TAIL_TO_FILE.format(more="threads=8", out="out.log"))
        self.until(lambda: sum(t["Name"].startswith("stook-work-") for t in self.threads(daemon.process.pid)) == 8, "8 workers")
        daemon.stop()

    @unittest.skipUnless(os.geteuid() == 0, "only root becomes another user")
    def test_u_leaves_no_thread_with_root(self):
        nobody = pwd.getpwnam("nobody")
        os.chmod(self.dir, 0o755)
        os.chown(self.dir, nobody.pw_uid, nobody.pw_gid)
        self.write("in.log", "one\n")
        os.chmod(self.path("in.log"), 0o644)
        daemon = Daemon(self, TAIL_TO_FILE.format(more="", out="out.log"), "-u", "nobody")
        for thread in self.threads(daemon.process.pid):
            self.assertEqual(thread["Uid"].split(), [str(nobody.pw_uid)] * 4, thread["Name"])
            self.assertEqual(thread["Gid"].split(), [str(nobody.pw_gid)] * 4, thread["Name"])
            self.assertEqual(set(thread["Groups"].split()), {str(nobody.pw_gid)}, thread["Name"])
            self.assertEqual(int(thread["CapEff"], 16), 0, thread["Name"])
        self.until(lambda: self.has("out.log", "one\n"), "the row")
        daemon.stop()

    def test_a_user_that_is_not_there_is_named(self):
        self.write("a.conf", PLAIN)
        done = self.stookd("-c", "a.conf", "-u", "no-such-user")
        self.assertEqual(done.returncode, 3)
        self.assertIn("there is no user 'no-such-user'", done.stderr)


if __name__ == "__main__":
    unittest.main()
