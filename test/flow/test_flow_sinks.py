# SPDX-License-Identifier: Apache-2.0
"""The exporters ipfix and nflow9: what an independent decoder, a collector of ours and nfcapd make of their messages."""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest
import xml.etree.ElementTree

from flow_decoder import Decoder
from harness import BUILD, ROOT, Flow
from peers import free_port

CONFIG = """
[global]
stack=in:FILE,json:PARSE_JSON,out:{sink}
[in]
path=in.log
[out]
{options}
"""
NAMES = os.path.join(ROOT, BUILD, "test/flow/libnames.so")
NFCAPD = shutil.which("nfcapd")
NFDUMP = shutil.which("nfdump")
TSHARK = shutil.which("tshark")
# Debian's library for IPFIX: rows of a file of messages, by the names of IANA's registry.
PYTHON = "/usr/bin/python3"
READ_IPFIX = """
import json, sys
import ipfix.ie, ipfix.reader
ipfix.ie.use_iana_default()
ipfix.ie.use_5103_default()
for row in ipfix.reader.from_stream(open(sys.argv[1], "rb")).namedict_iterator():
    print(json.dumps({name: str(value) for name, value in row.items()}))
"""


def has_ipfix_library():
    try:
        return subprocess.run([PYTHON, "-c", "import ipfix.reader"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def flow(number, **more):
    return {"orig.ip.saddr": "192.0.2.1", "orig.ip.daddr": f"198.51.100.{number % 200}", "orig.l4.sport": 1024 + number, "orig.l4.dport": 53,
            "orig.ip.protocol": 17, "orig.raw.pktcount": 2, "orig.raw.pktlen": 100 + number,
            "flow.start.sec": 1_799_999_000, "flow.start.usec": 5000, "flow.end.sec": 1_799_999_003, "flow.end.usec": 7000, **more}


def number(value):
    return int.from_bytes(value, "big")


def capture(messages, port):
    """A pcap file of these messages as datagrams of IPv4, LINKTYPE_RAW."""
    file = struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
    for i, message in enumerate(messages):
        udp = struct.pack(">HHHH", 9, port, 8 + len(message), 0) + message
        packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), i, 0, 64, 17, 0, bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))) + udp
        file += struct.pack("=IIII", 1_799_999_010, i, len(packet), len(packet)) + packet
    return file


class Receiver:
    """A collector of datagrams, or of the one stream that is open at a time."""

    def __init__(self, test, is_udp=True):
        self.messages = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if is_udp else socket.SOCK_STREAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.socket.settimeout(0.2)
        self.is_over = False
        if is_udp:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        else:
            self.socket.listen()
        self.thread = threading.Thread(target=self.datagrams if is_udp else self.streams)
        self.thread.start()
        test.addCleanup(self.stop)

    def datagrams(self):
        while True:
            was_over = self.is_over  # before it looks: then it has looked after all had been sent
            try:
                self.messages.append(self.socket.recv(65536))
            except TimeoutError:
                if was_over:
                    return

    def streams(self):
        while True:
            was_over = self.is_over
            try:
                peer, _ = self.socket.accept()
            except TimeoutError:
                if was_over:
                    return
                continue
            with peer:
                peer.settimeout(30)
                data = b""
                while part := peer.recv(65536):
                    data += part
                while data:
                    size = struct.unpack_from(">H", data, 2)[0]
                    self.messages.append(data[:size])
                    data = data[size:]

    def stop(self):
        """What came, once nothing more does."""
        self.is_over = True
        self.thread.join()
        self.socket.close()
        return self.messages


class Exporters(Flow):
    def send(self, sink, options, rows, **more):
        self.write("in.log", "".join(json.dumps(row) + "\n" for row in rows))
        return self.run_config(CONFIG.format(sink=sink, options=options), **more)

    def decode(self, messages):
        decoder = Decoder()
        for message in messages:
            decoder.feed(message)
        return decoder

    def test_ipfix_by_udp(self):
        """S1-70: one template a set of keys, a sequence of the records before, reverse elements, everything at the end."""
        receiver = Receiver(self)
        rows = [flow(n, **({"reply.raw.pktlen": 7 * n} if n % 3 else {"orig.ip.saddr": "2001:db8::1", "orig.ip.daddr": "2001:db8::2"}))
                for n in range(200)]
        self.send("IPFIX", f"dest=udp://127.0.0.1:{receiver.port}\ndomain_id=9\nmtu=600\nnth_template=8", rows)
        decoder = self.decode(receiver.stop())
        self.assertEqual(len(decoder.records), 200)
        before = 0
        for message, (version, sequence, domain, _, records, unknown) in zip(receiver.messages, decoder.heads):
            self.assertEqual((version, sequence, domain, unknown), (10, before, 9, 0))
            self.assertLessEqual(len(message), 600)
            before += records
        self.assertGreater(sum(1 for head in decoder.heads if head[3]), 2)
        for n, record in enumerate(sorted(decoder.records, key=lambda record: record[7])):
            self.assertEqual(number(record[7]), 1024 + n)
            self.assertEqual(number(record[85]), 100 + n)
            self.assertEqual((number(record[152]), number(record[153])), (1_799_999_000_005, 1_799_999_003_007))
            if n % 3:
                self.assertEqual((record[8], number(record[29305, 85])), (socket.inet_aton("192.0.2.1"), 7 * n))
            else:
                self.assertEqual(record[27], socket.inet_pton(socket.AF_INET6, "2001:db8::1"))
                self.assertNotIn((29305, 85), record)

    def test_times_in_seconds_as_ulogd_sends_them(self):
        receiver = Receiver(self)
        self.send("IPFIX", f"dest=udp://127.0.0.1:{receiver.port}\ncompat=ulogd", [flow(1)])
        record, = self.decode(receiver.stop()).records
        self.assertEqual((number(record[150]), number(record[151])), (1_799_999_000, 1_799_999_003))
        self.assertFalse({152, 153} & set(record))

    def test_messages_go_to_the_address_of_a_name_where_somebody_listens(self):
        for sink in ("IPFIX", "NFLOW9"):
            receiver = Receiver(self)
            sent = self.send(sink, f"dest=udp://two.test:{receiver.port}", [flow(n) for n in range(200)], env={"LD_PRELOAD": NAMES})
            decoder = self.decode(receiver.stop())
            self.assertEqual([number(record[7]) for record in decoder.records], [1024 + n for n in range(200)])
            self.assertEqual((decoder.heads[0][1], decoder.heads[0][3], decoder.heads[0][5]), (0, 1, 0))
            self.assertNotIn("sink_waits", sent.log)

    def test_a_collector_that_comes_late_reads_on_with_the_next_templates(self):
        receiver = Receiver(self)
        self.send("IPFIX", f"dest=udp://127.0.0.1:{receiver.port}\nmtu=200\nnth_template=16", [flow(n) for n in range(200)])
        messages = receiver.stop()
        decoder = self.decode(messages[5:])
        self.assertGreater(decoder.heads[0][5], 0)
        self.assertTrue(all(head[5] == 0 for head in decoder.heads[16:]))

    def test_ipfix_by_tcp_as_ulogd_has_it(self):
        """S1-72: oid, host, port, proto, mtu, send_template."""
        for mode, expected in (("once", [1]), ("always", None), ("never", [])):
            receiver = Receiver(self, is_udp=False)
            self.send("IPFIX", f"oid=7\nhost=127.0.0.1\nport={receiver.port}\nproto=tcp\nmtu=512\nsend_template={mode}", [flow(n) for n in range(60)])
            decoder = self.decode(receiver.stop())
            with_template = [i for i, head in enumerate(decoder.heads, 1) if head[3]]
            self.assertEqual(with_template, list(range(1, len(decoder.heads) + 1)) if expected is None else expected)
            self.assertEqual(len(decoder.records), 0 if mode == "never" else 60)
            self.assertTrue(all(head[2] == 7 for head in decoder.heads))

    def test_a_lost_connection_begins_a_session_with_all_that_was_not_acknowledged(self):
        """The peer takes less than a batch of messages, and dies; the next one gets templates, a sequence from 0, and all rows."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.addCleanup(listener.close)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(60)
        data = []

        def serve():
            first, _ = listener.accept()
            first.recv(100)
            first.close()  # with bytes unread: a reset
            second, _ = listener.accept()
            with second:
                second.settimeout(60)
                while part := second.recv(65536):
                    data.append(part)

        peer = threading.Thread(target=serve)
        peer.start()
        self.addCleanup(peer.join)
        self.send("IPFIX", f"dest=tcp://127.0.0.1:{listener.getsockname()[1]}\nretry_first=10ms", [flow(n) for n in range(4000)])
        peer.join()
        stream, messages = b"".join(data), []
        while stream:
            size = struct.unpack_from(">H", stream, 2)[0]
            messages.append(stream[:size])
            stream = stream[size:]
        decoder = self.decode(messages)
        self.assertEqual([number(record[7]) for record in decoder.records], [1024 + n for n in range(4000)])
        self.assertEqual((decoder.heads[0][1], decoder.heads[0][3]), (0, 1))
        self.assertEqual([head[1] for head in decoder.heads][1:],
                         [sum(head[4] for head in decoder.heads[:i]) for i in range(1, len(decoder.heads))])

    def test_netflow_9(self):
        """S1-71: two records for a flow of two ways, padding, and counts of all records."""
        receiver = Receiver(self)
        rows = [flow(n, **{"reply.raw.pktlen": 7 * n, "reply.raw.pktcount": n, "tcpControlBits": 2, "reverseTcpControlBits": 18} if n % 2 else {})
                for n in range(100)]
        self.send("NFLOW9", f"dest=udp://127.0.0.1:{receiver.port}\ndomain_id=5\nnth_template=4", rows)
        decoder = self.decode(receiver.stop())
        self.assertEqual([head[1] for head in decoder.heads], list(range(len(decoder.heads))))
        self.assertTrue(all(head[2] == 5 and head[5] == 0 for head in decoder.heads))
        self.assertEqual(len(decoder.records), 150)
        back = [record for record in decoder.records if number(record[7]) == 53]
        self.assertEqual([(number(record[11]), number(record[1]), number(record[2])) for record in back],
                         [(1024 + n, 7 * n, n) for n in range(1, 100, 2)])
        self.assertTrue(all(record[12] == socket.inet_aton("192.0.2.1") and number(record[6]) == 18 for record in back))
        self.assertEqual({number(record[6]) for record in decoder.records if 6 in record and number(record[7]) != 53}, {2})

    @unittest.skipUnless(has_ipfix_library(), "python3-ipfix is not installed")
    def test_a_library_reads_what_is_sent(self):
        receiver = Receiver(self)
        rows = [flow(n, **({"reply.raw.pktlen": 7 * n, "flow.end.reason": 3} if n % 3 else {"orig.ip.saddr": "2001:db8::1", "orig.ip.daddr": "2001:db8::2"}))
                for n in range(200)]
        self.send("IPFIX", f"dest=udp://127.0.0.1:{receiver.port}\nmtu=900\nnth_template=4", rows)
        self.write("messages", b"".join(receiver.stop()))
        done = subprocess.run([PYTHON, "-c", READ_IPFIX, self.path("messages")], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        records = sorted(map(json.loads, done.stdout.splitlines()), key=lambda record: int(record["sourceTransportPort"]))
        self.assertEqual(len(records), 200)
        for n, (row, record) in enumerate(zip(rows, records)):
            is_wide = "sourceIPv6Address" in record
            self.assertEqual(record["sourceIPv6Address" if is_wide else "sourceIPv4Address"], row["orig.ip.saddr"])
            self.assertEqual((int(record["octetTotalCount"]), int(record["packetTotalCount"]), int(record["protocolIdentifier"])), (100 + n, 2, 17))
            self.assertEqual(int(record.get("reverseOctetTotalCount", -1)), -1 if is_wide else 7 * n)
            self.assertRegex(record["flowStartMilliseconds"], r"^2027-01-15 07:43:20.005")

    def dissect(self, messages):
        """What tshark makes of them: for each record {field: [values]}. Nothing is malformed, and no record is without its template."""
        self.write("sent.pcap", capture(messages, 2055))
        done = subprocess.run([TSHARK, "-n", "-r", self.path("sent.pcap"), "-d", "udp.port==2055,cflow", "-T", "pdml"], capture_output=True,
                              timeout=120, check=False, env={**os.environ, "TZ": "UTC", "HOME": self.dir})
        self.assertEqual(done.returncode, 0, done.stderr)
        packets = xml.etree.ElementTree.fromstring(done.stdout)
        protocols = [protocol.get("name") for protocol in packets.iter("proto")]
        self.assertEqual((protocols.count("cflow"), protocols.count("_ws.malformed")), (len(messages), 0))
        shown = [field.get("show") or field.get("showname") or "" for field in packets.iter("field")]
        self.assertFalse([text for text in shown if "no template" in text.lower() or "malformed" in text.lower()])
        self.assertFalse([field.get("name") for field in packets.iter("field") if (field.get("name") or "").startswith("_ws.expert")])
        flows = [field for field in packets.iter("field") if (field.get("show") or "").startswith("Flow ")]
        records = []
        for one in flows:
            records.append({})
            for field in one.iter("field"):
                records[-1].setdefault(field.get("name"), []).append(field.get("show"))
        return records

    @unittest.skipUnless(TSHARK, "tshark is not installed")
    def test_tshark_reads_every_record(self):
        """S1-70, S1-71: by a decoder that has nothing in common with ours."""
        rows = [flow(n, **({"orig.ip.saddr": "2001:db8::1", "orig.ip.daddr": "2001:db8::2"} if n % 3 == 0 else {"reply.raw.pktlen": 7 * n}))
                for n in range(120)]
        for sink in ("IPFIX", "NFLOW9"):
            with self.subTest(sink=sink):
                receiver = Receiver(self)
                self.send(sink, f"dest=udp://127.0.0.1:{receiver.port}", rows)
                records = self.dissect(receiver.stop())
                forth = [record for record in records if record["cflow.dstport"] == ["53"]]
                forth.sort(key=lambda record: int(record["cflow.srcport"][0]))
                self.assertEqual(len(forth), len(rows))
                octets, packets = ("cflow.octets", "cflow.packets") if sink == "NFLOW9" else ("cflow.permanent_octets", "cflow.permanent_packets")
                for row, record in zip(rows, forth):
                    suffix = "v6" if ":" in row["orig.ip.saddr"] else ""
                    back = [str(row["reply.raw.pktlen"])] if sink == "IPFIX" and not suffix else []
                    wanted = {"cflow.srcaddr" + suffix: [row["orig.ip.saddr"]], "cflow.dstaddr" + suffix: [row["orig.ip.daddr"]],
                              "cflow.srcport": [str(row["orig.l4.sport"])], "cflow.protocol": ["17"], "cflow.timedelta": ["3.002000000"],
                              octets: [str(row["orig.raw.pktlen"]), *back], packets: ["2"]}
                    self.assertEqual({name: record.get(name) for name in wanted}, wanted)
                    if sink == "IPFIX":
                        self.assertEqual(record["cflow.abstimestart"], ["Jan 15, 2027 07:43:20.005000000 UTC"])
                if sink == "NFLOW9":
                    self.assertEqual(sorted((record["cflow.srcport"], record["cflow.dstport"][0], record["cflow.octets"][0]) for record in records
                                            if record not in forth),
                                     sorted((["53"], str(row["orig.l4.sport"]), str(row["reply.raw.pktlen"])) for row in rows
                                            if "reply.raw.pktlen" in row))

    @unittest.skipUnless(NFCAPD and NFDUMP, "nfdump is not installed")
    def test_nfcapd_counts_what_was_sent_and_misses_nothing(self):
        rows = [flow(n, **({"orig.ip.saddr": "2001:db8::1", "orig.ip.daddr": "2001:db8::2"} if n % 4 == 0 else {})) for n in range(300)]
        for sink in ("IPFIX", "NFLOW9"):
            with self.subTest(sink=sink):
                folder = self.path(sink)
                os.mkdir(folder)
                port = free_port(socket.SOCK_DGRAM)
                with open(self.path("nfcapd.log"), "wb") as log:
                    nfcapd = subprocess.Popen([NFCAPD, "-w", folder, "-b", "127.0.0.1", "-p", str(port), "-t", "3600", "-S", "0"],
                                              stdout=log, stderr=log)
                self.addCleanup(nfcapd.kill)
                self.wait_for_port(port)
                self.send(sink, f"dest=udp://127.0.0.1:{port}", rows)
                with open(f"/proc/net/udp", encoding="utf-8") as table:
                    self.assertIn(f":{port:04X} ", table.read())
                self.wait_read(port)
                nfcapd.send_signal(signal.SIGTERM)
                nfcapd.wait(timeout=30)
                summary = subprocess.run([NFDUMP, "-R", folder, "-I"], capture_output=True, timeout=60, check=False).stdout.decode()
                found = dict(line.split(": ", 1) for line in summary.splitlines() if ": " in line)
                self.assertEqual((int(found["Flows"]), int(found["Packets"]), int(found["Bytes"])),
                                 (300, 600, sum(row["orig.raw.pktlen"] for row in rows)), summary)
                self.assertEqual(int(found["Sequence failures"]), 0, summary)

    def udp_line(self, port):
        with open("/proc/net/udp", encoding="utf-8") as table:
            return [line.split() for line in table if f":{port:04X} " in line.split(" 07 ")[0]]

    def wait_for_port(self, port):
        end = time.monotonic() + 30
        while not self.udp_line(port):
            self.assertLess(time.monotonic(), end, "nfcapd does not listen")
            time.sleep(0.02)

    def wait_read(self, port):
        """Until the collector's socket is empty."""
        end = time.monotonic() + 30
        while any(not line[4].endswith(":00000000") for line in self.udp_line(port)):
            self.assertLess(time.monotonic(), end, "nfcapd does not read")
            time.sleep(0.02)


if __name__ == "__main__":
    unittest.main()
