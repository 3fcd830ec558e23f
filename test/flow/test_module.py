# SPDX-License-Identifier: Apache-2.0
"""Modules: the example plugin, built by the compiler as its readers would, and what is no module or not one for this build."""

import os
import shutil
import subprocess
import unittest

import harness
from harness import Daemon, Programs

BUILD = os.path.join(harness.ROOT, harness.BUILD)
EXAMPLE = os.path.join(harness.ROOT, "subprojects/example-plugin/mask.cc")

CONFIG = """
[global]
plugin={module}
stack=in:TAIL,m:MASK,out:FILE
[in]
path={folder}/in.log
start_at=beginning
[m]
digits=8
[out]
path={folder}/out.log
format=raw
"""


class Module(Programs):
    def build(self, source=EXAMPLE, headers=BUILD, name="mask.so"):
        subprocess.run(["c++", "-std=c++20", "-O1", "-shared", "-fPIC", "-I", headers, "-I", harness.ROOT, "-o", self.path(name), source],
                       check=True)
        return self.path(name)

    def config(self, module):
        return CONFIG.format(module=module, folder=self.dir)

    def refusal(self, module):
        """What `stook check` says of a configuration with that module, which it does not take."""
        said = self.stook("check", self.write("c.conf", self.config(module)))
        self.assertEqual(said.code, 2, module)
        return said.err

    def test_a_filter_of_ones_own(self):
        module = self.build()
        self.write("in.log", "".join(f"card 4111111111{n:06d}, order {n}\n" for n in range(1000)))
        daemon = Daemon(self, self.config(module))
        masked = "".join(f"card {'*' * 16}, order {n}\n" for n in range(1000))
        self.until(lambda: self.has("out.log", masked), "the rows")
        daemon.stop()

    def test_its_options_are_checked(self):
        config = self.config(self.build())
        self.assertEqual(self.stook("check", self.write("c.conf", config)).code, 0)
        said = self.stook("check", self.write("c.conf", config.replace("digits=8", "digit=8")))
        self.assertEqual(said.code, 2)
        self.assertIn("did you mean 'digits'?", said.err)

    def test_one_of_another_build(self):
        with open(os.path.join(BUILD, "build_id.hh"), encoding="utf-8") as file:
            self.write("other/build_id.hh", file.read().replace("-", "-0"))
        self.assertRegex(self.refusal(self.build(headers=self.path("other"))),
                         r"c.conf:3: .*mask.so: it was built for stook \S+-0\S+, and this is \S+; build it against")

    def test_one_that_others_may_write(self):
        module = self.build()
        os.chmod(module, 0o666)
        self.assertIn(f"others may write to it, so it is not loaded; chmod go-w {module}", self.refusal(module))

    @unittest.skipIf(os.geteuid() != 0, "only root makes a file another user's")
    def test_one_of_another_user(self):
        module = self.build()
        os.chown(module, 65534, 65534)
        self.assertIn(f"it is another user's, so it is not loaded; chown root {module}", self.refusal(module))

    def test_what_is_no_module(self):
        empty = self.build(self.write("empty.cc", "int nothing;\n"), name="empty.so")
        self.assertIn("it has no symbol stook_module", self.refusal(empty))
        self.assertIn("file too short", self.refusal(self.write("text.so", "text\n")))
        self.assertIn("it is no file", self.refusal(self.dir))
        self.assertIn("no plugin 'absent' in this build; no file of a module has that path", self.refusal(self.path("absent.so")))

    @unittest.skipUnless(os.path.exists(os.path.join(BUILD, "sqlite3.so")), "the build is without libsqlite3")
    def test_one_that_is_not_installed(self):
        os.mkdir(self.path("bin"))
        program = shutil.copy(os.path.join(BUILD, "stook"), self.path("bin"))

        def said(*words):
            done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr
        config = self.write("c.conf", "[global]\nstack=in:STDIN,out:SQLITE3\n[in]\n[out]\ndb=/none\ntable=t\n")
        code, text = said("check", config)
        self.assertEqual(code, 2)
        self.assertIn("install the package stook-modules-sqlite3", text)
        self.assertNotIn(" sqlite3 ", said("list")[1])
        shutil.copy(os.path.join(BUILD, "sqlite3.so"), self.path("bin"))
        self.assertEqual(said("check", config)[0], 0)
        self.assertIn(" sqlite3 ", said("list")[1])


if __name__ == "__main__":
    unittest.main()
