#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Configurations of loglunatic as the script of a Lua source (`vocabulary = loglunatic`). Names carry the catalogue's ids."""

import fcntl
import http.server
import json
import os
import re
import signal
import socket
import struct
import subprocess
import termios
import threading
import unittest

from harness import BUILD, ROOT, Daemon, Programs, children, is_alive
from peers import free_port

CONFIG = """
stack=in:LUA,out:{sink}
[in]
script=tutorial.lua
vocabulary=loglunatic
{more}
"""
FILE = "[out]\npath=out.log\nformat=json\n"
HOST = socket.gethostname()

TUTORIAL = """link {
    inputs.pipe { command = "cat access.log" },

    stamper { type = "nginx_access", scheme = "tail", path = "var/log/nginx/access.log" },
    grok {
        pattern = {
            "%{hostname:client} %{notspace} %{notspace:user} [%{notsq:timestamp}] %{qs:request} %{number:response_code:int} %{number:bytes:int} %{qs:referer} %{qs:user_agent}",
            notsq = (1 - P("]"))^1
        },
        anywhere = false
    },
    grok {
        pattern = "%{word:request_method} %{notspace:request_path} HTTP/%{number:http_version:float}",
        field = "request", anywhere = false
    },
    date { type = "http" },
    unfold_fields {},

    outputs.stdout {}
}
"""
ACCESS = """127.0.0.1 - - [26/Mar/2013:13:13:32 +1000] "GET /favicon.ico HTTP/1.1" 404 3650 "-" "Mozilla/5.0"
::1 - bob [26/Mar/2013:13:13:32 +1000] "GET /a HTTP/1.0" 200 5 "-" "curl"
"""
SHOWN = """{
  fields = {
    bytes = 3650,
    client = "127.0.0.1",
    http_version = 1.1,
    referer = "-",
    request = "GET /favicon.ico HTTP/1.1",
    request_method = "GET",
    request_path = "/favicon.ico",
    response_code = 404,
    user = "-",
    user_agent = "Mozilla/5.0"
  },
  message = '127.0.0.1 - - [26/Mar/2013:13:13:32 +1000] "GET /favicon.ico HTTP/1.1" 404 3650 "-" "Mozilla/5.0"',
  source = "tail://%s/var/log/nginx/access.log",
  timestamp = "2013-03-26T03:13:32.000Z",
  type = "nginx_access"
}
""" % HOST


class Loglunatic(Programs):
    def play(self, config, lines=None, more="", **rest):
        """What a configuration makes of lines, as rows; `LINES` in it is the command that writes them."""
        if lines is not None:
            self.write("lines", lines)
        self.write("tutorial.lua", config.replace("LINES", 'inputs.pipe{ command = "cat lines" }'))
        if os.path.exists(self.path("out.log")):
            os.remove(self.path("out.log"))
        result = self.run_config(CONFIG.format(sink="FILE", more=more) + FILE, **rest)
        self.assertNotIn("source_failed", result.log)
        self.log = result.log
        return self.rows()

    def rows(self):
        return self.json_lines("out.log") if os.path.exists(self.path("out.log")) else []

    def messages(self):
        return [row["message"] for row in self.rows()]

    def daemon(self, config, more=""):
        self.write("tutorial.lua", config)
        return Daemon(self, CONFIG.format(sink="FILE", more=more) + FILE)

    def wrong(self, config, more=""):
        """What the check of a wrong configuration says."""
        self.write("tutorial.lua", config)
        result = self.stook("check", self.write("stook.conf", CONFIG.format(sink="FILE", more=more) + FILE))
        self.assertEqual(result.code, 2)
        return result.out + result.err

    def test_s0_06_the_tutorial_runs_unchanged_and_prints_records(self):
        self.write("access.log", ACCESS)
        self.write("tutorial.lua", TUTORIAL)
        result = self.run_config(CONFIG.format(sink="STDOUT", more=""))
        first, second = result.out[:len(SHOWN)], result.out[len(SHOWN):]
        self.assertEqual(first, SHOWN)
        self.assertIn("http_version = 1,", second)
        self.assertIn('timestamp = "2013-03-26T03:13:32.001Z"', second)

    def test_the_example_of_the_page_is_right(self):
        with open(os.path.join(ROOT, "scripts/loglunatic/README.md"), encoding="utf-8") as page:
            self.write("tutorial.lua", re.search(r"```lua\n(.*?)```", page.read(), re.S).group(1))
        result = self.stook("check", self.write("stook.conf", CONFIG.format(sink="STDOUT", more="")))
        self.assertEqual(result.code, 0, result.out + result.err)

    def test_s0_102_what_nobody_reads_waits(self):
        self.write("tutorial.lua", 'link{ inputs.pipe "seq 1 5000", function(r) return r.message .. ("."):rep(100) end, outputs.stdout{} }')
        config = self.write("stook.conf", CONFIG.format(sink="NULL", more=""))
        process = subprocess.Popen([os.path.join(ROOT, BUILD, "stook"), "run", "-q", config], stdout=subprocess.PIPE, cwd=self.dir)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.until(lambda: struct.unpack("i", fcntl.ioctl(process.stdout, termios.FIONREAD, b"    "))[0] > 3000, "output that nobody reads")
        with process.stdout:
            lines = process.stdout.read().decode().splitlines()
        self.assertEqual(process.wait(timeout=60), 0)
        self.assertEqual(lines, [f"{i}" + "." * 100 for i in range(1, 5001)])

    def test_s0_07_without_an_output_records_are_rows_of_the_stack(self):
        self.write("access.log", ACCESS)
        rows = self.play(TUTORIAL.replace("outputs.stdout {}", ""))
        self.assertEqual(rows[0], {
            "type": "nginx_access", "source": f"tail://{HOST}/var/log/nginx/access.log", "timestamp": "2013-03-26T03:13:32.000Z",
            "fields": {"bytes": 3650, "client": "127.0.0.1", "http_version": 1.1, "referer": "-", "user": "-", "response_code": 404,
                       "request": "GET /favicon.ico HTTP/1.1", "request_method": "GET", "request_path": "/favicon.ico",
                       "user_agent": "Mozilla/5.0"},
            "message": ACCESS.splitlines()[0]})
        self.assertEqual([row["fields"]["client"] for row in rows], ["127.0.0.1", "::1"])
        # With its own output as well: outputs.pipeline{}, or the option for a configuration that stays as it is.
        self.assertEqual(len(self.play(TUTORIAL.replace("outputs.stdout {}", "outputs.stdout {}, outputs.pipeline {}"))), 2)
        self.assertEqual(len(self.play(TUTORIAL, more="set=pipeline=yes")), 2)
        self.assertEqual(self.play(TUTORIAL), [])

    def test_s0_90_a_configuration_sees_no_way_out(self):
        self.assertIn("tutorial.lua:1: attempt to index a nil value (global 'io')", self.wrong('io.open("/etc/passwd")'))
        for name in ("dofile", "loadfile", "load", "debug", "package", "coroutine", "program", "connect", "emit", "open", "run"):
            self.assertIn(f"no {name}", self.wrong(f'if {name} == nil then error("no {name}") end'))
        self.assertIn("no execute", self.wrong('if not os.execute then error("no execute") end'))
        rows = self.play("""local year = os.date("%Y", os.time())
            link{ LINES, function(r) r.fields = { n = math.max(1, 2), s = ("x"):rep(2), t = table.concat{"a","b"}, y = #year } return r end }
        """, "x\n")
        self.assertEqual(rows[0]["fields"], {"n": 2, "s": "xx", "t": "ab", "y": 4})

    def test_s0_90_what_is_wrong_is_told_with_its_line(self):
        for config, says in (
                ("\nlocal lpeg = require 'lpeg'", "tutorial.lua:2: require: there is no module 'lpeg' here; of LPeg there are P, S, R, V"),
                ("\nlocal p = Cmt(P'a', print)", "tutorial.lua:2: Cmt: LPeg is no part of stook"),
                ("\nlocal p = P'a' / tonumber", "tutorial.lua:2: /: no function takes a pattern's captures here"),
                ("\nlocal p = P{ 'a', a = P'x' }", "tutorial.lua:2: P: a grammar, which only LPeg has"),
                ("\ngrok{ pattern = '%{nope:x}' }", "tutorial.lua:2: grok: there is no pattern 'nope'"),
                ("\ngrok{ pattern = '%{word:x' }", "tutorial.lua:2: grok: '%{' has no '}' behind it"),
                ("\ngrok{ pattern = '%{word:x:date}' }", "'date' is no type; it takes int, integer, float or number"),
                ("\ngrok{ pattern = { '%{a}', a = '%{b}', b = 'x%{a}' } }", "the pattern 'a' refers to itself: a → b → a"),
                ("\ngrok{}", "tutorial.lua:2: grok: pattern is a nil"),
                ("\noutputs.pager{}", "tutorial.lua:2: there is no output 'pager'; there are carbon, elasticsearch, pipeline, stdout"),
                ("\ndate{ type = 'moon' }", "tutorial.lua:2: date: type is 'moon'; it would be http, euro or apache"),
                ("\ninputs.pipe{}", "tutorial.lua:2: inputs.pipe: it takes command"),
                ("\nlink{ inputs.pipe{ command = 'ls' }, grep, outputs.stdout{} }", "tutorial.lua:2: link: stage 2 is a nil"),
                ("\nlink{ inputs.pipe{ command = 'ls' }, 7 }", "tutorial.lua:2: link: stage 2 is a number"),
                ("x = 1", "tutorial.lua: it has no input; it takes link{ inputs.pipe{"),
                ("link{", "tutorial.lua:1: unexpected symbol near <eof>")):
            self.assertIn(says, self.wrong(config))
        self.assertIn("there is no vocabulary 'lunatic'; did you mean 'loglunatic'?",
                      self.stook("run", "lua(tutorial.lua, vocabulary=lunatic), stdout").err)

    def test_s0_91_links_are_independent(self):
        rows = self.play("""
            link{ inputs.pipe{ command = "seq 1 3" }, function(r) error("always") end }
            link{ inputs.pipe{ command = "seq 4 6" }, stamper{ type = "b", scheme = "pipe", path = "seq" } }
            link(link{ inputs.pipe "echo seven" }, stamper{ type = "c" })
        """)
        self.assertEqual(sorted((row["type"], row["message"]) for row in rows), [("b", "4"), ("b", "5"), ("b", "6"), ("c", "seven")])

    def test_s0_92_a_command_that_ends_begins_again(self):
        daemon = self.daemon('link{ inputs.pipe{ command = "echo a; exit", restart = true } }')
        daemon.wait_for(lambda: len(self.rows()) >= 3, "three lives")
        daemon.wait_for(lambda: not any(not is_alive(pid) for pid in children(daemon.process.pid)), "no zombie stays")
        daemon.stop()
        self.assertEqual(set(self.messages()), {"a"})

    def test_s0_92_at_a_stop_the_command_is_asked_to_end_first(self):
        daemon = self.daemon('link{ inputs.pipe{ command = "trap \'echo bye; exit\' TERM; echo $$; while :; do sleep 0.01; done" } }')
        daemon.wait_for(lambda: len(self.rows()) == 1, "its first line")
        shell = int(self.messages()[0])
        daemon.stop()
        self.until(lambda: not is_alive(shell), "its end")

    def test_s0_92_a_configuration_runs_in_a_process_of_its_own_too(self):
        self.assertIn("tutorial.lua:1: outputs.stdout: a script in a process of its own (isolate) has no standard output",
                      self.wrong("link{ inputs.pipe 'ls', outputs.stdout{} }", "isolate=process"))
        daemon = self.daemon('link{ inputs.pipe "echo hi; touch begun; exec sleep 1000", multiline{ idle = 1000 } }', "isolate=process")
        daemon.wait_for(lambda: os.path.exists(self.path("begun")), "its command")
        daemon.stop()
        self.assertEqual(self.messages(), ["hi"])

    def test_s0_93_records(self):
        rows = self.play("link{ LINES, outputs.pipeline{} }", "a\r\n\n\r\nb c\nd")
        self.assertEqual(rows, [{"message": text, "fields": {}} for text in ("a", "b c", "d")])

    def test_s0_95_grok(self):
        rows = self.play("""link{ LINES,
            grok{ pattern = "id=%{number:id:int}", set_type = "order", add_tags = { "shop" } },
            grok{ pattern = "took %{number:took:float}s (%{word})", anywhere = true },
            grok{ pattern = { P"level=" * Cg((R"az" + S"_")^1, "level"), } , anchor = false },
            grok{ pattern = { "[%{inside:part}]", inside = "%{word}-%{word}" }, field = "part", anchor = true } }
        """, "id=12 took 1s (all)\nno id=12 level=very_bad\nid=1.5\nnothing\n")
        self.assertEqual([row["fields"] for row in rows], [{"id": 12, "took": 1.0}, {"level": "very_bad"}, {"id": 1.5}, {}])
        self.assertEqual([row.get("type") for row in rows], ["order", None, "order", None])
        self.assertEqual(rows[0]["tags"], ["shop"])
        self.assertIs(type(rows[0]["fields"]["id"]), int)
        self.assertEqual(rows[3], {"message": "nothing", "fields": {}})

    def test_s0_96_the_library_of_patterns(self):
        cases = (("ip", "::1", True), ("ip", "2001:db8::17", True), ("ip", "::ffff:192.0.2.1", True), ("ip", "192.0.2.17", True),
                 ("ipv6", "1:2:3:4:5:6:7:8", True), ("ipv6", "fe80::", True), ("ipv6", "g::1", False), ("ip", "word", False),
                 ("hostname", "web-1.example.org", True), ("hostname", "10.example.org", True), ("hostname", "1.2.3.4.example", True),
                 ("number", "-1.5e+10", True), ("number", "12", True), ("number", "-0.5", True), ("number", "x", False),
                 ("decimal", "3.14", True), ("expnum", "1e-3", True), ("word", "abc", True), ("notspace", "a,b;c", True),
                 ("qs", '"a \\" b"', True), ("restofline", "all of it", True), ("anything", "all of it", True), ("hexdigi", "f", True),
                 ("own", "AB12", True))
        config = 'common_patterns{ own = R"AZ"^2 * P(-4) * R("09")^-2 }\nlink{ LINES, function(r) r.fields.n = r.message return r end,\n'
        lines = ""
        for number, (name, text, _) in enumerate(cases):
            config += f'grok{{ pattern = "{number}=%{{{name}:m{number}}}|" }},\n'
            lines += f"{number}={text}|\n"
        # What takes all of a line takes the bar as well.
        config = config.replace("%{restofline:m20}|", "%{restofline:m20}").replace("%{anything:m21}|", "%{anything:m21}")
        config = config.replace("%{notspace:m18}|", "%{notspace:m18}")
        rows = self.play(config + "}", lines)
        for number, (name, text, is_one) in enumerate(cases):
            found = rows[number]["fields"].get(f"m{number}")
            expected = text[1:-1] if name == "qs" else text + ("|" if name in ("restofline", "anything", "notspace") else "")
            self.assertEqual(found, expected if is_one else None, (name, text))
        rows = self.play('common_patterns{ word = "[%{number}]" } link{ LINES, grok "%{word:w}" }', "[7]\n")
        self.assertEqual(rows[0]["fields"], {"w": "[7]"})

    def test_s0_97_dates(self):
        rows = self.play("""link{ LINES, grok{ pattern = { "%{all:timestamp}", all = P(1)^1 } }, date{ type = "http" } }""",
                         "26/Mar/2013:13:13:32 +1000\n" * 3 + "26/March/2013:03:13:33 -0030\n" + "soon\n")
        self.assertEqual([row["timestamp"] for row in rows[:4]],
                         ["2013-03-26T03:13:32.000Z", "2013-03-26T03:13:32.001Z", "2013-03-26T03:13:32.002Z", "2013-03-26T03:43:33.000Z"])
        self.assertEqual(rows[0]["fields"], {})
        self.assertEqual(rows[4]["fields"], {"timestamp": "soon"})
        self.assertRegex(rows[4]["timestamp"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        rows = self.play("""
            local all = { "%{all:t}", all = P(1)^1 }
            link{ inputs.pipe "echo '2013/3/26 13:13:32.250 +10'", grok{ pattern = all }, date{ field = "t" } }
            link{ inputs.pipe "echo '2013-03-26T13:13:32'", grok{ pattern = all }, date{ type = "euro", key = "t" } }
            link{ inputs.pipe "echo 'Tue Mar 26 13:13:32 2013'", grok{ pattern = all }, date{ type = "apache", key = "t" } }
            link{ inputs.pipe "echo 20130326-131332", grok{ pattern = all }, date{ key = "t", pattern = { "%{d4:year}%{d2:month}%{d2:day}-%{d2:hour}%{d2:min}%{d2:sec}",
              d2 = R"09" * R"09", d4 = R"09" * R"09" * R"09" * R"09" } } }
        """, env={"TZ": "UTC-2"})
        self.assertEqual(sorted(row["timestamp"] for row in rows), ["2013-03-26T03:13:32.250Z"] + ["2013-03-26T11:13:32.000Z"] * 3)

    def test_s0_98_lines_become_one_record(self):
        lines = "early\nBEGIN 1\na\nb\nBEGIN 2\nc\nEND\nlost\nBEGIN 3\nd\ne\nf\n"
        config = 'link{ LINES, multiline{ start_pattern = "BEGIN", end_pattern = "END", max_lines = %d, %s } }'

        def joined(most, keep):
            return [row["message"] for row in self.play(config % (most, keep), lines)]

        self.assertEqual(joined(99, ""), ["a\nb", "c", "d\ne\nf"])
        self.assertEqual(joined(99, "keep = true"), ["BEGIN 1\na\nb", "BEGIN 2\nc\nEND", "BEGIN 3\nd\ne\nf"])
        self.assertEqual(joined(99, "keep_start = true"), ["BEGIN 1\na\nb", "BEGIN 2\nc", "BEGIN 3\nd\ne\nf"])
        self.assertEqual(joined(99, "keep_end = true"), ["a\nb", "c\nEND", "d\ne\nf"])
        self.assertEqual(joined(2, ""), ["a\nb", "c", "d\ne", "f"])
        self.assertEqual([row["message"] for row in self.play('link{ LINES, multiline{ max_lines = 2 } }', "1\n2\n3\n4\n5\n")],
                         ["1\n2", "3\n4", "5"])

    def test_s0_98_what_is_open_is_let_go_when_nothing_comes_and_at_a_stop(self):
        script = """link{ inputs.pipe{ command = "tail -n +1 -f grow" }, multiline{ start_pattern = "BEGIN", keep = true, idle = %s } }"""
        self.write("grow", "BEGIN 1\na\n")
        daemon = self.daemon(script % "0.05")
        daemon.wait_for(lambda: self.messages() == ["BEGIN 1\na"], "the event, let go of by time")
        self.write("grow", "BEGIN 2\nb\n", "a")
        daemon.wait_for(lambda: self.messages()[1:] == ["BEGIN 2\nb"], "the next one")
        daemon.stop()
        daemon = self.daemon('link{ inputs.pipe{ command = "tail -n +1 -f grow" }, function(r) if r.message == "b" then print("seen") end return r end, '
                             'multiline{ start_pattern = "BEGIN", keep = true, idle = 1000 } }')
        daemon.wait_for(lambda: "seen" in daemon.log(), "all lines")
        daemon.stop()
        self.assertEqual(self.messages()[2:], ["BEGIN 1\na", "BEGIN 2\nb"])

    def test_s0_98b_multitail(self):
        self.write("a.log", "a1\n")
        self.write("b.log", "b1\n")
        daemon = self.daemon('link{ inputs.pipe{ command = "exec tail -n +1 -f a.log %s" }, multitail{} }' % self.path("b.log"))
        daemon.wait_for(lambda: self.messages() == ["a1", "b1"], "what was there")
        self.write("a.log", "a2\n", "a")
        daemon.wait_for(lambda: self.messages()[2:] == ["a2"], "what came in the first")
        self.write("b.log", "b2\n", "a")
        daemon.wait_for(lambda: self.messages()[3:] == ["b2"], "what came in the second")
        daemon.stop()
        a, b = f"tail://{HOST}/a.log", f"tail://{HOST}{self.path('b.log')}"
        self.assertEqual([row["source"] for row in self.rows()], [a, b, a, b])

    def test_s0_99_dygrok(self):
        rows = self.play("""link{ LINES, dygrok{ pattern = "%{word:field}=%{notspace:value}" },
            grok{ pattern = "%{word} %{restofline:rest}" }, dygrok{ pattern = "%{word:name}:%{number:value:int}", field = "rest", multiple = false } }
        """, "a=1 b=2\nx c:3 d:4 e=f\nnone\n")
        self.assertEqual([row["fields"] for row in rows], [{"a": "1", "b": "2"}, {"e": "f", "rest": "c:3 d:4 e=f", "c": 3}, {}])

    def test_s0_100_unfold_map_and_jsonify(self):
        rows = self.play("""link{ LINES, function(r) r.fields = { a = { b = 1, c = { d = "x" } }, e = r.message, f = r.message } return r end,
            unfold_fields{}, map{ field = "e", func = string.upper }, map{ field = "f", lookup = { "other", one = "first" } },
            map{ field = "message", func = function(m) return m .. "!" end } }
        """, "one\ntwo\n")
        self.assertEqual([row["fields"] for row in rows], [{"a_b": 1, "a_c_d": "x", "e": "ONE", "f": "first"},
                                                          {"a_b": 1, "a_c_d": "x", "e": "TWO", "f": "other"}])
        self.assertEqual([row["message"] for row in rows], ["one!", "two!"])
        rows = self.play("""link{ LINES, stamper{ type = "t", scheme = "s", path = "p" }, grok{ pattern = "%{number:n:int}", add_tags = {"g"} },
            function(r) r.timestamp = "2013-03-26T03:13:32.000Z" return r end, jsonify{} }""", "5 \"q\"\n")
        self.assertEqual(json.loads(rows[0]["message"]),
                         {"@timestamp": "2013-03-26T03:13:32.000Z", "@source": f"tail://{HOST}/p".replace("tail", "s"), "@type": "t", "@tags": ["g"],
                          "@fields": {"n": 5}, "@message": '5 "q"'})

    def test_s0_101_an_error_costs_its_record_only(self):
        rows = self.play("""link{ LINES,
            map{ field = "message", func = function(m) if m == "2" then error("no twos") end return m end } }""", "1\n2\n3\n")
        self.assertEqual([row["message"] for row in rows], ["1", "3"])
        self.assertRegex(self.log, r"error in map: tutorial\.lua:2: no twos")

    def test_s0_102_elasticsearch(self):
        bodies, answers = [], [503, 200, 200, 200]

        class Server(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status = answers.pop(0) if answers else 200
                if status == 200:
                    bodies.append((self.path, body))
                self.send_response(status)
                self.end_headers()
                if status == 200:
                    self.wfile.write(b'{"errors":false,"items":[]}')

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        output = 'outputs.elasticsearch.http{ host = "127.0.0.1", port = %d, bucket = "logs-%%Y", threshold = { time = %s, reqs = %d } }'
        self.play("link{ LINES, %s }" % (output % (server.server_port, "1000", 100)), "".join(f"{i}\n" for i in range(250)))
        lines = [line for _, body in bodies for line in body.splitlines()]
        self.assertEqual([path for path, _ in bodies], ["/_bulk"] * 3)
        self.assertEqual([len(body.splitlines()) for _, body in bodies], [200, 200, 100])
        self.assertTrue(all(re.match(r'\{"index":\{"_index":"logs-20\d\d"\}\}$', line) for line in lines[::2]), lines[0])
        self.assertEqual([json.loads(line)["@message"] for line in lines[1::2]], [str(i) for i in range(250)])
        self.assertIn("answer 503; again in 0.2 s", self.log)
        bodies.clear()
        self.write("grow", "one\n")
        daemon = self.daemon('link{ inputs.pipe{ command = "exec tail -n +1 -f grow" }, %s }' % (output % (server.server_port, "0.05", 100)))
        daemon.wait_for(lambda: len(bodies) == 1, "the record, after so long")
        daemon.stop()

    def test_s0_102_what_is_not_sent_before_a_stop_is_counted(self):
        port = free_port()
        daemon = self.daemon('link{ inputs.pipe "seq 1 7", outputs.elasticsearch.http{ host = "127.0.0.1", port = %d, threshold = { reqs = 5 } } }' % port)
        daemon.wait_for(lambda: "again in" in daemon.log(), "the first attempt")
        daemon.stop()
        self.assertIn("stopped with 7 records that were not sent", daemon.log())

    def test_s0_103_what_the_command_line_says_is_stookds(self):
        self.write("tutorial.lua", 'link{ inputs.pipe "echo up; exec sleep 1000" }')
        config = "[global]\nlogfile=%s\n" % self.path("lunatic.log") + CONFIG.format(sink="FILE", more="") + FILE
        done = self.stookd("-d", "-p", self.path("lunatic.pid"), "-c", self.write("stook.conf", config))
        self.assertEqual(done.returncode, 0, done.stderr)
        pid = int(self.read("lunatic.pid"))
        self.addCleanup(lambda: is_alive(pid) and os.kill(pid, signal.SIGKILL))
        self.until(lambda: self.messages() == ["up"], "its record")
        os.kill(pid, signal.SIGTERM)
        self.until(lambda: not is_alive(pid), "its end")
        self.assertIn("balanced=yes", self.read("lunatic.log"))

    def carbon(self, room=None):
        server = socket.create_server(("127.0.0.1", 0))
        if room:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        server.settimeout(60)
        self.addCleanup(server.close)
        return server

    def test_s0_102_carbon(self):
        server = self.carbon()
        got = []

        def serve():
            peer, _ = server.accept()
            with peer, peer.makefile() as file:
                got.extend(file)

        thread = threading.Thread(target=serve)
        thread.start()
        self.play("""link{ LINES, grok{ pattern = "%%{word:name} %%{number:n:int}" }, function(r) r.timestamp = "2013-03-26T03:13:32.500Z" return r end,
            outputs.carbon.plain{ host = "127.0.0.1", port = %d, mapping = { n = "web.n" } },
            outputs.stdout{} }""" % server.getsockname()[1], "a 1\nb 2\nc x\n")
        thread.join(60)
        self.assertEqual(got, ["web.n 1 1364267612\n", "web.n 2 1364267612\n"])

    def test_s0_104_a_slow_peer_gets_all_lines_in_order(self):
        server = self.carbon(4096)
        self.write("tutorial.lua", """link{ inputs.pipe{ command = "seq 1 30000" },
            outputs.carbon.plain{ host = "127.0.0.1", port = %d,
                mapping = function(r) return { [("x"):rep(200)] = r.message } end } }""" % server.getsockname()[1])
        got = []

        def serve():
            peer, _ = server.accept()
            rest = b""
            with peer:
                while piece := peer.recv(3000):
                    *lines, rest = (rest + piece).split(b"\n")
                    got.extend(int(line.split(b" ")[1]) for line in lines)

        thread = threading.Thread(target=serve)
        thread.start()
        self.run_bounded(self.write("stook.conf", CONFIG.format(sink="FILE", more="memory=4MiB") + FILE), most=64 << 20)
        thread.join(60)
        self.assertEqual(got, list(range(1, 30001)))


if __name__ == "__main__":
    unittest.main()
