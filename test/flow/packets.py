# SPDX-License-Identifier: Apache-2.0
"""Packets and capture files, made by struct."""

import socket
import struct


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def ipv4(protocol, payload, source="192.0.2.1", target="198.51.100.7", tos=0, fragment=0x4000, number=1):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, tos, 20 + len(payload), number, fragment, 64, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(target))
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def ipv6(protocol, payload, source="2001:db8::1", target="2001:db8::2"):
    return struct.pack(">IHBB16s16s", 6 << 28, len(payload), protocol, 64, socket.inet_pton(socket.AF_INET6, source),
                       socket.inet_pton(socket.AF_INET6, target)) + payload


def tcp(sport, dport, flags=0x18, payload=b"", seq=1000, ack=2000):
    return struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 512, 0, 0) + payload


def udp(sport, dport, payload=b"x"):
    return struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload


def icmp(kind, code, rest=0, payload=b"ping"):
    head = struct.pack(">BBHI", kind, code, 0, rest) + payload
    return head[:2] + struct.pack(">H", checksum(head)) + head[4:]


def arp(operation=1, source="192.0.2.1", target="192.0.2.2"):
    return struct.pack(">HHBBH6s4s6s4s", 1, 0x0800, 6, 4, operation, b"\2\0\0\0\0\x0a", socket.inet_aton(source),
                       b"\0" * 6, socket.inet_aton(target))


def ethernet(protocol, payload):
    return b"\2\0\0\0\0\x0b\2\0\0\0\0\x0a" + struct.pack(">H", protocol) + payload


def pcap(packets, link=1, start=1795232280, order="<"):
    """A classic capture: packets 17 microseconds apart."""
    out = [struct.pack(order + "IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link)]
    for i, packet in enumerate(packets):
        out.append(struct.pack(order + "IIII", start + i * 17 // 10**6, i * 17 % 10**6, len(packet), len(packet)) + packet)
    return b"".join(out)


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def pcapng(packets, link=1, start=1795232280):
    """One section, one interface, nanoseconds."""
    out = [block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
           block(1, struct.pack("<HHI", link, 0, 0) + struct.pack("<HHB3xHH", 9, 1, 9, 0, 0))]
    for i, packet in enumerate(packets):
        stamp = start * 10**9 + i * 17000
        out.append(block(6, struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, len(packet), len(packet)) + packet))
    return b"".join(out)
