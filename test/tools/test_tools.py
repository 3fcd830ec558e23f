#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the checks in this folder, and of etc/packages/debian-12 as far as it can be tried without installing."""

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

import check_commit  # noqa: E402
import check_floors  # noqa: E402
import check_headers  # noqa: E402


class Tree(unittest.TestCase):
    """A temporary repository; write() fills it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="stook-tools-")
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def write(self, path, text=""):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


class Floors(Tree):
    def includer(self, path, *includes):
        """Writes path, including includes, which are made when they are stook's own."""
        for include in includes:
            if include.startswith('"') and "/" in include:
                self.write(include.strip('"'))
        self.write(path, "".join(f"#include {include}\n" for include in includes))

    def assertRefused(self, *parts):
        faults, _, _ = check_floors.check(self.root)
        self.assertEqual(len(faults), 1, faults)
        for part in parts:
            self.assertIn(part, faults[0])

    def assertAccepted(self):
        self.assertEqual(check_floors.check(self.root)[0], [])

    def test_downward_includes_are_accepted(self):
        self.includer("core/base/text.cc", "<string>", '"core/base/text.hh"')
        self.includer("core/data/bundle.hh", '"core/base/arena.hh"', '"core/data/column.hh"')
        self.includer("core/api/filter.hh", '"core/data/batch.hh"')
        self.includer("core/run/worker.cc", '"core/plan/plan.hh"', '"core/lua/state.hh"', '"core/base/link.hh"')
        self.includer("core/daemon/main.cc", '"core/run/engine.hh"', "<boost/program_options.hpp>")
        self.includer("core/tool/check.cc", '"core/plan/plan.hh"', '"core/run/engine.hh"')
        self.includer("filters/keep.cc", '"core/api/plugin.hh"', '"core/base/text.hh"', "<vector>")
        self.includer("sinks/codecs/json.cc", '"core/api/codec.hh"')
        self.assertAccepted()

    def test_an_upward_include_is_refused_at_its_line(self):
        self.includer("core/base/text.hh", "<string>", '"core/data/bundle.hh"')
        self.assertRefused("core/base/text.hh:2:", "core/data/bundle.hh", "may include: core/base")

    def test_lua_and_plan_do_not_know_each_other(self):
        self.includer("core/lua/manifest.cc", '"core/plan/ini.hh"')
        self.assertRefused("core/lua/manifest.cc:1:")
        self.includer("core/lua/manifest.cc")
        self.includer("core/plan/plan.cc", '"core/lua/state.hh"')
        self.assertRefused("core/plan/plan.cc:1:")

    def test_the_engine_does_not_know_the_daemon_or_the_tool(self):
        self.includer("core/run/engine.cc", '"core/daemon/signals.hh"')
        self.assertRefused("core/run/engine.cc:1:")
        self.includer("core/run/engine.cc", '"core/tool/command.hh"')
        self.assertRefused("core/run/engine.cc:1:")

    def test_a_plugin_stays_below_the_api(self):
        self.includer("sources/udp.cc", '"core/run/feed.hh"')
        self.assertRefused("sources/udp.cc:1:", "core/api")

    def test_only_the_two_lua_plugins_see_core_lua(self):
        self.includer("filters/lua.cc", '"core/lua/driver.hh"')
        self.includer("sinks/lua.cc", '"core/lua/driver.hh"')
        self.assertAccepted()
        self.includer("filters/keep.cc", '"core/lua/driver.hh"')
        self.assertRefused("filters/keep.cc:1:")

    def test_nobody_includes_a_plugin(self):
        self.includer("core/run/engine.cc", '"sources/udp.hh"')
        self.assertRefused("core/run/engine.cc:1:", "generated table")
        self.includer("core/run/engine.cc")
        self.includer("filters/keep.cc", '"filters/shared.hh"')
        self.assertRefused("filters/keep.cc:1:")

    def test_two_files_do_not_define_one_type(self):
        self.write("core/data/a.hh", "namespace stook {\nclass Line {\n};\n}  // namespace stook\n")
        self.write("sources/b.cc", "namespace stook {\nnamespace {\nclass Line {\n};\n}  // namespace\n}\n")
        self.assertAccepted()
        self.write("sources/b.cc", "namespace stook {\nvoid f() {\n}\nclass Line final : public A {\n};\n}\n")
        self.assertRefused("sources/b.cc:4:", "core/data/a.hh")

    def test_a_family_shares_the_headers_of_its_folder(self):
        self.includer("sources/netfilter/nflog.cc", '"sources/netfilter/attributes.hh"')
        self.assertAccepted()
        self.includer("sources/tail.cc", '"sources/netfilter/attributes.hh"')
        self.assertRefused("sources/tail.cc:1:")

    def test_heavy_headers_have_one_door(self):
        doors = (
            ("<boost/program_options.hpp>", "core/plan/settings.cc", "core/plan/plan.cc"),
            ("<boost/lockfree/spsc_queue.hpp>", "core/base/link.hh", "core/base/doorbell.hh"),
            ("<msgpack.hpp>", "test/unit/data/object_test.cc", "core/data/object.cc"),
            ("<lua.hpp>", "core/lua/state.cc", "filters/lua.cc"),
            ("<lauxlib.h>", "core/lua/state.cc", "core/plan/plan.cc"),
            ('"lua.h"', "core/lua/state.cc", "sinks/lua.cc"),
            ("<ev.h>", "core/api/loop.cc", "sources/udp.cc"),
            ("<simdjson.h>", "core/api/json.cc", "filters/parse_kv.cc"),
            ("<pcre2.h>", "filters/match.cc", "core/plan/settings.cc"),
        )
        for header, door, elsewhere in doors:
            with self.subTest(header=header):
                self.includer(door, header)
                self.assertAccepted()
                self.includer(elsewhere, header)
                self.assertRefused(elsewhere + ":1:", "one door")
                self.includer(elsewhere)

    def test_the_link_is_the_engines(self):
        self.includer("core/run/lane.hh", '"core/base/link.hh"')
        self.assertAccepted()
        self.includer("core/api/sink.hh", '"core/base/link.hh"')
        self.assertRefused("core/api/sink.hh:1:", "one door")

    def test_own_headers_are_written_from_the_root_with_quotes(self):
        self.write("core/base/text.hh")
        self.includer("core/base/text.cc", '"text.hh"')
        self.assertRefused('write it from the root: "core/base/text.hh"')
        self.write("core/base/text.cc", "#include <core/base/text.hh>\n")
        self.assertRefused('write "core/base/text.hh"')
        self.write("core/base/text.cc", '#include "core/base/txet.hh"\n')
        self.assertRefused("not in the repository")

    def test_code_beside_the_floors_is_refused(self):
        self.includer("core/stray.cc", '"core/base/text.hh"')
        self.assertRefused("core/stray.cc lies on no floor")

    def test_a_file_has_three_hundred_lines_at_most(self):
        self.write("filters/keep.cc", "//\n" * 300)
        self.write("test/unit/long_test.cc", "//\n" * 301)
        self.assertAccepted()
        self.write("filters/keep.cc", "//\n" * 301)
        self.assertRefused("filters/keep.cc:301:", "at most 300")


class Headers(Tree):
    def test_a_header_that_leans_on_its_includer_is_refused(self):
        self.write("core/base/alone.hh", "#pragma once\n#include <string>\ninline std::string a;\n")
        self.write("core/base/leans.hh", "#pragma once\ninline std::string b;\n")
        self.write("core/base/uses.hh", '#pragma once\n#include "core/base/alone.hh"\ninline auto c = a;\n')
        count, alone, faults = check_headers.check(self.root)
        self.assertEqual((count, alone), (3, 3))
        self.assertEqual(list(faults), ["core/base/leans.hh"])
        self.assertIn("string", faults["core/base/leans.hh"])

    def test_a_c_header_stands_in_c_too(self):
        self.write("core/api/abi.h", "#pragma once\nstruct stook_cell { bool present; };\n")
        _, _, faults = check_headers.check(self.root)
        self.assertEqual(list(faults), ["core/api/abi.h"])
        self.write("core/api/abi.h", "#pragma once\n#include <stdbool.h>\nstruct stook_cell { bool present; };\n")
        self.assertEqual(check_headers.check(self.root)[2], {})

    def test_what_its_code_includes_first_is_left_to_the_build(self):
        self.write("core/base/first.hh", "#pragma once\nstd::string leans();\n")
        self.write("core/base/first.cc", '// Why.\n#include "core/base/first.hh"\n\n#include <string>\n')
        self.assertEqual(check_headers.check(self.root), (1, 0, {}))
        self.write("core/base/first.cc", '#include <string>\n#include "core/base/first.hh"\n')
        self.assertEqual(list(check_headers.check(self.root)[2]), ["core/base/first.hh"])

    def test_flags_reach_the_compiler(self):
        self.write("core/base/flag.hh", "#pragma once\n#ifndef GIVEN\n#error no flag\n#endif\n")
        self.assertEqual(len(check_headers.check(self.root)[2]), 1)
        self.assertEqual(check_headers.check(self.root, flags=["-DGIVEN"])[2], {})


class Commits(Tree):
    def assertGood(self, subject, *paths):
        self.assertEqual(check_commit.faults_of(subject, list(paths)), [])

    def assertBad(self, word, subject, *paths):
        faults = check_commit.faults_of(subject, list(paths))
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(word, faults[0])

    def test_areas_are_folders_files_and_shorthands(self):
        self.assertGood("core/run: admit a bundle only with a slot in every sink", "core/run/worker.cc")
        self.assertGood("run/worker: admit a bundle only with a slot in every sink", "core/run/worker.cc")
        self.assertGood("run/worker.cc: say why it waits", "core/run/worker.cc", "test/unit/run/worker_test.cc")
        self.assertGood("filters/lua: bind the script's reads once", "filters/lua.cc")
        self.assertGood("filters, sinks: write the pages", "filters/README.md", "sinks/README.md")
        self.assertGood("test: run the benches as smoke tests", "test/bench/run")
        self.assertGood("repo: ignore the build folder", ".gitignore")
        self.assertGood("repo: rename feed to inlet", "core/run/feed.hh", "test/unit/run/feed_test.cc")
        self.assertGood("sources: UDP counts what the kernel dropped", "sources/udp.cc")

    def test_faulty_subjects_are_refused(self):
        self.assertBad("area: effect", "fix the worker", "core/run/worker.cc")
        self.assertBad("area: effect", "core/run:no space", "core/run/worker.cc")
        self.assertBad("area: effect", "core run: two words", "core/run/worker.cc")
        self.assertBad("lower case", "core/run: Admit a bundle", "core/run/worker.cc")
        self.assertBad("full stop", "core/run: admit a bundle.", "core/run/worker.cc")
        self.assertBad("columns", "core/run: " + "x" * 63, "core/run/worker.cc")
        self.assertGood("core/run: " + "x" * 62, "core/run/worker.cc")
        self.assertBad("not touched", "core/lua: free the state", "core/run/worker.cc")
        self.assertBad("not touched", "run/work: a part of a name is not a name", "core/run/worker.cc")
        self.assertBad("not touched", "filters, sinks: write the pages", "filters/README.md")
        self.assertBad("not touched", "repo: admit a bundle", "core/run/worker.cc")

    def test_a_range_of_a_repository_is_read(self):
        def git(*arguments):
            who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
            subprocess.run(["git", "-C", self.root, *who, *arguments], check=True, capture_output=True)

        git("init", "-q")
        self.write("core/run/worker.cc", "1\n")
        git("add", ".")
        git("commit", "-q", "-m", "core/run: serve once")
        self.write("core/run/two words.cc", "2\n")
        self.write("core/run/worker.cc", "2\n")
        git("add", ".")
        git("commit", "-q", "-m", "Sinks: flush")
        count, faults = check_commit.check(self.root, ["-20"])
        self.assertEqual(count, 2)
        self.assertEqual(len(faults), 1)
        self.assertIn("core/run/two words.cc", faults[0])
        self.assertEqual(check_commit.check(self.root, ["HEAD~1"]), (1, []))


class Packages(Tree):
    script = os.path.join(ROOT, "etc", "packages", "debian-12")

    def run_on(self, release, *arguments):
        self.write("os-release", release)
        environment = dict(os.environ, STOOK_OS_RELEASE=os.path.join(self.root, "os-release"))
        return subprocess.run([self.script, *arguments], capture_output=True, text=True, env=environment, check=False)

    def test_another_system_is_refused_with_the_list(self):
        run = self.run_on('ID=fedora\nPRETTY_NAME="Fedora Linux 40"\n', "build")
        self.assertEqual(run.returncode, 1)
        self.assertIn("Fedora Linux 40, not Debian 12", run.stderr)
        self.assertIn("libev-dev", run.stderr)
        run = self.run_on('ID=debian\nPRETTY_NAME="Debian 13"\nVERSION_CODENAME=trixie\n', "build")
        self.assertEqual(run.returncode, 1)
        self.assertIn("not Debian 12 (bookworm)", run.stderr)

    def test_a_missing_or_unknown_set_is_refused(self):
        for arguments in ((), ("everything",)):
            run = self.run_on("ID=debian\nVERSION_CODENAME=bookworm\n", *arguments)
            self.assertEqual(run.returncode, 1)
            self.assertIn("build|test|bench", run.stderr)


if __name__ == "__main__":
    unittest.main()
