# SPDX-License-Identifier: Apache-2.0
"""The configuration as people write it: what is understood, and all that is wrong said in one run."""

import json
import os
import unittest

from harness import ROOT, Flow

WRONG = """[global]
stack=in:TAIL,p:PARSE_JSO,out:FILE
stack=in:FILE,out:FILE
threds=3
loglevel=loud
[in]
path=x.log
start_at=middle
max_line=3
[out]
pth=x
[uot]
path=z
what
"""
WHAT_IS_WRONG = """wrong.conf:2: [global] stack: no filter 'PARSE_JSO' in this build; did you mean 'parse_json'?
    stack=in:TAIL,p:PARSE_JSO,out:FILE
                  ^~~~~~~~~~~
wrong.conf:2: [out] path: sink 'file' needs this option; it is: the file; may hold keys: /var/log/$host.json, ${time:%Y%m%d}
    stack=in:TAIL,p:PARSE_JSO,out:FILE
                              ^~~~~~~~
wrong.conf:3: [global] stack: 'in' is source 'tail' at wrong.conf:2 and source 'file' here; one id has one plugin
    stack=in:FILE,out:FILE
          ^~~~~~~
wrong.conf:4: [global] threds: no such option in [global]; did you mean 'threads'?
    threds=3
    ^~~~~~
wrong.conf:5: [global] loglevel: no such level; it takes debug, info, notice, warning, error or fatal
    loglevel=loud
             ^~~~
wrong.conf:8: [in] start_at: not one of its choices; it takes beginning or end
    start_at=middle
             ^~~~~~
wrong.conf:9: [in] max_line: out of range; it takes 64 B to 16 MiB
    max_line=3
             ^
wrong.conf:11: [out] pth: no such option in sink 'file'; did you mean 'path'?
    pth=x
    ^~~
wrong.conf:12: [uot]: no stack names this section; did you mean 'out'?
    [uot]
    ^~~~~
wrong.conf:14: [uot] no '='; an option is written name = value
    what
    ^~~~
"""


class Wrong(Flow):
    def test_one_run_tells_all_mistakes_with_line_caret_and_what_would_be_right(self):
        self.write("wrong.conf", WRONG)
        for command in ("check", "plan", "run"):
            with self.subTest(command=command):
                done = self.stook(command, "wrong.conf")
                self.assertEqual((done.code, done.out, done.err), (2, "", WHAT_IS_WRONG))
        self.assertEqual(os.listdir(self.dir), ["wrong.conf"], "a wrong configuration opens nothing")

    def test_json_tells_the_same_places(self):
        self.write("wrong.conf", WRONG)
        done = self.stook("check", "--json", "wrong.conf")
        self.assertEqual((done.code, done.err), (2, ""))
        found = json.loads(done.out)
        self.assertEqual([f"{e['file']}:{e['line']}: {e['what']}; {e['hint']}" for e in found],
                         [line for line in WHAT_IS_WRONG.splitlines() if line.startswith("wrong.conf")])
        for error in found:
            line = WRONG.splitlines()[error["line"] - 1]
            self.assertTrue(line[error["column"] - 1:error["column"] - 1 + error["length"]].strip(), error)

    def test_a_mistake_among_several_options_has_the_place_and_the_name_of_its_own(self):
        for stack, section, label in (
                ("in:TCP,out:NULL", "listen=127.0.0.1:99999", "[in] listen: "),
                ("in:UDP,out:NULL", "listen=localhost:1", "[in] listen: "),
                ("in:HTTP,out:NULL", "listen=127.0.0.1", "[in] listen: "),
                ("in:FORWARD,out:NULL", "listen=127.0.0.1", "[in] listen: "),
                ("in:SYSLOG,out:NULL", "tcp=127.0.0.1:x", "[in] tcp: "),
                ("in:UNIX(listen=/run/x),out:NULL", "mode=999", "[in] mode: "),
                ("in:UNIXSOCK,out:NULL", "socket_path=x", "[in] socket_path: "),
                ("in:JOURNALD,out:NULL", "match=foo", "[in] match has 'foo'"),
                ("in:PROC,out:NULL", "what=foo", "[in] what has 'foo'"),
                ("in:TCP(127.0.0.1:1),out:NULL", "tls=yes", "[in] tls: who listens needs a certificate"),
                ("s:MADE,in:KEEP,out:NULL", "where=a ==", "[in] where: at character 5"),
                ("s:MADE,in:PARSE_REGEX,out:NULL", "regex=(", "[in] regex: not a regular expression"),
                ("s:MADE,in:PARSE_TIME(key=a),out:NULL", "format=%Q", "[in] format: "),
                ("s:MADE,in:PARSE_SYSLOG,out:NULL", "zone=nowhere", "[in] zone: "),
                ("s:MADE,in:EXEC", "command=a \"b", "[in] command: "),
                ("s:MADE,in:GRAPHITE", "host=a b", "[in] host: "),
                ("s:MADE,in:FILE", "path=/${", "[in] path: ")):
            with self.subTest(option=section):
                self.write("x.conf", f"[global]\nstack={stack}\n[in]\nlog_level=error\n{section}\n")
                done = self.stook("check", "x.conf")
                self.assertEqual((done.code, done.err[:len(label) + 10]), (2, f"x.conf:5: {label}"), done.err)

    def test_an_empty_address_is_no_address(self):
        for plugin in ("TCP", "UDP", "UNIX", "HTTP", "FORWARD"):
            with self.subTest(plugin=plugin):
                self.write("x.conf", f"[global]\nstack=in:{plugin},out:NULL\n[in]\nlisten=\n")
                done = self.stook("check", "x.conf")
                self.assertEqual((done.code, done.err[:29]), (2, "x.conf:4: [in] listen: is emp"), done.err)

    def test_addresses_that_cannot_be_bound_beside_each_other_name_who_has_the_other(self):
        shared = "take another address, or set reuseport = yes and front = own for both"
        alone = "take another address, or leave one of them out"
        for a, b, hint in (("TCP", "TCP", shared), ("TCP", "HTTP", alone), ("UDP", "UDP", shared)):
            self.write("x.conf", f"[global]\nstack=a:{a},out:NULL\nstack=b:{b},out\n[a]\nlisten=*:5170\n"
                                 "[b]\nlisten=127.0.0.1:5171,127.0.0.1:5170\n")
            done = self.stook("check", "x.conf")
            self.assertEqual((done.code, done.err.splitlines()[0]),
                             (2, f"x.conf:7: [b] listen: `127.0.0.1:5170` cannot be bound beside `*:5170` of [a]; {hint}"))
        self.write("x.conf", "[global]\nstack=a:TCP,out:NULL\n[a]\nidle=1h\nlisten=127.0.0.1:5170\nlisten=127.0.0.1:5170\n")
        self.assertIn("[a] listen: `127.0.0.1:5170` cannot be bound beside `127.0.0.1:5170` of [a]; " + alone,
                      self.stook("check", "x.conf").err)
        for right in ("[a]\nudp=*:514\ntcp=*:514\n[b]\nudp=*:0\n", "[a]\ntcp=*:0,*:0\n[b]\ntcp=*:0\n",
                      "[a]\ntcp=*:514\nreuseport=yes\nfront=own\n[b]\ntcp=*:514\nreuseport=yes\nfront=own\n"):
            self.write("x.conf", "[global]\nstack=a:SYSLOG,out:NULL\nstack=b:SYSLOG,out\n" + right)
            self.assertEqual(self.stook("check", "x.conf").code, 0, right)

    def test_certificates_of_a_syslog_source_without_tls_say_what_turns_it_on(self):
        self.write("x.conf", "[global]\nstack=in:SYSLOG,out:NULL\n[in]\nudp=*:0\ntls_cert=/x\n")
        self.assertIn("x.conf:5: [in] tls_cert: has no use without TLS; set tls = *:6514 or leave it out", self.stook("check", "x.conf").err)

    def test_meters_are_read_on_the_main_front_alone(self):
        for option in ("front=own", "cpu=0"):
            self.write("x.conf", f"[global]\nstack=in:SELF,out:NULL\n[in]\ninterval=1s\n{option}\n")
            done = self.stook("check", "x.conf")
            self.assertEqual((done.code, done.err.splitlines()[0]),
                             (2, f"x.conf:5: [in] {option.partition('=')[0]}: meters are read on the main front alone; leave it out, or set what = events"))
        self.write("x.conf", "[global]\nstack=in:SELF,out:NULL\n[in]\nwhat=events\nfront=own\n")
        self.assertEqual(self.stook("check", "x.conf").code, 0)

    def test_mistakes_of_an_included_file_name_that_file(self):
        self.write("main.conf", "[global]\ninclude=more/*.conf\nstack=in:FILE,out:NULL\n[in]\npath=x\n")
        self.write("more/a.conf", "[out]\nspeed=3\n")
        done = self.stook("check", "main.conf")
        self.assertEqual(done.code, 2)
        self.assertIn("more/a.conf:2: [out] speed: ", done.err)

    def test_a_format_that_does_not_fit_the_sink(self):
        for plugin, option, only in (("forward", "to=h", "forward"), ("ipfix", "dest=udp://h:1", "ipfix"),
                                     ("nflow9", "dest=udp://h:1", "netflow9"), ("loki", "url=http://h", "loki")):
            with self.subTest(plugin=plugin):
                text = f"[global]\nstack=in:STDIN,out:{plugin}\n[out]\n{option}\nformat="
                self.write("one.conf", text + "json\n")
                done = self.stook("check", "one.conf")
                self.assertEqual((done.code, done.err), (2, f"one.conf:5: [out] format: sink '{plugin}' takes rows of the "
                                                            f"codec {only} only; leave format out\n"
                                                            "    format=json\n           ^~~~\n"))
                self.write("one.conf", text + only + "\n")
                self.assertNotIn("format", self.stook("check", "one.conf").err)

    def test_a_stack_in_the_command_line_has_carets_too(self):
        done = self.stook("run", "stdin, kep(a > 1), stdout")
        self.assertEqual(done.code, 2)
        self.assertIn("no filter 'kep' in this build; did you mean 'keep'?", done.err)
        self.assertIn("^~~", done.err)


class Right(Flow):
    def setUp(self):
        super().setUp()
        self.write("in.log", "".join(f'{{"n":{n},"s":"x y"}}\n' for n in range(10)))

    def numbers(self, name):
        return [row["n"] for row in self.json_lines(name)]

    def test_comments_quotes_any_case_and_spaces(self):
        self.run_config("""# a comment
; another one
[global]
stack = in:fIlE , parse:Parse_JSON , some:KEEP, out:FILE     # behind a value
[in]
path = "in.log"
[parse]
[some]
where = 'n >= 3 and s == "x y"'
[out]
path = 'out # no comment.json'   ; this is one
""")
        self.assertEqual(self.numbers("out # no comment.json"), list(range(3, 10)))

    def test_options_within_a_stack_line(self):
        self.run_config("[global]\nstack=in:FILE(in.log),p:PARSE_JSON,k:KEEP(n < 2),out:FILE(path=out.json, format=json)\n")
        self.assertEqual(self.numbers("out.json"), [0, 1])

    def test_includes_variables_and_units(self):
        self.write("main.conf", "[global]\ninclude=conf.d/*.conf\nstack=in:FILE,p:PARSE_JSON,out:FILE\n[in]\npath=${IN}\n"
                   "max_line=64KiB\n")
        self.write("conf.d/10-out.conf", "[out]\npath=${OUT:-out.json}\nrotate=1GiB\nrotate_every=1h\n")
        self.write("conf.d/20-more.conf", "[global]\nthreads=2\nstop_timeout=1500ms\n")
        self.run_stack("main.conf", env={"IN": "in.log"})
        self.assertEqual(self.numbers("out.json"), list(range(10)))
        self.run_stack("main.conf", env={"IN": "in.log", "OUT": "other.json"})
        self.assertEqual(self.numbers("other.json"), list(range(10)))
        self.assertIn("threads: main, 2 workers, 1 carrier", self.stook("plan", "main.conf", env={"IN": "in.log"}).out)

    def test_a_variable_that_is_not_set_is_an_error_at_its_place(self):
        self.write("main.conf", "[global]\nstack=in:FILE,out:NULL\n[in]\npath=${STOOK_TEST_UNSET}\n")
        done = self.stook("check", "main.conf")
        self.assertEqual(done.code, 2)
        self.assertRegex(done.err, r"main.conf:4: .*STOOK_TEST_UNSET")

    def test_files_are_found_from_the_folder_of_the_configuration(self):
        self.write("sub/stook.conf", "[global]\nstack=in:FILE,out:FILE\n[in]\npath=in.log\n[out]\npath=out.log\nformat=raw\n")
        self.write("sub/in.log", "below\n")
        done = self.stook("run", "--json", "sub/stook.conf")
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual(self.read("sub/out.log"), "below\n")

    def test_the_shipped_configuration_has_no_errors(self):
        self.assertEqual(self.stook("check", os.path.join(ROOT, "etc/stook.conf")).code, 0)


if __name__ == "__main__":
    unittest.main()
