#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the script of a source can wait for: files, folders, programs, sockets. Names carry the catalogue's ids."""

import os
import re
import signal
import socket
import threading
import unittest

from harness import Daemon, Programs, is_alive

CONFIG = """
stack=in:LUA,out:FILE
[in]
script=in.lua
{more}
[out]
path=out.log
format=json
"""


class LuaAgent(Programs):
    def rows(self):
        return self.json_lines("out.log") if os.path.exists(self.path("out.log")) else []

    def messages(self):
        return [row["message"] for row in self.rows()]

    def daemon(self, script, more=""):
        self.write("in.lua", script.replace("DIR", self.dir))
        return Daemon(self, CONFIG.format(more=more))

    def run_script(self, script, more="", **rest):
        self.write("in.lua", script.replace("DIR", self.dir))
        result = self.run_config(CONFIG.format(more=more), **rest)
        self.assertNotIn("source_failed", result.log)
        return result

    def stop(self, daemon):
        daemon.stop()
        self.assertNotIn("source_failed", daemon.log())

    def test_s0_15_43_63_to_65_a_file_that_is_found_at_run_time_is_followed(self):
        script = """function run()
          watch_file("DIR/grow.log", function(line, input) emit{ message = line, path = input.path } end)
        end"""
        self.write("grow.log", "one\ntw")
        daemon = self.daemon(script, "state_file=in.pos")
        daemon.wait_for(lambda: self.messages() == ["one"], "the whole line")
        self.write("grow.log", "o\nthree\n", "a")
        daemon.wait_for(lambda: self.messages() == ["one", "two", "three"], "the lines, whole")
        for turn in range(5):
            os.rename(self.path("grow.log"), self.path(f"grow.log.{turn}"))
            self.write(f"grow.log.{turn}", f"late {turn}\n", "a")
            self.write("grow.log", f"new {turn}\n")
            daemon.wait_for(lambda turn=turn: f"new {turn}" in self.messages(), "the new file")
        self.write("grow.log", "")  # truncated
        self.write("grow.log", "s\n", "a")
        daemon.wait_for(lambda: "s" in self.messages(), "what came after the truncation")
        self.stop(daemon)
        expected = ["one", "two", "three"] + [word for turn in range(5) for word in (f"late {turn}", f"new {turn}")] + ["s"]
        self.assertEqual(self.messages(), expected)
        again = self.daemon(script, "state_file=in.pos")
        self.write("grow.log", "after\n", "a")
        again.wait_for(lambda: self.messages() == [*expected, "after"], "what came meanwhile, once")
        self.stop(again)

    def test_s0_11_44_old_files_are_read_once(self):
        script = """function run()
          for _, name in ipairs(list("DIR/old")) do
            schedule_upload("DIR/old/" .. name, function(line) emit{ message = line } end)
          end
          spawn(function() while not stat("DIR/end") do sleep(0.01) end end)
        end"""
        self.write("old/a", "".join(f"a{i}\n" for i in range(20000)))
        self.write("old/b", "b0\nb1")
        self.write("end", "")
        self.run_script(script, "state_file=in.pos")
        self.assertEqual(self.messages(), [f"a{i}" for i in range(20000)] + ["b0", "b1"])
        self.write("old/c", "c0\n")
        self.run_script(script, "state_file=in.pos")
        self.assertEqual(self.messages()[20002:], ["c0"])

    def test_much_that_makes_no_row_is_read_in_turns(self):
        self.write("much.log", "a line of which nothing is made\n" * 300000 + "last\n")
        self.run_script("""function run()
          schedule_upload("DIR/much.log", function(line) if line == "last" then emit{ message = line } end end)
          local child, n = program("seq 1 300000"), 0
          for line in child.line, child do n = n + #line end
          local file = open("DIR/much.log")
          for line in file.line, file do n = n + 1 end
          emit{ message = tostring(n) }
        end""", "budget=50ms")
        self.assertEqual(sorted(self.messages()), sorted([str(sum(len(str(i)) for i in range(1, 300001)) + 300001), "last"]))

    def test_a_position_without_rows_is_kept_soon(self):
        daemon = self.daemon('function run() commit("here") sleep(1000) end', "state_file=in.pos")
        daemon.wait_for(lambda: os.path.exists(self.path("in.pos")) and '"here"' in self.read("in.pos"), "the file")
        self.stop(daemon)

    def test_s0_16_45_a_folder_is_watched(self):
        os.mkdir(self.path("seen"))
        daemon = self.daemon("""function run()
          assert(watch_path("DIR/seen", function(path, kind) emit{ message = kind, path = path } end))
          emit{ message = "ready" }
          local ok, why = watch_path("DIR/none", print)
          emit{ message = why }
        end""")
        daemon.wait_for(lambda: len(self.rows()) >= 2, "the watch")
        self.assertEqual(self.messages()[1], "No such file or directory")
        self.write("seen/a", "x")
        os.rename(self.path("seen/a"), self.path("seen/b"))
        os.rename(self.path("seen/b"), self.path("gone"))
        os.rename(self.path("gone"), self.path("seen/c"))
        os.remove(self.path("seen/c"))
        daemon.wait_for(lambda: "delete" in self.messages(), "all events")
        self.stop(daemon)
        seen = [(row["message"], os.path.basename(row["path"])) for row in self.rows()[2:]]
        for event in (("create", "a"), ("modify", "a"), ("move_from", "a"), ("move_to", "b"), ("move_from", "b"), ("move_to", "c"),
                      ("delete", "c")):
            self.assertIn(event, seen)

    def test_s0_17_inputs_are_found_by_their_key(self):
        self.run_script("""function run()
          local input = create_file_input("File:a", { path = "/x", other = "kept" })
          emit{ message = tostring(get_file_input("File:a") == input) .. tostring(get_file_input("File:b")) .. input.config.other }
        end""")
        self.assertEqual(self.messages(), ["truenilkept"])

    def test_s0_69_files_and_inotify_by_hand(self):
        self.write("some.log", "a\nbb\nccc")
        os.mkdir(self.path("quiet"))
        self.run_script("""function run()
          local file = open("DIR/some.log")
          local first, second, none = file:line(), file:line(), file:line()
          emit{ message = first .. second .. tostring(none) .. file:tell() .. file:rest() }
          file:seek(2) emit{ message = file:lines() }
          file:seek(-1) emit{ message = tostring(file:tell()) }
          local about = stat("DIR/some.log")
          emit{ message = about.kind .. about.size .. tostring(about.id == file:stat().id) }
          file:close()
          emit{ message = select(2, pcall(file.line, file)) }
          emit{ message = select(2, open("DIR/none")) .. ", " .. select(2, open("DIR")) }
          local watches = inotify()
          local wd = watches:add("DIR/quiet")
          emit{ message = tostring(watches:read(0.01)) }
          watches:remove(wd) watches:close()
        end""")
        messages = self.messages()
        self.assertEqual(messages[:4], ["abbnil5ccc", "bb\n", "8", "file8true"])
        self.assertIn("file:line: the file is closed", messages[4])
        self.assertEqual(messages[5:], ["No such file or directory, it is no regular file", "nil"])

    def test_programs(self):
        result = self.run_script("""function run()
          local child = assert(program{ "/bin/sh", "-c", "read a; echo got $a; echo err >&2; exit 3" })
          child:write("word\\n")
          emit{ message = child:line() .. " " .. select(2, child:line()) .. " " .. child:wait() }
          child:close()
          child = program("sh -c 'echo out; echo err >&2'", { stderr = true })
          emit{ message = child:line() .. child:line() }
          child = program("sleep 100")
          emit{ message = select(2, child:line(0.01)) .. select(2, child:wait(0.01)) }
          child:kill() emit{ message = tostring(child:wait()) }
          child = program("pwd", { folder = "/", environment = { "A=b" } }) emit{ message = child:line() }
          emit{ message = select(2, program("/no/such/program")) }
          child = program("seq 1 50000")
          local sum = 0
          for line in child.line, child do sum = sum + tonumber(line) end
          emit{ message = tostring(sum) }
        end""")
        messages = self.messages()
        self.assertEqual(messages[:5], ["got word end 3", "outerr", "latelate", "143", "/"])
        self.assertIn("/no/such/program", messages[5])
        self.assertEqual(messages[6], "1250025000")
        self.assertEqual(result.line("in")["in"], 7)

    def test_200_programs_leave_no_zombie_and_the_stop_no_orphan(self):
        daemon = self.daemon("""function run()
          local left = program("sleep 1000")
          for i = 1, 200 do spawn(function()
            local child = program("echo " .. i) emit{ message = child:line() } child:wait() child:close()
          end) end
          local child = program("sh -c 'echo $$; exec sleep 1000'")
          emit{ message = "pid " .. child:line() }
          child:line()
        end""")
        daemon.wait_for(lambda: len(self.rows()) == 201, "all of them")
        pid = int(next(m for m in self.messages() if m.startswith("pid ")).split()[1])
        with open(f"/proc/{daemon.process.pid}/task/{daemon.process.pid}/children", encoding="utf-8") as file:
            listed = file.read().split()
        self.stop(daemon)
        self.until(lambda: not is_alive(pid), "its end")
        self.until(lambda: not any(is_alive(int(one)) for one in listed), "the end of the others")

    def test_a_killed_program_of_the_script_is_its_own_matter(self):
        daemon = self.daemon("""function run()
          every(0.001, function()
            local child = program("sh -c 'echo $$; exec sleep 1000'")
            emit{ message = child:line() }
            emit{ message = "ended " .. child:wait() }
            child:close()
          end)
        end""")
        for turn in range(2):
            daemon.wait_for(lambda turn=turn: len(self.rows()) == 2 * turn + 1, "its pid")
            os.kill(int(self.messages()[-1]), signal.SIGKILL)
            daemon.wait_for(lambda turn=turn: len(self.rows()) >= 2 * turn + 2, "its end")
            daemon.wait_for(lambda turn=turn: len(self.rows()) >= 2 * turn + 3, "the next")
        self.stop(daemon)
        self.assertEqual([m for m in self.messages() if m.startswith("ended")], ["ended 137"] * 2)

    def test_sockets(self):
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        heard = []

        def serve():
            peer, _ = server.accept()
            heard.append(peer.recv(100))
            peer.sendall(b"first\nsec")
            peer.sendall(b"ond\nrest")
            peer.close()

        thread = threading.Thread(target=serve)
        thread.start()
        self.run_script("""function run()
          local peer = assert(connect("tcp:127.0.0.1:PORT", 5))
          peer:write("hello")
          emit{ message = peer:line() .. peer:line() .. peer:line() .. select(2, peer:line()) }
          peer:close()
          local listener = assert(listen("tcp:127.0.0.1:0"))
          spawn(function()
            local other = connect("tcp:localhost:" .. listener:port())
            other:write(("x"):rep(1000000)) other:shut()
            emit{ message = tostring(other:read()) }
          end)
          local one = listener:accept()
          local size = 0
          for piece in one.read, one do size = size + #piece end
          emit{ message = tostring(size) }
          one:write("bye") one:close()
          emit{ message = select(2, listener:accept(0.01)) }
          listener:close()
          local hub = assert(listen("unix:DIR/hub"))
          spawn(function() connect("unix:DIR/hub"):write("by path\\n") end)
          emit{ message = hub:accept():line() }
          emit{ message = select(2, connect("unix:DIR/nobody")) }
          emit{ message = select(2, pcall(connect, "example.org:80")) }
        end""".replace("PORT", str(server.getsockname()[1])))
        thread.join()
        self.assertEqual(heard, [b"hello"])
        messages = self.messages()
        self.assertEqual(messages[0], "firstsecondrestend")
        wrong = next(message for message in messages if "example.org" in message)
        self.assertIn("connect: 'example.org:80' is no address; it would be tcp:192.0.2.1:514", wrong)
        messages.remove(wrong)
        self.assertEqual(sorted(messages[1:]), sorted(["1000000", "late", "bye", "by path", "No such file or directory"]))

    def test_s0_12_60_61_streams_have_their_own_handlers(self):
        self.write("a.log", "x\ny\n")
        self.write("b.log", "z\n")
        self.run_script("""
          local handlers = { A = string.upper, B = function(line) return line .. line end }
          local left = 3
          function process(global, data)
            local key, lines = table.unpack(stook.msgpack.decode(data))
            for line in lines:gmatch("[^\\n]+") do
              send_to_server(global, stook.msgpack.encode{ key, { message = handlers[key](line), list = { 1, { k = -1 } } } })
            end
          end
          function run()
            schedule_upload{ path = "DIR/a.log", stream_key = "A" }
            schedule_upload{ path = "DIR/b.log", stream_key = "B" }
          end""")
        self.assertEqual([(row["stream_key"], row["message"]) for row in self.rows()], [("A", "X"), ("A", "Y"), ("B", "zz")])
        self.assertEqual(self.rows()[0]["list"], [1, {"k": -1}])

    def test_a_changed_script_is_taken_up_at_a_reload(self):
        daemon = self.daemon('function run(n) n = n or 0 every(0.005, function() n = n + 1 emit{ message = "old " .. n } commit(n) end) end',
                             "state_file=in.pos")
        daemon.wait_for(lambda: len(self.rows()) > 3, "rows")
        self.write("in.lua", 'function run(n) n = n or 0 every(0.005, function() n = n + 1 emit{ message = "new " .. n } commit(n) end) end')
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: any(m.startswith("new") for m in self.messages()), "rows of the new one")
        self.stop(daemon)
        numbers = [int(re.search(r"\d+", message).group()) for message in self.messages()]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))


if __name__ == "__main__":
    unittest.main()
