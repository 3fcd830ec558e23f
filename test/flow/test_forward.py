# SPDX-License-Identifier: Apache-2.0
"""The source forward against a peer written from the specification: modes, acks, handshake, bombs and neighbours."""

import gzip
import socket
import ssl
import unittest

from forward_peer import Values, compressed, event_time, forward, greet, message, msgpack, pack, packed
from harness import Daemon
from net_kit import Net
from peers import free_port, make_certificates

ANY = "listen=127.0.0.1:0\n"
ENTRIES = [(event_time(1700000000 + i, i), {"n": i, "text": f"é{i}"}) for i in range(600)]
TO_TCP = """
[global]
stack=in:FORWARD,out:TCP
[in]
listen=127.0.0.1:0
[out]
to=127.0.0.1:{port}
format=json
"""


class Forward(Net):
    def start(self, options="", keys="tag,time,n,text,x", **more):
        return self.listen("FORWARD", ANY + options, keys, "spread:PARSE_MSGPACK", **more)

    def peer(self, daemon):
        peer = self.connect(daemon)
        return peer, Values(peer)

    def numbers(self):
        return [row.get("n") for row in self.rows()]


class Modes(Forward):
    def test_each_mode_makes_the_same_rows(self):
        daemon = self.start()
        peer, values = self.peer(daemon)
        made = [message("a.b", *ENTRIES[0]), forward("a.b", ENTRIES), packed("a.b", ENTRIES),
                packed("a.b", ENTRIES, is_str=True), compressed("a.b", ENTRIES), compressed("a.b", ENTRIES, members=7)]
        wanted = []
        for data in made:
            peer.sendall(data + b"\xc0")  # nil: a heartbeat
            wanted += [0] if data == made[0] else range(600)
            self.has_rows(daemon, len(wanted))
        self.assertEqual(self.numbers(), wanted)
        row = self.rows()[-1]
        self.assertEqual((row["tag"], row["text"], row["time"]), ("a.b", "é599", "2023-11-14T22:23:19.000000599Z"))
        for number, data in enumerate([message("t", 5, {}, "c0"), forward("t", ENTRIES[:2], "c1"), packed("t", [], "c2"),
                                       compressed("t", ENTRIES, "c3"), forward("t", [], b"c4"), packed("t", ENTRIES, "c5")]):
            peer.sendall(data)
            self.assertEqual(values.next(), {"ack": f"c{number}"})
        daemon.stop()

    def test_bytes_may_come_one_by_one(self):
        daemon = self.start()
        peer, values = self.peer(daemon)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = forward("t", ENTRIES[:3], "f") + compressed("t", ENTRIES[:3], "c") + message("t", 1, {"n": 7}, "m")
        for at in range(len(data)):
            peer.send(data[at:at + 1])
        self.assertEqual([values.next()["ack"] for _ in range(3)], ["f", "c", "m"])
        self.assertEqual(self.numbers(), [0, 1, 2, 0, 1, 2, 7])
        daemon.stop()

    def test_times_of_all_kinds(self):
        daemon = self.start(keys="n,time")
        peer, values = self.peer(daemon)
        times = [1700000000, 1700000000.5, event_time(1700000000, 1), [event_time(1700000000, 2), {}], -1, None]
        peer.sendall(packed("t", [(time, {"n": i}) for i, time in enumerate(times)], "c"))
        self.assertEqual(values.next(), {"ack": "c"})
        self.assertEqual([row.get("time") for row in self.rows()],
                         ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20.500Z", "2023-11-14T22:13:20.000000001Z",
                          "2023-11-14T22:13:20.000000002Z", "1969-12-31T23:59:59Z", None])
        daemon.stop()

    def test_a_half_message_keeps_its_whole_entries_and_gets_no_ack(self):
        daemon = self.start()
        peer, values = self.peer(daemon)
        peer.sendall(forward("t", ENTRIES[:3], "c")[:-30])
        peer.shutdown(socket.SHUT_WR)
        self.assertIsNone(values.next())
        self.assertLess(len(self.rows()), 4)
        daemon.stop()

    def test_who_has_closed_its_half_still_gets_its_ack(self):
        daemon = self.start()
        peer, values = self.peer(daemon)
        peer.sendall(packed("t", ENTRIES, "c"))
        peer.shutdown(socket.SHUT_WR)
        self.assertEqual(values.next(), {"ack": "c"})
        self.assertIsNone(values.next())
        daemon.stop()


class Acks(Forward):
    def test_nothing_is_acknowledged_before_it_is_delivered(self):
        port = free_port()
        daemon = Daemon(self, TO_TCP.format(port=port))
        peer, values = self.peer(daemon)
        peer.sendall(packed("t", ENTRIES, "c"))
        daemon.wait_for(lambda: "event=sink_stuck" in daemon.log() or "refused" in daemon.log(), "the sink fails")
        peer.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            values.next()
        peer.settimeout(30)
        with socket.create_server(("127.0.0.1", port)) as server:
            sink, _ = server.accept()
            self.assertEqual(values.next(), {"ack": "c"})
            sink.settimeout(30)
            got = b""
            while got.count(b"\n") < 600:
                got += sink.recv(65536)
            daemon.stop()
            sink.close()

    def test_the_stop_acknowledges_what_it_has_read(self):
        daemon = self.start()
        peer, values = self.peer(daemon)
        peer.sendall(b"".join(packed("t", ENTRIES[:100], f"c{i}") for i in range(20)))  # what is read within a second
        daemon.stop()
        self.assertEqual([values.next() for _ in range(21)], [{"ack": f"c{i}"} for i in range(20)] + [None])
        self.assertEqual(len(self.rows()), 2000)


class Handshake(Forward):
    SECRET = "shared_key=file:{0}/key\nhostname=server.test\n"

    def start_with_key(self, options=""):
        self.write("key", "sesame\n")
        self.write("word", "open\n")
        return self.start(self.SECRET.format(self.dir) + options.format(self.dir))

    def test_who_knows_the_key_may_send(self):
        daemon = self.start_with_key()
        peer, values = self.peer(daemon)
        self.assertEqual(greet(peer, values, "sesame")[1:4], [True, "", "server.test"])
        peer.sendall(packed("t", ENTRIES[:1], "c"))
        self.assertEqual(values.next(), {"ack": "c"})
        wrong, values = self.peer(daemon)
        self.assertEqual(greet(wrong, values, "simsim")[1:3], [False, "shared_key mismatch"])
        self.assertTrue(self.is_closed(wrong))
        rude, _ = self.peer(daemon)
        rude.sendall(packed("t", ENTRIES[:1], "c"))
        self.assertTrue(self.is_closed(rude))
        daemon.stop()
        self.assertEqual(self.numbers(), [0])
        self.assertEqual(self.lost(daemon), {})
        self.assertRegex(daemon.log(), r"event=ledger element=in .* auth_failures=2\b")
        self.assertRegex(daemon.log(), r'event=auth_failed instance=in peer=\S+ reason="shared_key mismatch"')
        self.assertNotIn("sesame", daemon.log())

    def test_users_have_passwords(self):
        daemon = self.start_with_key("username=ann\npassword=file:{0}/word\n")
        for user, word, is_welcome in (("ann", "open", True), ("ann", "shut", False), ("bob", "open", False)):
            peer, values = self.peer(daemon)
            self.assertEqual(greet(peer, values, "sesame", user, word)[1], is_welcome)
        daemon.stop()

    def test_all_of_it_over_tls(self):
        make_certificates(self.path("pki"))
        daemon = self.start_with_key("tls=yes\ntls_cert={0}/pki/server.pem\ntls_key={0}/pki/server.key\n")
        context = ssl.create_default_context(cafile=self.path("pki/ca.pem"))
        peer = context.wrap_socket(self.connect(daemon), server_hostname="logs.test")
        values = Values(peer)
        self.assertTrue(greet(peer, values, "sesame")[1])
        for number in range(3):
            peer.sendall(packed("t", ENTRIES, f"c{number}"))
            self.assertEqual(values.next(), {"ack": f"c{number}"})
        daemon.stop()
        self.assertEqual(len(self.rows()), 1800)


class Hostile(Forward):
    def bombs(self):
        deep = b"\x92\x01" + b"\x81\xa1a" * 70 + b"\x01"
        return {
            "no array": (b"GET / HTTP/1.1\r\n", "a message that is no array of a tag, entries and options"),
            "a tag without end": (b"\x93\xdb\xff\xff\xff\xff", "a tag that is no text of at most 1024 bytes"),
            "a chunk without end": (b"\x93\xa1t\xc6\xff\xff\xff\xff", "a message larger than max_message"),
            "entries without end": (b"\x93\xa1t\xdd\xff\xff\xff\xff", "a message larger than max_message"),
            "a long text": (b"\x92\xa1t\x91\x92\x01\x81\xa1a\xdb\xff\xff\xff\xff", "a length beyond what may come"),
            "a large map": (b"\x92\xa1t\x91\x92\x01\xdf\xff\xff\xff\xff", "a count of values that cannot all come"),
            "counts that add up": (b"\x92\xa1t\xc4\x40\x92\x01\x82" + b"\x9f" * 5 + b"\x00" * 50, "a count of values that cannot all come"),
            "depth": (pack(["t", deep, {}]), "values nested deeper than 64 levels"),
            "c1": (b"\x92\xa1t\x91\xc1", "no msgpack: the byte c1"),
            "an entry that is none": (b"\x92\xa1t\x91\x07", "an entry that is no array of a time and a record"),
            "a record that is none": (forward("t", [(1, "text")]), "a record that is no map"),
            "too few": (b"\x91\xa1t", "a message that is no array of a tag, entries and options"),
            "half an entry": (pack(["t", pack([1, {"n": 1}])[:-1], {}]), "a chunk that ends within an entry"),
            "options": (pack(["t", b"", 7]), "options that are no map"),
            "a long id": (packed("t", [], "x" * 300), "a chunk id that is no text of at most 256 bytes"),
            "no gzip": (pack(["t", b"\x1f\x8b" + b"x" * 50, {"compressed": "gzip"}]), "a chunk that is no gzip"),
            "half a gzip": (pack(["t", gzip.compress(pack([1, {}]))[:-3], {}]), "a chunk that ends within an entry"),
            "a gzip bomb": (pack(["t", gzip.compress(pack([1, {"x": "0" * 1000}]) * 20000), {"compressed": "gzip"}]),
                            "a chunk that inflates to more than a hundred times its size"),
            "many members": (compressed("t", ENTRIES[:65], members=65), "a chunk of more than 64 members of gzip"),
        }

    def test_each_bomb_closes_one_connection(self):
        daemon = self.start()
        neighbour, values = self.peer(daemon)
        bombs = self.bombs()
        for number, (name, (bomb, reason)) in enumerate(bombs.items()):
            with self.subTest(name):
                peer, _ = self.peer(daemon)
                before = len(daemon.log())
                try:
                    peer.sendall(bomb)
                except OSError:
                    pass
                self.assertTrue(self.is_closed(peer))
                if number < 10:  # later ones are suppressed
                    self.wait(lambda: f'reason="{reason}"' in daemon.log()[before:], reason)
                neighbour.sendall(packed("t", [(1, {"n": -1 - number})], f"n{number}"))
                self.assertEqual(values.next(), {"ack": f"n{number}"})
        daemon.stop(1)
        self.assertEqual(self.lost(daemon)["framing"], str(len(bombs)))
        self.assertEqual([n for n in self.numbers() if n is not None and n < 0], [-1 - i for i in range(len(bombs))])
        self.assertRegex(daemon.log(), r"event=framing_error instance=in peer=127\.0\.0\.1:\d+ ")

    def test_a_record_too_long_is_skipped_and_its_neighbours_are_whole(self):
        daemon = self.start("max_record=64KiB\n")
        peer, values = self.peer(daemon)
        entries = [(1, {"n": 1}), (1, {"n": 2, "x": "y" * 3000000}), (1, {"n": 3})]
        for number, made in enumerate((forward, packed)):
            peer.sendall(made("t", entries, f"c{number}"))
            self.assertEqual(values.next(), {"ack": f"c{number}"})
        self.assertEqual(self.numbers(), [1, 3, 1, 3])
        daemon.stop(1)
        self.assertEqual(self.lost(daemon)["too_long"], "2")

    def test_a_peer_that_stops_within_a_message_is_closed(self):
        daemon = self.start("unfinished=1s\nfirst_byte=1s\n")
        half = packed("t", ENTRIES)[:-5]
        silent, _ = self.peer(daemon)
        slow, _ = self.peer(daemon)
        slow.sendall(half)
        self.assertTrue(self.is_closed(slow))
        self.assertTrue(self.is_closed(silent))
        self.has_rows(daemon, 599)
        daemon.stop()


class Records(Forward):
    def test_records_keep_their_types(self):
        daemon = self.listen("FORWARD", ANY, "i,u,d,t,z,b,l,m,s", "spread:PARSE_MSGPACK")
        peer, values = self.peer(daemon)
        record = {"i": -2 ** 63, "u": 2 ** 64 - 1, "d": 0.1, "t": True, "z": None, "b": b"bytes", "l": [1, [2]],
                  "m": {"k": "v"}, "s": "x" * 70000}
        peer.sendall(message("t", 1, record, "c"))
        self.assertEqual(values.next(), {"ack": "c"})
        self.assertEqual(self.rows(), [{**record, "b": "bytes"}])
        daemon.stop()

    def test_rows_say_where_they_come_from(self):
        daemon = self.listen("FORWARD", ANY, "tag,record,peer.ip,peer.port,stook.id,recv.time")
        peer, values = self.peer(daemon)
        peer.sendall(packed("t", ENTRIES, "c"))
        self.assertEqual(values.next(), {"ack": "c"})
        rows = self.rows()
        self.assertEqual({row["peer.port"] for row in rows}, {peer.getsockname()[1]})
        self.assertEqual(len({row["stook.id"] for row in rows}), 600)
        self.assertEqual(rows[5]["record"], ENTRIES[5][1])
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
