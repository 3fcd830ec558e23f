# SPDX-License-Identifier: Apache-2.0
"""Packets that rules log (S1-52), in a network namespace of the test's own; ulogd2 beside it where it is installed."""

import os
import re
import signal
import socket
import subprocess
import unittest
import xml.etree.ElementTree

import netns_kit
from harness import BUILD, ROOT, Daemon, Programs

WHY_NOT = netns_kit.enter()
WHY_NOT = WHY_NOT or netns_kit.prepare()
if WHY_NOT:
    print("skipped:", WHY_NOT)

CONFIG = """
[global]
stack=in:NFLOG,out:FILE
[in]
group=5
seq_local=1
netlink_socket_buffer_size={buffer}
{more}
[out]
path=out.log
format=json
"""


BOTH = """
stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,print1:PRINTPKT,emu1:LOGEMU
stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,mac2str1:HWHDR,json1:JSON
[log1]
group={group} # Group has to be different from the one use in log2
netlink_socket_buffer_size=4194304
netlink_qthreshold=1
[log2]
group=2
[emu1]
file="{dir}/emu.log"
sync=1
[json1]
sync=1
file="{dir}/json.log"
"""


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Nflog(Programs):
    def setUp(self):
        super().setUp()
        self.addCleanup(subprocess.run, ["nft", "flush", "ruleset"], check=False)

    def rows(self, name="out.log"):
        return netns_kit.rows(self, name)

    def config(self, more="", buffer=16777216):
        return CONFIG.format(more=more, buffer=buffer)

    def test_every_packet_with_its_keys(self):
        netns_kit.rules('udp dport 5000 meta mark set 7 log group 5 prefix "in: "')
        daemon = Daemon(self, self.config("numeric_label=3\n# at once, and not after a second\nnetlink_qthreshold=1"))
        netns_kit.send(700)
        daemon.wait_for(lambda: len(self.rows()) == 700, "all packets")
        daemon.stop()
        rows = self.rows()
        self.assertEqual([row["oob.seq.local"] for row in rows], list(range(700)))
        row = rows[0]
        self.assertGreater(row.pop("oob.time.sec"), 1700000000)
        self.assertLess(row.pop("oob.time.usec"), 1000000)
        self.assertEqual(row, {"raw.pktlen": 48, "raw.pktcount": 1, "oob.prefix": "in: ", "oob.mark": 7, "oob.ifindex_in": 1,
                               "oob.hook": 1, "raw.mac_len": 14, "oob.seq.local": 0, "oob.family": 2, "oob.protocol": 2048,
                               "raw.label": 3, "raw.type": 772, "raw.mac.addrlen": 6})

    def test_what_the_kernel_has_gathered_comes_at_the_end(self):
        netns_kit.rules("udp dport 5000 log group 5")
        daemon = Daemon(self, self.config("netlink_qthreshold=1000\nnetlink_qtimeout=6000\ncopy_mode=meta"))
        netns_kit.send(30)
        daemon.stop()
        self.assertEqual(len(self.rows()), 30)
        self.assertFalse(any(row.get("raw.pktlen") for row in self.rows()))

    def test_each_packet_that_did_not_fit_is_counted(self):
        """S1-57 for packets: rows and losses together are what was sent, to the packet."""
        netns_kit.rules("udp dport 5000 log group 5")
        daemon = Daemon(self, self.config("netlink_socket_buffer_maxsize=4096\nnetlink_qthreshold=1", buffer=4096))
        daemon.signal(signal.SIGSTOP)
        netns_kit.send(2000)
        daemon.signal(signal.SIGCONT)
        daemon.wait_for(lambda: "event=netlink_overrun" in daemon.log(), "an overrun")
        # Once the socket is empty the kernel sends again, and the next packet's number tells what is missing.
        sent = 2000
        while not self.rows() or self.rows()[-1]["oob.seq.local"] < 2000:
            netns_kit.send(1)
            sent += 1
            daemon.wait_for(lambda: True, "")
        daemon.stop(code=1)
        self.assertLess(len(self.rows()), sent)
        lost = netns_kit.lost(daemon, "in")
        self.assertLessEqual(set(lost), {"overrun", "pool"})
        self.assertGreater(lost["overrun"], 0)
        # One more when the last packet was lost, too: no number tells of it.
        self.assertIn(len(self.rows()) + sum(lost.values()) - self.rows()[-1]["oob.seq.local"] - 1, (0, 1), lost)
        self.assertRegex(daemon.log(), r"event=script_meter .*netlink_overruns")

    def test_an_overrun_behind_which_nothing_comes_counts_one(self):
        netns_kit.rules("udp dport 5000 log group 5")
        daemon = Daemon(self, self.config("netlink_socket_buffer_maxsize=4096\nnetlink_qthreshold=1", buffer=4096))
        netns_kit.stand_still(daemon)
        netns_kit.send(500)
        daemon.signal(signal.SIGCONT)
        daemon.wait_for(lambda: "event=netlink_overrun" in daemon.log(), "an overrun")
        daemon.stop(code=1)
        numbers = [row["oob.seq.local"] for row in self.rows()]
        self.assertEqual(numbers, list(range(len(numbers))))
        self.assertLess(len(numbers), 500)
        self.assertEqual(netns_kit.lost(daemon, "in"), {"overrun": 1})

    def test_a_group_that_another_program_has_is_waited_for(self):
        netns_kit.rules("udp dport 5000 log group 5", "udp dport 5000 log group 6")
        other = netns_kit.other_group(5)
        self.addCleanup(other.close)
        daemon = Daemon(self, self.config("netlink_qthreshold=1") +
                        "[global]\nstack=two:NFLOG,out2:FILE\n[two]\ngroup=6\nnetlink_qthreshold=1\n[out2]\npath=two.log\nformat=json\n")
        daemon.wait_for(lambda: "event=nflog_waits instance=in group=5" in daemon.log(), "it is told")
        self.assertIn("another program has the group", daemon.log())
        netns_kit.send(3)
        daemon.wait_for(lambda: len(self.rows("two.log")) == 3, "the other stack's rows")
        other.close()
        daemon.wait_for(lambda: "event=listening instance=in" in daemon.log(), "the group")
        netns_kit.send(1)
        daemon.wait_for(lambda: len(self.rows()) == 1 and len(self.rows("two.log")) == 4, "its rows")
        daemon.stop()

    def test_without_the_capability_it_says_what_is_missing(self):
        path = self.write("stook.conf", self.config())
        done = subprocess.run(["setpriv", "--bounding-set=-net_admin", os.path.join(ROOT, BUILD, "stookd"), "-c", path],
                              cwd=self.dir, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("CAP_NET_ADMIN is missing", done.stderr)
        self.assertIn("AmbientCapabilities=CAP_NET_ADMIN", done.stderr)

    def test_a_namespace_is_waited_for_and_left(self):
        name = "stook-test"
        daemon = Daemon(self, self.config(f"netns={name}\nnetlink_qthreshold=1"))
        daemon.wait_for(lambda: "event=netns_absent" in daemon.log(), "it is told")
        for turn in range(2):
            listening = daemon.log().count("event=listening")
            if not netns_kit.works("ip", "netns", "add", name):
                self.skipTest("no named namespace can be made here")
            daemon.wait_for(lambda count=listening: daemon.log().count("event=listening") > count, "it listens there")
            subprocess.run(["ip", "netns", "exec", name, "ip", "link", "set", "lo", "up"], check=True)
            netns_kit.rules("icmp type echo-request log group 5", netns=name)
            rows = len(self.rows())
            subprocess.run(["ip", "netns", "exec", name, "python3", "-c", PING], check=True)
            daemon.wait_for(lambda count=rows: len(self.rows()) == count + 1, f"a packet, turn {turn}")
            subprocess.run(["ip", "netns", "delete", name], check=True)
            daemon.wait_for(lambda: "has gone" in daemon.log(), "it is told")
        daemon.stop()

    def test_attach_conntrack_is_not_refused_in_silence(self):
        daemon = Daemon(self, self.config("attach_conntrack=1"))
        daemon.wait_for(lambda: "event=listening instance=in" in daemon.log(), "the group")
        daemon.stop()
        if "event=conntrack_not_attached" in daemon.log():
            self.assertIn("CONFIG_NETFILTER_NETLINK_GLUE_CT", daemon.log())

    @unittest.skipUnless(os.path.exists(netns_kit.ULOGD), "ulogd2 is not installed")
    def test_gprint_is_what_ulogd_writes(self):
        """S1-75: the same packets to both, line by line."""
        netns_kit.rules('log group 5 prefix "a: "', 'log group 6 prefix "a: "')
        ulogd = netns_kit.Ulogd(self, f'stack=log1:NFLOG,gp1:GPRINT\n[log1]\ngroup=6\nseq_local=1\n[gp1]\nfile="{self.path("ulogd.out")}"\nsync=1\n')
        daemon = Daemon(self, "[global]\nstack=log1:NFLOG,gp1:GPRINT\n[log1]\ngroup=5\nseq_local=1\nnetlink_qthreshold=1\n"
                        "netlink_socket_buffer_size=16777216\n"
                        '[gp1]\nfile="out.log"\n')
        netns_kit.send(20)
        self.until(lambda: os.path.exists(self.path("ulogd.out")) and self.read("ulogd.out").count("\n") >= 40, "ulogd's lines")
        daemon.wait_for(lambda: self.has_lines("out.log", 40), "our lines")
        daemon.stop()
        ulogd.stop()
        # The kernel stamps what it logs twice anew.
        ours, theirs = (re.sub(r"oob\.time\.u?sec=\d+,", "", self.read(name)).splitlines() for name in ("out.log", "ulogd.out"))
        self.assertEqual(ours, theirs)

    def test_xml_is_a_document_and_syslog_a_line(self):
        """S1-74, S1-78: whatever the prefix holds."""
        netns_kit.rules('udp dport 5000 log group 5 prefix "a<b>&c: "')
        local = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(local.close)
        local.bind(self.path("log"))
        local.settimeout(30)
        daemon = Daemon(self, "[global]\nstack=log1:NFLOG,xml1:XML\n"
                        "stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,print1:PRINTPKT,sys1:SYSLOG\n"
                        "[log1]\ngroup=5\nnetlink_qthreshold=1\nnetlink_socket_buffer_size=4194304\n"
                        f"[xml1]\ndirectory={self.path('xml')}\n[sys1]\nfacility=LOG_LOCAL2\nsocket={self.path('log')}\n")
        netns_kit.send(3)
        line = local.recv(65536).decode()
        self.assertRegex(line, r"^<149>\w{3} [ \d]\d \d\d:\d\d:\d\d ulogd\[\d+\]: a<b>&c:  IN=lo OUT= .*DPT=5000 ")
        daemon.stop()
        name, = os.listdir(self.path("xml"))
        self.assertRegex(name, r"^ulogd-pkt-\d{8}-\d{6}\.xml$")
        packets = xml.etree.ElementTree.parse(self.path("xml/" + name)).getroot()
        self.assertEqual((packets.tag, len(packets)), ("packet", 3))
        self.assertEqual(packets[0].find("prefix").text, "a<b>&c: ")
        self.assertTrue(packets[0].find("payload").text.startswith("45"))

    @unittest.skipUnless(os.path.exists(netns_kit.ULOGD), "ulogd2 is not installed")
    def test_one_file_for_both(self):
        """S1-78, S1-77: Debian's stacks for LOGEMU and JSON, the very same lines for ulogd2 and for stookd, but for group and folder."""
        netns_kit.rules("udp dport 5000 log group 5 prefix \"p: \"", "udp dport 5000 log group 6 prefix \"p: \"")
        listeners = []
        for family in (socket.AF_INET, socket.AF_INET6):
            listeners.append(socket.socket(family, socket.SOCK_DGRAM))
            self.addCleanup(listeners[-1].close)
            listeners[-1].bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 5000))
        for folder in ("ours", "theirs"):
            os.mkdir(self.path(folder))
        ulogd = netns_kit.Ulogd(self, BOTH.format(group=6, dir=self.path("theirs")))
        daemon = Daemon(self, "[global]\nlogfile=stderr" + BOTH.format(group=5, dir=self.path("ours")))
        netns_kit.send(5)
        for _ in range(5):
            listeners[1].sendto(b"six", ("::1", 5000))
        names = ("emu.log", "json.log")
        self.until(lambda: all(self.has_lines("theirs/" + name, 10) for name in names), "ulogd's lines")
        daemon.wait_for(lambda: all(self.has_lines("ours/" + name, 10) for name in names), "our lines")
        daemon.stop()
        ulogd.stop()
        ours, theirs = ([line[15:] for line in self.read(f"{side}/emu.log").splitlines()] for side in ("ours", "theirs"))
        self.assertEqual(ours, theirs)
        compared = 0
        for ours, theirs in zip(self.json_lines("ours/json.log"), self.json_lines("theirs/json.log"), strict=True):
            self.assertRegex(ours.pop("timestamp"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$")
            for key, value in theirs.items():
                if key not in ("timestamp", "oob.time.sec", "oob.time.usec"):
                    self.assertEqual(ours.get(key), value, (key, ours))
                    compared += 1
        self.assertGreater(compared, 200)

    def has_lines(self, name, count):
        return os.path.exists(self.path(name)) and self.read(name).count("\n") >= count


PING = """
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.sendto(struct.pack(">BBHHH", 8, 0, 0xf7fd, 1, 1), ("127.0.0.1", 0))
"""


if __name__ == "__main__":
    unittest.main()
