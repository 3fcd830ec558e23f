# SPDX-License-Identifier: Apache-2.0
"""Connections that the kernel tracks, and its named counters (S1-50, S1-51, S1-56, S1-57); ulogd2 beside it where it is
installed."""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import unittest

import netns_kit
from harness import Daemon, Programs

WHY_NOT = netns_kit.enter() or netns_kit.prepare()
if not WHY_NOT:
    subprocess.run(["sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1"], check=False, capture_output=True)
    if not os.path.exists("/proc/sys/net/netfilter/nf_conntrack_acct"):
        WHY_NOT = "the kernel tracks no connections here"
if WHY_NOT:
    print("skipped:", WHY_NOT)

CONFIG = """
[global]
stack=ct1:NFCT,out:FILE
[ct1]
netlink_socket_buffer_size=8388608
{more}
[out]
path=out.log
format=json
"""


def flush():
    """The kernel forgets all connections, each of which is an end."""
    out = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
    out.bind((0, 0))
    out.settimeout(10)
    for family in (2, 10):
        body = struct.pack("=BBH", family, 0, 0)
        out.send(struct.pack("=IHHII", 16 + len(body), 1 << 8 | 2, 5, 1, 0) + body)
        out.recv(65536)
    out.close()


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Nfct(Programs):
    def setUp(self):
        super().setUp()
        subprocess.run(["nft", "add table inet t; add chain inet t o { type filter hook output priority 0 ; };"
                        "add rule inet t o ct state new counter"], check=True)
        self.addCleanup(subprocess.run, ["nft", "flush", "ruleset"], check=False)
        flush()

    def rows(self, port=5000):
        return [row for row in netns_kit.rows(self, "out.log") if row.get("orig.l4.dport") == port]

    def start(self, more=""):
        daemon = Daemon(self, CONFIG.format(more=more))
        daemon.wait_for(lambda: "event=listening" in daemon.log(), "it listens")
        return daemon

    def test_a_row_at_the_end_of_a_connection(self):
        daemon = self.start("accept_proto_filter=udp\naccept_src_filter=127.0.0.0/8")
        netns_kit.send(3, size=20)
        flush()
        daemon.wait_for(lambda: self.rows(), "a row")
        daemon.stop()
        row, = self.rows()
        self.assertEqual((row["orig.ip.saddr"], row["orig.ip.daddr"], row["orig.ip.protocol"]), ("127.0.0.1", "127.0.0.1", 17))
        self.assertEqual((row["reply.l4.sport"], row["reply.l4.dport"]), (5000, row["orig.l4.sport"]))
        self.assertEqual((row["orig.raw.pktcount"], row["orig.raw.pktlen"]), (3, 3 * 48))
        self.assertEqual((row["ct.event"], row["oob.family"], row["ct.mark"]), (4, 2, 0))
        self.assertLessEqual(row["flow.start.sec"], row["flow.end.sec"])
        self.assertGreater(row["flow.start.sec"], 1700000000)

    def test_each_event_is_a_row_without_memory(self):
        daemon = self.start("hash_enable=0\nevent_mask=5")
        netns_kit.send(1)
        flush()
        daemon.wait_for(lambda: len(self.rows()) == 2, "two rows")
        daemon.stop()
        self.assertEqual([row["ct.event"] for row in self.rows()], [1, 4])
        self.assertEqual(len({row["ct.id"] for row in self.rows()}), 1)

    def test_many_connections_that_end_at_once_are_rows_each(self):
        """Events come by the hundred in one call, and while much comes they are read by a timer."""
        daemon = self.start("accept_proto_filter=udp")
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(out.close)
        sent = [f"127.0.{i // 250}.{i % 250 + 1}" for i in range(3000)]
        for part in (sent[:1000], sent[1000:]):
            for address in part:
                out.sendto(b"one", (address, 5000))
            flush()
        daemon.wait_for(lambda: len(self.rows()) == len(sent), "all ends")
        daemon.stop()
        self.assertEqual(sorted(row["orig.ip.daddr"] for row in self.rows()), sorted(sent))
        self.assertTrue(all(row["flow.start.sec"] > 1700000000 for row in self.rows()))

    def test_lists_find_what_has_gone(self):
        daemon = self.start("pollinterval=20ms")
        self.assertIn("by=lists", daemon.log())
        # A connection that no list has seen is none. So there are many, until one is found missing.
        turns = iter(range(10000))

        def is_seen():
            if next(turns) % 20 == 19:
                flush()
            else:
                netns_kit.send(1)
            return self.rows()

        daemon.wait_for(is_seen, "a row")
        daemon.stop()
        self.assertEqual(self.rows()[0]["ct.event"], 4)

    def test_ends_that_were_lost_are_found_once(self):
        """S1-57: after an overrun the kernel's table is asked, and no connection is told twice."""
        daemon = Daemon(self, CONFIG.format(more="netlink_socket_buffer_maxsize=4096\nnetlink_resync_timeout=50ms\n"
                                            "accept_proto_filter=udp").replace("8388608", "4096"))
        daemon.wait_for(lambda: "event=listening" in daemon.log(), "it listens")

        def is_heard():
            netns_kit.send(1)
            flush()
            return self.rows()

        daemon.wait_for(is_heard, "an end")  # the first list, which fills so small a buffer by itself, has been read
        netns_kit.stand_still(daemon)
        for _ in range(300):
            netns_kit.send(1)
        flush()
        daemon.signal(signal.SIGCONT)
        daemon.wait_for(lambda: "event=netlink_overrun" in daemon.log(), "an overrun")
        daemon.wait_for(lambda: any(row.get("resync") for row in self.rows()), "ends that were found")
        netns_kit.send(1)
        flush()
        daemon.wait_for(lambda: self.rows() and not self.rows()[-1].get("resync"), "events again")
        daemon.stop(code=1)
        told = [(row["orig.l4.sport"], row["flow.start.sec"], row["flow.start.usec"]) for row in self.rows()]
        self.assertEqual(len(told), len(set(told)))
        self.assertRegex(daemon.log(), r"element=ct1 .*dropped_overrun=[1-9]")

    def test_a_long_connection_is_told_in_parts(self):
        """S1-50: rows of what it carried meanwhile, and one at its end; together they are what was sent."""
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(out.close)
        at = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(at.close)
        at.bind(("127.0.0.1", 5000))
        out.connect(("127.0.0.1", 5000))
        daemon = self.start("active_timeout=20ms\naccept_proto_filter=udp")

        def told(key):
            return sum(row[key] for row in self.rows())

        for i in range(1, 5):
            out.send(b"." * 20)
            daemon.wait_for(lambda count=i: told("orig.raw.pktcount.delta") == count, f"packet {i} in a row")
        at.recvfrom(100)
        at.sendto(b"answer", out.getsockname())
        daemon.wait_for(lambda: told("reply.raw.pktcount.delta") == 1, "the answer in a row")
        out.send(b"." * 30)
        flush()
        daemon.wait_for(lambda: any(row["flow.end.reason"] == 3 for row in self.rows()), "its end")
        daemon.stop()
        *parts, end = self.rows()
        self.assertGreaterEqual(len(parts), 5)
        self.assertEqual({(row["flow.end.reason"], row["ct.event"]) for row in parts}, {(2, 2)})
        self.assertEqual((end["flow.end.reason"], end["ct.event"]), (3, 4))
        self.assertEqual(told("orig.raw.pktlen.delta"), 4 * 48 + 58)
        self.assertEqual(told("reply.raw.pktlen.delta"), 34)
        # the kernel's own counters are left alone, so that the end has the whole
        self.assertEqual((end["orig.raw.pktcount"], end["orig.raw.pktlen"]), (5, 4 * 48 + 58))
        self.assertEqual(len({row["ct.id"] for row in self.rows()}), 1)

    def test_what_a_connection_carried_before_the_start_is_in_no_part(self):
        """The kernel tells no end of one that began while nobody listened; the next list finds it missing."""
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(out.close)
        out.bind(("127.0.0.1", 0))
        out.sendto(b"before", ("127.0.0.1", 5000))
        daemon = self.start("active_timeout=20ms\naccept_proto_filter=udp")
        out.sendto(b"." * 20, ("127.0.0.1", 5000))
        daemon.wait_for(lambda: self.rows(), "a part")
        flush()
        daemon.wait_for(lambda: any(row["flow.end.reason"] == 3 for row in self.rows()), "its end")
        daemon.stop()
        self.assertEqual(sum(row["orig.raw.pktlen.delta"] for row in self.rows()), 48)

    def test_marks_and_zones(self):
        nft = "add table inet z; add chain inet z p { type filter hook output priority -300 ; };"
        subprocess.run(["nft", nft + "add rule inet z p udp dport 5000 ct zone set 7; add rule inet t o udp dport 5000 ct mark set 0x12"],
                       check=True)
        daemon = self.start("mark_filter=0x10/0xf0")
        netns_kit.send(1, port=5001)
        netns_kit.send(1)
        flush()
        daemon.wait_for(lambda: self.rows(), "a row")
        daemon.stop()
        row, = self.rows()
        self.assertEqual((row["ct.mark"], row["ct.zone"]), (0x12, 7))
        self.assertEqual(self.rows(port=5001), [])

    def test_mistakes_are_told(self):
        for more, wanted in (("mark_filter=x", "mark_filter: 'x' is no mark; it takes a number, or a number and a mask that has its bits"),
                             ("mark_filter=0x10/0xf", "mark_filter: '0x10/0xf' is no mark"),
                             ("active_timeout=5\nhash_enable=0", "active_timeout needs the begin of connections; it takes hash_enable = 1")):
            done = self.stook("check", self.write("stook.conf", CONFIG.format(more=more)))
            self.assertEqual(done.code, 2)
            self.assertIn(wanted, done.err)

    def test_filters_take_what_they_name(self):
        daemon = self.start("hash_enable=0\nevent_mask=4\naccept_dst_filter=10.0.0.0/8,::1/128")
        netns_kit.send(1)
        six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        six.sendto(b"six", ("::1", 5000))
        six.close()
        flush()
        daemon.wait_for(self.rows, "the row of IPv6")
        daemon.stop()
        self.assertEqual([row["orig.ip.daddr"] for row in self.rows()], ["::1"])

    @unittest.skipUnless(os.path.exists(netns_kit.ULOGD), "ulogd2 is not installed")
    def test_gprint_is_what_ulogd_writes(self):
        """S1-51: the same events to both, key by key."""
        more = "hash_enable=0\nevent_mask=4\n"
        ulogd = netns_kit.Ulogd(self, f'stack=ct1:NFCT,gp1:GPRINT\n[ct1]\n{more}[gp1]\nfile="{self.path("ulogd.out")}"\nsync=1\n')
        daemon = Daemon(self, f"[global]\nstack=ct1:NFCT,gp1:GPRINT\n[ct1]\n{more}[gp1]\nfile=out.log\n")
        daemon.wait_for(lambda: "event=listening" in daemon.log(), "it listens")
        netns_kit.send(2)
        flush()

        def lines(name):
            text = self.read(name) if os.path.exists(self.path(name)) else ""
            return sorted(re.sub(r"flow\.(start|end)\.u?sec=\d+,", "", line) for line in text.splitlines())

        self.until(lambda: any("dport=5000" in line for line in lines("ulogd.out")), "ulogd's lines")
        daemon.wait_for(lambda: len(lines("out.log")) >= len(lines("ulogd.out")), "our lines")
        daemon.stop()
        ulogd.stop()
        self.assertEqual(lines("out.log"), lines("ulogd.out"))


@unittest.skipIf(WHY_NOT, WHY_NOT)
@unittest.skipUnless(shutil.which("nfacct"), "nfacct is not installed")
class Nfacct(Programs):
    def test_counters_of_an_interval(self):
        if not netns_kit.works("nfacct", "add", "stook"):
            self.skipTest("the kernel has no nfacct")
        self.addCleanup(subprocess.run, ["nfacct", "delete", "stook"], check=False)
        daemon = Daemon(self, "[global]\nstack=acct1:NFACCT,out:FILE\n[acct1]\npollinterval=50ms\ntimestamp=1\n"
                        "[out]\npath=out.log\nformat=json\n")
        daemon.wait_for(lambda: os.path.exists(self.path("out.log")) and self.read("out.log").count("\n") >= 2, "rows")
        daemon.stop()
        row = self.json_lines("out.log")[0]
        self.assertEqual((row["sum.name"], row["sum.pkts"], row["sum.bytes"]), ("stook", 0, 0))
        self.assertGreater(row["oob.time.sec"], 1700000000)


if __name__ == "__main__":
    unittest.main()
