# SPDX-License-Identifier: Apache-2.0
"""Packets of a live interface, in a network namespace of the test's own: each is a row or counted (S1-23, S1-63)."""

import ctypes.util
import os
import shutil
import signal
import socket
import struct
import subprocess
import unittest

import netns_kit
import packets as p
from harness import BUILD, ROOT, Daemon, Programs

WHY_NOT = netns_kit.enter()


def prepare():
    if shutil.which("ip") is None:
        return "ip is not installed"
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except OSError as error:
        return f"no packet sockets: {error}"
    if not netns_kit.works("ip", "link", "add", "probe0", "type", "veth", "peer", "name", "probe1"):
        return "this kernel has no veth"
    subprocess.run(["ip", "link", "del", "probe0"], check=False)
    return ""


WHY_NOT = WHY_NOT or prepare()
if WHY_NOT:
    print("skipped:", WHY_NOT)

CONFIG = """
[global]
stack=in:PACKET,base:BASE,out:FILE
{stacks}
[in]
interface=vb
{more}
[out]
path=out.log
format=json
keys=udp.sport,udp.dport,ip.saddr,oob.ifindex_in,oob.ifindex_out,vlan.id,raw.pktlen,ip.totlen,raw.type,oob.seq.local
"""


def frame(number, dport=53, vlan=None, size=60):
    packet = p.ipv4(17, p.udp(1024 + number % 60000, dport, b"x" * size))
    return p.ethernet(0x0800, packet) if vlan is None else p.ethernet(0x8100, struct.pack(">HH", vlan, 0x0800) + packet)


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Packet(Programs):
    def setUp(self):
        super().setUp()
        self.add_link()
        self.addCleanup(subprocess.run, ["ip", "link", "del", "va"], check=False, capture_output=True)

    def add_link(self):
        """What is sent by va comes in by vb, and nothing else does."""
        subprocess.run(["ip", "link", "add", "va", "type", "veth", "peer", "name", "vb"], check=True)
        for name in ("va", "vb"):
            with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w", encoding="ascii") as file:
                file.write("1")
            subprocess.run(["ip", "link", "set", name, "arp", "off", "up"], check=True)

    def daemon(self, more="", stacks="", listening=1):
        daemon = Daemon(self, CONFIG.format(more=more, stacks=stacks))
        daemon.wait_for(lambda: daemon.log().count("event=listening ") == listening, "it listens")
        return daemon

    def send(self, frames, interface="va"):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as out:
            out.bind((interface, 0))
            for one in frames:
                out.send(one)

    def rows(self):
        return netns_kit.rows(self, "out.log")

    def lost(self, daemon, name="in"):
        """Packets that were counted as lost, of a daemon that has ended."""
        ledger = next(line for line in daemon.log().splitlines() if f"element={name} " in line)
        fields = dict(word.split("=", 1) for word in ledger.split() if "=" in word)
        return sum(int(fields.get(f"dropped_{reason}", 0)) for reason in ("kernel", "pool"))

    def test_every_packet_with_its_keys(self):
        daemon = self.daemon()
        self.send([frame(n) for n in range(3000)] + [frame(9, vlan=77)])
        daemon.wait_for(lambda: len(self.rows()) == 3001, "all packets")
        daemon.stop()
        rows = self.rows()
        self.assertEqual([row["udp.sport"] for row in rows], [1024 + n for n in range(3000)] + [1033])
        index = socket.if_nametoindex("vb")
        self.assertEqual(rows[0], {"udp.sport": 1024, "udp.dport": 53, "ip.saddr": "192.0.2.1", "oob.ifindex_in": index, "raw.pktlen": 88,
                                   "ip.totlen": 88, "raw.type": 1, "oob.seq.local": 0})
        self.assertEqual(rows[3000]["vlan.id"], 77)
        self.assertEqual(self.lost(daemon), 0)

    def test_what_stands_in_the_ring_comes_at_the_end(self):
        daemon = self.daemon()
        self.send([frame(n) for n in range(2000)])
        daemon.stop()
        self.assertEqual(len(self.rows()) + self.lost(daemon), 2000)
        self.assertEqual(self.lost(daemon), 0)

    def test_what_does_not_fit_is_counted_to_the_packet(self):
        daemon = self.daemon("ring=512KiB")
        daemon.signal(signal.SIGSTOP)
        self.send([frame(n, size=200) for n in range(10_000)])
        daemon.signal(signal.SIGCONT)
        daemon.stop(code=1)
        self.assertGreater(self.lost(daemon), 1000)
        self.assertEqual(len(self.rows()) + self.lost(daemon), 10_000)

    def test_only_what_is_wanted_and_as_much_of_it(self):
        has_filter = ctypes.util.find_library("pcap") is not None
        daemon = self.daemon("direction=in\nsnap_length=64" + ("\nfilter=udp port 53" if has_filter else ""))
        self.send([frame(n, dport=53 if n % 2 or not has_filter else 80) for n in range(200)])
        self.send([frame(0)], interface="vb")
        self.send([frame(1), frame(2) if not has_filter else frame(2, dport=80), frame(3)])
        wanted = 203 if not has_filter else 102
        daemon.wait_for(lambda: len(self.rows()) == wanted, "all packets")
        daemon.stop()
        self.assertEqual({(row["udp.dport"], row["raw.pktlen"], row["ip.totlen"]) for row in self.rows()}, {(53, 50, 88)})

    def test_what_goes_out(self):
        daemon = self.daemon("direction=out")
        self.send([frame(1)])
        self.send([frame(2), frame(3)], interface="vb")
        daemon.wait_for(lambda: len(self.rows()) == 2, "what went out")
        daemon.stop()
        self.assertEqual([(row["udp.sport"], row["oob.ifindex_out"]) for row in self.rows()],
                         [(1024 + n, socket.if_nametoindex("vb")) for n in (2, 3)])

    def test_instances_share_packets_a_flow_each(self):
        daemon = self.daemon("fanout=hash", stacks="stack=two:PACKET,base2:BASE,out2:FILE\n[two]\ninterface=vb\nfanout=hash\n"
                                                   "[out2]\npath=two.log\nformat=json\nkeys=udp.sport",
                             listening=2)
        self.send([frame(n % 100) for n in range(4000)])
        count = lambda: len(self.rows()) + len(netns_kit.rows(self, "two.log"))
        daemon.wait_for(lambda: count() == 4000, "all packets")
        daemon.stop()
        one, two = ({row["udp.sport"] for row in rows} for rows in (self.rows(), netns_kit.rows(self, "two.log")))
        self.assertFalse(one & two)
        self.assertEqual(len(one | two), 100)
        self.assertTrue(one and two)

    def test_an_interface_that_goes_away_is_waited_for(self):
        subprocess.run(["ip", "link", "del", "va"], check=True)
        daemon = self.daemon(stacks="stack=beat:MADE,beats:FILE\n[beat]\nrate=20\n[beats]\npath=beats.log", listening=0)
        daemon.wait_for(lambda: "event=packet_waits instance=in" in daemon.log(), "it is said")
        daemon.wait_for(lambda: os.path.exists(self.path("beats.log")) and self.read("beats.log").count("\n") > 3, "another stack runs")
        for turn in range(2):
            self.add_link()
            daemon.wait_for(lambda: daemon.log().count("event=listening instance=in") == turn + 1, "it is found")
            self.send([frame(turn)])
            daemon.wait_for(lambda: len(self.rows()) == turn + 1, "its packet")
            waits = daemon.log().count("event=packet_waits")
            subprocess.run(["ip", "link", "del", "va"], check=True)
            daemon.wait_for(lambda: daemon.log().count("event=packet_waits") > waits, "it has gone")
        daemon.stop()
        self.assertIn("the interface has gone", daemon.log())

    def test_who_may_not_is_told_what_is_missing(self):
        if shutil.which("setpriv") is None:
            self.skipTest("setpriv is not installed")
        stook = os.path.join(ROOT, BUILD, "stook")
        done = subprocess.run(["setpriv", "--bounding-set=-net_raw", stook, "run", "packet(vb), null"], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("CAP_NET_RAW is missing; run stookd as root, or give it by AmbientCapabilities=CAP_NET_RAW", done.stderr)

    def test_mistakes_are_told_before_the_start(self):
        for stack, reason in (("packet(an-interface-of-long-name), null", "longer than the name of an interface can be"),
                              ("packet(filter=udp), null", "means nothing for all interfaces"),
                              ("packet(vb, filter='udp and'), null", "filter")):
            refused = self.stook("run", stack)
            self.assertEqual(refused.code, 2, refused.err)
            self.assertIn(reason, refused.err)


if __name__ == "__main__":
    unittest.main()
