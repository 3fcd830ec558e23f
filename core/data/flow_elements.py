#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the rows of the table of flow elements: flow_elements.py CSV OUT.

The CSV has a line for each information element of IANA's registry: its number (or PEN:NUMBER), name, abstract data type
(RFC 7012, section 3.1), the key that stands for it where there is one of that meaning, and the key of its reverse
(RFC 5103). Reverse elements without a key of their own are named as RFC 5103, section 6.1 says.
"""

import csv
import sys

REVERSE = 29305
TYPES = {
    "octetArray": ("Octets", 0), "string": ("Text", 0), "boolean": ("Boolean", 1), "macAddress": ("Mac", 6),
    "unsigned8": ("Unsigned", 1), "unsigned16": ("Unsigned", 2), "unsigned32": ("Unsigned", 4), "unsigned64": ("Unsigned", 8),
    "signed8": ("Signed", 1), "signed16": ("Signed", 2), "signed32": ("Signed", 4), "signed64": ("Signed", 8),
    "float32": ("Float", 4), "float64": ("Float", 8), "ipv4Address": ("Ipv4", 4), "ipv6Address": ("Ipv6", 16),
    "dateTimeSeconds": ("Seconds", 4), "dateTimeMilliseconds": ("Milliseconds", 8),
    "dateTimeMicroseconds": ("Microseconds", 8), "dateTimeNanoseconds": ("Nanoseconds", 8),
    "basicList": ("List", 0), "subTemplateList": ("List", 0), "subTemplateMultiList": ("List", 0),
}


def row(pen, number, kind, name, key):
    word, size = TYPES[kind]
    is_key = "true" if key else "false"
    return pen, number, f'{{{pen}, {number}, FlowType::{word}, {size}, {is_key}, "{name}", "{key or name}"}},\n'


def main(source, out):
    rows = []
    with open(source, encoding="utf-8") as file:
        for line in csv.DictReader(file):
            pen, _, number = line["id"].rpartition(":")
            pen, number, name = int(pen or 0), int(number), line["name"]
            rows.append(row(pen, number, line["type"], name, line["key"]))
            if pen == 0:
                reverse = "reverse" + name[0].upper() + name[1:]
                rows.append(row(REVERSE, number, line["type"], reverse, line["reverse"]))
    rows.sort()
    if len({entry[:2] for entry in rows}) != len(rows):
        sys.exit(f"{source}: an element comes twice")
    with open(out, "w", encoding="utf-8") as file:
        file.writelines(entry[2] for entry in rows)


main(*sys.argv[1:])
