# SPDX-License-Identifier: Apache-2.0
"""NetFlow, IPFIX and sFlow: hand-made messages, and what softflowd makes of packets."""

import json
import shutil
import socket
import struct
import subprocess
import unittest

from net_kit import Net
from peers import make_certificates

KEYS = ("orig.ip.saddr,orig.ip.daddr,orig.l4.sport,orig.l4.dport,orig.ip.protocol,orig.raw.pktcount.delta,"
        "orig.raw.pktlen.delta,flow.start,flow.end,flow.version,parse_error")


def pcap(packets):
    """A file of raw IP packets, a millisecond apart."""
    text = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    for number, packet in enumerate(packets):
        text += struct.pack("<IIII", 1_800_000_000, number * 1000, len(packet), len(packet)) + packet
    return text


def udp4(source, target, sport, dport, size):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + size, 1, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(target))
    return header + struct.pack(">HHHH", sport, dport, 8 + size, 0) + b"x" * size


def udp6(source, target, sport, dport, size):
    address = [socket.inet_pton(socket.AF_INET6, one) for one in (source, target)]
    return struct.pack(">IHBB", 6 << 28, 8 + size, 17, 64) + b"".join(address) + struct.pack(">HHHH", sport, dport, 8 + size, 0) + b"x" * size


class Netflow(Net):
    def collect(self, keys=KEYS):
        daemon = self.listen("UDP", "listen=127.0.0.1:0\nrcvbuf=8MiB", keys=keys, parse="flows:PARSE_NETFLOW")
        peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(peer.close)
        peer.connect(self.addresses(daemon)[0])
        return daemon, peer

    def test_flows_of_all_versions_come_by_one_port(self):
        """S1-51: ulogd's names for what ulogd knows."""
        daemon, peer = self.collect()
        record = struct.pack(">4s4s4sHHIIIIHHBBBBHHBBH", socket.inet_aton("192.0.2.1"), socket.inet_aton("198.51.100.7"), bytes(4),
                             1, 2, 12, 8123, 1000, 5000, 50112, 443, 0, 27, 6, 0, 0, 0, 24, 24, 0)
        peer.send(struct.pack(">HHIIIIBBH", 5, 1, 6000, 1_800_000_000, 0, 7, 0, 0, 0) + record)
        peer.send(struct.pack(">HHIIIII", 7, 1, 6000, 1_800_000_000, 0, 7, 0) + record + bytes(4))
        fields = ((27, 16), (28, 16), (7, 2), (11, 2), (4, 1), (2, 4), (1, 4), (22, 4), (21, 4))
        form = struct.pack(">HH", 260, len(fields)) + b"".join(struct.pack(">HH", *field) for field in fields)
        six = [socket.inet_pton(socket.AF_INET6, one) for one in ("2001:db8::1", "2001:db8::2")]
        data = six[0] + six[1] + struct.pack(">HHBIIII", 50112, 443, 6, 12, 8123, 1000, 5000)
        data += bytes(-len(data) % 4)
        peer.send(struct.pack(">HHIIII", 9, 2, 6000, 1_800_000_000, 1, 9) + struct.pack(">HH", 0, 4 + len(form)) + form +
                  struct.pack(">HH", 260, 4 + len(data)) + data)
        fields = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 8), (1, 8), (152, 8), (153, 8))
        form = struct.pack(">HH", 260, len(fields)) + b"".join(struct.pack(">HH", *field) for field in fields)
        data = socket.inet_aton("192.0.2.1") + socket.inet_aton("198.51.100.7")
        data += struct.pack(">HHBQQQQ", 50112, 443, 6, 12, 8123, 1_799_999_995_000, 1_799_999_999_000)
        sets = struct.pack(">HH", 2, 4 + len(form)) + form + struct.pack(">HH", 260, 4 + len(data)) + data
        peer.send(struct.pack(">HHIII", 10, 16 + len(sets), 1_800_000_000, 0, 9) + sets)
        peer.send(b"\x00\x06no flows")
        self.has_rows(daemon, 5)
        daemon.stop()
        rows = sorted(self.rows(), key=lambda row: row.get("flow.version", 99))
        four = {"orig.ip.saddr": "192.0.2.1", "orig.ip.daddr": "198.51.100.7"}
        same = {"orig.l4.sport": 50112, "orig.l4.dport": 443, "orig.ip.protocol": 6, "orig.raw.pktcount.delta": 12,
                "orig.raw.pktlen.delta": 8123, "flow.start": "2027-01-15T07:59:55Z", "flow.end": "2027-01-15T07:59:59Z"}
        for version, row in zip((5, 7, 9, 10), rows):
            addresses = {"orig.ip.saddr": "2001:db8::1", "orig.ip.daddr": "2001:db8::2"} if version == 9 else four
            self.assertEqual(row, {**addresses, **same, "flow.version": version})
        self.assertEqual(rows[4], {"parse_error": "no flows: the version is none of 5, 7, 9 and 10"})

    def test_many_records_of_many_datagrams_are_all_there(self):
        daemon, peer = self.collect("orig.l4.sport,orig.l4.dport")
        form = struct.pack(">HHHHHHHH", 0, 16, 300, 2, 7, 2, 11, 2)
        peer.send(struct.pack(">HHIIII", 9, 1, 6000, 1_800_000_000, 0, 9) + form)
        for number in range(150):
            data = b"".join(struct.pack(">HH", number, i) for i in range(24))
            peer.send(struct.pack(">HHIIII", 9, 24, 6000, 1_800_000_000, number + 1, 9) + struct.pack(">HH", 300, 4 + len(data)) + data)
        self.has_rows(daemon, 3600)
        daemon.stop()
        self.assertEqual([(row["orig.l4.sport"], row["orig.l4.dport"]) for row in self.rows()],
                         [(number, i) for number in range(150) for i in range(24)])

    def test_ipfix_by_tcp_comes_in_whatever_pieces(self):
        daemon = self.listen("TCP", "listen=127.0.0.1:0\nframing=ipfix", keys="orig.l4.sport,orig.l4.dport,parse_error",
                             parse="flows:PARSE_NETFLOW")
        form = struct.pack(">HHHHHHHH", 2, 16, 300, 2, 7, 2, 11, 2)
        stream = struct.pack(">HHIII", 10, 32, 1_800_000_000, 0, 9) + form
        for number in range(40):
            data = struct.pack(">HHHHHH", 300, 12, number, 1, number, 2)
            stream += struct.pack(">HHIII", 10, 28, 1_800_000_000, 2 * number, 9) + data
        for part in (7, len(stream) - 5):
            peer = self.connect(daemon)
            peer.sendall(stream[:part])
            peer.sendall(stream[part:])
        self.has_rows(daemon, 160)
        daemon.stop()
        self.assertEqual([(row["orig.l4.sport"], row["orig.l4.dport"]) for row in self.rows()],
                         [(number, i) for _ in range(2) for number in range(40) for i in (1, 2)])

    def test_sampled_packets_are_taken_apart_and_counters_are_rows(self):
        daemon = self.listen("UDP", "listen=127.0.0.1:0", parse="samples:PARSE_SFLOW,base:BASE",
                             keys="sflow.kind,sampling.interval,ip.saddr,ip.daddr,udp.dport,ifInOctets")
        frame = bytes(12) + b"\x08\x00" + udp4("192.0.2.1", "198.51.100.7", 5000, 53, 50)
        words = lambda *numbers: struct.pack(f">{len(numbers)}I", *numbers)
        record = words(1, len(frame) + 200, 0, len(frame)) + frame + bytes(-len(frame) % 4)
        flow = words(1, 3, 1000, 5000, 0, 3, 7, 1, 1, len(record)) + record
        counters = words(3, 6, 0, 1000, 1, 3, 0, 777) + bytes(60)
        counters = words(1, 3, 1, 1, len(counters)) + counters
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.connect(self.addresses(daemon)[0])
            peer.send(words(5, 1, 0x0A000001, 0, 1, 1000, 2, 1, len(flow)) + flow + words(2, len(counters)) + counters)
        self.has_rows(daemon, 2)
        daemon.stop()
        self.assertEqual(self.rows(), [
            {"sflow.kind": "flow", "sampling.interval": 1000, "ip.saddr": "192.0.2.1", "ip.daddr": "198.51.100.7", "udp.dport": 53},
            {"sflow.kind": "counters", "ifInOctets": 777}])

    def test_what_our_exporters_send_comes_back_the_same(self):
        """By UDP and TLS, IPFIX and NetFlow 9."""
        make_certificates(self.path("pki"))
        rows = [{"orig.ip.saddr": "192.0.2.1", "orig.ip.daddr": "2001:db8::1" if n % 5 else "198.51.100.7", "orig.l4.sport": n, "orig.l4.dport": 443,
                 "orig.ip.protocol": 6, "orig.raw.pktcount.delta": 3, "orig.raw.pktlen.delta": 100 + n, "vlanId": n % 9} for n in range(500)]
        for row in rows:
            if row["orig.ip.daddr"] == "2001:db8::1":
                row["orig.ip.saddr"] = "2001:db8::2"
        self.write("in.log", "".join(json.dumps(row) + "\n" for row in rows))
        tls = f"tls=yes\ntls_cert={self.path('pki/server.pem')}\ntls_key={self.path('pki/server.key')}"
        for source, options, sink, more in (("UDP", "rcvbuf=4MiB", "IPFIX", "dest=udp://{}:{}\nmtu=1400"),
                                            ("UDP", "rcvbuf=4MiB", "NFLOW9", "dest=udp://{}:{}"),
                                            ("TCP", "framing=ipfix\n" + tls, "IPFIX",
                                             f"dest=tls://{{}}:{{}}\ntls_ca={self.path('pki/ca.pem')}")):
            with self.subTest(source=source, sink=sink):
                daemon = self.listen(source, "listen=127.0.0.1:0\n" + options, keys=",".join(rows[0]), parse="flows:PARSE_NETFLOW")
                target = more.format(*self.addresses(daemon)[0])
                self.run_config(f"[global]\nstack=in:FILE,json:PARSE_JSON,out:{sink}\n[in]\npath=in.log\n[out]\n{target}\n")
                self.has_rows(daemon, 500)
                daemon.stop()
                self.assertEqual(sorted(self.rows(), key=lambda row: row["orig.l4.sport"]), rows)
                self.write("out.log", "")

    def test_gaps_and_data_without_a_template_are_meters(self):
        daemon = self.listen("UDP,flows:PARSE_NETFLOW,out:FILE\nstack=me:SELF",
                             "listen=127.0.0.1:0\n[me]\nwhat=meters\ninterval=50ms", keys="instance,meter,count")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.connect(self.addresses(daemon)[0])
            for sequence in (0, 3):
                peer.send(struct.pack(">HHIIIIBBH", 5, 1, 6000, 1_800_000_000, 0, sequence, 0, 0, 0) + bytes(48))
                peer.send(struct.pack(">HHIIII", 9, 1, 6000, 1_800_000_000, sequence, 9))
            for sequence in (4, 5):  # together more than an exporter's data may wait
                peer.send(struct.pack(">HHIIII", 9, 1, 6000, 1_800_000_000, sequence, 10) + struct.pack(">HH", 300, 40000) + bytes(39996))
        wanted = {'lost_records{reason="sequence"}': 2, 'lost_messages{reason="sequence"}': 2, 'lost_sets{reason="no_template"}': 1}

        def counts():
            return {row["meter"]: row["count"] for row in self.rows() if row.get("instance") == "flows" and row.get("meter") and row["count"]}

        daemon.wait_for(lambda: counts() == wanted, f"{wanted}")
        daemon.stop()

    def test_templates_outlive_the_daemon(self):
        exporter = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # the same port: the same session
        self.addCleanup(exporter.close)
        form = struct.pack(">HHHHHHHH", 0, 16, 300, 2, 7, 2, 11, 2)
        for turn in range(2):
            daemon = self.listen("UDP", "listen=127.0.0.1:0\n[flows]\nstate_file=flows.pos", keys="orig.l4.sport",
                                 parse="flows:PARSE_NETFLOW")
            sets = struct.pack(">HHHH", 300, 8, turn, 53) + (form if turn == 0 else b"")
            exporter.sendto(struct.pack(">HHIIII", 9, 1, 6000, 1_800_000_000, turn, 9) + sets, self.addresses(daemon)[-1])
            self.has_rows(daemon, turn + 1)
            daemon.stop()
        self.assertEqual(self.rows(), [{"orig.l4.sport": 0}, {"orig.l4.sport": 1}])

    @unittest.skipUnless(shutil.which("softflowd"), "softflowd is not installed")
    def test_softflowds_flows_have_the_packets_and_bytes_that_it_saw(self):
        packets = [udp4("192.0.2.1", f"198.51.100.{n % 20 + 1}", 5000 + n % 30, 53, n % 700) for n in range(900)]
        packets6 = [udp6("2001:db8::1", f"2001:db8::{n % 9 + 2:x}", 6000 + n % 5, 53, n % 500) for n in range(400)]
        for version, seen in (("5", packets), ("9", packets + packets6), ("10", packets + packets6)):
            with self.subTest(version=version):
                self.write("packets.pcap", pcap(packets + packets6))
                daemon, peer = self.collect()
                host, port = peer.getpeername()
                done = subprocess.run(["softflowd", "-r", self.path("packets.pcap"), "-a", "-d", "-n", f"{host}:{port}", "-v", version,
                                       "-p", self.path("pid"), "-c", "none"],
                                      capture_output=True, timeout=20, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                expected = (len(seen), sum(map(len, seen)))
                daemon.wait_for(lambda: self.sums() == expected, f"{expected}")
                daemon.stop()
                self.assertFalse([row for row in self.rows() if "parse_error" in row])
                self.write("out.log", "")

    def sums(self):
        rows = self.rows()
        return tuple(sum(row.get(key, 0) for row in rows) for key in ("orig.raw.pktcount.delta", "orig.raw.pktlen.delta"))


if __name__ == "__main__":
    unittest.main()
