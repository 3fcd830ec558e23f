# SPDX-License-Identifier: Apache-2.0
"""`compat = ulogd`: what stook writes then is what Debian's ulogd2 writes where stook by itself writes something else (S1-74 to S1-78)."""

import os
import re
import socket
import struct
import subprocess
import unittest

import netns_kit
from flow_decoder import Decoder
from harness import Daemon, Programs
from test_flow_sinks import Receiver
from test_nfct import flush

WHY_NOT = os.environ.get(netns_kit.MARK) or netns_kit.prepare()
if not os.path.exists(netns_kit.ULOGD):
    WHY_NOT = WHY_NOT or "ulogd2 is not installed"
if WHY_NOT:
    print("skipped:", WHY_NOT)

PREFIX = "a\tb\x1b<c>&d: "
CONFIG = """
stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,print1:PRINTPKT,emu1:LOGEMU
stack=log1:NFLOG,base1:BASE,gp1:GPRINT
stack=log1:NFLOG,base1:BASE,op1:OPRINT
stack=log1:NFLOG,xml1:XML
[log1]
group={group}
netlink_qthreshold=1
netlink_socket_buffer_size=4194304
[emu1]
file="{dir}/emu.log"
sync=1
{compat}
[gp1]
file="{dir}/gprint.log"
sync=1
{compat}
[op1]
file="{dir}/oprint.log"
sync=1
{compat}
[xml1]
directory="{dir}/"
sync=1
{compat}
"""
SIX = "2001:db8::7"
COUNT = 6


@unittest.skipIf(WHY_NOT, WHY_NOT)
class UlogdCompat(Programs):
    def text(self, folder, name):
        path = self.path(folder)
        names = [one for one in os.listdir(path) if one == name or (name == "xml" and one.endswith(".xml"))]
        return "".join(self.read(f"{folder}/{one}") for one in names)

    def is_all_there(self, folder):
        return (self.text(folder, "emu.log").count("\n") >= COUNT and self.text(folder, "gprint.log").count("\n") >= COUNT
                and self.text(folder, "oprint.log").count("udp.csum=") >= COUNT and self.text(folder, "xml").count("</log>") >= COUNT)

    def write_packets(self, compat, has_ulogd=True):
        """What both write of the same packets, by IPv4 and IPv6: two functions of a file's name."""
        self.addCleanup(subprocess.run, ["nft", "flush", "ruleset"], check=False)
        netns_kit.works("ip", "address", "add", SIX + "/128", "dev", "lo", "nodad")
        netns_kit.rules(*(f'udp dport 5000 log group {group} prefix "{PREFIX}"' for group in (5, 6)))
        for folder in ("ours", "theirs"):
            os.mkdir(self.path(folder))
        ulogd = has_ulogd and netns_kit.Ulogd(self, CONFIG.format(group=6, dir=self.path("theirs"), compat=""))
        daemon = Daemon(self, "[global]\nlogfile=stderr" + CONFIG.format(group=5, dir=self.path("ours"), compat=compat))
        daemon.wait_for(lambda: "event=listening instance=log1" in daemon.log(), "it listens")
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, SIX)):
            with socket.socket(family, socket.SOCK_DGRAM) as at, socket.socket(family, socket.SOCK_DGRAM) as out:
                at.bind((address, 5000))
                for _ in range(COUNT // 2):
                    out.sendto(b"packet", (address, 5000))
        if ulogd:
            self.until(lambda: self.is_all_there("theirs"), "ulogd's lines")
            ulogd.stop()
        daemon.wait_for(lambda: self.is_all_there("ours"), "our lines")
        daemon.stop()
        return (lambda name: self.text("ours", name)), (lambda name: self.text("theirs", name))

    def lines(self, text):
        """Without what differs between two looks at one packet: the kernel's stamp, and the day of a log."""
        return [re.sub(r"oob\.time\.u?sec=\d+,?|^\w{3} [ \d]\d \d\d:\d\d:\d\d ", "", line) for line in text.split("\n")]

    def test_the_text_of_ulogd(self):
        ours, theirs = self.write_packets("compat=ulogd")
        self.assertIn(PREFIX, theirs("emu.log"))
        self.assertEqual(self.lines(ours("emu.log")), self.lines(theirs("emu.log")))
        # a key that two plugins have, ulogd writes twice; of bytes its OPRINT says `default`
        gprint = [line.removesuffix(re.search(r",oob\.protocol=\d+$|$", line).group()) for line in self.lines(theirs("gprint.log"))]
        self.assertIn("ip.saddr=32.1.13.184,", "".join(gprint))
        self.assertEqual(self.lines(ours("gprint.log")), gprint)
        oprint = re.sub(r"(udp\.csum=\d+\n)oob\.protocol=\d+\n", r"\1", re.sub(r"\S+=default\n", "", theirs("oprint.log")))
        self.assertIn("ip.saddr=1.0.0.127\n", oprint)
        self.assertIn("ip.saddr=184.13.1.32\n", oprint)
        self.assertEqual(self.lines(ours("oprint.log")), self.lines(oprint))
        xml, theirs_xml = (re.sub(r"<when>.*?</when>", "", one("xml")) for one in (ours, theirs))
        end = "</packet>\n"  # which ulogd2 does not always come to write when it is ended
        self.assertTrue(xml.endswith(end))
        self.assertEqual(xml.removesuffix(end), theirs_xml.removesuffix(end))
        self.assertIn(f"<prefix>{PREFIX}</prefix>", ours("xml"))

    def test_without_it_no_prefix_forges_a_line(self):
        ours, _ = self.write_packets("", has_ulogd=False)
        for name in ("emu.log", "gprint.log", "oprint.log"):
            self.assertIn(r"a\tb\x1b<c>&d: ", ours(name))
            self.assertNotIn("\x1b", ours(name))
        self.assertIn(f"ip.saddr={SIX},", ours("gprint.log"))
        self.assertIn("ip.saddr=127.0.0.1\n", ours("oprint.log"))
        self.assertIn("b\ufffd&lt;c&gt;&amp;d: </prefix>", ours("xml"))


PACKETS = """
stack=log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,print1:PRINTPKT,emu1:LOGEMU
[log1]
group={group}
netlink_qthreshold=1
netlink_socket_buffer_size=4194304
{compat}
[emu1]
file="{name}.log"
sync=1
"""


def send_raw(protocol, data, family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_RAW, protocol) as raw:
        raw.sendto(data, ("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))


def icmp(kind, code):
    """A message with a right checksum, for the kernel drops others before it logs some."""
    words = struct.pack(">BBHBBH", kind, code, 0, 7, 0, 1400) + b"E" + bytes(27)
    total = sum(struct.unpack(f">{len(words) // 2}H", words))
    total = (total & 0xffff) + (total >> 16)
    return words[:2] + struct.pack(">H", ~((total & 0xffff) + (total >> 16)) & 0xffff) + words[4:]


@unittest.skipIf(WHY_NOT, WHY_NOT)
class UlogdPackets(Programs):
    def test_printpkt(self):
        """S1-63: details of ICMP by its code, INCOMPLETE without a blank, no SPI, numbers for what ulogd does not know."""
        self.addCleanup(subprocess.run, ["nft", "flush", "ruleset"], check=False)
        netns_kit.rules(*(f'log group {group} prefix "p: "' for group in (5, 6)))
        ulogd = netns_kit.Ulogd(self, PACKETS.format(group=6, name=self.path("theirs"), compat=""))
        daemon = Daemon(self, "[global]\nlogfile=stderr" + PACKETS.format(group=5, name=self.path("ours"), compat="[print1]\ncompat=ulogd"))
        daemon.wait_for(lambda: "event=listening instance=log1" in daemon.log(), "it listens")
        for kind in (3, 4, 5, 8, 11, 12):
            for code in range(16):
                if (kind, code) != (12, 5):  # of a parameter problem BASE has no gateway
                    send_raw(1, icmp(kind, code))
        for protocol in (6, 17, 50, 51, 132, 136):
            for data in (bytes(2), bytes((0, 1, 0, 2, 0, 0, 0, 3)) * 4):
                send_raw(protocol, data)
        for protocol in (50, 132):
            send_raw(protocol, bytes((0, 1, 0, 2, 0, 0, 0, 3)) * 4, socket.AF_INET6)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.bind(("127.0.0.1", 5000))
            last.sendto(b"last", ("127.0.0.1", 5000))

        def lines(name):
            text = self.read(name) if os.path.exists(self.path(name)) else ""
            return [line[15:] for line in text[:text.rfind("\n") + 1].splitlines()]

        self.until(lambda: any(" DPT=5000 " in line for line in lines("theirs.log")), "ulogd's lines")
        daemon.wait_for(lambda: any(" DPT=5000 " in line for line in lines("ours.log")), "our lines")
        daemon.stop()
        ulogd.stop()
        self.assertGreater(len(lines("theirs.log")), 95 + 12)
        self.assertEqual(lines("ours.log"), lines("theirs.log"))


FLOWS = """
stack=ct1:NFCT,ip2str1:IP2STR,print1:PRINTFLOW,emu1:LOGEMU
stack=ct1:NFCT,ipfix1:IPFIX
[ct1]
hash_enable=0
event_mask=4
netlink_socket_buffer_size=4194304
[emu1]
file="{name}.log"
sync=1
[ipfix1]
oid=7
host=127.0.0.1
port={port}
proto=udp
{compat}
"""
ENOUGH = 40


def echo(address):
    """Asks oneself for an echo; the kernel answers."""
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    raw.sendto(struct.pack(">BBHHH", 8, 0, 0xf7fd, 1, 1), (address, 0))
    raw.close()


def times(messages):
    """Begin and end of each flow to port 5000 in whole seconds, by the port of its sender."""
    decoder = Decoder()
    for message in messages:
        decoder.feed(message)
    return {int.from_bytes(record[7], "big"): tuple(int.from_bytes(record[element], "big") for element in (150, 151))
            for record in decoder.records if record.get(11) == b"\x13\x88"}


@unittest.skipIf(WHY_NOT, WHY_NOT)
class UlogdFlows(Programs):
    def setUp(self):
        super().setUp()
        # what is exported is no flow of its own
        subprocess.run(["nft", "add table inet t; add chain inet t o { type filter hook output priority -300 ; };"
                        "add chain inet t p { type filter hook output priority 0 ; };"
                        "add rule inet t o udp dport != 5000 notrack; add rule inet t p ct state new counter"], check=True)
        self.addCleanup(subprocess.run, ["nft", "flush", "ruleset"], check=False)
        if not netns_kit.works("sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1", "net.netfilter.nf_conntrack_timestamp=1"):
            self.skipTest("the kernel tracks no connections here")
        flush()

    def lines(self, name):
        text = self.read(name) if os.path.exists(self.path(name)) else ""
        return sorted(re.sub(r"^\w{3} [ \d]\d \d\d:\d\d:\d\d ", "", line) for line in text[:text.rfind("\n") + 1].splitlines())

    def test_printflow_and_the_times_of_ipfix(self):
        """S1-63, S1-72: the same ends of connections to both."""
        receivers = {name: Receiver(self) for name in ("ours", "theirs")}
        ulogd = netns_kit.Ulogd(self, FLOWS.format(name=self.path("theirs"), port=receivers["theirs"].port, compat=""))
        daemon = Daemon(self, "[global]\nlogfile=stderr" + FLOWS.format(name=self.path("ours"), port=receivers["ours"].port,
                                                                       compat="compat=ulogd\n[print1]\ncompat=ulogd"))
        daemon.wait_for(lambda: "event=listening" in daemon.log(), "it listens")
        for i in range(ENOUGH):
            netns_kit.send(1, sport=20000 + i)
        echo("127.0.0.1")
        flush()

        def is_there(name):
            return sum("DPT=5000" in line for line in self.lines(name)) >= ENOUGH and any("TYPE=0 CODE=8" in line for line in self.lines(name))

        self.until(lambda: is_there("theirs.log"), "ulogd's lines")
        daemon.wait_for(lambda: is_there("ours.log"), "our lines")
        daemon.stop()
        ulogd.stop()
        self.assertEqual(self.lines("ours.log"), self.lines("theirs.log"))
        ours, theirs = (times(receivers[name].stop()) for name in ("ours", "theirs"))
        self.assertEqual(len(ours), ENOUGH)
        self.assertGreater(len(theirs), 0)  # the last ones stay in its buffer
        self.assertEqual({port: ours[port] for port in theirs}, theirs)


if __name__ == "__main__":
    unittest.main()
