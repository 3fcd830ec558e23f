# SPDX-License-Identifier: Apache-2.0
"""The sink forward: to a receiver written from the specification, and from one stookd to another, either of them killed."""

import json
import os
import re
import socket
import ssl
import struct
import time
import unittest

from forward_peer import Server, Values, event_time, msgpack, packed
from harness import Daemon, Programs, rows_of
from peers import free_port, make_certificates

CYCLES = int(os.environ.get("STOOK_FORWARD_KILLS", "10"))

SEND = """
[global]
stack=in:TAIL,parse:PARSE_JSON,out:FORWARD
[in]
path={folder}/in.log
state_file={folder}/in.pos
start_at=beginning
[out]
to=127.0.0.1:{port}
{options}
"""
TAKE = """
[global]
stack=in:FORWARD,spread:PARSE_MSGPACK,out:FILE
[in]
listen=127.0.0.1:{port}
[out]
path=out.log
format=json
{options}
"""

RELAY = """
[global]
stack=in:FORWARD,spread:PARSE_MSGPACK,out:FORWARD
[in]
listen=127.0.0.1:0
[out]
to=127.0.0.1:{port}
"""


class Side:
    """A folder of its own for one of several daemons."""

    def __init__(self, flow, name):
        self.flow = flow
        self.dir = flow.path(name)
        os.makedirs(self.dir, exist_ok=True)

    def __getattr__(self, name):
        return getattr(self.flow, name)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def lines(self, torn=0):
        try:
            with open(self.path("out.log"), encoding="utf-8") as file:
                return rows_of(file.read(), torn)
        except FileNotFoundError:
            return []


class Forward(Programs):
    def feed(self, rows):
        with open(self.path("in.log"), "a", encoding="utf-8") as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows))

    def send(self, port, options="", side="sender"):
        return Daemon(Side(self, side), SEND.format(folder=self.dir, port=port, options=options))


class Receiver(Forward):
    def serve(self, **more):
        server = Server(**more)
        self.addCleanup(server.close)
        return server

    def test_rows_arrive_with_tag_time_and_types(self):
        server = self.serve()
        record = {"i": -2 ** 63, "u": 2 ** 64 - 1, "d": 0.1, "t": True, "z": None, "l": [1, [2]], "m": {"k": "v"}, "s": "é"}
        self.feed([{**record, "tag": "one"}, record, {**record, "tag": "one"}])
        daemon = self.send(server.port, "tag=fixed")
        self.until(lambda: len(server.entries()) == 3, "the rows")
        daemon.stop()
        self.assertEqual([(tag, row) for tag, _, row in server.entries()],
                         [("one", record), ("fixed", record), ("one", record)])
        for _, when, _ in server.entries():
            self.assertEqual(when.code, 0)
            self.assertLess(abs(struct.unpack(">II", when.data)[0] - time.time()), 300)

    def test_compressed_chunks(self):
        server = self.serve()
        rows = [{"n": i, "text": "x" * 200} for i in range(20000)]
        self.feed(rows)
        daemon = self.send(server.port, "gzip=yes")
        self.until(lambda: len(server.entries()) >= 20000, "the rows")
        daemon.stop()
        self.assertEqual([row for _, _, row in server.entries()], rows)
        self.assertEqual({option["compressed"] for _, _, option in server.chunks}, {"gzip"})
        self.assertEqual(sum(option["size"] for _, _, option in server.chunks), 20000)

    def test_a_chunk_without_acknowledgement_comes_again_with_the_same_id(self):
        server = self.serve(acks=False)
        self.feed([{"n": i} for i in range(5)])
        daemon = self.send(server.port)
        for number in (1, 2):
            self.until(lambda n=number: len(server.chunks) >= n, "the chunk")
            server.acks = number == 2
            server.cut()
        daemon.wait_for(lambda: len(server.chunks) >= 3, "it comes again")
        daemon.stop()
        self.assertEqual(len({option["chunk"] for _, _, option in server.chunks}), 1)

    def test_the_handshake(self):
        self.write("key", "sesame\n")
        self.write("word", "open\n")
        self.write("wrong", "simsim\n")
        self.feed([{"n": 1}])
        server = self.serve(key="sesame", user="ann", password="open")
        options = f"shared_key=file:{self.dir}/%s\nusername=ann\npassword=file:{self.dir}/word"
        wrong = self.send(server.port, options % "wrong", "stranger")
        wrong.wait_for(lambda: "it refuses: shared_key mismatch" in wrong.log(), "the refusal")
        wrong.kill()
        self.assertEqual(server.entries(), [])
        daemon = self.send(server.port, options % "key")
        self.until(lambda: len(server.entries()) == 1, "the row")
        daemon.stop()

    def test_over_tls(self):
        make_certificates(self.path("pki"))
        self.write("key", "sesame\n")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.path("pki/server.pem"), self.path("pki/server.key"))
        server = self.serve(context=context, key="sesame")
        self.feed([{"n": i} for i in range(5000)])
        daemon = self.send(server.port, f"tls=yes\ntls_ca={self.dir}/pki/ca.pem\nshared_key=file:{self.dir}/key")
        self.until(lambda: len(server.entries()) == 5000, "the rows")
        daemon.stop()


class Hop(Forward):
    def take(self, port, options=""):
        self.taker = Side(self, "taker")
        return Daemon(self.taker, TAKE.format(port=port, options=options))

    def test_types_are_the_same_behind_the_hop(self):
        port = free_port()
        taker = self.take(port)
        rows = [{"i": i - 50, "min": -2 ** 63, "max": 2 ** 63 - 1, "u": 2 ** 64 - 1, "d": i / 7, "whole": 2.0, "z": None, "t": True,
                 "l": [i, [None]], "m": {"d": 1.5}, "s": "é\u0000" * 3, "long": "x" * (i * 700)} for i in range(300)]
        self.feed(rows)
        sender = self.send(port, "tag=t")
        self.until(lambda: len(self.taker.lines()) >= 300, "the rows")
        sender.stop()
        taker.stop()
        lines = self.taker.lines()
        for line in lines:
            self.assertEqual(line.pop("tag"), "t")
            line.pop("time")
        self.assertEqual(lines, rows)
        self.assertTrue(all(isinstance(line["whole"], float) for line in lines))

    def test_each_value_is_exact_behind_the_hop(self):
        """What JSON cannot write: a peer of Python's to one stookd, by forward to another, and into a file of msgpack."""
        port = free_port()
        self.taker = Side(self, "taker")
        taker = Daemon(self.taker, TAKE.format(port=port, options="").replace("format=json", "format=msgpack"))
        relay = Daemon(Side(self, "relay"), RELAY.format(port=port))
        record = {"bytes": b"\xff\x00\xfe", "odd": b"\xc3(", "u": 2 ** 64 - 1, "i": -2 ** 63, "d": 5e-324, "null": None, "false": False,
                  "map": {}, "array": [], "empty": "", "none": b"", "deep": {"a": [{"b": [None, {}, [], b"\x80", 2 ** 63]}]}}
        entries = [(event_time(1700000000 + i, 999999999 - i), {**record, "n": i}) for i in range(300)]
        with socket.create_connection(("127.0.0.1", int(re.search(r"event=listening .*:(\d+) ", relay.log())[1]))) as peer:
            peer.settimeout(30)
            peer.sendall(packed("app.tag", entries, "c"))
            self.assertEqual(Values(peer).next(), {"ack": "c"})
        relay.stop()
        taker.stop()
        with open(self.taker.path("out.log"), "rb") as file:
            rows = list(msgpack.Unpacker(file, raw=False, timestamp=0, strict_map_key=False))
        self.assertEqual(len(rows), len(entries))
        for i, row in enumerate(rows):
            time_of_row = row.pop("time")
            self.assertEqual((time_of_row.seconds, time_of_row.nanoseconds), (1700000000 + i, 999999999 - i))
            self.assertEqual(row.pop("tag"), "app.tag")
            self.assertEqual(row, entries[i][1])

    def test_either_side_may_be_killed(self):
        port = free_port()
        taker = self.take(port)
        sender = self.send(port)
        sent = 0
        for cycle in range(CYCLES):
            seen = len(self.taker.lines(CYCLES))
            self.feed([{"n": sent + i, "text": "x" * 100} for i in range(500)])
            sent += 500
            self.until(lambda s=seen: len(self.taker.lines(CYCLES)) > s, "rows go through")
            if cycle % 2 == 0:
                taker.kill()
                taker = self.take(port)
            else:
                sender.kill()
                sender = self.send(port)
        self.until(lambda: {line["n"] for line in self.taker.lines(CYCLES) if "n" in line} >= set(range(sent)), "all rows", 60)
        sender.stop()
        taker.stop()


if __name__ == "__main__":
    unittest.main()
