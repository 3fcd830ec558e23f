# SPDX-License-Identifier: Apache-2.0
"""Capture files through the real program: packets are taken apart, and what cannot be read is counted (S1-63, S1-95)."""

import ctypes.util
import gzip
import os
import random
import re
import shutil
import struct
import subprocess
import unittest

import packets as p
from harness import BUILD, ROOT, Flow

TO_JSON = """
[global]
stack=in:PCAP,base:BASE,out:FILE
[in]
path={path}
[out]
path=out.json
format=json
"""


def mixed(count, seed):
    """Packets of every kind in an order drawn from a seed, and what is to be read of each."""
    draw = random.Random(seed)
    frames, expected = [], []
    for number in range(count):
        sport, dport = draw.randrange(1, 65536), draw.randrange(1, 65536)
        kind = draw.choice(["tcp", "udp", "udp6", "tcp6", "icmp", "arp"])
        payload = draw.randbytes(draw.randrange(100))
        if kind == "tcp":
            frames.append(p.ethernet(0x0800, p.ipv4(6, p.tcp(sport, dport, 0x12, payload), number=number)))
            expected.append({"ip.saddr": "192.0.2.1", "ip.protocol": 6, "ip.id": number, "tcp.sport": sport,
                             "tcp.dport": dport, "tcp.syn": True, "tcp.ack": True, "tcp.fin": False, "tcp.seq": 1000})
        elif kind == "udp":
            frames.append(p.ethernet(0x0800, p.ipv4(17, p.udp(sport, dport, payload), number=number)))
            expected.append({"ip.daddr": "198.51.100.7", "ip.protocol": 17, "ip.totlen": 28 + len(payload),
                             "udp.sport": sport, "udp.dport": dport, "udp.len": 8 + len(payload)})
        elif kind == "udp6":
            frames.append(p.ethernet(0x86DD, p.ipv6(17, p.udp(sport, dport, payload))))
            expected.append({"ip.saddr": "2001:db8::1", "ip6.nexthdr": 17, "udp.sport": sport, "oob.family": 10})
        elif kind == "tcp6":
            frames.append(p.ethernet(0x86DD, p.ipv6(6, p.tcp(sport, dport, 4))))
            expected.append({"ip.daddr": "2001:db8::2", "ip6.nexthdr": 6, "tcp.dport": dport, "tcp.rst": True})
        elif kind == "icmp":
            frames.append(p.ethernet(0x0800, p.ipv4(1, p.icmp(8, 0, sport << 16 | dport), number=number)))
            expected.append({"icmp.type": 8, "icmp.code": 0, "icmp.echoid": sport, "icmp.echoseq": dport})
        else:
            frames.append(p.ethernet(0x0806, p.arp()))
            expected.append({"arp.operation": 1, "arp.saddr": "192.0.2.1", "arp.daddr": "192.0.2.2"})
    return frames, expected


class Pcap(Flow):
    def check_rows(self, rows, expected):
        self.assertEqual(len(rows), len(expected))
        for number, (row, keys) in enumerate(zip(rows, expected)):
            self.assertEqual({key: row.get(key) for key in keys}, keys, row)
            self.assertEqual(row["oob.seq.local"], number)
            self.assertEqual(row["oob.time.usec"], number * 17 % 10**6)
            self.assertNotIn("parse_error", row)
            self.assertNotIn("raw.pkt", row)

    def test_packets_of_every_kind_become_their_keys(self):
        frames, expected = mixed(2000, seed=7)
        for name, data in (("a.pcap", p.pcap(frames)), ("b.pcap", p.pcap(frames, order=">")),
                           ("c.pcapng", p.pcapng(frames)), ("d.gz", gzip.compress(p.pcap(frames), 1))):
            with self.subTest(name):
                self.write(name, data)
                result = self.run_config(TO_JSON.format(path=name))
                self.check_rows(self.json_lines("out.json"), expected)
                self.assertEqual(result.line("in")["out"], 2000)
                self.write("out.json", "")

    def test_tcpdump_reads_the_same(self):
        if shutil.which("tcpdump") is None:
            self.skipTest("tcpdump is not installed")
        frames, _ = mixed(500, seed=11)
        self.write("a.pcap", p.pcap(frames))
        self.run_config(TO_JSON.format(path="a.pcap"))
        lines = subprocess.run(["tcpdump", "-nn", "-t", "-r", self.path("a.pcap")], capture_output=True, text=True,
                               check=True).stdout.splitlines()
        ours = []
        for row in self.json_lines("out.json"):
            for layer in ("tcp", "udp"):
                if f"{layer}.sport" in row:
                    ours.append((f"{row['ip.saddr']}.{row[f'{layer}.sport']}", f"{row['ip.daddr']}.{row[f'{layer}.dport']}"))
        theirs = [match.groups() for match in (re.match(r"IP6? (\S+) > ([^\s:]+(?::[^\s:]*)*\.\d+): ", line) for line in lines)
                  if match and match[1].count(".") in (1, 4)]
        self.assertEqual(ours, theirs)
        self.assertGreater(len(ours), 100)

    def test_what_is_damaged_is_counted_and_the_rest_is_read(self):
        good = [p.ethernet(0x0800, p.ipv4(17, p.udp(1, 2)))] * 3
        self.write("1.pcap", p.pcap(good)[:-5])
        self.write("2.pcap", b"not a capture file at all")
        self.write("3.pcap", p.pcap(good, link=147))
        self.write("4.pcap", p.pcap(good + [b"short"]))
        self.write("5.pcap", p.pcap([frame[:20 + 14 + 4] for frame in good]))
        result = self.run_config(TO_JSON.format(path="[1-5].pcap"), code=1)
        line = result.line("in")
        self.assertEqual(line["dropped"], {"unreadable": 2, "framing": 4}, line)
        rows = self.json_lines("out.json")
        self.assertEqual(len(rows), 2 + 3 + 3)
        self.assertEqual([row.get("parse_error") for row in rows], [None] * 5 + ["the packet ends within the UDP header"] * 3)
        self.assertEqual(result.line("base")["faults"], 3)
        self.assertRegex(result.log, r'event=file_unreadable instance=in path=\S*1.pcap offset=\d+ reason="it ends within a packet"')
        self.assertRegex(result.log, r'path=\S*2.pcap offset=0 reason="neither a pcap nor a pcapng file')
        self.assertRegex(result.log, r"event=packets_unknown instance=in path=\S*3.pcap link_type=147")

    def test_a_pipe_is_read_as_it_comes(self):
        frames, expected = mixed(300, seed=3)
        self.run_stack("pcap(/dev/stdin), base, file(path=out.json)", stdin=p.pcap(frames))
        self.check_rows(self.json_lines("out.json"), expected)

    def test_keys_of_inner_packets_and_options_are_made_for_those_who_name_them(self):
        gre = b"\0\0\x08\0" + p.ipv4(17, p.udp(5, 6), source="10.0.0.1")
        self.write("a.pcap", p.pcap([p.ipv4(47, gre), p.ipv4(17, p.udp(7, 8))], link=101))
        pattern = r'"${ip.saddr} ${inner.ip.saddr:--} ${inner.udp.dport:--} ${udp.dport:--}\n"'
        self.run_stack(f"pcap(a.pcap), base, file(path=out.txt, format=pattern, pattern={pattern})")
        self.assertEqual(self.read("out.txt"), "192.0.2.1 10.0.0.1 6 -\n192.0.2.1 - - 8\n")

    def captured(self, name):
        """The packets of a capture of raw IP, and their stamps in microseconds."""
        with open(self.path(name), "rb") as file:
            data = file.read()
        self.assertEqual(struct.unpack("=IHHIIII", data[:24]), (0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
        at, packets, stamps = 24, [], []
        while at < len(data):
            second, micro, size, length = struct.unpack("=IIII", data[at:at + 16])
            self.assertEqual(size, length)
            packets.append(data[at + 16:at + 16 + size])
            stamps.append(second * 10**6 + micro)
            at += 16 + size
        return packets, stamps

    def test_each_rotated_file_is_a_capture_of_its_own(self):
        packets = [p.ipv4(17, p.udp(number, 2), number=number) for number in range(1, 1001)]
        self.write("a.pcap", p.pcap(packets, link=101))
        self.run_config("""
[global]
stack=in:PCAP,out:PCAP
[in]
path=a.pcap
[out]
file="out.pcap"
sync=1
rotate=4KiB
""")
        names = sorted((name for name in os.listdir(self.dir) if name.startswith("out.pcap")),
                       key=lambda name: -int(name.partition(".pcap.")[2] or 0))
        self.assertGreater(len(names), 3)
        self.assertEqual([packet for name in names for packet in self.captured(name)[0]], packets)

    def test_what_is_written_is_a_capture_that_goes_on_where_it_ended(self):
        frames, _ = mixed(400, seed=5)
        self.write("a.pcap", p.pcap(frames))
        wanted = [frame[14:] for frame in frames if frame[12:14] == b"\x08\0"]
        stack = "pcap(a.pcap), base, keep(oob.family == 2), file(path=out.pcap, format=pcap)"
        self.run_stack(stack)
        self.run_stack(stack)
        packets, stamps = self.captured("out.pcap")
        self.assertEqual(packets, wanted + wanted)
        self.assertEqual(stamps[:len(wanted)], [1795232280 * 10**6 + number * 17 for number, frame in enumerate(frames)
                                                if frame[12:14] == b"\x08\0"])
        if shutil.which("tcpdump") is not None:
            read = subprocess.run(["tcpdump", "-nn", "-r", self.path("out.pcap")], capture_output=True, text=True, check=True)
            self.assertEqual(len(re.findall(r"(?m)^\d\d:\d\d:\d\d\.\d+ IP", read.stdout)), 2 * len(wanted))

    def test_pcapng_keeps_nanoseconds_and_is_read_as_it_was_written(self):
        packets = [p.ipv4(17, p.udp(number, 2, b"x" * (number % 9))) for number in range(1, 301)]
        self.write("a.pcapng", p.pcapng(packets, link=101))
        stack = "pcap(a.pcapng), pcap(file=out.pcapng, form=pcapng)"
        self.run_stack(stack)
        self.run_stack(stack)
        with open(self.path("out.pcapng"), "rb") as file:
            written = file.read()
        blocks = p.pcapng(packets, link=101)
        at = blocks.index(struct.pack("<I", 6))
        self.assertEqual(written[60:], (blocks[at:]) * 2)
        self.run_stack("pcap(out.pcapng), base, file(path=out.json)")
        self.assertEqual([row["udp.sport"] for row in self.json_lines("out.json")], list(range(1, 301)) * 2)

    def test_packets_that_are_no_ip_are_no_rows_of_a_capture(self):
        self.write("a.pcap", p.pcap([p.ethernet(0x0806, p.arp()), p.ethernet(0x0800, p.ipv4(17, p.udp(1, 2)))]))
        result = self.run_stack("pcap(a.pcap), file(path=out.pcap, format=pcap)", code=1)
        self.assertEqual(result.line("file", "codec")["faults"], 1)
        self.assertEqual(len(self.read("out.pcap").encode("utf-8", "surrogateescape")), 24 + 16 + 29)

    def test_a_filter_chooses_packets_as_tcpdump_does(self):
        if ctypes.util.find_library("pcap") is None:
            self.skipTest("libpcap is not installed")
        frames, expected = mixed(500, seed=9)
        self.write("a.pcap", p.pcap(frames))
        self.write("b.pcap", p.pcap([frame[14:] for frame in frames if frame[12:14] != b"\x08\x06"], link=101))
        chosen = [keys for keys in expected if "udp.sport" in keys or "icmp.type" in keys]
        result = self.run_stack("pcap('a.pcap, b.pcap', filter='udp or icmp'), base, file(path=out.json)")
        rows = self.json_lines("out.json")
        self.assertEqual(len(rows), 2 * len(chosen))
        for row, keys in zip(rows, chosen + chosen):
            self.assertEqual({key: row.get(key) for key in keys}, keys)
        self.assertEqual(result.line("pcap")["in"], 2 * len(chosen))
        result = self.run_stack("pcap('a.pcap, b.pcap', filter='ether host 02:00:00:00:00:0a'), file(path=two.json)", code=1)
        self.assertEqual(len(self.json_lines("two.json")), 500)
        self.assertEqual(result.line("pcap")["dropped"], {"framing": sum(f[12:14] != b"\x08\x06" for f in frames)})
        refused = self.stook("run", "pcap(a.pcap, filter='udp and'), base, null")
        self.assertEqual(refused.code, 2)
        self.assertIn("it takes what tcpdump takes, such as tcp port 443", refused.err)

    def test_interfaces_have_the_names_of_their_namespace(self):
        can = shutil.which("ip") and subprocess.run(["unshare", "-Urnm", "true"], capture_output=True, check=False)
        if not can or can.returncode != 0:
            self.skipTest("no network namespace without privileges, or no ip")
        self.write("a.pcap", p.pcap([struct.pack(">HHIHBB8s", 0x0800, 0, index, 1, 0, 6, b"sender") + p.ipv4(17, p.udp(1, 2))
                                     for index in (1, 77, 99)], link=276))
        self.write("ifindex.conf", """
[global]
stack=in:PCAP,dev:IFINDEX,out:FILE
[in]
path=a.pcap
[dev]
netns=other
[out]
path=out.txt
format=pattern
pattern="${oob.in}|${oob.out}\\n"
""")
        stook = os.path.join(ROOT, BUILD, "stook")
        script = f"""mount -t tmpfs none /run && ip netns add other &&
            ip netns exec other ip link add inside index 77 type veth peer name peer || exit 99
            {stook} run ifindex.conf"""
        ran = subprocess.run(["unshare", "-Urnm", "sh", "-c", script], cwd=self.dir, capture_output=True, text=True, check=False)
        if ran.returncode == 99:
            self.skipTest("no second namespace: " + ran.stderr)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertEqual(self.read("out.txt"), "lo|\ninside|\n|\n")

    def test_on_several_lanes_the_packets_of_a_flow_stay_in_order(self):
        draw = random.Random(23)
        ends = [(f"10.0.0.{host}", f"10.1.0.{draw.randrange(1, 255)}") for host in range(1, 25)]
        packets = []
        for number in range(8000):
            source, target = draw.choice(ends)[::draw.choice([1, -1])]
            packets.append(p.ipv4(17, p.udp(number % 60000, 2), source=source, target=target))
        self.write("a.pcap", p.pcap(packets, link=101))
        self.run_config("""
[global]
threads=2
stack=in:PCAP,base:BASE,out:FILE
[in]
path=a.pcap
lanes=4
[out]
path=out.json
format=json
""")
        rows = self.json_lines("out.json")
        self.assertEqual(sorted(row["oob.seq.local"] for row in rows), list(range(8000)))
        newest = {}
        for row in rows:
            flow = frozenset((row["ip.saddr"], row["ip.daddr"]))
            self.assertGreater(row["oob.seq.local"], newest.get(flow, -1))
            newest[flow] = row["oob.seq.local"]
        self.assertEqual(len(newest), len(set(map(frozenset, ends))))

    def test_the_plan_shows_which_keys_are_made(self):
        self.write("a.pcap", p.pcap([]))
        plan = self.stook("plan", "pcap(a.pcap), base, keep(tcp.dport == 443), file(path=o, format=raw, key=ip.saddr)").out
        self.assertRegex(plan, r"tcp\.dport")
        self.assertRegex(plan, r"(?m)^.*udp\.sport.*nobody reads it", plan)
        described = self.stook("describe", "base").out
        for name in ("ip.saddr", "tcp.csum", "ahesp.spi", "icmpv6.echoseq", "arp.dhwaddr"):
            self.assertIn(name, described)


if __name__ == "__main__":
    unittest.main()
