# SPDX-License-Identifier: Apache-2.0
"""Processes and connections against ps and ss, counters against the kernel's files, files against stat(2)."""

import os
import shutil
import socket
import subprocess
import unittest

from harness import Daemon, Programs, rows_of


class Proc(Programs):
    def look(self, options):
        self.run_config(f"stack=in:PROC,out:FILE\n[in]\nrounds=1\n{options}\n[out]\npath=out.log\nformat=json\n")
        rows = self.json_lines("out.log")
        os.unlink(self.path("out.log"))
        return rows

    @staticmethod
    def told_by_ps(columns, *which):
        """Its lines."""
        words = ["ps", *(which or ["-e"]), "-o", columns]
        return set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines())

    @staticmethod
    def stat_of(pid):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read()

    def test_processes_as_ps_says(self):
        child = subprocess.Popen(["sleep", "300.5"])
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.until(lambda: " (sleep) S " in self.stat_of(child.pid), "its sleep")
        before = self.told_by_ps("pid=,ppid=,user:32=,nlwp=,comm=")
        rows = {row["pid"]: row for row in self.look("what=processes")}
        same = 0
        # What ps says before and after alike was so meanwhile: others come, go, and are left by their parents.
        for line in before & self.told_by_ps("pid=,ppid=,user:32=,nlwp=,comm="):
            pid, ppid, user, threads, name = line.split(None, 4)
            row = rows.get(int(pid))
            if row is None or row["name"] != name:
                continue
            same += 1
            self.assertEqual((row["ppid"], row["user"]), (int(ppid), user))
            if int(pid) == child.pid:
                self.assertEqual(row["threads"], int(threads))
        self.assertGreater(same, 3)
        (rss,) = self.told_by_ps("rss=", "-p", str(child.pid))
        self.assertEqual(rows[child.pid]["mem"] // 1024, int(rss))
        mine = rows[child.pid]
        self.assertEqual((mine["name"], mine["command"], mine["ppid"], mine["state"]),
                         ("sleep", "sleep 300.5", os.getpid(), "S"))
        self.assertGreater(rows[os.getpid()]["cpu"], 0)

    def test_connections_as_the_sockets_are(self):
        server = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
        datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagram.bind(("127.0.0.1", 0))
        for one in (server, client, accepted, datagram):
            self.addCleanup(one.close)
        rows = self.look("what=connections\nowners=yes")
        by_inode = {row["inode"]: row for row in rows}
        for one, proto, state in ((server, "tcp", "LISTEN"), (client, "tcp", "ESTAB"), (accepted, "tcp", "ESTAB"),
                                  (datagram, "udp", "UNCONN")):
            row = by_inode[os.fstat(one.fileno()).st_ino]
            self.assertEqual((row["proto"], row["state"], row["pid"]), (proto, state, os.getpid()))
            self.assertEqual((row["local.ip"], row["local.port"]), one.getsockname())
            if state == "ESTAB":
                self.assertEqual((row["remote.ip"], row["remote.port"]), one.getpeername())
        if not shutil.which("ss"):
            return
        told = subprocess.run(["ss", "-Htan4"], capture_output=True, text=True, check=True).stdout
        listening = {line.split()[3].rsplit(":", 1)[1] for line in told.splitlines() if line.startswith("LISTEN")}
        ours = {str(row["local.port"]) for row in rows if row["proto"] == "tcp" and row["state"] == "LISTEN"}
        self.assertIn(str(server.getsockname()[1]), listening & ours)

    def test_six(self):
        try:
            server = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            self.skipTest("no IPv6 here")
        self.addCleanup(server.close)
        row = next(row for row in self.look("what=connections") if row["inode"] == os.fstat(server.fileno()).st_ino)
        self.assertEqual((row["proto"], row["local.ip"], row["local.port"]), ("tcp6", "::1", server.getsockname()[1]))

    def test_counters(self):
        rows = self.look("what=cpu, mem, disk, net")
        with open("/proc/meminfo", encoding="utf-8") as meminfo:
            total = next(int(line.split()[1]) for line in meminfo if line.startswith("MemTotal:"))
        mem = next(row for row in rows if row["proc"] == "mem")
        self.assertEqual(mem["mem.total"], total * 1024)
        self.assertLessEqual(mem["mem.free"], mem["mem.total"])
        cpus = [row for row in rows if row["proc"] == "cpu"]
        self.assertEqual(cpus[0]["name"], "all")
        self.assertTrue(all(0 <= row["cpu"] <= 100 for row in cpus))
        with open("/proc/net/dev", encoding="utf-8") as dev:
            names = {line.split(":")[0].strip() for line in dev if ":" in line}
        self.assertEqual({row["name"] for row in rows if row["proc"] == "net"}, names)

    def test_nothing_starts_without_the_files_of_a_kind(self):
        os.mkdir(self.path("bare"))
        for what, needed in (("cpu", "stat"), ("mem", "meminfo"), ("disk", "diskstats"), ("net", "net/dev"),
                             ("connections", "net/tcp")):
            done = self.stook("run", f"proc({what}, root=bare, rounds=1), stdout")
            self.assertEqual(done.code, 3, done.err)
            self.assertIn(f"cannot open bare/{needed}, without which there is no `{what}`: No such file or directory", done.err)
        done = self.stook("run", "proc(processes, root=nope, rounds=1), stdout")
        self.assertEqual(done.code, 3, done.err)
        self.assertIn("cannot open nope, without which there is no `processes`", done.err)

    def test_a_file_that_goes_is_told_once_and_read_again_when_it_is_back(self):
        root = self.path("root")
        stat = self.write("root/stat", "cpu  100 0 50 800 50 0 0 0 0 0\n")
        self.write("root/meminfo", "MemTotal: 1000 kB\n")
        daemon = Daemon(self, f"stack=in:PROC,out:FILE\n[in]\nwhat=cpu, mem\ninterval=10ms\nroot={root}\n"
                              "[out]\npath=out.log\nformat=json\n")

        def kinds():
            text = self.read("out.log") if os.path.exists(self.path("out.log")) else ""
            return [row["proc"] for row in rows_of(text)]

        daemon.wait_for(lambda: "cpu" in kinds(), "rows")
        os.rename(stat, stat + ".away")
        daemon.wait_for(lambda: "event=proc_unreadable" in daemon.log(), "it is told")
        daemon.wait_for(lambda: kinds()[-3:] == 3 * ["mem"], "the others go on")
        os.rename(stat + ".away", stat)
        daemon.wait_for(lambda: "cpu" in kinds()[-3:], "it is read again")
        daemon.stop()
        self.assertEqual(daemon.log().count("event=proc_unreadable"), 1)
        self.assertIn(f'event=proc_unreadable instance=in path={stat} reason="No such file or directory"', daemon.log())

    def test_files(self):
        for name in ("one.log", "two.log"):
            self.write(name, name)
        os.symlink("gone", self.path("link"))
        self.run_config("stack=in:STAT,out:FILE\n[in]\nrounds=1\npath=*.log, none, link\nfollow_links=no\n"
                        "[out]\npath=out.json\nformat=json\n")
        rows = {os.path.basename(row["file.path"]): row for row in self.json_lines("out.json")}
        status = os.stat(self.path("one.log"))
        one = rows["one.log"]
        self.assertEqual((one["exists"], one["file.size"], one["file.inode"], one["file.links"], one["file.kind"]),
                         (True, 7, status.st_ino, 1, "file"))
        self.assertEqual(rows["none"]["exists"], False)
        self.assertNotIn("file.size", rows["none"])
        self.assertEqual(rows["link"]["file.kind"], "link")
        self.assertEqual(set(rows), {"one.log", "two.log", "none", "link"})


if __name__ == "__main__":
    unittest.main()
