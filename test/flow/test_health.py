# SPDX-License-Identifier: Apache-2.0
"""Health: a sink that takes nothing is named with its source and age; the control socket, its limits, and systemd's words."""

import json
import os
import re
import resource
import signal
import socket
import stat
import time
import unittest

from harness import PLAIN, TAIL_TO_FILE, Daemon, Programs

CONFIG = """
[global]
control=control
stall_after={after}
state_dir={dir}
stop_timeout=300ms
stack=in:TAIL,out:FILE
stack=in:TAIL,parse:KEEP,good:FILE
stack=other:TAIL,fine:FILE
[in]
path=in.log
start_at=beginning
[parse]
where=message != ''
[out]
path=pipe
format=raw
[good]
path=good.log
format=raw
[other]
path=other.log
start_at=beginning
[fine]
path=fine.log
format=raw
"""


class Asked(Programs):
    """A daemon with a control socket in the test's folder."""

    def config(self, after="60s"):
        return CONFIG.format(after=after, dir=self.dir)

    def health(self, *words):
        return self.stook("health", "--socket", "control", *words)

    def facts(self, source="in"):
        done = self.health("--json")
        self.assertIn(done.code, (0, 1), done.err)
        answer = json.loads(done.out)
        self.assertEqual(answer["healthy"], done.code == 0)
        return [one for one in answer["sources"] if one["source"] == source][0]

    def stalled(self, after="300ms"):
        """A daemon whose sink is a pipe that nobody reads, full and with rows waiting before it; and the pipe's other end."""
        os.mkfifo(self.path("pipe"))
        reader = os.open(self.path("pipe"), os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.write("in.log", "".join(f"line {n} {'x' * 100}\n" for n in range(20000)))
        daemon = Daemon(self, self.config(after))
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "the pipe is full")
        return daemon, reader

    def drain(self, daemon, reader):
        got = b""

        def arrives():
            nonlocal got
            try:
                while part := os.read(reader, 1 << 16):
                    got += part
            except BlockingIOError:
                pass
            return b"line 19999 " in got

        daemon.wait_for(arrives, "the last line")
        return got


class Stall(Asked):
    def test_a_sink_that_takes_nothing_is_named_until_it_recovers(self):
        daemon, reader = self.stalled(after="2s")  # a write waits for a second before it says that the pipe is full
        daemon.wait_for(lambda: self.health().code == 1, "unhealthy")
        done = self.health()
        self.assertRegex(done.out, r"\Aunhealthy: 1 of 2 sources has come to a stop\n"
                         r"  in,out: nothing acknowledged for [\d.]+ \w+; [\d ]+ rows wait, the oldest for [\d.]+ \w+\n"
                         r"    held by sink out, which has been failing for [\d.]+ \w+: write \S+pipe: Resource temporarily unavailable\n\Z")
        fact = self.facts()
        self.assertEqual((fact["stack"], fact["holder"], fact["holder_state"]), ("in,out", "out", "failing"))
        self.assertEqual(fact["reason"], f"write {self.path('pipe')}: Resource temporarily unavailable")
        self.assertGreater(fact["rows"], 0)
        self.assertGreaterEqual(fact["oldest_s"], 0.3)
        daemon.wait_for(lambda: "event=ack_waits" in daemon.log(), "the warning")
        self.assertRegex(daemon.log(), r"level=warning event=ack_waits source=in stack=in,out holder=out state=failing "
                         r"age=\S+ ?\S* rows=\d+ stalled=\w+ reason=\"write \S+pipe: Resource temporarily unavailable\" suppressed=0")
        self.drain(daemon, reader)
        daemon.wait_for(lambda: "event=ack_moves source=in" in daemon.log(), "the end of it")
        self.assertEqual(self.health().code, 0)
        self.assertEqual(daemon.log().count("event=ack_waits"), 1)
        daemon.stop()

    def test_a_source_beside_it_is_well(self):
        daemon, reader = self.stalled()
        daemon.wait_for(lambda: self.health().code == 1, "unhealthy")
        self.write("other.log", "one\n")
        self.until(lambda: self.has("fine.log", "one\n"), "the other row")
        self.assertFalse(self.facts("other")["stalled"])
        self.assertTrue(self.facts()["stalled"])
        self.drain(daemon, reader)
        daemon.wait_for(lambda: self.facts()["oldest_s"] == 0, "all is settled")
        daemon.stop()

    def test_nothing_is_late_before_its_time(self):
        daemon, reader = self.stalled(after="1h")
        done = self.health()
        self.assertEqual((done.code, done.out.splitlines()[0]), (0, "healthy: 2 sources, rows on their way"))
        self.assertIn("  in,out: moving; ", done.out)
        self.assertNotIn("event=ack_waits", daemon.log())
        self.drain(daemon, reader)
        daemon.wait_for(lambda: self.health().out == "healthy: 2 sources, nothing waits\n", "rest")
        daemon.stop()

    def test_a_sink_that_never_answers_is_silent(self):
        self.write("in.log", "one\n")
        text = f"[global]\ncontrol=control\nstall_after=1500ms\nstack=in:TAIL,slow:CAPTURE\n[in]\npath=in.log\nstart_at=beginning\n" \
               "[slow]\ndelay=1h\nformat=raw\n"
        daemon = Daemon(self, text)
        daemon.wait_for(lambda: self.health().code == 1, "unhealthy")
        fact = self.facts()
        self.assertEqual((fact["holder"], fact["holder_state"], fact["rows"]), ("slow", "silent", 1))
        self.assertIn("held by sink slow, which has not answered for", self.health().out)
        daemon.kill()

    def test_a_script_that_runs_on_is_the_holder(self):
        self.write("in.log", "one\n")
        self.write("busy.lua", "function filter(rec)\n  local n = 0\n  while true do n = n + 1 end\nend\n")
        text = "[global]\ncontrol=control\nstall_after=1s\nstack=in:TAIL,busy:LUA,out:FILE\n[in]\npath=in.log\nstart_at=beginning\n" \
               "[busy]\nscript=busy.lua\nbudget=60s\n[out]\npath=out.log\nformat=raw\n"
        daemon = Daemon(self, text)
        daemon.wait_for(lambda: self.health().code == 1, "unhealthy")
        fact = self.facts()
        self.assertEqual((fact["stack"], fact["holder"], fact["holder_state"]), ("in,busy", "busy", "running"))
        daemon.kill()


class Reach(Asked):
    def test_a_daemon_that_is_not_there_is_3(self):
        done = self.health()
        self.assertEqual((done.code, done.out), (3, ""))
        self.assertIn("cannot ask at control: there is no such socket; is stookd running", done.err)
        daemon = Daemon(self, self.config().replace("path=pipe", "path=out.log"))
        daemon.kill()
        done = self.health()
        self.assertEqual(done.code, 3)
        self.assertIn("nobody listens there", done.err)

    def test_a_daemon_that_is_stopped_is_3(self):
        daemon = Daemon(self, self.config().replace("path=pipe", "path=out.log"))
        daemon.signal(signal.SIGSTOP)
        done = self.health()
        daemon.signal(signal.SIGCONT)
        self.assertEqual(done.code, 3)
        self.assertIn("no answer within 5 s", done.err)
        daemon.stop()

    def test_the_socket_is_found_by_the_configuration(self):
        daemon = Daemon(self, self.config().replace("path=pipe", "path=out.log"))
        self.assertEqual(self.stook("health", "-c", "stookd.conf").code, 0)
        self.write("plain.conf", PLAIN)
        done = self.stook("health", "-c", "plain.conf")
        self.assertEqual((done.code, done.out), (2, ""))
        self.assertIn("plain.conf: [global] has no control=", done.err)
        self.write("bad.conf", "[global]\nstack=a:TAIL\n")
        done = self.stook("health", "-c", "bad.conf")
        self.assertEqual(done.code, 2)
        self.assertIn("by --socket PATH", done.err)
        daemon.stop()

    def test_the_ledger_is_that_of_the_log(self):
        self.write("in.log", "one\ntwo\n")
        daemon = Daemon(self, self.config().replace("path=pipe", "path=out.log"))
        self.until(lambda: self.has("out.log", "one\ntwo\n") and self.has("good.log", "one\ntwo\n"), "the rows")
        report = json.loads(self.stook("ledger", "--socket", "control", "--json").out)
        self.assertTrue(report["balanced"])
        self.assertEqual([line["in"] for line in report["lines"] if line["id"] == "in"], [2])
        self.assertIn("the ledger balances", self.stook("ledger", "--socket", "control").out)
        daemon.stop()


class Socket(Asked):
    def setUp(self):
        super().setUp()
        self.daemon = Daemon(self, self.config().replace("path=pipe", "path=out.log"))

    def connect(self):
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(link.close)
        link.settimeout(20)
        link.connect(self.path("control"))
        return link

    def hear(self, link):
        got = b""
        try:
            while part := link.recv(65536):
                got += part
        except ConnectionResetError:
            pass  # the rest of what was sent was not read
        return got.decode()

    def say(self, request):
        link = self.connect()
        link.sendall(request)
        return self.hear(link)

    def test_it_is_the_owners_alone_and_goes_with_the_daemon(self):
        found = os.stat(self.path("control"))
        self.assertTrue(stat.S_ISSOCK(found.st_mode))
        self.assertEqual((stat.S_IMODE(found.st_mode), found.st_uid), (0o600, os.getuid()))
        self.daemon.stop()
        self.assertFalse(os.path.exists(self.path("control")))

    def test_a_line_is_answered_however_it_comes(self):
        good = "ok\nhealthy: 2 sources, nothing waits\n"
        for request in (b"health\n", b"health\r\n", b"  health  \n", b"health\nand more\n"):
            self.assertEqual(self.say(request), good, request)
        link = self.connect()
        for byte in b"health\n":
            link.send(bytes([byte]))
        self.assertEqual(self.hear(link), good)
        link = self.connect()
        link.sendall(b"health")
        link.shutdown(socket.SHUT_WR)
        self.assertEqual(self.hear(link), good)
        verbs = self.say(b"help\n").splitlines()
        self.assertEqual(verbs[:2], ["ok", "help"])
        self.assertLessEqual({"health [json]", "ledger [json]", "reload"}, set(verbs))

    def test_garbage_is_refused_in_one_line(self):
        for request, answer in ((b"\n", "error no such request: ''; send `help`\n"),
                                (b"healt\n", "error no such request: 'healt'; send `help`\n"),
                                (b"health xml\n", "error it takes the word `json` or none\n"),
                                (b"health json json\n", "error it takes the word `json` or none\n"),
                                (b"\x00\xff\x1b[2J\n", "error the request is not printable ASCII; send `help`\n"),
                                (b"GET / HTTP/1.1\r\n", "error no such request: 'GET'; send `help`\n")):
            self.assertEqual(self.say(request), answer, request)
        self.assertEqual(self.health().code, 0)

    def test_a_request_of_1024_bytes_is_read_and_a_longer_one_refused(self):
        fits = b"health" + b" " * (1024 - 7) + b"\n"
        self.assertTrue(self.say(fits).startswith("ok\n"))
        for request in (b" " + fits, b"x" * 1025, b"x" * 4000 + b"\n"):
            self.assertEqual(self.say(request), "error the request is longer than 1024 bytes\n")
        self.assertEqual(self.health().code, 0)

    def test_the_17th_connection_is_told_so_and_the_others_stay(self):
        links = [self.connect() for _ in range(16)]
        self.assertEqual(self.hear(self.connect()), "error there are 16 connections; try again later\n")
        done = self.health()
        self.assertEqual(done.code, 3)
        self.assertIn("there are 16 connections; try again later", done.err)
        links[7].sendall(b"health\n")
        self.assertTrue(self.hear(links[7]).startswith("ok\n"))
        self.assertEqual(self.health().code, 0)

    def test_who_says_nothing_for_five_seconds_is_cut_off(self):
        start = time.monotonic()
        links = [self.connect() for _ in range(16)]
        for link in links:
            self.assertEqual(self.hear(link), "")
        self.assertGreater(time.monotonic() - start, 4.9)
        self.assertLess(time.monotonic() - start, 15)
        self.assertEqual(self.health().code, 0)

    def test_a_caller_that_does_not_read_holds_nobody_up(self):
        deaf = self.connect()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        deaf.sendall(b"ledger json\n")
        self.assertEqual(self.health().code, 0)
        self.daemon.stop()

    def test_a_living_socket_is_refused_and_a_dead_one_replaced(self):
        second = self.stookd("-c", "stookd.conf")
        self.assertEqual(second.returncode, 3)
        self.assertIn("cannot listen at the control socket control: another process answers there; stop it first, "
                      "or give another path by control=", second.stderr)
        self.assertNotIn("event=", second.stderr)  # nothing else went wrong
        self.assertEqual(self.health().code, 0)
        self.daemon.kill()
        again = Daemon(self, self.config().replace("path=pipe", "path=out.log"))
        self.assertEqual(self.health().code, 0)
        again.stop()

    def test_a_file_and_an_absent_folder_are_refused(self):
        self.write("note.txt", "dear diary")
        for path, why in (("note.txt", "there is a file that is no socket"), ("absent/control", "create the folder first"),
                          ("x" * 200, "the path is too long; a socket takes 107 bytes")):
            self.write("b.conf", PLAIN.replace("[global]", f"[global]\ncontrol={path}"))
            done = self.stookd("-c", "b.conf")
            self.assertEqual(done.returncode, 3)
            self.assertIn(why, done.stderr)
        self.assertEqual(self.read("note.txt"), "dear diary")

    def test_another_socket_at_the_path_is_left_alone(self):
        os.unlink(self.path("control"))
        other = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(other.close)
        other.bind(self.path("control"))
        self.daemon.stop()
        self.assertTrue(os.path.exists(self.path("control")))


class Descriptors(Asked):
    def test_it_answers_when_all_descriptors_are_in_use(self):
        daemon = Daemon(self, self.config().replace("path=pipe", "path=out.log"))
        used = {int(name) for name in os.listdir(f"/proc/{daemon.process.pid}/fd")}
        _, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (min(set(range(1000)) - used), hard))
        for _ in range(5):
            self.assertEqual(self.health().code, 0)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (hard, hard))
        daemon.stop()

    def test_no_descriptor_left_is_one_warning_and_passes(self):
        daemon = Daemon(self, self.config().replace("path=pipe", "path=out.log"))
        _, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (3, hard))
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(link.close)
        link.connect(self.path("control"))
        daemon.wait_for(lambda: "event=control_failed" in daemon.log(), "the warning")
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (hard, hard))
        link.sendall(b"health\n")
        link.settimeout(20)
        self.assertTrue(link.recv(100).startswith(b"ok\nhealthy"))
        self.assertEqual(daemon.log().count("event=control_failed"), 1)
        daemon.stop()


class Manager(Asked):
    """What the daemon says to its service manager, heard by the test."""

    def setUp(self):
        super().setUp()
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.ear.close)
        self.ear.bind(self.path("notify"))
        self.ear.setblocking(False)
        self.heard = []

    def listen(self):
        try:
            while True:
                self.heard.append(self.ear.recv(4096).decode())
        except BlockingIOError:
            return self.heard

    def env(self, **more):
        return {"NOTIFY_SOCKET": self.path("notify"), **more}

    def test_ready_reloading_and_stopping_come_in_order(self):
        daemon = Daemon(self, PLAIN, env=self.env())
        daemon.wait_for(lambda: len(self.listen()) == 1, "READY")
        self.assertEqual(self.heard[0], "READY=1\nSTATUS=healthy: 1 source")
        self.assertTrue(os.path.exists(self.path("out.log")), "all is open when READY is said")
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: len(self.listen()) >= 3, "the reload")
        began = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=reloading", self.heard[1])
        self.assertTrue(began, self.heard)
        self.assertGreaterEqual(int(began[1]), before)
        self.assertEqual(self.heard[2].splitlines()[0], "READY=1")
        daemon.signal(signal.SIGUSR1)
        daemon.stop()
        self.assertEqual([text.splitlines()[0] for text in self.listen()[3:]], ["STOPPING=1"])

    def test_an_abstract_socket_is_heard_too(self):
        self.ear.close()
        name = f"stook-test-{os.getpid()}-{time.monotonic_ns()}"
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.ear.close)
        self.ear.bind("\0" + name)
        self.ear.setblocking(False)
        daemon = Daemon(self, PLAIN, env={"NOTIFY_SOCKET": "@" + name})
        daemon.wait_for(lambda: len(self.listen()) == 1, "READY")
        daemon.stop()

    def test_a_daemon_that_fails_to_start_is_never_ready(self):
        self.write("a.conf", TAIL_TO_FILE.format(more="", out="absent/out.log\ncreate_folders=no"))
        os.environ["NOTIFY_SOCKET"] = self.path("notify")
        self.addCleanup(os.environ.pop, "NOTIFY_SOCKET")
        self.assertEqual(self.stookd("-c", "a.conf").returncode, 3)
        self.assertEqual(self.listen(), [])

    def test_a_dead_sink_is_in_the_status_and_the_watchdog_is_fed_all_the_same(self):
        os.environ.update(self.env(WATCHDOG_USEC="200000"))
        self.addCleanup(lambda: [os.environ.pop(name) for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC")])
        daemon, reader = self.stalled()
        stopped = "STATUS=unhealthy: 1 of 2 sources has come to a stop; in is held by sink out, which has been failing for "
        daemon.wait_for(lambda: any(text.startswith(stopped) for text in self.listen()), "the status")
        fed = self.heard.count("WATCHDOG=1")
        daemon.wait_for(lambda: self.listen().count("WATCHDOG=1") >= fed + 5, "the watchdog is fed")
        self.drain(daemon, reader)
        daemon.wait_for(lambda: "STATUS=healthy: 2 sources" in self.listen(), "the status is good again")
        daemon.stop()

    def test_a_worker_that_does_not_come_back_starves_the_watchdog(self):
        self.write("in.log", "")
        self.write("busy.lua", "function filter(rec)\n  local n = 0\n  while true do n = n + 1 end\nend\n")
        text = "[global]\nstack=in:TAIL,busy:LUA,out:FILE\n[in]\npath=in.log\nstart_at=beginning\n" \
               "[busy]\nscript=busy.lua\nbudget=60s\n[out]\npath=out.log\nformat=raw\n"
        daemon = Daemon(self, text, env=self.env(WATCHDOG_USEC="1200000"))
        daemon.wait_for(lambda: "WATCHDOG=1" in self.listen(), "the first feed")
        self.write("in.log", "one\n")
        daemon.wait_for(lambda: "event=worker_stuck element=busy" in daemon.log(), "the error")
        fed = self.listen().count("WATCHDOG=1")
        end = time.monotonic() + 2
        while time.monotonic() < end:  # the event is that nothing comes for three times its period
            time.sleep(0.1)
        self.assertEqual(self.listen().count("WATCHDOG=1"), fed)
        daemon.kill()


if __name__ == "__main__":
    unittest.main()
