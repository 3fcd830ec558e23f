# SPDX-License-Identifier: Apache-2.0
"""Reads NetFlow 9 and IPFIX by the RFCs' own words, for those who check what stook sends."""

import struct


class Decoder:
    """Keeps templates; each message becomes records {number or (PEN, number): value}, and what its head says."""

    def __init__(self):
        self.templates = {}
        self.records = []
        self.heads = []  # (version, sequence, domain, templates, records, unknown sets)

    def feed(self, message):
        version, second = struct.unpack_from(">HH", message)
        if version == 10:
            assert second == len(message), (second, len(message))
            sequence, domain = struct.unpack_from(">II", message, 8)
            at = 16
        else:
            assert version == 9 and len(message) % 4 == 0
            sequence, domain = struct.unpack_from(">II", message, 12)
            at = 20
        templates = records = unknown = 0
        while at < len(message):
            number, size = struct.unpack_from(">HH", message, at)
            assert size >= 4 and at + size <= len(message) and (version == 10 or size % 4 == 0)
            body = message[at + 4:at + size]
            at += size
            if number == (2 if version == 10 else 0):
                templates += self.learn(version, domain, body)
            elif (domain, number) not in self.templates:
                unknown += 1
            else:
                records += self.read(self.templates[domain, number], body)
        if version == 9:
            assert second == templates + records, (second, templates, records)
        self.heads.append((version, sequence, domain, templates, records, unknown))

    def learn(self, version, domain, body):
        at = count = 0
        while len(body) - at >= 4:
            number, fields = struct.unpack_from(">HH", body, at)
            at += 4
            form = []
            for _ in range(fields):
                element, length = struct.unpack_from(">HH", body, at)
                at += 4
                if version == 10 and element & 0x8000:
                    element = (struct.unpack_from(">I", body, at)[0], element & 0x7FFF)
                    at += 4
                form.append((element, length))
            self.templates[domain, number] = form
            count += 1
        return count

    def read(self, form, body):
        least = sum(1 if length == 0xFFFF else length for _, length in form)
        at = count = 0
        while len(body) - at >= max(least, 1):
            record = {}
            for element, length in form:
                if length == 0xFFFF:
                    length, at = body[at], at + 1
                    if length == 255:
                        length, at = struct.unpack_from(">H", body, at)[0], at + 2
                record[element] = body[at:at + length]
                at += length
            self.records.append(record)
            count += 1
        return count
