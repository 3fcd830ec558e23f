# SPDX-License-Identifier: Apache-2.0
"""The main job, end to end, on real-format input, against independent counts."""

import json
import os
import re
import subprocess
import unittest

from harness import ROOT, Flow

COMBINED = re.compile(
    r'^(\S+) - (\S+) \[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"$')
DEMO_LOG = os.path.join(ROOT, "etc/demo/access.log")


def parsed_lines(path):
    """The access log by another parser than ours."""
    with open(path, encoding="utf-8", errors="surrogateescape") as log:
        return [(line.rstrip("\n"), COMBINED.match(line.rstrip("\n"))) for line in log]


class Pipeline(Flow):
    def test_access_log_to_json_agrees_with_a_regular_expression(self):
        self.run_config(f"""
[global]
stack=in:FILE,parse:PARSE_ACCESS,out:FILE
[in]
path={DEMO_LOG}
[parse]
format=combined
[out]
path=out.json
format=json
""")
        rows = self.json_lines("out.json")
        expected = parsed_lines(DEMO_LOG)
        self.assertEqual(len(rows), len(expected))
        matched = 0
        for row, (line, match) in zip(rows, expected):
            if "parse_error" in row:
                self.assertEqual(row["message"], line)
                continue
            self.assertIsNotNone(match, line)
            matched += 1
            self.assertEqual(row["remote_addr"], match[1])
            self.assertEqual(row["status"], int(match[5]))
            self.assertEqual(row["body_bytes_sent"], int(match[6]))
            self.assertEqual(row.get("remote_user", "-"), match[2])
            self.assertEqual(row.get("http_referer", "-"), match[7].replace("\\x22", '"'))
            self.assertNotIn("message", row)
        self.assertGreater(matched, 1000)

    def test_a_lua_script_keeps_what_awk_keeps(self):
        self.write("bad.lua", """
function filter(rec)
  if rec.status < 400 then return false end
  rec.kib = rec.body_bytes_sent // 1024
  rec.agent, rec.http_user_agent = rec.http_user_agent, nil
end
""")
        self.run_stack(f"file({DEMO_LOG}), parse_access(combined, on_error=drop), lua(bad.lua), file(path=out.json, format=json)",
                       code=1)  # the log has lines that are no access lines, and on_error=drop counts them as dropped
        awk = subprocess.run(["awk", '-F"', '{ split($3, a, " ") } a[1] ~ /^[45][0-9][0-9]$/ && NF == 7 { n++ } END { print n }',
                              DEMO_LOG], capture_output=True, text=True, check=True)
        rows = self.json_lines("out.json")
        self.assertEqual(len(rows), int(awk.stdout))
        for row in rows:
            self.assertGreaterEqual(row["status"], 400)
            self.assertEqual(row["kib"], row["body_bytes_sent"] // 1024)
            self.assertNotIn("http_user_agent", row)

    def test_four_stacks_share_one_parse_and_do_not_see_each_others_changes(self):
        self.write("change.lua", 'function filter(rec) rec.path = "changed"; rec.new = 1; return rec.status ~= 200 end')
        result = self.run_config(f"""
[global]
stack=in:FILE,parse:PARSE_ACCESS,change:LUA,one:FILE
stack=in:FILE,parse:PARSE_ACCESS,two:FILE
stack=in:FILE,parse:PARSE_ACCESS,gone:REMOVE,three:FILE
stack=in:FILE,parse:PARSE_ACCESS,four:FILE
[in]
path={DEMO_LOG}
[change]
script=change.lua
[gone]
keys=path, status
[one]
path=one.json
[two]
path=two.json
[three]
path=three.json
[four]
path=four.json
""")
        self.assertEqual(sum(1 for line in result.report["lines"] if line["id"] == "parse"), 1)
        one, two, three = self.json_lines("one.json"), self.json_lines("two.json"), self.json_lines("three.json")
        self.assertTrue(all(row["path"] == "changed" and row["new"] == 1 for row in one))
        self.assertEqual(len(two), 2000)
        self.assertTrue(all(row.get("path") != "changed" and "new" not in row for row in two))
        self.assertTrue(all("path" not in row and "status" not in row for row in three))
        self.assertEqual(self.read("two.json"), self.read("four.json"))

    def test_rows_keep_their_order_whatever_the_number_of_workers(self):
        for threads in (1, 2, 4, 8):
            with self.subTest(threads=threads):
                self.run_config(f"""
[global]
threads={threads}
stack=in:MADE,out:FILE
stack=in:MADE,odd:KEEP,half:FILE
[in]
what=json
count=50000
[out]
path=all.{threads}
format=raw
[odd]
where=seq > 25000
[half]
path=half.{threads}
format=pattern
pattern=$seq\\n
""")
        self.assertEqual(len({self.read(f"all.{threads}") for threads in (1, 2, 4, 8)}), 1)
        half = [int(line) for line in self.read("half.8").split()]
        self.assertEqual(half, list(range(25001, 50001)))

    def test_an_inline_stack_reads_stdin_and_writes_stdout(self):
        lines = [{"status": s, "n": i} for i, s in enumerate([200, 503, 404, 500])]
        result = self.run_stack("stdin, parse_json, keep(status >= 500), stdout",
                                stdin="".join(json.dumps(line) + "\n" for line in lines).encode())
        self.assertEqual([json.loads(line)["n"] for line in result.out.splitlines()], [1, 3])
        self.assertEqual(result.line("keep")["disposed"], 2)

    def test_gzip_and_zstd_are_read_as_what_they_hold(self):
        with open(DEMO_LOG, "rb") as log:
            text = log.read()
        self.write("plain.log", text)
        subprocess.run(["gzip", "-k", self.path("plain.log")], check=True)
        subprocess.run(["zstd", "-q", self.path("plain.log")], check=True)
        for name in ("plain.log", "plain.log.gz", "plain.log.zst"):
            self.run_stack(f"file({self.path(name)}), file(path={name}.out, format=raw)")
            self.assertEqual(self.read(f"{name}.out").encode("utf-8", "surrogateescape"), text)

    def test_failed_rows_take_the_stack_that_on_error_names(self):
        self.write("mixed.log", '{"a":1}\nnot json\n{"a":2}\n')
        self.run_config("""
[global]
stack=in:FILE,parse:PARSE_JSON,out:FILE
[in]
path=mixed.log
[parse]
on_error=bad:FILE
[out]
path=good.json
[bad]
path=bad.json
""")
        self.assertEqual([row["a"] for row in self.json_lines("good.json")], [1, 2])
        bad = self.json_lines("bad.json")
        self.assertEqual([row["message"] for row in bad], ["not json"])
        self.assertIn("parse_error", bad[0])

    def test_an_own_front_and_several_lanes_lose_nothing(self):
        self.run_config("""
[global]
stack=a:MADE,out:FILE
stack=b:MADE,out:FILE
[a]
count=20000
front=own
lanes=3
[b]
count=20000
[out]
path=out.log
format=raw
""")
        self.assertEqual(len(self.read("out.log").splitlines()), 40000)


if __name__ == "__main__":
    unittest.main()
