# SPDX-License-Identifier: Apache-2.0
"""Packets of capture files as flows: what a dictionary counts, and what softflowd makes of the same packets (S1-63, S1-80)."""

import collections
import random
import shutil
import subprocess
import unittest

import packets as p
from net_kit import Net

CONFIG = """
[global]
{more}
stack=in:PCAP,base:BASE,flows:METER_FLOWS,{sink}
[in]
path=a.pcap
{lanes}
[out]
{out}
"""


def traffic(count, seed):
    """Packets of connections both ways, 17 microseconds apart."""
    draw = random.Random(seed)
    ends = [(f"10.0.0.{draw.randrange(1, 250)}", f"198.51.100.{draw.randrange(1, 250)}", draw.randrange(1024, 65536), draw.choice([53, 80, 443]),
             draw.choice([6, 17]), draw.random() < 0.2) for _ in range(count // 20)]
    packets = []
    for _ in range(count):
        source, target, sport, dport, protocol, is_wide = draw.choice(ends)
        if draw.random() < 0.4:
            source, target, sport, dport = target, source, dport, sport
        body = b"x" * draw.randrange(1, 900)
        layer = p.tcp(sport, dport, 0x10, body) if protocol == 6 else p.udp(sport, dport, body)
        if is_wide:
            packets.append(p.ipv6(protocol, layer, source="2001:db8::" + source.replace(".", ":"), target="2001:db8::" + target.replace(".", ":")))
        else:
            packets.append(p.ipv4(protocol, layer, source=source, target=target))
    return packets


def one_way(rows, delta=""):
    """Packets and bytes of each direction of each flow: address, port, address, port, protocol."""
    sums = collections.Counter()
    for row in rows:
        there = (row["orig.ip.saddr"], row["orig.l4.sport"], row["orig.ip.daddr"], row["orig.l4.dport"], row["orig.ip.protocol"])
        for side, key in (("orig", there), ("reply", there[2:4] + there[:2] + there[4:])):
            sums[key, "packets"] += row.get(f"{side}.raw.pktcount{delta}", 0)
            sums[key, "bytes"] += row.get(f"{side}.raw.pktlen{delta}", 0)
    return +sums


class Meter(Net):
    def meter(self, packets, sink="out:FILE", out="path=out.log\nformat=json", more="", lanes=""):
        self.write("a.pcap", p.pcap(packets, link=101))
        return self.run_config(CONFIG.format(sink=sink, out=out, more=more, lanes=lanes))

    def test_every_packet_is_in_one_flow_on_any_number_of_lanes(self):
        packets = traffic(4000, seed=3)
        counted = []
        for more, lanes in (("", ""), ("threads=2", "lanes=4")):
            self.write("out.log", "")
            result = self.meter(packets, more=more, lanes=lanes)
            line = result.line("flows")
            self.assertEqual((line["held"], line["appended"], line["out"]), (4000, len(self.rows()), len(self.rows())))
            self.assertEqual({row["flow.end.reason"] for row in self.rows()}, {4})
            counted.append(one_way(self.rows()))
        self.assertEqual(counted[0], counted[1])
        self.assertEqual(sum(number for (_, what), number in counted[0].items() if what == "packets"), 4000)
        self.assertEqual(sum(number for (_, what), number in counted[0].items() if what == "bytes"), sum(map(len, packets)))

    def test_ulogds_sinks_take_its_flows(self):
        """S1-80: NACCT has the counts of the answers; PRINTFLOW both directions."""
        ask, answer = p.udp(40000, 53, b"q" * 20), p.udp(53, 40000, b"a" * 80)
        packets = [p.ipv4(17, ask), p.ipv4(17, answer, source="198.51.100.7", target="192.0.2.1"), p.ipv4(17, ask), p.ipv4(1, p.icmp(8, 0, 7 << 16))]
        self.meter(packets, sink="ip:IP2STR,out:NACCT", out="file=nacct.log")
        lines = sorted(self.read("nacct.log").splitlines())
        self.assertEqual(lines, ["1795232280\t1\t192.0.2.1\t8\t198.51.100.7\t0\t0\t0",
                                 "1795232280\t17\t192.0.2.1\t40000\t198.51.100.7\t53\t1\t108"])
        self.meter(packets[:3], sink="ip:IP2STR,text:PRINTFLOW,out:FILE", out="path=flow.log\nformat=raw\nkey=print")
        self.assertEqual(self.read("flow.log").strip(),
                         "ORIG: SRC=192.0.2.1 DST=198.51.100.7 PROTO=UDP SPT=40000 DPT=53 PKTS=2 BYTES=96 , "
                         "REPLY: SRC=198.51.100.7 DST=192.0.2.1 PROTO=UDP SPT=53 DPT=40000 PKTS=1 BYTES=108")

    def collect(self):
        return self.listen("UDP", "listen=127.0.0.1:0\nrcvbuf=8MiB", parse="flows:PARSE_NETFLOW",
                           keys="orig.ip.saddr,orig.ip.daddr,orig.l4.sport,orig.l4.dport,orig.ip.protocol,orig.raw.pktcount.delta,"
                                "orig.raw.pktlen.delta,reply.raw.pktcount.delta,reply.raw.pktlen.delta,flow.end.reason")

    def collected(self, daemon, packets):
        """What the collector has once every packet is accounted for."""
        def is_all():
            return sum(n for (_, what), n in one_way(self.rows(), ".delta").items() if what == "packets") >= packets

        daemon.wait_for(is_all, f"{packets} packets")
        daemon.stop()
        rows = self.rows()
        self.write("out.log", "")
        return rows

    @unittest.skipUnless(shutil.which("softflowd"), "softflowd is not installed")
    def test_flows_have_the_counts_of_softflowds(self):
        """S1-70, S1-71: ours through IPFIX and NetFlow 9, softflowd's through NetFlow 9."""
        packets = traffic(2000, seed=5)
        daemon = self.collect()
        host, port = self.addresses(daemon)[0]
        self.write("a.pcap", p.pcap(packets, link=101))
        done = subprocess.run(["softflowd", "-r", self.path("a.pcap"), "-a", "-d", "-n", f"{host}:{port}", "-v", "9", "-p", self.path("pid"),
                               "-c", "none"], capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        theirs = one_way(self.collected(daemon, 2000), ".delta")
        for sink in ("IPFIX", "NFLOW9"):
            with self.subTest(sink=sink):
                daemon = self.collect()
                host, port = self.addresses(daemon)[0]
                self.meter(packets, sink=f"out:{sink}", out=f"dest=udp://{host}:{port}\n[flows]\ndelta=yes")
                ours = self.collected(daemon, 2000)
                self.assertEqual(one_way(ours, ".delta"), theirs)
                self.assertEqual({row["flow.end.reason"] for row in ours}, {4})

    @unittest.skipUnless(shutil.which("pmacctd"), "pmacctd is not installed")
    def test_flows_have_the_counts_of_pmacctds(self):
        """pmacctd gives its probe a time and no more: on a slow machine it gets longer ones."""
        packets = traffic(1000, seed=8)
        self.meter(packets, out="path=ours.log\nformat=json")
        ours = one_way(self.json_lines("ours.log"))
        for seconds in (2, 6, 18):
            daemon = self.collect()
            host, port = self.addresses(daemon)[0]
            config = self.write("pmacctd.conf", f"""daemonize: false
pcap_savefile: {self.path("a.pcap")}
pcap_savefile_wait: {seconds}
plugins: nfprobe[a]
nfprobe_receiver[a]: {host}:{port}
nfprobe_version[a]: 9
""")
            subprocess.run(["pmacctd", "-f", config], capture_output=True, timeout=120, check=False, cwd=self.dir)
            daemon.stop()
            theirs = one_way(self.rows(), ".delta")
            self.write("out.log", "")
            if sum(theirs.values()) == sum(ours.values()):
                break
        self.assertEqual(ours, theirs)


if __name__ == "__main__":
    unittest.main()
