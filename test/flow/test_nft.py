# SPDX-License-Identifier: Apache-2.0
"""What nftables and connection tracking tell when they are asked, or by themselves (S1-54, S1-55), in a network namespace of the
test's own."""

import socket
import struct
import subprocess
import unittest

import netns_kit
from harness import Daemon, Programs

WHY_NOT = netns_kit.enter() or netns_kit.prepare()
if WHY_NOT:
    print("skipped:", WHY_NOT)

OUT = "[out]\npath=out.log\nformat=json\n"


def nft(text):
    subprocess.run(["nft", text], check=True)


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Nft(Programs):
    def setUp(self):
        super().setUp()
        self.addCleanup(subprocess.run, ["nft", "flush", "ruleset"], check=False)

    def rows(self):
        return netns_kit.rows(self, "out.log")

    def start(self, source, options=""):
        daemon = Daemon(self, f"[global]\nstack=in:{source},out:FILE\n[in]\n{options}\n{OUT}")
        return daemon

    def test_named_counters_and_quotas(self):
        nft("add table inet t; add counter inet t web; add quota inet t most { over 1 mbytes; }; add table ip u; add counter ip u web;"
            "add chain inet t i { type filter hook input priority 0 ; }; add rule inet t i udp dport 5000 counter name web quota name most")
        netns_kit.send(3)
        daemon = self.start("NFTCOUNTER", "pollinterval=50ms\ntimestamp=1")
        daemon.wait_for(lambda: len(self.rows()) >= 3, "the first round")
        daemon.stop()
        rows = self.rows()[:3]
        self.assertGreater(rows[0].pop("oob.time.sec"), 1700000000)
        self.assertLess(rows[0].pop("oob.time.usec"), 1000000)
        self.assertEqual(rows[0], {"sum.name": "web", "sum.pkts": 3, "sum.bytes": 144, "nft.family": "inet", "nft.table": "t",
                                   "nft.object": "counter"})
        self.assertEqual((rows[1]["nft.family"], rows[1]["nft.table"], rows[1]["sum.pkts"]), ("ip", "u", 0))
        self.assertEqual((rows[2]["sum.name"], rows[2]["nft.object"], rows[2]["nft.quota"], rows[2]["sum.bytes"]),
                         ("most", "quota", 1 << 20, 144))
        self.assertNotIn("sum.pkts", rows[2])

    def test_counters_of_an_interval(self):
        """Each packet is in one row: the sum of all of them is what was sent."""
        nft("add table inet t; add counter inet t web; add table ip u; add counter ip u other;"
            "add chain inet t i { type filter hook input priority 0 ; }; add rule inet t i udp dport 5000 counter name web")
        daemon = self.start("NFTCOUNTER", "pollinterval=20ms\nzerocounter=1\ntable=t")
        sent = 0

        def counted():
            return sum(row["sum.pkts"] for row in self.rows())

        while len([row for row in self.rows() if row["sum.pkts"]]) < 3:
            netns_kit.send(1)
            sent += 1
            daemon.wait_for(lambda count=sent: counted() == count, "the packet is counted")
        daemon.stop()
        self.assertEqual(counted(), sent)
        self.assertEqual({row["sum.name"] for row in self.rows()}, {"web"})

    def test_statistics_of_connection_tracking(self):
        """S1-54: the figures that the kernel shows as text."""
        nft("add table inet t; add chain inet t i { type filter hook input priority 0 ; }; add rule inet t i ct state invalid counter")
        # an answer to an echo that nobody has asked for belongs to no connection
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.addCleanup(raw.close)
        raw.sendto(struct.pack(">BBHHH", 0, 0, 0xfffd, 1, 1), ("127.0.0.1", 0))
        try:
            with open("/proc/net/stat/nf_conntrack", encoding="ascii") as file:
                names, *cpus = [line.split() for line in file]
        except OSError as error:
            self.skipTest(f"the kernel shows no statistics of connection tracking: {error}")
        daemon = self.start("NFCTST", "pollinterval=50ms")
        daemon.wait_for(lambda: len(self.rows()) >= len(cpus), "the first round")
        daemon.stop()
        known = [name for name in ("found", "invalid", "insert", "insert_failed", "drop", "early_drop") if name in names]
        shown = [{"nfct.stats.cpu": i, **{"nfct.stats." + name: int(words[names.index(name)], 16) for name in known}}
                 for i, words in enumerate(cpus)]
        self.assertEqual([{key: row[key] for key in shown[0]} for row in self.rows()[:len(cpus)]], shown)
        self.assertGreater(sum(row["nfct.stats.invalid"] for row in self.rows()[:len(cpus)]), 0)

    def test_an_interval_is_needed(self):
        for source, wanted in (("NFTCOUNTER", "pollinterval is not set; it takes how often counters are asked, as 60 or 500ms"),
                               ("NFCTST", "pollinterval is too short; it takes 10ms or more, as 60 or 500ms")):
            options = "pollinterval=1ms" if source == "NFCTST" else ""
            path = self.write("stook.conf", f"[global]\nstack=in:{source},out:FILE\n[in]\n{options}\n{OUT}")
            done = self.stook("check", path)
            self.assertEqual(done.code, 2)
            self.assertIn(wanted, done.err)


if __name__ == "__main__":
    unittest.main()
