# SPDX-License-Identifier: Apache-2.0
"""What stookd gives up before it reads, as /proc says of it, and by trying what is forbidden. Catalogue: S0-16."""

import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import unittest

from harness import BUILD, HAS_SANITIZER, ROOT, TAIL_TO_FILE, Daemon, Programs

NOBODY = pwd.getpwnam("nobody")
DAC_READ_SEARCH = 1 << 2
SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")

# Calls that root may make, with words for which the kernel says something else than EPERM when it looks at them at all.
PROBE = """
import ctypes, errno, json, os, socket
libc = ctypes.CDLL(None, use_errno=True)
calls = {
    "mount": lambda: libc.mount(None, b"/nonexistent-stook", None, 0, None),
    "umount2": lambda: libc.umount2(b"/nonexistent-stook", 0),
    "chroot": lambda: libc.chroot(b"/nonexistent-stook"),
    "unshare": lambda: libc.unshare(0),
    "setns": lambda: libc.setns(-1, 0),
    "swapoff": lambda: libc.swapoff(b"/nonexistent-stook"),
    "adjtimex": lambda: libc.adjtimex(None),
    "vsock": lambda: socket_of(40),
    "packet": lambda: socket_of(17),
}
def socket_of(family):
    fd = libc.socket(family, 3, 0)
    if fd >= 0:
        os.close(fd)
    return fd
said = {}
for name, call in calls.items():
    ctypes.set_errno(0)
    said[name] = "done" if call() >= 0 else errno.errorcode[ctypes.get_errno()]
print(json.dumps(said), flush=True)
"""

PROBED = """
[global]
{more}
stack=in:EXEC,out:FILE
[in]
command={python} probe.py
mode=once
[out]
path=out.log
format=raw
"""


@unittest.skipUnless(os.geteuid() == 0, "only root has rights to give up")
class Confinement(Programs):
    def give_folder(self):
        """The test's folder belongs to the user that stookd becomes."""
        os.chmod(self.dir, 0o755)
        os.chown(self.dir, NOBODY.pw_uid, NOBODY.pw_gid)

    def daemon(self, more="", *words, config=TAIL_TO_FILE):
        return Daemon(self, config.format(more=more, out="out.log"), *words)

    def grow(self, text, mode=0o644):
        self.write("in.log", text)
        os.chmod(self.path("in.log"), mode)

    def assert_threads(self, daemon, capabilities, groups=None, group=NOBODY.pw_gid):
        groups = sorted(set(os.getgrouplist("nobody", NOBODY.pw_gid))) if groups is None else groups
        threads = self.threads(daemon.process.pid)
        self.assertGreater(len(threads), 2)
        for thread in threads:
            self.assertEqual(thread["Uid"].split(), [str(NOBODY.pw_uid)] * 4, thread["Name"])
            self.assertEqual(thread["Gid"].split(), [str(group)] * 4, thread["Name"])
            self.assertEqual(sorted(map(int, thread["Groups"].split())), groups, thread["Name"])
            for name in SETS:
                expected = capabilities if name in ("CapPrm", "CapEff") else 0
                self.assertEqual(int(thread[name], 16), expected, (thread["Name"], name))

    def assert_sandbox(self, daemon, no_new_privileges, filtered):
        for thread in self.threads(daemon.process.pid):
            self.assertEqual(thread["NoNewPrivs"], no_new_privileges, thread["Name"])
            self.assertEqual(thread["Seccomp"], filtered, thread["Name"])

    def has_filter(self, daemon):
        return "no libseccomp" not in daemon.log()

    def test_every_thread_is_the_user_without_any_right(self):
        self.give_folder()
        self.grow("one\n")
        daemon = self.daemon("", "-u", "nobody")
        self.assert_threads(daemon, 0)
        self.assert_sandbox(daemon, "1", "2" if self.has_filter(daemon) else "0")
        self.until(lambda: self.has("out.log", "one\n"), "the row")
        self.assertEqual(os.stat(self.path("out.log")).st_uid, NOBODY.pw_uid)
        self.assertIn("event=confined user=nobody capabilities=none", daemon.log())
        daemon.stop()

    def test_the_right_to_read_stays_for_a_file_that_the_user_may_not_read(self):
        self.give_folder()
        self.grow("one\n", 0o600)
        daemon = self.daemon("user=nobody")
        self.assert_threads(daemon, DAC_READ_SEARCH)
        self.assertIn("capabilities=CAP_DAC_READ_SEARCH because_of=", daemon.log())
        self.assertIn("in.log", daemon.log().split("because_of=")[1].split()[0])
        self.until(lambda: self.has("out.log", "one\n"), "the row")
        daemon.stop()

    def test_a_group_stands_in_place_of_the_users(self):
        self.give_folder()
        self.grow("one\n")
        daemon = self.daemon("user=nobody\ngroup=adm")
        group = 4
        self.assert_threads(daemon, 0, [group], group)
        daemon.stop()

    def at_low_port(self, config):
        """A daemon with a port below 1024 in its configuration, that nobody else has."""
        port = 600 + os.getpid() % 400
        while True:
            port = port + 1 if port < 1020 else 600
            try:
                return Daemon(self, config % port), config % port, port
            except AssertionError as error:
                if "Address already in use" not in str(error):
                    raise

    def test_a_low_port_is_bound_before_root_is_given_up(self):
        self.give_folder()
        daemon, config, port = self.at_low_port(
            "[global]\nuser=nobody\nstack=in:TCP,out:FILE\n[in]\nlisten=127.0.0.1:%d\n[out]\npath=out.log\nformat=raw\n")
        self.assert_threads(daemon, 0)
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(b"one\n")
        self.until(lambda: self.has("out.log", "one\n"), "the row")
        # A reload that needs such a right again asks the monitor, which believes no file of the user's: see test_monitor.py.
        self.write("stookd.conf", config.replace(f":{port}", ":1023" if port != 1023 else ":1022"))
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: "event=reload_failed" in daemon.log(), "the reload")
        self.assertRegex(daemon.log(), r"event=reload_failed reason=.*cannot bind 127.0.0.1:102[23]: the monitor says: .* belongs to nobody")
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(b"two\n")
        self.until(lambda: self.has("out.log", "one\ntwo\n"), "the second row")
        daemon.stop()

    def test_the_socket_of_a_unix_source_belongs_to_the_user(self):
        self.give_folder()
        daemon = Daemon(self, "[global]\nuser=nobody\nstack=in:UNIX,out:FILE\n[in]\nlisten=" + self.path("in.sock") +
                        "\n[out]\npath=out.log\nformat=raw\n")
        self.assertEqual(os.stat(self.path("in.sock")).st_uid, NOBODY.pw_uid)
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(self.path("in.sock"))
            peer.sendall(b"one\n")
        self.until(lambda: self.has("out.log", "one\n"), "the row")
        daemon.stop()
        self.assertFalse(os.path.exists(self.path("in.sock")))

    def test_what_shows_metrics_and_pages_is_opened_before_and_belongs_to_the_user(self):
        self.give_folder()
        self.grow("one\n")
        config = TAIL_TO_FILE.format(more="user=nobody\nmetrics=127.0.0.1:%d\ncontrol=control\ncontrol_http=unix:" +
                                     self.path("page.sock"), out="out.log")
        daemon, _, port = self.at_low_port(config)
        for name in ("control", "page.sock"):
            self.assertEqual(os.stat(self.path(name)).st_uid, NOBODY.pw_uid, name)
        with socket.create_connection(("127.0.0.1", port)) as metrics, socket.socket(socket.AF_UNIX) as page:
            page.connect(self.path("page.sock"))
            for peer, path in ((metrics, b"/healthz"), (page, b"/")):
                peer.settimeout(60)
                peer.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertTrue(peer.recv(15).startswith(b"HTTP/1.1 200"), path)
        daemon.stop()
        self.assertFalse(os.path.exists(self.path("page.sock")))
        self.assertFalse(os.path.exists(self.path("control")))

    def test_a_receive_buffer_is_as_large_as_root_may_make_it(self):
        with open("/proc/sys/net/core/rmem_max", encoding="ascii") as file:
            size = int(file.read()) + 4096
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, 33, size)  # SO_RCVBUFFORCE
        except PermissionError:
            self.skipTest("root may not do it here")
        self.give_folder()
        daemon = Daemon(self, f"[global]\nuser=nobody\nstack=in:UDP,out:FILE\n[in]\nlisten=127.0.0.1:0\nrcvbuf={size}\n[out]\npath=out.log\n")
        self.assert_threads(daemon, 0)
        self.assertIn(f"rcvbuf={2 * size}\n", daemon.log())
        self.assertNotIn("event=rcvbuf_small", daemon.log())
        daemon.stop()

    def test_a_link_in_a_folder_of_others_is_not_followed(self):
        self.grow("one\n")
        os.mkdir(self.path("open"))
        os.chmod(self.path("open"), 0o1777)
        self.write("target", "before\n")
        os.symlink(self.path("target"), self.path("open/own.log"))
        path = self.write("a.conf", TAIL_TO_FILE.format(more="logfile=open/own.log", out="out.log"))
        done = self.stookd("-c", path)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("it is a symbolic link in a folder that others may write to", done.stderr)
        self.assertEqual(self.read("target"), "before\n")

    def said(self, more):
        """What the kernel says to the calls of a program that stookd runs."""
        self.write("probe.py", PROBE)
        if os.path.exists(self.path("out.log")):
            os.unlink(self.path("out.log"))
        daemon = self.daemon(more, config=PROBED.replace("{python}", sys.executable))
        self.until(lambda: os.path.exists(self.path("out.log")) and self.read("out.log").endswith("\n"), "its answer")
        daemon.stop()
        return daemon, json.loads(self.read("out.log"))

    def test_forbidden_calls_are_refused_to_programs_too(self):
        open_daemon, free = self.said("sandbox=no")
        if not self.has_filter(open_daemon):
            self.skipTest("this build has no libseccomp")
        daemon, said = self.said("")
        self.assertEqual(set(said.values()), {"EPERM"}, said)
        # A machine may refuse root something by itself; most of it must be the filter's doing.
        self.assertGreaterEqual(sum(answer != "EPERM" for answer in free.values()), 5, free)
        self.assertIn("files=open", daemon.log())
        self.assertIn("[in] may run programs", daemon.log())
        _, logged = self.said("sandbox=log")
        self.assertEqual(logged, free)

    def test_without_a_sandbox_nothing_is_filtered(self):
        self.grow("one\n")
        daemon = self.daemon("sandbox=no")
        self.assert_sandbox(daemon, "0", "0")
        self.assertIn("sandbox=no", daemon.log())
        daemon.stop()

    def test_a_reload_beyond_the_sandbox_is_refused_and_says_restart(self):
        self.grow("one\n")
        daemon = self.daemon("", config=TAIL_TO_FILE.replace("path=in.log", f"path={self.path('in/*.log')}"))
        if "files=fenced" not in daemon.log():
            self.skipTest("this kernel has no Landlock")
        os.makedirs(self.path("other"), exist_ok=True)
        for config, what in ((TAIL_TO_FILE.replace("path=in.log", "path=/srv/stook-test/x.log"), "it has to read /srv"),
                             (PROBED.replace("{python}", "/bin/true"), "it runs programs")):
            before = daemon.log().count("event=reload_failed")
            self.write("stookd.conf", config.format(more="", out="out.log"))
            daemon.signal(signal.SIGHUP)
            daemon.wait_for(lambda: daemon.log().count("event=reload_failed") > before, what)
            self.assertIn(what, daemon.log())
            self.assertIn("restart stookd", daemon.log())
        daemon.stop()

    def test_who_is_not_root_cannot_become_somebody_else(self):
        self.give_folder()
        self.grow("one\n")
        self.write("a.conf", TAIL_TO_FILE.format(more="user=daemon", out="out.log"))
        try:
            done = subprocess.run([os.path.join(ROOT, BUILD, "stookd"), "-c", self.path("a.conf")], cwd=self.dir,
                                  user="nobody", group=NOBODY.pw_gid, extra_groups=[], capture_output=True, text=True, timeout=60, check=False)
        except PermissionError:
            self.skipTest("nobody may not run programs of this build's folder")
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertIn("stookd must start as root", done.stderr)
        self.assertFalse(os.path.exists(self.path("out.log")))

    def test_files_that_others_may_write_are_refused_with_the_command_that_mends_them(self):
        self.grow("one\n")
        path = self.write("a.conf", TAIL_TO_FILE.format(more="state_dir=state", out="out.log"))
        os.mkdir(self.path("state"), 0o755)
        for broken, mended, command in (((path, 0o666), 0o644, f"chmod go-w {path}"), ((self.dir, 0o777), 0o700, f"chmod go-w {self.dir}"),
                                        ((self.path("state"), 0o777), 0o700, "chmod 0700 state")):
            os.chmod(*broken)
            done = self.stookd("-c", path)
            self.assertEqual(done.returncode, 78, done.stderr)
            self.assertIn(command, done.stderr)
            os.chmod(broken[0], mended)
        os.chown(path, NOBODY.pw_uid, -1)
        done = self.stookd("-c", path)
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertIn(f"belongs to nobody, who decides by it what stookd does; chown root {path}", done.stderr)
        self.assertFalse(os.path.exists(self.path("out.log")))
        os.chmod(self.dir, 0o777)
        self.daemon("", "--insecure").stop()
        os.chmod(self.dir, 0o700)
        # The same holds for a reload of a daemon that asks.
        daemon = self.daemon()
        os.chmod(self.path("stookd.conf"), 0o666)
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: "event=reload_failed" in daemon.log(), "the reload")
        self.assertIn("may be written by others", daemon.log())
        daemon.stop()

    @unittest.skipIf(HAS_SANITIZER, "LeakSanitizer attaches to the process")
    def test_nobody_may_look_into_a_process_that_was_root(self):
        self.give_folder()
        self.grow("one\n")
        daemon = self.daemon("user=nobody")
        probe = subprocess.run(["cat", f"/proc/{daemon.process.pid}/environ"], user="nobody", group=NOBODY.pw_gid, extra_groups=[],
                               capture_output=True, text=True, cwd="/", timeout=60, check=False)
        self.assertNotEqual(probe.returncode, 0)
        self.assertIn("Permission", probe.stderr)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
