# SPDX-License-Identifier: Apache-2.0
"""NACCT, SQLITE3 and GRAPHITE beside ulogd2's, on the same connections and counters (S1-80, S1-81)."""

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import threading
import unittest

import netns_kit
from harness import Daemon, Programs
from test_nfct import flush

WHY_NOT = os.environ.get(netns_kit.MARK) or netns_kit.prepare()
if not os.path.exists(netns_kit.ULOGD):
    WHY_NOT = WHY_NOT or "ulogd2 is not installed"
if WHY_NOT:
    print("skipped:", WHY_NOT)
ULOGD_SQLITE3 = "/usr/lib/x86_64-linux-gnu/ulogd/ulogd_output_SQLITE3.so"
COLUMNS = ("orig_ip_saddr_str", "orig_ip_daddr_str", "orig_ip_protocol", "orig_l4_sport", "orig_l4_dport", "orig_raw_pktlen",
           "orig_raw_pktcount", "reply_raw_pktlen", "reply_raw_pktcount", "ct_event")


class Lines:
    """A server that keeps the lines of one client."""

    def __init__(self, test):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(60)
        self.port = self.listener.getsockname()[1]
        self.text = ""
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        test.addCleanup(self.thread.join)
        test.addCleanup(self.listener.close)

    def serve(self):
        peer, _ = self.listener.accept()
        with peer:
            peer.settimeout(60)
            while part := peer.recv(4096):
                self.text += part.decode()

    def lines(self):
        return self.text[:self.text.rfind("\n") + 1].splitlines()


@unittest.skipIf(WHY_NOT, WHY_NOT)
class UlogdSinks(Programs):
    def both(self, config):
        """ulogd and stookd, once both listen. `@` in the configuration is what tells their files apart."""
        ulogd = netns_kit.Ulogd(self, config.replace("@", "theirs"))
        daemon = Daemon(self, "[global]\n" + config.replace("@", "ours"))
        daemon.wait_for(lambda: "event=listening" in daemon.log(), "it listens")
        return ulogd, daemon

    def track(self):
        subprocess.run(["nft", "add table inet t; add chain inet t o { type filter hook output priority 0 ; };"
                        "add rule inet t o ct state new counter"], check=True)
        self.addCleanup(subprocess.run, ["nft", "flush", "ruleset"], check=False)
        if not netns_kit.works("sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1"):
            self.skipTest("the kernel tracks no connections here")
        flush()

    def connections(self):
        """Three of them: without an answer, with answers, and refused."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            server.bind(("127.0.0.1", 5001))
            for size in (10, 200):
                client.sendto(b"q" * size, ("127.0.0.1", 5001))
                _, peer = server.recvfrom(4096)
                server.sendto(b"a" * 3 * size, peer)
                client.recv(4096)
        netns_kit.send(3)
        flush()

    def test_nacct(self):
        self.track()
        more = "hash_enable=0\nevent_mask=4\n"
        ulogd, daemon = self.both(f"stack=ct1:NFCT,ip2str1:IP2STR,nacct1:NACCT\n[ct1]\n{more}[nacct1]\nfile=\"{self.dir}/@.txt\"\nsync=1\n")
        self.connections()

        def lines(name):
            text = self.read(name) if os.path.exists(self.path(name)) else ""
            return sorted(line.partition("\t")[2] for line in text[:text.rfind("\n") + 1].splitlines())

        has_all = lambda name: all(any(f"\t{port}\t" in line for line in lines(name)) for port in (5000, 5001))
        self.until(lambda: has_all("theirs.txt"), "ulogd's lines")
        daemon.wait_for(lambda: len(lines("ours.txt")) >= len(lines("theirs.txt")), "our lines")
        daemon.stop()
        ulogd.stop()
        self.assertEqual(lines("ours.txt"), lines("theirs.txt"))
        self.assertTrue([line for line in lines("ours.txt") if line.endswith("\t5001\t2\t686")], lines("ours.txt"))

    @unittest.skipUnless(os.path.exists(ULOGD_SQLITE3), "ulogd2-sqlite3 is not installed")
    def test_sqlite3(self):
        self.track()
        for name in ("ours", "theirs"):
            database = sqlite3.connect(self.path(name + ".db"))
            database.execute(f"CREATE TABLE ulog ({', '.join(COLUMNS)})")
            database.close()
        more = "hash_enable=0\nevent_mask=4\n"
        ulogd, daemon = self.both(f"stack=ct1:NFCT,ip2str1:IP2STR,sq1:SQLITE3\n[ct1]\n{more}[sq1]\ndb=\"{self.dir}/@.db\"\ntable=\"ulog\"\n")
        self.connections()

        def rows(name):
            database = sqlite3.connect(self.path(name + ".db"), timeout=30)
            found = database.execute("SELECT * FROM ulog").fetchall()
            database.close()
            return sorted(found, key=str)

        has_all = lambda name: {5000, 5001} <= {row[4] for row in rows(name)}
        self.until(lambda: has_all("theirs"), "ulogd's rows")
        daemon.wait_for(lambda: len(rows("ours")) >= len(rows("theirs")), "our rows")
        daemon.stop()
        ulogd.stop()
        self.assertEqual(rows("ours"), rows("theirs"))

    @unittest.skipUnless(shutil.which("nfacct"), "nfacct is not installed")
    def test_graphite(self):
        if not netns_kit.works("nfacct", "add", "stook"):
            self.skipTest("the kernel has no nfacct")
        self.addCleanup(subprocess.run, ["nfacct", "delete", "stook"], check=False)
        rule = ["OUTPUT", "-p", "udp", "--dport", "5000", "-m", "nfacct", "--nfacct-name", "stook"]
        if netns_kit.works("iptables", "-A", *rule):
            self.addCleanup(subprocess.run, ["iptables", "-D", *rule], check=False)
        netns_kit.send(4)
        ours, theirs = Lines(self), Lines(self)
        config = "stack=acct1:NFACCT,graphite1:GRAPHITE\n[acct1]\npollinterval=1\nzerocounter=0\ntimestamp=1\n[graphite1]\nhost=\"127.0.0.1\"\nport=\"{}\"\nprefix=\"netfilter\"\n"
        ulogd = netns_kit.Ulogd(self, config.format(theirs.port))
        daemon = Daemon(self, "[global]\n" + config.format(ours.port))
        daemon.wait_for(lambda: len(ours.lines()) >= 2 and len(theirs.lines()) >= 2, "lines of both")
        daemon.stop()
        ulogd.stop()
        without_time = lambda server: [re.sub(r" \d{10}$", " TIME", line) for line in server.lines()[:2]]
        self.assertEqual(without_time(ours), without_time(theirs))
        self.assertRegex(ours.lines()[0], r"^netfilter\.stook\.pkts \d+ \d{10}$")


if __name__ == "__main__":
    unittest.main()
