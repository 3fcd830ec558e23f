#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sources in Lua whose script runs in a process of its own: what comes over its pipes, and what becomes of its death."""

import glob
import os
import re
import signal
import unittest

from harness import Daemon, Programs, children, is_alive, open_files

CONFIG = """
[global]
stack=in:LUA,out:FILE
{stacks}
[in]
script=in.lua
isolate=process
{more}
[out]
path=out.log
format=json
"""


class LuaIsolated(Programs):
    def config(self, script, more="", stacks=""):
        self.write("in.lua", script)
        return CONFIG.format(more=more, stacks=stacks)

    def rows(self):
        return self.json_lines("out.log") if os.path.exists(self.path("out.log")) else []

    def run_script(self, script, more="", **rest):
        return self.run_config(self.config(script, more), **rest)

    def start(self, script, more="", stacks=""):
        return Daemon(self, self.config(script, more, stacks))

    def child(self, daemon, other_than=()):
        """The process of the script, once it is there."""
        found = []

        def is_there():
            found[:] = [pid for pid in children(daemon.process.pid) if pid not in other_than and is_alive(pid)]
            return found

        daemon.wait_for(is_there, "a child")
        return found[0]

    def both_ways(self, script, **rest):
        """The same script within stook and in a process of its own."""
        found = []
        for isolate in ("no", "process"):
            self.run_config(self.config(script).replace("isolate=process", f"isolate={isolate}"), **rest)
            found.append(self.read("out.log"))
            os.remove(self.path("out.log"))
        self.assertEqual(*found)
        return found[0]

    def test_json_of_a_child_becomes_rows(self):
        """S0-01: one child of the daemon, which writes an object; S0-05's neighbour: a member `rest` of its own."""
        daemon = self.start("""
            function run()
              write('{"a":1}')
              while true do sleep(10) end
            end""")
        daemon.wait_for(lambda: self.rows() == [{"a": 1}], "the row")
        self.assertEqual(len(children(daemon.process.pid)), 1)
        daemon.stop()
        result = self.run_script("function run() write('{\"a\":1}') end")
        self.assertEqual(result.line("in")["in"], 1)

    def test_the_script_decides_the_text_and_print_is_no_part_of_it(self):
        """S0-02: three objects in order; print() goes to the log, also in the middle of an object."""
        result = self.run_script("""
            function run()
              for i = 1, 3 do
                print("about " .. i)
                write('{"n":')
                print("within")
                write(i .. "}")
              end
            end""")
        self.assertEqual(self.rows(), [{"n": 1}, {"n": 2}, {"n": 3}])
        for i in (1, 2, 3):
            self.assertIn(f'event=script_log instance=in message="about {i}"', result.log)

    def test_commands_reach_the_script(self):
        """S0-03: what the daemon tells is returned by read(); a script that is told to stop has time to say goodbye."""
        daemon = self.start("""
            function run()
              emit{ message = "first" }
              commit{ at = 1 }
              while true do
                local word, token = read()
                emit{ message = word, token = token and token.at }
                if word == "stop" then return end
              end
            end""")
        daemon.wait_for(lambda: {"message": "commit", "token": 1} in self.rows(), "the committed token")
        daemon.stop()
        self.assertEqual([row["message"] for row in self.rows()], ["first", "commit", "stop"])
        self.assertNotIn("event=source_failed", daemon.log())

    def test_read_waits_for_so_long(self):
        """S0-03: read(seconds) gives nil and "late"; within stook, too."""
        text = self.both_ways("""
            function run()
              local word, why = read(0.01)
              emit{ message = tostring(word) .. " " .. why }
            end""")
        self.assertEqual(text, '{"message":"nil late"}\n')

    def test_objects_are_cut_anywhere(self):
        """S0-04: an object in two writes, two in one, 100 KiB in one; with blanks, newlines and brackets in texts."""
        self.run_script("""
            function run()
              write('{"x":')
              sleep(0.05)
              write('1}{"x":2}')
              write('{"long":"' .. ("y"):rep(100 * 1024) .. '"}\\n\\n  ')
              local text = '{ "s" : "}{\\\\"]" ,\\n "o": [ {"k":[]}, -1.5e3, null, true ] }'
              for i = 1, #text do write(text:sub(i, i)) sleep(0) end
            end""")
        rows = self.rows()
        self.assertEqual(rows[:2], [{"x": 1}, {"x": 2}])
        self.assertEqual(rows[2], {"long": "y" * 100 * 1024})
        self.assertEqual(rows[3:], [{"s": '}{"]', "o": [{"k": []}, -1500.0, None, True]}])

    def test_what_is_no_object_is_skipped_to_the_next_line(self):
        """S0-05: told once, counted as framing, and what follows arrives."""
        script = """
            return {{ writes = {{ "n:integer" }}, run = function()
              write({0})
            end }}"""
        for text, lost, rows in (
                (r"'@@@\n{\"ok\":1}\n'", 1, [{"ok": 1}]),
                (r"'{\"n\":1}{\"n\":tru}\n{\"n\":2}'", 1, [{"n": 1}, {"n": 2}]),
                (r"'{\"half\":1\n{\"n\":3}\n'", 1, [{"n": 3}]),
                (r"'{\"half\":\"x\n{\"n\":4}\n'", 1, [{"n": 4}]),
                (r"'{\"n\":\"five\"}{\"n\":6.0}'", 1, [{"n": 6}]),
                (r"'{\"n\":7} [8] {\"n\":9}'", 1, [{"n": 7}]),
                (r"'{\"n\":10}{\"n\":'", 1, [{"n": 10}])):
            result = self.run_script(script.format(text), code=1)
            self.assertEqual(self.rows(), rows, text)
            self.assertEqual(result.line("in")["dropped"], {"framing": lost}, text)
            self.assertEqual(result.log.count("event=framing_error instance=in"), 1, result.log)
            os.remove(self.path("out.log"))

    def test_half_an_object_and_silence_holds_nobody_up(self):
        """S0-04, S0-08: a stop finds the half, and counts it."""
        daemon = self.start("""
            function run()
              emit{ message = "before" }
              write('{"half":')
              while true do sleep(1) end
            end""")
        daemon.wait_for(lambda: len(self.rows()) == 1, "the row before")
        daemon.stop(code=1)
        self.assertIn('event=framing_error instance=in reason="it has no end"', daemon.log())
        self.assertIn("balanced=yes", daemon.log())

    def test_the_same_script_runs_both_ways(self):
        """S0-01..05: rows with types, text, positions, tasks, files and programs are the same in a process of its own."""
        self.write("some.txt", "one\ntwo\n")
        text = self.both_ways("""
            return { writes = { "n:integer", "r:real", "when:time", "ip:address", "raw:bytes", "big:unsigned" },
              options = { name = { "text", "x", "a name" } },
              setup = function(opt) return { run = function(token)
                emit{ n = 1, r = 2, big = -1, free = { 1, { k = stook.null } }, message = "caf\\xc3\\xa9" }
                emit{ raw = "\\xff\\0", ip = "192.0.2.1", when = 1700000000000000000, other = opt.name }
                write('{"n":2,"r":3,"ip":"2001:db8::1","when":1700000000000000001,"big":18446744073709551615,"z":{"a":[1,2]}}')
                for line in program("printf 'a\\\\nb\\\\n'").line do emit{ message = line } end
              end } end }""".replace("""for line in program("printf 'a\\\\nb\\\\n'").line do""",
                                     """local p = program("printf 'a\\\\nb\\\\n'") for line in p.line, p do""") )
        self.assertEqual(text.count("\n"), 5)
        self.assertIn('"big":18446744073709551615', text)

    def test_the_sandbox_is_the_same(self):
        """S0-50: what a script must not have it has nowhere."""
        text = self.both_ways("""
            function run()
              emit{ message = ("%s %s %s %s %s"):format(io, os.execute, require, debug, type(string.rep)) }
            end""")
        self.assertEqual(text, '{"message":"nil nil nil nil function"}\n')

    def test_a_function_is_called_each_interval(self):
        """S0-25: `call` of an agent's section, in a process of its own."""
        daemon = self.start("function beat() return { message = 'beat' } end", "call=beat\ninterval=10ms")
        daemon.wait_for(lambda: len(self.rows()) > 2, "three beats")
        daemon.stop()
        self.assertEqual(self.rows()[0], {"message": "beat", "stream_key": "beat"})

    def test_a_configuration_of_loglunatic(self):
        """S0-06, S0-07: its script in a process of its own, its records in the pipeline."""
        self.write("access.log", "GET /a 200\nGET /b 404\n")
        self.run_script("""
            link {
              inputs.pipe { command = "cat access.log" },
              grok { pattern = "%{word:method} %{notspace:path} %{number:status:int}" },
            }""", "vocabulary=loglunatic")
        self.assertEqual([(row["message"], row["fields"]) for row in self.rows()],
                         [("GET /a 200", {"method": "GET", "path": "/a", "status": 200}),
                          ("GET /b 404", {"method": "GET", "path": "/b", "status": 404})])

    def test_many_rows_wait_for_room(self):
        """S0-08: neither rows nor text are lost when the sink is slower."""
        result = self.run_script("""
            return { writes = { "n:integer" }, run = function()
              for i = 1, 50000 do
                emit{ n = 2 * i - 1 }
                write('{"n":' .. 2 * i .. '}\\n')
              end
            end }""")
        self.assertEqual(result.line("in")["in"], 100000)
        with open(self.path("out.log"), encoding="utf-8") as file:
            self.assertTrue(all(line == '{"n":%d}\n' % (i + 1) for i, line in enumerate(file)))

    def test_a_child_that_is_killed_is_told_and_begins_anew(self):
        """S0-08: by its signal, from its newest position; no zombie is left, and no orphan by the stop."""
        daemon = self.start("""
            function run(token)
              token = (token or 0) + 1
              emit{ message = "life " .. token }
              commit(token)
              while true do sleep(10) end
            end""")
        first = self.child(daemon)
        daemon.wait_for(lambda: len(self.rows()) == 1, "its row")
        os.kill(first, signal.SIGKILL)
        daemon.wait_for(lambda: len(self.rows()) == 2, "the row of its next life")
        second = self.child(daemon, (first,))
        self.assertFalse(os.path.exists(f"/proc/{first}"))
        self.assertRegex(daemon.log(), r'event=source_failed instance=in script=in.lua line=0 '
                                       r'message="its process was ended by signal 9 \(KILL\)" again_in=')
        daemon.stop()
        self.assertEqual([row["message"] for row in self.rows()], ["life 1", "life 2"])
        self.until(lambda: not is_alive(second), "its end")

    def test_rows_of_a_child_that_is_killed_are_whole(self):
        """S0-08: in the midst of many; what came before is there, one behind the other, and at most one row is torn."""
        self.write("in.lua", """
            return { writes = { "n:integer" }, run = function()
              for i = 1, 1e9 do
                if i % 2 == 0 then emit{ n = i, message = "some text" } else write('{"n":' .. i .. ',"message":"some text"}') end
              end
            end }""")
        daemon = self.start(self.read("in.lua"), "restart=never")
        child = self.child(daemon)
        daemon.wait_for(lambda: os.path.exists(self.path("out.log")) and os.path.getsize(self.path("out.log")) > 1 << 20, "a MiB")
        os.kill(child, signal.SIGKILL)
        code = daemon.process.wait(timeout=60)
        self.assertIn(code, (0, 1))
        self.assertRegex(daemon.log(), r'event=source_failed .* message="its process was ended by signal 9 \(KILL\)" again_in=never')
        self.assertIn("balanced=yes", daemon.log())
        self.assertNotRegex(daemon.log(), r"dropped_framing=([2-9]|\d\d)")
        self.assertEqual(code, 1 if "dropped_framing=1" in daemon.log() else 0)
        self.assertEqual([row["n"] for row in self.rows()], list(range(1, len(self.rows()) + 1)))

    def test_a_child_does_not_outlive_the_daemon(self):
        """S0-08: not even one that was killed, and with the child ends what it runs."""
        daemon = self.start("""
            function run()
              local p = program("sleep 1000")
              emit{ message = "up" }
              p:wait()
            end""")
        child = self.child(daemon)
        daemon.wait_for(lambda: len(self.rows()) == 1, "its row")
        (grandchild,) = children(child)
        daemon.kill()
        self.until(lambda: not is_alive(child), "the child's end")
        self.until(lambda: not is_alive(grandchild), "the end of what it runs")

    def test_what_a_child_runs_does_not_outlive_it(self):
        """S0-08: killed, it cannot end its programs itself; nor can it say that one is not there, but for nil and why."""
        daemon = self.start("""
            function run()
              local none, why = program("/nowhere/at-all")
              local p = program({ "sh", "-c", "echo up; exec sleep 1000" })
              emit{ message = p:line() .. " " .. tostring(none) .. " " .. why }
              p:wait()
            end""")
        child = self.child(daemon)
        daemon.wait_for(lambda: len(self.rows()) == 1, "its row")
        self.assertIn("up nil cannot run /nowhere/at-all: No such file", self.rows()[0]["message"])
        (grandchild,) = children(child)
        os.kill(child, signal.SIGKILL)
        daemon.wait_for(lambda: not is_alive(grandchild), "the end of what it ran")
        daemon.wait_for(lambda: len(self.rows()) == 2, "its next life")
        daemon.stop()

    def test_a_child_that_ignores_the_stop_is_killed(self):
        """S0-08: a script that reads the command and goes on; SIGTERM, which it cannot ignore, ends it."""
        daemon = self.start("""
            function run()
              emit{ message = "up" }
              while true do read() end
            end""")
        child = self.child(daemon)
        daemon.wait_for(lambda: len(self.rows()) == 1, "its row")
        daemon.stop()
        self.until(lambda: not is_alive(child), "its end")

    def test_a_stopped_child_is_killed(self):
        """S0-08: one that does not even get SIGTERM."""
        daemon = self.start('function run() emit{ message = "up" } while true do sleep(1) end end')
        child = self.child(daemon)
        daemon.wait_for(lambda: len(self.rows()) == 1, "its row")
        os.kill(child, signal.SIGSTOP)
        daemon.stop()
        self.until(lambda: not is_alive(child), "its end")
        self.assertIn("its process was killed", daemon.log())

    def test_rows_that_nobody_takes_are_counted_at_the_stop(self):
        """S0-03, S0-08: a sink that takes nothing pauses the script, which is told; what it has sent is counted as pool."""
        self.write("in.lua", """
            function run()
              spawn(function()
                for word in read do
                  print("told " .. word)
                  sleep(0.1)  -- meanwhile the loop below sends
                  print("went on")
                end
              end)
              local text = ("x"):rep(1000)
              for i = 1, 1e9 do emit{ message = text } end
            end""")
        daemon = Daemon(self, "[global]\nstop_timeout=500ms\nstack=in:LUA,out:EXEC\n[in]\nscript=in.lua\nisolate=process\n"
                              "[out]\ncommand=sleep 1000\nformat=raw\n")
        child = self.child(daemon)
        daemon.wait_for(lambda: 'message="told pause"' in daemon.log(), "the pause")
        daemon.wait_for(lambda: 'message="went on"' in daemon.log(), "rows that nobody takes")
        daemon.stop(code=1)
        self.until(lambda: not is_alive(child), "its end")
        self.assertRegex(daemon.log(), r"event=script_unread instance=in rows=[1-9]")
        self.assertRegex(daemon.log(), r"element=in kind=source .* dropped_pool=[1-9]")

    def test_a_reload_ends_the_former_process(self):
        """S0-08: a changed script runs in a new one; one that has not changed goes on in its own."""
        script = 'function run() emit{ message = "%s" } while true do sleep(10) end end'
        self.write("other.lua", script % "other")
        daemon = self.start(script % "first", "", "stack=other:LUA(other.lua, isolate=process),out2:FILE(path=other.log)\n")
        daemon.wait_for(lambda: len(self.rows()) == 1 and self.has("other.log", '{"message":"other"}\n'), "both rows")
        before = children(daemon.process.pid)
        self.write("in.lua", script % "second")
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: len(self.rows()) == 2, "the row of the new script")
        daemon.wait_for(lambda: len(children(daemon.process.pid)) == 2, "the end of the former process")
        self.assertEqual(len(before & children(daemon.process.pid)), 1)
        daemon.stop()
        self.assertEqual([row["message"] for row in self.rows()], ["first", "second"])
        self.assertEqual(self.read("other.log").count("\n"), 1)

    def test_faults_are_told_with_file_and_line(self):
        """S0-08: a script that raises, loops, takes too much memory, or returns early; each in its process."""
        for script, what, more in (
                ('function run()\n emit{ message = "x" }\n error("broken") end', r'line=3 message="?broken', ""),
                ("function run()\n while true do pcall(function() while true do end end) end end",
                 r'line=2 message="stopped: it ran longer than its budget"', "budget=20ms"),
                ('function run()\n local t = {}\n while true do t[#t + 1] = ("x"):rep(1 << 16) .. #t end end',
                 r'line=\d+ message="not enough memory"', "memory=1MiB\nbudget=20s"),
                ("function run()\n emit{ 1 } end", r"line=2 message=.*a row's key is a text", ""),
                ('return { writes = { "n:integer" }, run = function()\n emit{ n = "x" } end }',
                 r"line=2 message=.*key 'n' is declared integer", ""),
                ("function run() end\nlocal first = os.time() % 2\nfunction stop() end\n" +
                 "return { run = function()\n sleep(0)\n local x = nil + 1 end }", r"line=6 message=.*arithmetic on a nil", "")):
            result = self.run_script(script, more + "\nrestart=never")
            self.assertRegex(result.log, "event=source_failed instance=in script=in.lua " + what)
        result = self.run_script('function run() emit{ message = "only" } end')
        self.assertNotIn("event=source_failed", result.log)

    def test_a_fault_in_one_child_harms_nobody_else(self):
        """S0-08: the stack beside goes on, whatever becomes of the child."""
        self.write("beside.lua", 'function run() every(0.005, function() emit{ message = "beside" } end) end')
        daemon = self.start("function run() sleep(0) while true do end end", "budget=20ms",
                            "stack=beside:LUA(beside.lua),out2:FILE(path=beside.log)\n")
        daemon.wait_for(lambda: daemon.log().count("event=source_failed") > 1, "two of its ends")
        lines = self.read("beside.log").count("\n")
        daemon.wait_for(lambda: self.read("beside.log").count("\n") > lines + 3, "rows beside")
        daemon.stop()

    def test_a_child_has_bounds_and_nothing_of_the_daemons(self):
        """S0-08: a group of its own, no descriptors but its pipes, limits, no new rights."""
        self.write("beside.lua", "function run() while true do sleep(10) end end")
        daemon = self.start('function run() emit{ message = "up" } while true do sleep(10) end end', "",
                            "stack=beside:LUA(beside.lua),out2:FILE(path=beside.log)\n")
        child = self.child(daemon)
        daemon.wait_for(lambda: len(self.rows()) == 1, "its row")
        self.assertEqual(os.getpgid(child), child)
        with open(f"/proc/{child}/status", encoding="utf-8") as file:
            self.assertIn("NoNewPrivs:\t1\n", file.read())
        with open(f"/proc/{child}/limits", encoding="utf-8") as file:
            limits = file.read()
        self.assertNotRegex(limits, r"Max cpu time +unlimited")
        self.assertRegex(limits, r"Max core file size +0 ")
        files = set(open_files(child))
        self.assertEqual({re.sub(r"\[.*", "", name) for name in files} - {"/dev/null", "pipe:", "anon_inode:", "socket:"},
                         set(), files)
        daemon.stop()

    def test_lpeg_is_there_and_a_match_without_end_is_ended(self):
        """What no budget reaches: each rule tries two ways at each byte."""
        if not glob.glob("/usr/lib/*/liblua5.4-lpeg.so.2"):
            self.skipTest("Debian's package lua-lpeg is not installed")
        self.run_script("""
            local word = lpeg.C(lpeg.R("az") ^ 1)
            local pair = lpeg.Ct(word * "=" * word)
            function run() local found = pair:match("key=value") emit({ key = found[1], value = found[2] }) end
            """)
        self.assertEqual(self.rows(), [{"key": "key", "value": "value"}])
        self.run_config(self.config("function run() emit({ has = lpeg ~= nil }) end").replace("process", "no"))
        self.assertEqual(self.rows()[-1], {"has": False})
        daemon = self.start("""
            local slow = lpeg.P({ lpeg.P("a") * lpeg.V(1) * "b" + lpeg.P("a") * lpeg.V(1) * "c" + "" })
            function run() emit({ n = 1 }) slow:match(("a"):rep(60)) emit({ n = 2 }) end
            """, more="budget=100ms")
        daemon.wait_for(lambda: "event=source_failed" in daemon.log(), "the end of the match", 60)
        self.assertRegex(daemon.log(), "event=source_failed .*ended by (signal|SIG)")
        daemon.kill()

    def test_a_position_is_kept_over_the_end(self):
        """S0-08: tokens of a process are as good as those of a script within stook."""
        script = """
            function run(token)
              token = (token or 0) + 1
              emit{ message = "row " .. token }
              commit(token)
            end"""
        for _ in range(3):
            self.run_script(script, "state_file=in.pos")
        self.assertEqual([row["message"] for row in self.rows()], ["row 1", "row 2", "row 3"])


if __name__ == "__main__":
    unittest.main()
