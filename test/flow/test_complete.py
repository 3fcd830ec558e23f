#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Completion: what `stook complete` says, that no command has switches which it does not know, and what bash, zsh and fish
make of it. Each shell reads the file that is installed for it, and is asked without anybody before it."""

import os
import re
import shutil
import subprocess
import unittest

from harness import BUILD, ROOT, Programs
from terminal import Terminal

CONFIG = """
[global]
stack=web:TAIL,parse:PARSE_ACCESS,bad:KEEP,out:failover(one:FILE,two:FILE)
state_dir={dir}/state
[web]
path={dir}/access.log
[bad]
where=status >= 400
[out]
spool={dir}/spool/out
[one]
path={dir}/one.json
[two]
path={dir}/two.json
"""
FOLDER = os.path.abspath(os.path.join(ROOT, BUILD))
ENV = {**os.environ, "PATH": FOLDER + ":" + os.environ["PATH"], "LC_ALL": "C.UTF-8"}


class Complete(Programs):
    def setUp(self):
        super().setUp()
        self.config = self.write("my.conf", CONFIG.format(dir=self.dir))
        self.write("state/web.pos", "")

    def complete(self, *words, env=None):
        """{candidate: what it is}."""
        result = self.stook("complete", "--", *words, env=env)
        self.assertEqual((result.code, result.err), (0, ""))
        return dict(line.split("\t") for line in result.out.splitlines())


class Words(Complete):
    def test_commands_and_their_words(self):
        commands = self.complete("stook", "")
        self.assertLessEqual({"run", "check", "spool", "letters", "describe", "help", "version"}, set(commands))
        self.assertEqual(commands["check"], "all errors of a configuration, without starting anything")
        self.assertEqual(set(self.complete("stook", "spool", "")), {"list", "check", "show", "export", "repair"})
        self.assertEqual(set(self.complete("stook", "sp")), {"spool"})
        self.assertEqual(self.complete("stook", "nothing", ""), {})

    def test_switches_that_are_not_there_yet(self):
        self.assertEqual(set(self.complete("stook", "check", "-")), {"--json"})
        self.assertEqual(self.complete("stook", "check", "--json", "-"), {})
        self.assertEqual(set(self.complete("stook", "state", "reset", "x.pos", "")), {"--from-start", "--from-end"})
        self.assertEqual(set(self.complete("stook", "letters", "replay", "x", "--")), {"--config", "--sink"})
        self.assertEqual(set(self.complete("stook", "gen", "--id", "--framing", "")), {"lf", "octet"})
        self.assertNotIn("lf", self.complete("stook", "gen", "--framing", "lf", ""))
        self.assertIn("--rate", self.complete("stook", "gen", "--framing", "lf", "-"))
        self.assertIn("--configfile", self.complete("stookd", "--"))
        self.assertEqual(set(self.complete("/usr/sbin/stookd", "-l", "no")), {"notice"})

    def test_plugins_and_scripts(self):
        self.write("scripts.conf", f"[global]\nscripts={ROOT}/scripts\n")
        found = self.complete("stook", "describe", "", env={"STOOK_CONFIG": self.path("scripts.conf")})
        self.assertTrue(found["tail"].startswith("source: "))
        self.assertTrue(found["parse_json"].startswith("filter: "))
        self.assertTrue(found["mask_address"].startswith("script: "))
        self.assertIn("global", found)
        self.assertIn("tail", self.complete("stookd", "-i", "ta"))

    def test_what_the_configuration_at_hand_has(self):
        sinks = self.complete("stook", "letters", "replay", "x", "--config", self.config, "--sink", "")
        self.assertEqual(set(sinks), {"web", "parse", "bad", "out", "one", "two"})
        self.assertEqual(sinks["web"], "source tail")
        self.assertEqual(set(self.complete("stook", "tap", "--json", "-c", self.config, "b")), {"bad"})
        at_hand = {"STOOK_CONFIG": self.config}
        self.assertEqual(set(self.complete("stook", "spool", "list", "", env=at_hand)), {self.dir + "/spool/out", ":folders"})
        self.assertEqual(set(self.complete("stook", "letters", "list", "", env=at_hand)),
                         {self.dir + "/state/letters", ":folders"})
        self.assertEqual(set(self.complete("stook", "state", "show", "", env=at_hand)), {self.dir + "/state/web.pos", ":files"})

    def test_a_wrong_configuration_is_no_matter(self):
        self.write("wrong.conf", "[global\nstack=web:TAIL,(((\n[web]\npath=x\nsp")
        found = self.complete("stook", "letters", "replay", "x", "--config", self.path("wrong.conf"), "--sink", "")
        self.assertNotIn(":files", found)
        self.assertEqual(self.complete("stook", "letters", "replay", "x", "--config", "/not/there", "--sink", ""), {})

    def test_every_switch_of_a_usage_is_known(self):
        """A command that is used wrongly says how it is used; completion knows each switch that stands there. It knows no more
        than `stook help` of commands that are not in its table (core/tool/usages.cc)."""
        seen, brief = 0, self.stook("help").out
        usages = [line.split("\t")[0] for line in self.stook("complete", "--usages").out.splitlines()]
        for command in self.complete("stook", ""):
            if command in ("help", "version") or any(one.split()[0] == command and f" {one} " in brief for one in usages):
                continue
            said = self.stook(command, "--no-such-switch").err
            switches = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", said)) - {"--no-such-switch"}
            known = {"-h", "--help"}
            for one in usages:
                if one.split()[0] == command:
                    known |= set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", one))
            long = {"--threads": "-t", "--keyspool": "-k", "--quiet": "-q"}
            unknown = {one for one in switches if one not in known and long.get(one) not in known}
            self.assertEqual(unknown, set(), f"stook {command}: {said}")
            seen += len(switches)
        self.assertGreater(seen, 10)


class Bash(Complete):
    def bash(self, line, program="stook"):
        """What bash offers at the end of this line."""
        words = line.split(" ")
        script = (f". {ROOT}/etc/completion/stook.bash\nCOMP_WORDS=({' '.join(repr(word) for word in words)})\n"
                  f"COMP_CWORD={len(words) - 1}\n_stook {program}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"")
        done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, cwd=self.dir, env=ENV, check=True)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split("\n")) - {""}

    def test_words_files_and_folders(self):
        self.assertEqual(self.bash("stook sp"), {"spool"})
        self.assertEqual(self.bash("stook check my"), {"my.conf"})
        self.assertEqual(self.bash("stook letters list st"), {"state"})
        self.assertEqual(self.bash("stook letters replay x --config my.conf --sink o"), {"out", "one"})
        self.assertEqual(self.bash("stookd -l wa", "/usr/sbin/stookd"), {"warning"})

    def test_it_is_registered_for_both_programs(self):
        script = f". {ROOT}/etc/completion/stook.bash; complete -p stook stookd"
        done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, "complete -F _stook stook\ncomplete -F _stook stookd\n")


@unittest.skipUnless(shutil.which("fish"), "fish is not installed")
class Fish(Complete):
    def fish(self, line):
        script = f"source {ROOT}/etc/completion/stook.fish; complete --do-complete '{line}'"
        done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, cwd=self.dir,
                              env={**ENV, "HOME": self.dir}, check=True)
        return dict((line + "\t").split("\t")[:2] for line in done.stdout.splitlines())

    def test_words_files_and_folders(self):
        self.assertEqual(list(self.fish("stook sp")), ["spool"])
        self.assertEqual(self.fish("stook che")["check"], "all errors of a configuration, without starting anything")
        self.assertIn("my.conf", self.fish("stook check my"))
        self.assertIn("state/", self.fish("stook letters list st"))
        self.assertEqual(set(self.fish("stook letters replay x --config my.conf --sink o")), {"out", "one"})
        self.assertEqual(list(self.fish("stookd -l wa")), ["warning"])


@unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
class Zsh(Terminal, Complete):
    """zsh completes before a terminal only."""

    def test_words_and_instances(self):
        os.makedirs(self.path("functions"))
        shutil.copy(f"{ROOT}/etc/completion/_stook", self.path("functions"))
        self.write(".zshrc", f"fpath=({self.dir}/functions $fpath)\nautoload -Uz compinit\ncompinit -u -D\n")
        self.open_program(["zsh", "-i"], {**ENV, "ZDOTDIR": self.dir, "HOME": self.dir})
        self.expect("\x1b[?2004h")  # bracketed paste: the line editor reads keys from here on
        self.type("stook sp\t", "stook spool ")
        self.type("stook letters replay x --config my.conf --sink tw\t", "--sink two ")
        self.type("stook describe parse_j\t", "describe parse_json ")
        self.type("stook check my.c\t", "my.conf ")
        self.type("stookd -l wa\t", "-l warning ")

    def type(self, keys, expected):
        """Types, waits for what becomes of it, and clears the line."""
        os.write(self.terminal, keys.encode())
        self.expect(expected)
        os.write(self.terminal, b"\x15")


if __name__ == "__main__":
    unittest.main()
