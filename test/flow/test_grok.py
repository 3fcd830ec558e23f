# SPDX-License-Identifier: Apache-2.0
"""The filter `grok`: patterns with names (S0-95, S0-96), from a configuration and from files."""

import json
import os
import unittest

from harness import ROOT, Flow

DEMO_LOG = os.path.join(ROOT, "etc/demo/access.log")


class Grok(Flow):
    def rows(self, lines, options, more="", code=0):
        """What comes of the lines."""
        self.write("in.log", "".join(line + "\n" for line in lines))
        result = self.run_config(f"""[global]
stack=in:FILE,parse:GROK,out:FILE
[in]
path=in.log
[parse]
{options}
[out]
path=out.log
format=json
{more}""", code)
        return result, self.json_lines("out.log")

    def refused(self, options):
        """The first line of what `stook check` says."""
        self.write("stook.conf", f"[global]\nstack=in:FILE,parse:GROK,out:STDOUT\n[in]\npath=in.log\n[parse]\n{options}\n")
        done = self.stook("check", "stook.conf")
        self.assertEqual((done.code, done.out), (2, ""))
        return done.err.splitlines()[0]

    def test_patterns_are_tried_in_order_and_files_of_them_are_read(self):
        self.write("shop.patterns", "# of the shop\n\nORDER [A-Z]{2}\\d+, %{INT}\nSTATE new|paid\n")
        result, rows = self.rows(
            ["2026-11-21T03:38:00Z INFO order AB12, 4 is paid after 7 ms", "2026-11-21T03:38:01Z WARN no paper", "no time"],
            "patterns = shop.patterns\n"
            "match = ^%{TIMESTAMP_ISO8601:at} %{LOGLEVEL:level} order %{ORDER:order} is %{STATE:state} after %{INT:ms:int} ms$\n"
            "match = ^%{TIMESTAMP_ISO8601:at} %{LOGLEVEL:level} %{GREEDYDATA:text}")
        self.assertEqual(rows, [
            {"at": "2026-11-21T03:38:00Z", "level": "INFO", "order": "AB12, 4", "state": "paid", "ms": 7},
            {"at": "2026-11-21T03:38:01Z", "level": "WARN", "text": "no paper"},
            {"message": "no time", "parse_error": "no match"}])
        self.assertEqual(result.line("parse")["faults"], 1)

    def test_rows_that_fail_go_where_on_error_says(self):
        _, rows = self.rows(["n=7", "n=x"], "match = ^n=%{INT:n:int}$\non_error = mark:SET, bad:FILE",
                            "[mark]\nset = why=bad\n[bad]\npath=bad.log\nformat=json\n")
        self.assertEqual(rows, [{"n": 7}])
        self.assertEqual(self.json_lines("bad.log"), [{"message": "n=x", "parse_error": "no match", "why": "bad"}])

    def test_it_finds_in_an_access_log_what_parse_access_finds(self):
        self.run_stack(f'file({DEMO_LOG}), grok(%{{COMBINEDAPACHELOG}}), file(path=grok.log, format=json)')
        self.run_stack(f"file({DEMO_LOG}), parse_access(split_request=no, escape=none), file(path=access.log, format=json)")
        found, expected = self.json_lines("grok.log"), self.json_lines("access.log")
        self.assertEqual(len(found), len(expected))
        parsed = 0
        for one, other in zip(found, expected):
            if "parse_error" in one or "parse_error" in other:
                self.assertIn("parse_error", other, one)
                continue
            parsed += 1
            self.assertEqual((one["clientip"], one["response"], one.get("bytes")),
                             (other["remote_addr"], other["status"], other.get("body_bytes_sent")))
            self.assertEqual(one["agent"].strip('"'), other.get("http_user_agent", "-"))
        self.assertGreater(parsed, 10)

    def test_a_pattern_that_is_wrong_is_told_with_its_line(self):
        self.assertEqual(self.refused("define = A x%{B}\ndefine = B y%{A}\nmatch = %{A:a}"),
                         "stook.conf:8: [parse] match: the pattern 'A' refers to itself: A → B → A")
        self.assertEqual(self.refused("match = %{NUMBR:n}"),
                         "stook.conf:6: [parse] match: there is no pattern 'NUMBR'; did you mean 'NUMBER'?")
        self.write("bad.patterns", "A \\d+\nB\n")
        self.assertEqual(self.refused("match = %{A:n}\npatterns = bad.patterns"),
                         "stook.conf:7: [parse] patterns: ./bad.patterns, line 2: 'B' has no pattern behind it; a line is "
                         "written NAME pattern")

    def test_a_text_that_takes_too_many_steps_costs_its_row_only(self):
        _, rows = self.rows(["n=7", "a" * 40 + "b", "n=8"], "match = ^(?:a+)+%{SPACE:s}$\nmatch = ^n=%{INT:n:int}$\nmatch_limit = 5000")
        self.assertEqual(rows, [{"n": 7}, {"message": "a" * 40 + "b", "parse_error": "match limit"}, {"n": 8}])

    def test_describe_says_its_options(self):
        done = self.stook("describe", "grok", "--json")
        self.assertEqual([option["name"] for option in json.loads(done.out)[0]["options"]],
                         ["match", "define", "patterns", "key", "keep_text", "match_limit"])


if __name__ == "__main__":
    unittest.main()
