#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a packet of a capture file costs.

Usage: STOOK_BUILD=build/release test/bench/packets.py [PACKETS [ROUNDS]]

CPU seconds of the whole process for a million packets of about 80 bytes, and packets a second of wall time: read and given
away (null), every key made and written as JSON that is given away (json), and printed as iptables' LOG does into a file
(print); beside packet_limit, which does nothing but that. The programs take turns; medians. What is printed is compared.
And from another file, whose first half begins a million flows and whose second half is of any of them: what a packet costs
that is given away after `base` (flows null), and that a flow meter counts (flows meter), with the memory that took."""

import filecmp
import os
import random
import shutil
import statistics
import struct
import sys
import tempfile

sys.dont_write_bytecode = True
import measure  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "test/flow"))
import packets as p  # noqa: E402

BUILD = os.path.join(ROOT, os.environ.get("STOOK_BUILD", "build/release"))
STOOK, LIMIT = os.path.join(BUILD, "stook"), os.path.join(BUILD, "test/bench/packet_limit")


def frame(draw):
    """An Ethernet frame: 60 % TCP, 25 % UDP, 10 % TCP over IPv6, 5 % ICMP."""
    source = "10.%d.%d.%d" % (draw.randrange(256), draw.randrange(256), draw.randrange(256))
    sport, dport = draw.randrange(1024, 65536), draw.choice([80, 443, 53, 22])
    payload, kind = draw.randbytes(draw.choice([0, 0, 6, 26, 60, 100])), draw.random()
    if kind < 0.6:
        return p.ethernet(0x0800, p.ipv4(6, p.tcp(sport, dport, 0x18, payload), source=source))
    if kind < 0.85:
        return p.ethernet(0x0800, p.ipv4(17, p.udp(sport, dport, payload), source=source))
    if kind < 0.95:
        return p.ethernet(0x86DD, p.ipv6(6, p.tcp(sport, dport, 0x10, payload)))
    return p.ethernet(0x0800, p.ipv4(1, p.icmp(8, 0, sport), source=source))


def write(path, count):
    draw = random.Random(20261122)
    pool = [frame(draw) for _ in range(4096)]
    with open(path, "wb") as file:
        file.write(p.pcap([], order="="))
        for number in range(count):
            packet = pool[draw.randrange(4096)]
            file.write(struct.pack("=IIII", 1795232280 + number // 10**6, number % 10**6, len(packet), len(packet)) + packet)


def write_flows(path, flows):
    """A packet of each flow, and as many of any flow, within two seconds."""
    draw = random.Random(20261122)
    packet = bytearray(p.ipv4(17, p.udp(1, 53, b"x" * 20)))
    with open(path, "wb") as file:
        file.write(p.pcap([], link=101, order="="))
        for number in range(2 * flows):
            flow = number if number < flows else draw.randrange(flows)
            struct.pack_into(">IIHH", packet, 12, 0x0A000000 + flow % 65521, 0xC6336400 + flow % 251, 1024 + flow // 65521, 53)
            file.write(struct.pack("=IIII", 1795232280 + number // 10**6, number % 10**6, len(packet), len(packet)) + packet)


def measure_flows(folder, flows, rounds):
    """Prints what flows of a file of their own cost."""
    capture = os.path.join(folder, "flows.pcap")
    write_flows(capture, flows)
    print("%d packets of %d flows, %d rounds" % (2 * flows, flows, rounds))
    print("%-12s %16s %12s %10s" % ("chain", "CPU s/M packets", "packets/s", "peak MiB"))
    for name, chain in (("flows null", "base"), ("flows meter", "base, meter_flows")):
        words = [STOOK, "run", "pcap(%s), %s, null" % (capture, chain)]
        runs = [measure.run(words, os.path.join(folder, "log")) for _ in range(rounds)]
        print("%-12s %16.3f %12.0f %10.0f" % (name, measure.median(runs, "cpu") / (2 * flows) * 1e6,
                                               2 * flows / measure.median(runs, "wall"), max(run.peak for run in runs) / 1024))


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    memory = "/dev/shm" if "TMPDIR" not in os.environ and os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="stook-packets-", dir=memory)
    capture, ours, theirs = (os.path.join(folder, name) for name in ("in.pcap", "ours", "theirs"))
    programs = {
        "null": [STOOK, "run", "pcap(%s), base, null" % capture],
        "json": [STOOK, "run", "pcap(%s), base, null(format=json)" % capture],
        "print": [STOOK, "run", "pcap(%s), base, ip2str, printpkt, file(path=%s, format=raw, key=print)" % (capture, ours)],
        "limit walk": [LIMIT, "walk", capture],
        "limit print": [LIMIT, "print", capture, theirs],
    }
    try:
        write(capture, count)
        costs = {name: [] for name in programs}
        for _ in range(rounds):
            for name, words in programs.items():
                if os.path.exists(ours) and name == "print":
                    os.unlink(ours)
                measure.warm_memory()
                costs[name].append(measure.run(words, os.path.join(folder, "log")))
        if not filecmp.cmp(ours, theirs, shallow=False):
            raise SystemExit("the lines of stook and of packet_limit differ")
        for path in (capture, ours, theirs):
            os.unlink(path)
        measure_flows(folder, count, rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("%d packets, %d rounds" % (count, rounds))
    print("%-12s %16s %12s %8s" % ("chain", "CPU s/M packets", "packets/s", "/ limit"))
    for name, runs in costs.items():
        base = costs.get({"null": "limit walk", "json": "limit walk", "print": "limit print"}.get(name, name))
        ratio = statistics.median(a.cpu / max(b.cpu, 1e-6) for a, b in zip(runs, base))
        print("%-12s %16.3f %12.0f %8.2f" % (name, measure.median(runs, "cpu") / count * 1e6,
                                             count / measure.median(runs, "wall"), ratio))


if __name__ == "__main__":
    main()
