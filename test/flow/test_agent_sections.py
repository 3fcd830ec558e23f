#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The scripted agent's sections, written by Python's configparser and read as they are. Names carry the catalogue's ids."""

import configparser
import os
import unittest

from harness import Daemon, Programs


class AgentSections(Programs):
    def sections(self, more="", **what):
        """Writes the configuration as the agent's own program does; `File_app` stands for the section [File:app]."""
        config = configparser.ConfigParser(interpolation=None)
        config.optionxform = str
        for name, pairs in what.items():
            config[name.replace("_", ":", 1)] = pairs
        with open(self.path("agent.conf"), "w", encoding="utf-8") as file:
            file.write(more)
            config.write(file)
        with open(self.path("agent.conf"), encoding="utf-8") as file:
            return file.read()

    def files(self, name="app", **more):
        os.makedirs(self.path("logs"), exist_ok=True)
        os.makedirs(self.path("journal"), exist_ok=True)
        return {"log_directory": self.path("logs"), "journal_directory": self.path("journal"), "file_match": r"^app.*%.log", **more}

    OUT = "[out]\npath = out.log\nformat = json\n\n"
    LS = {"output": "out:FILE", "hostname": "web1"}

    def rows(self):
        return self.json_lines("out.log") if os.path.exists(self.path("out.log")) else []

    def refused(self, text, *parts):
        result = self.stook("check", self.write("agent.conf", text))
        self.assertEqual(result.code, 2, result.err + result.out)
        for part in parts:
            self.assertIn(part, result.err + result.out)

    def test_s0_20_23_24_files(self):
        config = self.sections(self.OUT, FILE={"file_app": "True", "file_other": "0"}, File_app=self.files(tags="web prod"),
                               File_other=self.files(file_match="other"), LS=self.LS)
        self.write("logs/app.log", "one\n")
        self.write("logs/other", "no\n")
        self.write("logs/.app.log", "hidden\n")
        daemon = Daemon(self, config)
        daemon.wait_for(lambda: len(self.rows()) == 1, "the first line")
        self.write("logs/app.log", "two\n", "a")
        daemon.wait_for(lambda: len(self.rows()) == 2, "the second line")
        daemon.stop()
        self.assertEqual(self.rows()[0], {"message": "one", "hostname": "web1", "stream_key": "File:app", "tags": "web prod"})
        self.assertTrue(os.path.exists(self.path("journal/file.app.pos")))
        again = Daemon(self, config)
        self.write("logs/app.log", "three\n", "a")
        again.wait_for(lambda: len(self.rows()) == 3, "the third line, and no other")
        again.stop()
        self.assertEqual([row["message"] for row in self.rows()], ["one", "two", "three"])

    def test_s0_10_11_the_newest_is_followed_and_the_others_are_read_once(self):
        config = self.sections(self.OUT, FILE={"file_app": "yes"}, File_app=self.files(priority="mtime"), LS=self.LS)
        for age, name in ((300, "app.1.log"), (200, "app.2.log"), (100, "app.3.log")):
            path = self.write("logs/" + name, name + "\n")
            os.utime(path, (os.stat(path).st_mtime - age,) * 2)
        daemon = Daemon(self, config)
        daemon.wait_for(lambda: len(self.rows()) == 3, "all three")
        self.write("logs/app.3.log", "live\n", "a")
        daemon.wait_for(lambda: len(self.rows()) == 4, "the live line")
        daemon.stop()
        self.assertEqual([row["message"] for row in self.rows()], ["app.1.log", "app.2.log", "app.3.log", "live"])

    def test_s0_25_exec(self):
        daemon = Daemon(self, self.sections(
            self.OUT, EXEC={"exec_both": "True", "exec_err": "ON"}, LS={**self.LS, "refresh_interval": "0.05"},
            Exec_both={"shell": "echo o; echo e >&2", "watch": "both", "refresh_interval": "0.05"},
            Exec_err={"shell": "echo x; echo only >&2", "watch": "stderr", "tags": "t"}))
        by = lambda key: [row for row in self.rows() if row["stream_key"] == key]
        daemon.wait_for(lambda: len(by("Exec:both")) >= 6 and len(by("Exec:err")) >= 2, "some runs")
        daemon.stop()
        self.assertEqual({(row["message"], row["exec.stream"]) for row in by("Exec:both")}, {("o", "stdout"), ("e", "stderr")})
        self.assertEqual({(row["message"], row["tags"]) for row in by("Exec:err")}, {("only", "t")})

    def test_s0_26_stat(self):
        daemon = Daemon(self, self.sections(
            self.OUT, STAT={"stat_load": "1", "stat_bad": "1"}, LS=self.LS,
            Stat_load={"shell": "echo load=0.5 users=3", "refresh_interval": "0.05", "hostname": "own"},
            Stat_bad={"shell": "echo '{broken'", "format": "json", "refresh_interval": "0.05"}))
        by = lambda key: [row for row in self.rows() if row["stream_key"] == key]
        daemon.wait_for(lambda: by("Stat:load") and by("Stat:bad"), "a run of each")
        daemon.stop()
        self.assertEqual(by("Stat:load")[0], {"load": 0.5, "users": 3, "hostname": "own", "stream_key": "Stat:load"})
        self.assertIn("parse_error", by("Stat:bad")[0])

    def test_s0_40_to_42_and_27_a_script_has_the_sections(self):
        self.write("lib/words.lua", 'return { hello = "hello" }')
        self.write("engine.lua", """
            local words = require("words")
            function init_file(global, key, config) send_event(key, config) end
            function init_stat(global, key, config) send_event(key, config) end
            function init_exec(global, key, config) send_event(key, config) end
            local n = 0
            function count() n = n + 1 return { n = n } end
            function say() return words.hello end
            function bad() return {} and "text" end
            """)
        daemon = Daemon(self, self.sections(
            self.OUT, FILE={"file_app": "True"}, File_app=self.files(own_key="7"), EXEC={"exec_say": "True"},
            Exec_say={"call": "say", "refresh_interval": "0.05"}, STAT={"stat_n": "True", "stat_bad": "True"},
            Stat_n={"call": "count", "refresh_interval": "0.05"}, Stat_bad={"call": "bad", "refresh_interval": "0.05"},
            LS={**self.LS, "lua_engine": "engine.lua", "lua_package": "ON", "lua_paths": "lib"}))
        by = lambda key: [row for row in self.rows() if row["stream_key"] == key]
        daemon.wait_for(lambda: len(by("Stat:n")) >= 3 and len(by("Exec:say")) >= 2 and len(by("Stat:bad")) >= 2, "calls")
        daemon.stop()
        self.assertEqual(by("File:app")[0]["own_key"], "7")
        self.assertEqual(by("File:app")[0]["file_match"], r"^app.*%.log")
        self.assertEqual([row["n"] for row in by("Stat:n")[1:3]], [1, 2])
        self.assertEqual(by("Exec:say")[1]["message"], "hello")
        self.assertEqual(by("Stat:bad")[1]["error"], "string")

    def test_s0_43_44_60_61_a_script_follows_files_by_its_own_rule(self):
        self.write("engine.lua", """
            function last_one(old, new) return new > old and new or old end
            function process(global, data)
              local key, lines = table.unpack(stook.msgpack.decode(data))
              for line in lines:gmatch("([^\\n]*)\\n") do
                send_to_server(global, stook.msgpack.encode{ key, { message = line:upper(), big = 9007199254740993, none = stook.null } })
              end
            end""")
        config = self.sections(self.OUT, FILE={"file_app": "True"}, File_app=self.files(priority="last_one", rescan_interval="0.1"),
                               LS={**self.LS, "lua_engine": "engine.lua"})
        self.write("logs/app.1.log", "a1\n")
        self.write("logs/app.2.log", "a2\n")
        daemon = Daemon(self, config)
        daemon.wait_for(lambda: len(self.rows()) == 2, "both files")
        self.write("logs/app.2.log", "live\n", "a")
        daemon.wait_for(lambda: len(self.rows()) == 3, "the live line")
        self.write("logs/app.3.log", "a3\n")
        daemon.wait_for(lambda: len(self.rows()) == 4, "the new file")
        daemon.stop()
        again = Daemon(self, config)
        self.write("logs/app.3.log", "b3\n", "a")
        again.wait_for(lambda: len(self.rows()) >= 5, "the next line")
        again.stop()
        self.assertNotIn("source_failed", again.log() + daemon.log())
        self.assertEqual(sorted(row["message"] for row in self.rows()), ["A1", "A2", "A3", "B3", "LIVE"])
        self.assertEqual(self.rows()[0]["big"], 9007199254740993)
        self.assertIsNone(self.rows()[0]["none"])
        self.assertEqual({row["stream_key"] for row in self.rows()}, {"File:app"})

    def test_s0_21_22_mistakes_have_their_line(self):
        good = self.sections(self.OUT, FILE={"file_app": "True"}, File_app=self.files(), LS=self.LS)
        result = self.stook("plan", self.write("agent.conf", good))
        self.assertEqual(result.code, 0, result.err)
        self.assertIn("file.app", result.out)
        head = "[FILE]\nfile_a = True\n"
        entry = "[File:a]\nlog_directory = /x\nfile_match = a\n"
        self.refused("[FILE]\n  file_a = True\n    file_b = True\n", "agent.conf:3", "another indentation")
        self.refused(head + "[File:a]\nlog_directory =\n", "agent.conf:4", "log_directory must have a value")
        self.refused("[FILE\nfile_a = True\n", "agent.conf:1", "not a section")
        self.refused(head, "agent.conf:2", "there is no section [File:a]")
        self.refused(head + "[File:a]\nfile_match = a\n", "agent.conf:3", "log_directory is missing")
        self.refused(entry, "agent.conf:1", "no entry names this section")
        self.refused("[FILE]\nfile_a = maybe\n" + entry, "agent.conf:2", "'maybe' is neither True nor False")
        self.refused(head + entry + "log_directry = /y\n", "agent.conf:6", "did you mean 'log_directory'?")
        self.refused(head + entry + "priority = oldest\n", "agent.conf:6", "priority")
        self.refused(head + entry + "[LS]\nlua_debug = perhaps\n", "agent.conf:7", "'perhaps' is neither ON nor OFF")
        self.refused("[EXEC]\nexec_a = 1\n[Exec:a]\nwatch = both\n", "neither shell nor call")
        self.refused("[EXEC]\nexec_a = 1\n[Exec:a]\nwatch = all\nshell = x\n", "agent.conf:4", "watch")
        self.refused("[EXEC]\nexec_a = 1\n[Exec:a]\ncall = f\n", "agent.conf:4", "there is no script")
        self.refused("[STAT]\nstat_a = 1\n[Stat:a]\nshell = x\nformat = xml\n", "agent.conf:5", "no format 'xml'")

    def test_s0_28_values_out_of_range(self):
        head = "[FILE]\nfile_a = True\n[File:a]\nlog_directory = /x\nfile_match = a\n[LS]\n"
        for key, values in (("cpu_limit", ("0", "101")), ("mem_size", ("0", "65")), ("server_port", ("0", "65536", "x")),
                            ("io_limit", ("-1",)), ("refresh_interval", ("0",)), ("watch_mode", ("sometimes",))):
            for value in values:
                self.refused(head + f"{key} = {value}\n", "agent.conf:7", key)

    def test_s0_22_keys_in_any_case_and_long_values(self):
        tags = "t" * 300
        daemon = Daemon(self, self.OUT + "[STAT]\nSTAT_A = on\n[stat:a]\nShell = echo n=1\nREFRESH_interval = 0.05\nTags = "
                        + tags + "\n[LS]\nOutput = out:FILE\n")
        daemon.wait_for(self.rows, "a row")
        daemon.stop()
        self.assertEqual(self.rows()[0]["tags"], tags)
        self.assertIn("hostname", self.rows()[0])


if __name__ == "__main__":
    unittest.main()
