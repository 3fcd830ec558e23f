# SPDX-License-Identifier: Apache-2.0
"""Packets by a unix socket in ulogd's framing (S1-96); ulogd2 beside it where it is installed."""

import os
import re
import socket
import stat
import struct
import subprocess
import unittest

from harness import Daemon, Programs

ULOGD = "/usr/sbin/ulogd"
FOUR = bytes.fromhex("4500002193b240004011a9177f0000017f000001844f1388000dfe2068656c6c6f")
SIX = bytes.fromhex("600ffb52000b1140000000000000000000000000000000010000000000000000000000000000000"
                    "18b551388000b001e736978")
TEXTS = [(1, b"prefix\0"), (2, b"eth0\0"), (3, b"eth1\0"), (200, b"bob\0"), (202, b"Linux\0"), (203, b"6.1\0"), (204, b"#1\0"),
         (205, b"/bin/nc\0"), (206, b"\2")]
NUMBERS = [(4, struct.pack(">I", 1700000000)), (201, struct.pack(">I", 1000))]

CONFIG = """
[global]
stack=nuauth1:UNIXSOCK,gp1:GPRINT
[nuauth1]
socket_path="{path}"
perms=384
[gp1]
file="{out}"
sync=1
"""


def unit(packet, options=(), marker=0x41c90fd4, more=0):
    tail = packet + b"\0" * (-len(packet) % 8)
    for number, value in options:
        tail += struct.pack(">II", number, len(value)) + value + b"\0" * (-len(value) % 8)
    return struct.pack(">IHIH", marker, 8 + len(tail), 1 << 28, len(packet) + more) + tail


class Unixsock(Programs):
    def start(self):
        return Daemon(self, CONFIG.format(path=self.path("sock"), out=self.path("out.log")))

    def connect(self, name="sock"):
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(30)
        peer.connect(self.path(name))
        self.addCleanup(peer.close)
        return peer

    def lines(self, name="out.log"):
        return self.read(name).splitlines() if os.path.exists(self.path(name)) else []

    def test_units_however_they_are_divided(self):
        daemon = self.start()
        self.assertEqual(stat.S_IMODE(os.stat(self.path("sock")).st_mode), 0o600)
        peer = self.connect()
        whole = unit(FOUR, TEXTS + NUMBERS)
        for begin, end in ((0, 3), (3, 20), (20, len(whole))):
            peer.sendall(whole[begin:end])
        peer.sendall(unit(SIX) + unit(FOUR + b"xyz", [(99, b"x"), (206, struct.pack(">I", 4))]))
        daemon.wait_for(lambda: len(self.lines()) == 3, "three rows")
        daemon.stop()
        self.assertEqual(self.lines(), [
            "raw.pktlen=33,raw.pktcount=1,oob.prefix=prefix,oob.time.sec=1700000000,oob.in=eth0,oob.out=eth1,oob.family=2,"
            "raw.label=2,nufw.user.name=bob,nufw.user.id=1000,nufw.os.name=Linux,nufw.os.rel=6.1,nufw.os.vers=#1,"
            "nufw.app.name=/bin/nc",
            "raw.pktlen=51,raw.pktcount=1,oob.family=10",
            "raw.pktlen=36,raw.pktcount=1,oob.family=2,raw.label=4"])

    def test_a_wrong_marker_closes_that_client_alone(self):
        daemon = self.start()
        good, bad = self.connect(), self.connect()
        good.sendall(unit(FOUR))
        bad.sendall(unit(FOUR) + unit(FOUR, marker=0x41c90fd5) + unit(FOUR))
        self.assertEqual(bad.recv(1), b"")
        good.sendall(unit(SIX))
        daemon.wait_for(lambda: len(self.lines()) == 3, "rows of both")
        self.assertIn("event=framing_error", daemon.log())
        daemon.stop(code=1)
        self.assertIn("dropped_framing=1", daemon.log())

    def test_a_packet_longer_than_its_unit_is_counted_and_its_neighbours_are_whole(self):
        daemon = self.start()
        peer = self.connect()
        peer.sendall(unit(FOUR) + unit(FOUR, more=100) + unit(SIX))
        daemon.wait_for(lambda: len(self.lines()) == 2, "two rows")
        daemon.stop(code=1)
        self.assertIn("dropped_unreadable=1", daemon.log())

    def test_a_client_that_goes_within_a_unit(self):
        daemon = self.start()
        peer = self.connect()
        peer.sendall(unit(FOUR) + unit(SIX)[:30])
        peer.close()
        daemon.wait_for(lambda: len(self.lines()) == 1, "one row")
        daemon.stop(code=1)
        self.assertIn("dropped_framing=1", daemon.log())

    @unittest.skipUnless(os.path.exists(ULOGD), "ulogd2 is not installed")
    def test_the_lines_are_what_ulogd_writes(self):
        """But for numbers, which ulogd reads in the machine's order."""
        conf = self.write("ulogd.conf", f'[global]\nlogfile="{self.path("ulogd.log")}"\nloglevel=1' +
                          CONFIG.replace("[global]\n", "").format(path=self.path("sock2"), out=self.path("ulogd.out")))
        ulogd = subprocess.Popen([ULOGD, "-c", conf], cwd=self.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(ulogd.wait)
        self.addCleanup(ulogd.kill)
        self.until(lambda: os.path.exists(self.path("ulogd.log")) and "entering main loop" in self.read("ulogd.log"), "ulogd runs")
        daemon = self.start()
        for name in ("sock", "sock2"):
            self.connect(name).sendall(unit(FOUR, TEXTS + NUMBERS))
        self.until(lambda: len(self.lines("ulogd.out")) == 1 and len(self.lines()) == 1, "a line of each")
        daemon.stop()
        ours, theirs = (re.sub(r"(oob.time.sec|nufw.user.id)=\d+", r"\1=", self.read(name)) for name in ("out.log", "ulogd.out"))
        self.assertEqual(ours, theirs)


if __name__ == "__main__":
    unittest.main()
