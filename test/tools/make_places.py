#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes scripts/places.mmdb, the small database that the test and the bench of scripts/geoip.lua look addresses up in.

Usage: test/tools/make_places.py FILE

The format is MaxMind's, version 2: a binary tree over the bits of an address, whose leaves point to values, sixteen zero
bytes, the values, and a map that says what the file is."""

import ipaddress
import struct
import sys

PLACES = {
    "128.0.0.0/1": {"country": {"iso_code": "DE"}, "city": {"names": {"de": "München", "en": "Munich"}},
                    "location": {"latitude": 48.125, "longitude": 11.5}},
    "192.0.2.0/24": {"registered_country": {"iso_code": "GB"}, "autonomous_system_number": 64500,
                     "autonomous_system_organization": "Example Net"},
    "198.51.100.0/25": {"country": {"iso_code": "IT"}, "city": {"names": {"en": "Turin", "it": "Torino"}},
                        "location": {"latitude": 45.0625, "longitude": 7.6875}},
}
NUMBER = 6
SHORT = 5
LONG = 9 - 7  # of the types behind the seventh
DOUBLE = 3
MAP = 7
TEXT = 2


def encode(value):
    """One value."""
    if isinstance(value, dict):
        return bytes([MAP << 5 | len(value)]) + b"".join(encode(k) + encode(v) for k, v in value.items())
    if isinstance(value, float):
        return bytes([DOUBLE << 5 | 8]) + struct.pack(">d", value)
    if isinstance(value, tuple):
        kind, number = value
        if kind == SHORT:
            return bytes([SHORT << 5 | 2]) + struct.pack(">H", number)
        return bytes([8, LONG]) + struct.pack(">Q", number)
    if isinstance(value, int):
        return bytes([NUMBER << 5 | 4]) + struct.pack(">I", value)
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(map(encode, value))
    text = value.encode()
    head = [TEXT << 5 | len(text)] if len(text) < 29 else [TEXT << 5 | 29, len(text) - 29]
    return bytes(head) + text


def main():
    """Networks inside of others come later, so that they split those."""
    values, leaves = b"", {}
    nodes = [[None, None]]  # a child is None, the number of a node, or a leaf's network
    for network in sorted(PLACES, key=lambda text: ipaddress.ip_network(text).prefixlen):
        leaves[network] = len(values)
        values += encode(PLACES[network])
        net, node = ipaddress.ip_network(network), 0
        bits = format(int(net.network_address), "032b")[:net.prefixlen]
        for depth, bit in enumerate(map(int, bits)):
            child = nodes[node][bit]
            if depth + 1 == len(bits):
                nodes[node][bit] = network
            elif not isinstance(child, int):
                nodes.append([child, child])
                nodes[node][bit] = node = len(nodes) - 1
            else:
                node = child

    def record(child):
        number = len(nodes) if child is None else child if isinstance(child, int) else len(nodes) + 16 + leaves[child]
        return struct.pack(">I", number)[1:]

    about = {"node_count": len(nodes), "record_size": (SHORT, 24), "ip_version": (SHORT, 4), "database_type": "stook-places",
             "languages": ["en"], "binary_format_major_version": (SHORT, 2), "binary_format_minor_version": (SHORT, 0),
             "build_epoch": (LONG, 1), "description": {"en": "a test"}}
    with open(sys.argv[1], "wb") as file:
        file.write(b"".join(record(child) for node in nodes for child in node) + bytes(16) + values)
        file.write(b"\xab\xcd\xefMaxMind.com" + encode(about))


if __name__ == "__main__":
    main()
