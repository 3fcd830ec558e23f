#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sockets that a service manager has bound: sources take them by their address, and nothing is missed while the daemon is
away (S3-02)."""

import os
import signal
import socket
import subprocess
import sys
import unittest

from harness import BUILD, ROOT, Daemon
from net_kit import CONFIG, Net

# Becomes stookd, with these descriptors from 3 on. argv: descriptors, names, who they are for, the program.
ACTIVATE = """
import fcntl, os, sys
given = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 64) for fd in sys.argv[1].split()]
for at, fd in enumerate(given):
    os.dup2(fd, 3 + at)
    os.close(fd)
os.environ["LISTEN_FDS"], os.environ["LISTEN_FDNAMES"] = str(len(given)), sys.argv[2]
os.environ["LISTEN_PID"] = str(os.getpid()) if sys.argv[3] == "self" else sys.argv[3]
os.execv(sys.argv[4], sys.argv[4:])
"""


class Activation(Net):
    def bound(self, kind, address="127.0.0.1", family=socket.AF_INET, only6=None):
        """A socket as systemd makes it."""
        one = socket.socket(family, kind)
        self.addCleanup(one.close)
        if only6 is not None:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only6)
        one.bind(address if family == socket.AF_UNIX else (address, 0))
        if kind == socket.SOCK_STREAM:
            one.listen(100)
        return one

    def before(self, sockets, names="", whom="self"):
        fds = " ".join(str(one.fileno()) for one in sockets)
        return {"before": [sys.executable, "-S", "-E", "-c", ACTIVATE, fds, names, whom],
                "pass_fds": [one.fileno() for one in sockets]}

    def send(self, address, text):
        with socket.create_connection(address, timeout=30) as peer:
            peer.sendall(text)

    def test_a_stream_is_taken_and_peers_wait_while_nobody_is_there(self):
        one = self.bound(socket.SOCK_STREAM)
        address = one.getsockname()
        for number in range(3):
            self.send(address, b"%d\n" % number)  # nobody has been there yet, or is there at the moment
            daemon = self.listen("TCP", "listen=127.0.0.1:%d" % address[1], **self.before([one], "logs"))
            self.has_rows(daemon, number + 1)
            self.assertNotIn("socket_unused", daemon.log())
            daemon.stop()
        self.assertEqual(self.messages(), ["0", "1", "2"])

    def test_datagrams_and_unix_sockets(self):
        udp = self.bound(socket.SOCK_DGRAM)
        unix = self.bound(socket.SOCK_DGRAM, self.path("app.sock"), socket.AF_UNIX)
        port = udp.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.sendto(b"<13>1 - - a - - - one", ("127.0.0.1", port))
        daemon = self.listen("SYSLOG", f"udp=127.0.0.1:{port}\nunix={self.path('app.sock')}", **self.before([unix, udp], "app:net"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
            peer.sendto(b"<13>1 - - a - - - two", self.path("app.sock"))
        self.has_rows(daemon, 2)
        daemon.stop()
        self.assertTrue(os.path.exists(self.path("app.sock")), "the file is the manager's")

    def test_all_addresses_are_one_socket_of_both_families(self):
        try:
            both = self.bound(socket.SOCK_STREAM, "::", socket.AF_INET6, 0)
        except OSError as error:
            self.skipTest(f"no IPv6: {error}")
        only6 = self.bound(socket.SOCK_STREAM, "::", socket.AF_INET6, 1)
        config = (f"listen=*:{both.getsockname()[1]}, [::]:{only6.getsockname()[1]}")
        daemon = self.listen("TCP", config, **self.before([only6, both]))
        self.assertNotIn("socket_unused", daemon.log())
        self.send(("127.0.0.1", both.getsockname()[1]), b"four\n")
        self.send(("::1", only6.getsockname()[1]), b"six\n")
        self.has_rows(daemon, 2)
        daemon.stop()

    def test_what_no_source_listens_at_is_named(self):
        spare = self.bound(socket.SOCK_STREAM)
        kind = self.bound(socket.SOCK_DGRAM)
        port = spare.getsockname()[1]
        daemon = self.listen("UDP", "listen=127.0.0.1:0", **self.before([spare, kind], "spare:kind"))
        self.assertIn(f"event=socket_unused name=spare address=127.0.0.1:{port}", daemon.log())
        self.assertIn("event=socket_unused name=kind ", daemon.log())
        daemon.stop()

    def test_sockets_for_another_process_are_left_alone(self):
        one = self.bound(socket.SOCK_STREAM)
        more = self.before([one], whom="1")
        self.write("a.conf", CONFIG.format(plugin="TCP", options="listen=127.0.0.1:%d" % one.getsockname()[1], keys="message", parse=""))
        done = subprocess.run([*more["before"], os.path.join(ROOT, BUILD, "stookd"), "-c", "a.conf"], pass_fds=more["pass_fds"],
                              cwd=self.dir, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("Address already in use", done.stderr)

    def test_a_reload_gives_it_back_and_takes_it_again(self):
        one, other = self.bound(socket.SOCK_STREAM), self.bound(socket.SOCK_STREAM)
        ports = [sock.getsockname()[1] for sock in (one, other)]

        def config(*listened):
            addresses = ", ".join(f"127.0.0.1:{port}" for port in listened)
            return CONFIG.format(plugin="TCP", options=f"listen={addresses}", keys="message", parse="")

        daemon = Daemon(self, config(*ports), **self.before([one, other]))
        for at, listened in enumerate([ports[:1], ports], 1):
            self.write("stookd.conf", config(*listened))
            daemon.signal(signal.SIGHUP)
            daemon.wait_for(lambda: daemon.log().count("event=reloaded") == at, "the reload")
            self.send(("127.0.0.1", ports[1]), b"row %d\n" % at)  # the first waits for the second reload
        self.has_rows(daemon, 2)
        daemon.stop()
        self.assertEqual(sorted(self.messages()), ["row 1", "row 2"])


if __name__ == "__main__":
    unittest.main()
