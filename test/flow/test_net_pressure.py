# SPDX-License-Identifier: Apache-2.0
"""Listening sources while a sink takes nothing: streams wait and lose nothing, datagrams are counted."""

import re
import socket
import threading
import unittest

from harness import Daemon
from net_kit import Net
from scrape import Scrape, fetch

CONFIG = """
[global]
metrics=unix:{pages}
stack=in:{plugin},out:TCP
[in]
{options}
[out]
to=127.0.0.1:{port}
format=raw
"""


class Pressure(Net):
    """The sink's peer accepts, and reads nothing until it is told to."""

    def start(self, plugin, options):
        self.peer = socket.create_server(("127.0.0.1", 0))
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.addCleanup(self.peer.close)
        self.lines = []
        self.may_read = threading.Event()
        self.reader = threading.Thread(target=self.take, daemon=True)
        daemon = Daemon(self, CONFIG.format(plugin=plugin, options=options, port=self.peer.getsockname()[1],
                                             pages=self.path("pages")))
        self.reader.start()
        self.addCleanup(self.may_read.set)
        return daemon

    def take(self):
        connection, _ = self.peer.accept()
        self.may_read.wait(60)
        with connection, connection.makefile("rb") as file:
            for line in file:
                self.lines.append(line)

    def end(self, daemon, code=0):
        daemon.stop(code)
        self.reader.join(30)

    def test_senders_wait_and_time_does_not_count(self):
        daemon = self.start("TCP", "listen=127.0.0.1:0\nunfinished=2s\nfirst_byte=2s")
        peer = self.connect(daemon)
        other = self.connect(daemon)
        other.sendall(b"other\nunfinished")
        line = b"x" * 999 + b"\n"
        peer.settimeout(4)  # longer than the source's patience
        sent = 0
        with self.assertRaises(TimeoutError):
            while sent < 1 << 30:
                sent += peer.send(line * 100)
        other.sendall(b" no more\n")
        self.may_read.set()
        peer.settimeout(30)
        peer.sendall(b"x" * (999 - sent % 1000) + b"\n")
        sent += 1000 - sent % 1000
        daemon.wait_for(lambda: len(self.lines) >= sent // 1000 + 2, "all lines")
        self.end(daemon)
        self.assertEqual(sum(text == line for text in self.lines), sent // 1000)
        self.assertEqual([text for text in self.lines if text != line], [b"other\n", b"unfinished no more\n"])
        self.assertNotIn("connection_silent", daemon.log())

    def test_datagrams_are_counted_as_pool(self):
        daemon = self.start("UDP", "listen=127.0.0.1:0\nrcvbuf=64KiB")
        sent = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            to = self.addresses(daemon)[0]

            def send():
                nonlocal sent
                for _ in range(100):
                    sent += 1
                    peer.sendto(b"%06d" % sent + b"x" * 16000, to)

            def is_paused():
                """How much the daemon takes of a burst is a matter of its time. In the end it has no bundle for more."""
                send()
                return Scrape(fetch(self.path("pages"))[2]).value("stook_source_paused_seconds", element="in") > 0.3

            daemon.wait_for(is_paused, "all bundles wait for the sink")
            send()  # more than the socket holds
            self.may_read.set()
            daemon.wait_for(lambda: len(self.lines) > 10, "lines")
        self.end(daemon, code=1)
        lost = self.lost(daemon)
        self.assertGreater(int(lost["pool"]), 0, lost)
        self.assertEqual(len(self.lines) + sum(int(count) for count in lost.values()), sent, lost)
        self.assertEqual(self.lines, sorted(self.lines))
        self.assertIsNone(re.search("level=error", daemon.log()))


if __name__ == "__main__":
    unittest.main()
