# SPDX-License-Identifier: Apache-2.0
"""The process that keeps root for what a reload or a rotation needs: what it gives, what it refuses, and when it ends.
Catalogue: S0-16."""

import os
import pwd
import signal
import socket
import subprocess
import unittest

import netns_kit
from harness import BUILD, ROOT, Daemon, Programs, is_alive

WHY_NOT = netns_kit.enter(with_users=True)
if not WHY_NOT and not netns_kit.works("ip", "link", "set", "lo", "up"):
    WHY_NOT = "ip cannot set lo up"
if WHY_NOT:
    print("skipped:", WHY_NOT)

NOBODY = pwd.getpwnam("nobody")
CONFIG = """
[global]
user=nobody
{more}
stack=in:TCP,out:FILE
[in]
listen={listen}
[out]
path={out}
format=raw
"""
FIRST, SECOND = "127.0.0.1:515", "127.0.0.1:514"


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Monitor(Programs):
    def setUp(self):
        super().setUp()
        os.chmod(self.dir, 0o755)
        os.mkdir(self.path("rows"))
        os.chown(self.path("rows"), NOBODY.pw_uid, NOBODY.pw_gid)
        os.mkdir(self.path("logs"), 0o755)

    def config(self, listen=FIRST, more="", out="rows/out.log"):
        return CONFIG.format(listen=listen, more=more, out=self.path(out))

    def send(self, text, port=515):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
            peer.sendall(text.encode())

    def monitor_of(self, log):
        self.assertIn(" monitor=", log)
        return int(log.split(" monitor=")[1].split()[0])

    def reload(self, daemon, config, event):
        before = daemon.log().count(event)
        self.write("stookd.conf", config)
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: daemon.log().count(event) > before, event)

    def test_a_reload_listens_at_a_low_port(self):
        daemon = Daemon(self, self.config())
        monitor = self.monitor_of(daemon.log())
        with open(f"/proc/{monitor}/cmdline", encoding="utf-8") as words:
            self.assertEqual(words.read().rstrip("\0"), "stookd: monitor")
        self.reload(daemon, self.config(f"{FIRST}, {SECOND}"), "event=reloaded")
        self.assertIn("event=monitor_granted deed=listen instance=in target=127.0.0.1:514", daemon.log())
        self.send("one\n")
        self.until(lambda: self.has("rows/out.log", "one\n"), "a row at the first port")
        self.send("two\n", 514)
        self.until(lambda: self.has("rows/out.log", "one\ntwo\n"), "a row at the second port")
        # It ends with stookd, and not before it.
        os.kill(monitor, signal.SIGTERM)
        self.reload(daemon, self.config(SECOND, out="rows/more.log"), "event=reloaded")
        self.assertTrue(is_alive(monitor))
        daemon.stop()
        self.until(lambda: not is_alive(monitor), "the monitor's end")
        self.assertNotIn("event=monitor_gone", daemon.log())

    def test_files_in_a_folder_of_roots_are_opened_again(self):
        path = self.write("stookd.conf", self.config(more=f"logfile={self.path('logs/own.log')}", out="logs/out.log"))
        process = subprocess.Popen([os.path.join(ROOT, BUILD, "stookd"), "-c", path], cwd=self.dir, stdin=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        log = lambda: self.read("logs/own.log") if os.path.exists(self.path("logs/own.log")) else ""
        self.until(lambda: "event=started" in log(), "the start")
        self.send("one\n")
        self.until(lambda: self.has("logs/out.log", "one\n"), "a row")
        for name in ("own", "out"):
            os.rename(self.path(f"logs/{name}.log"), self.path(f"logs/{name}.log.1"))
        process.send_signal(signal.SIGHUP)
        self.until(lambda: "event=reloaded" in log(), "the log goes on in a new file")
        self.send("two\n")
        self.until(lambda: self.has("logs/out.log", "two\n"), "so do rows")
        for name in ("own", "out"):
            about = os.stat(self.path(f"logs/{name}.log"))
            self.assertEqual((about.st_uid, about.st_mode & 0o7777), (NOBODY.pw_uid, 0o640), name)
        # Without the monitor the file that was renamed stays in use.
        os.kill(self.monitor_of(self.read("logs/own.log.1")), signal.SIGKILL)
        self.until(lambda: "event=monitor_gone" in log(), "stookd says so")
        os.rename(self.path("logs/own.log"), self.path("logs/own.log.2"))
        process.send_signal(signal.SIGUSR1)
        self.until(lambda: "event=log_not_reopened" in self.read("logs/own.log.2"), "the log goes on")
        process.terminate()
        self.assertEqual(process.wait(timeout=30), 0)
        self.assertIn("balanced=yes", self.read("logs/own.log.2"))

    def test_in_the_background_it_holds_no_terminal(self):
        path = self.write("stookd.conf", self.config(more=f"logfile={self.path('logs/own.log')}\npidfile={self.path('pid')}"))
        # Returns once all that hold its output have let it go.
        done = self.stookd("-d", "-c", path)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        process = int(self.read("pid"))
        self.addCleanup(lambda: is_alive(process) and os.kill(process, signal.SIGKILL))
        monitor = self.monitor_of(self.read("logs/own.log"))
        with open(f"/proc/{monitor}/stat", encoding="utf-8") as stat:
            self.assertEqual(int(stat.read().rpartition(")")[2].split()[1]), process)
        os.kill(process, signal.SIGTERM)
        self.until(lambda: not is_alive(process) and not is_alive(monitor), "the end of both")

    def test_without_it_what_needs_root_is_refused_and_stookd_goes_on(self):
        daemon = Daemon(self, self.config())
        monitor = self.monitor_of(daemon.log())
        os.kill(monitor, signal.SIGKILL)
        daemon.wait_for(lambda: "event=monitor_gone" in daemon.log(), "stookd says so")
        self.until(lambda: not os.path.exists(f"/proc/{monitor}"), "no zombie stays")
        self.reload(daemon, self.config(f"{FIRST}, {SECOND}"), "event=reload_failed")
        self.assertRegex(daemon.log(), r'event=reload_failed reason="it listens on 127.0.0.1:514, and the right .* has been given up')
        self.send("one\n")
        self.until(lambda: self.has("rows/out.log", "one\n"), "a row")
        self.assertEqual(daemon.log().count("event=monitor_gone"), 1)
        daemon.stop()

    def test_it_believes_no_file_that_stookd_may_write(self):
        daemon = Daemon(self, self.config())
        os.chown(self.path("stookd.conf"), NOBODY.pw_uid, -1)
        self.reload(daemon, self.config(f"{FIRST}, {SECOND}"), "event=reload_failed")
        self.assertRegex(daemon.log(), r"event=monitor_refused deed=listen .*stookd.conf belongs to nobody")
        self.assertRegex(daemon.log(), r"event=reload_failed .*cannot bind 127.0.0.1:514: the monitor says: .* belongs to nobody")
        self.send("one\n")
        self.until(lambda: self.has("rows/out.log", "one\n"), "a row")
        daemon.stop()

    def test_it_ends_when_stookd_is_killed(self):
        daemon = Daemon(self, self.config())
        monitor = self.monitor_of(daemon.log())
        daemon.kill()
        self.until(lambda: not is_alive(monitor), "the monitor's end")

    def test_there_is_none_where_no_root_is_given_up(self):
        for config, words in ((self.config().replace("user=nobody", ""), ()), (self.config(out="rows/more.log"), ("--insecure",))):
            daemon = Daemon(self, config, *words)
            self.assertNotIn("monitor", daemon.log())
            daemon.stop()


if __name__ == "__main__":
    unittest.main()
