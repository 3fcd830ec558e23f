#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the checks of packages and units, and of what makes manual pages."""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(ROOT, "etc", "man")]

import check_packages  # noqa: E402
import check_unit  # noqa: E402
import roff  # noqa: E402


class Image(unittest.TestCase):
    def faults(self, old="", new=""):
        text = check_packages.read("etc/container/Dockerfile")
        self.assertIn(old, text)
        return check_packages.check_dockerfile(text.replace(old, new) if old else text, [])

    def test_what_a_dockerfile_may_not_be(self):
        self.assertEqual(self.faults(), [])
        for old, new, part in (("USER 514:514", "USER root", "not root"), ("USER 514:514\n", "", "USER"),
                               ("WORKDIR", "WORKDI", "no instruction"), ('"stook", "health"', '"true"', "HEALTHCHECK"),
                               ("FROM debian:12-slim\n", "FROM debian\n", "version"), (" AS build", " AS build\nCOPY nowhere /", "not there"),
                               ("&& rm -rf /var/lib/apt/lists/*", "", "lists"), ("apt-get update \\", "if apt-get update \\", "shell")):
            found = self.faults(old, new)
            self.assertEqual(len(found), 1, (old, found))
            self.assertIn(part, found[0])


class Spec(unittest.TestCase):
    def test_files_that_are_not_listed_or_not_installed(self):
        text = "%files\n%{_bindir}/stook\n%{_mandir}/man1/stook.1*\n\n%changelog\n"
        found = check_packages.check_spec("\n" + text, {"/usr/bin/stook", "/usr/sbin/stookd"})
        self.assertEqual([fault for fault in found if not fault.startswith("rpmspec")],
                         ["stook.spec: /usr/share/man/man1/stook.1*: not installed", "stook.spec: /usr/sbin/stookd: not in %files"])


class Unit(unittest.TestCase):
    def test_lines_that_are_missing_or_others(self):
        with open(os.path.join(ROOT, "etc/systemd/stookd.service.in"), encoding="utf-8") as file:
            text = file.read()
        for name, value in (("RELOAD", "Type=notify-reload"), ("AT", ""), ("TITLE", ""), ("sbindir", "/usr/sbin"), ("RUN", "/run/stook"),
                            ("CONF", "/etc/stook.conf"), ("DIR", "stook")):
            text = text.replace(f"@{name}@", value)
        self.assertEqual(check_unit.check_lines(text, False), [])
        for old, new in (("NoNewPrivileges=yes\n", ""), ("Type=notify-reload", "Type=notify"), ("User=stook", "User=root"),
                         ("LogsDirectory=stook", "LogsDirectory=logs"), ("~@privileged", "~@resources"), ("UMask", "@X@\nUMask")):
            self.assertNotEqual(check_unit.check_lines(text.replace(old, new), False), [], old)


class Roff(unittest.TestCase):
    def convert(self, *lines):
        return roff.convert(list(lines), lambda label, target: f"{label} ({target})", lambda level, text: f".SH {level} {text}\n")

    def test_nothing_is_taken_for_a_request(self):
        self.assertEqual(self.convert(".SH is text", "'and this'"), ".PP\n\\&.SH is text 'and this'\n")
        self.assertEqual(self.convert("```", ".x \\n - '~", "```"), ".PP\n.RS 4\n.nf\n\\&.x \\en \\- \\(aq\\(ti\n.fi\n.RE\n")
        self.assertEqual(self.convert("é → 1"), ".PP\n\\[u00E9] \\[u2192] 1\n")

    def test_marks_within_a_line(self):
        self.assertEqual(self.convert("`a-b` **bold** *slope* a*b [`x`](y)"),
                         ".PP\n\\fBa\\-b\\fR \\fBbold\\fR \\fIslope\\fR a*b \\fBx\\fR (y)\n")

    def test_tables_are_tagged_paragraphs(self):
        head = ["| option | kind | default | what |", "|---|---|---|---|"]
        self.assertEqual(self.convert(*head, "| pair | text | , | a \\| b |"),
                         ".PP\n.TP\n\\fBpair\\fR (text, default \\fB,\\fR)\na | b\n.PP\n")
        self.assertEqual(self.convert("| a | b |", "|---|---|", "| `x` | y |"), ".PP\n.TP\n\\fBx\\fR\ny\n.PP\n")

    def test_lists_and_headings(self):
        self.assertEqual(self.convert("- one", "  more", "- two", "## Head"),
                         ".IP \\(bu 2\none more\n.IP \\(bu 2\ntwo\n.SH 2 Head\n")


if __name__ == "__main__":
    unittest.main()
