# SPDX-License-Identifier: Apache-2.0
"""Rows into sockets whose other end closes, resets, sleeps, lies, or has no name: nothing counts as delivered that is not."""

import os
import random
import re
import shutil
import signal
import socket
import struct
import threading
import time
import unittest

from harness import BUILD, ROOT, Daemon, Flow, Programs
from peers import Server, TlsServer, free_port, make_certificates

NAMES = os.path.join(ROOT, BUILD, "test/flow/libnames.so")
FILE_TO = "[global]\n{more}\nstack=in:FILE,out:{sink}\n[in]\npath=in.log\n[out]\nformat=raw\n{options}\n"


def receive(sock, size):
    got = b""
    while len(got) < size and (part := sock.recv(size - len(got))):
        got += part
    return got


def read_to_end(sock):
    while sock.recv(1 << 16):
        pass


class Sockets(Flow):
    def send(self, sink, options, rows, more="", **others):
        self.write("in.log", "".join(row + "\n" for row in rows))
        return self.run_config(FILE_TO.format(more=more, sink=sink, options=options), **others)

    def until(self, is_true, what, seconds=30):
        end = time.monotonic() + seconds
        while not is_true():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.002)

    def test_a_peer_that_ends_its_connections_gets_every_row(self):
        seed = random.randrange(1 << 30)
        print("seed", seed)
        draw = random.Random(seed)
        rows = [f"{n} " + "x" * draw.choice((0, 10, 3000)) for n in range(5000)]
        streams = []

        def serve(connection):
            """Takes a part, says that it has had enough, and then all that was on its way."""
            part = draw.randrange(1 << 20) if len(streams) < 20 else 1 << 40
            streams.append(b"")
            while part > len(streams[-1]) and (some := connection.recv(1 << 14)):
                streams[-1] += some
            connection.shutdown(socket.SHUT_WR)
            while some := connection.recv(1 << 16):
                streams[-1] += some

        server = Server(self, serve)
        sent = self.send("TCP", f"to=127.0.0.1:{server.port}\nframing=length32\nretry_most=10ms", rows)
        self.assertEqual(sent.line("out", "sink")["out"], len(rows))
        self.assertGreater(server.connections, 1)

        def seen():
            """So many rows have been read so far, from the first one on. The last may be read after their sender has ended."""
            count = 0
            for stream in streams:
                at = 0
                while at + 4 <= len(stream) and at + 4 + struct.unpack_from(">I", stream, at)[0] <= len(stream):
                    size = struct.unpack_from(">I", stream, at)[0]
                    number = int(stream[at + 4:at + 4 + size].split()[0])
                    self.assertEqual(stream[at + 4:at + 4 + size].decode(), rows[number])
                    self.assertLessEqual(number, count, "a row is missing")
                    count = max(count, number + 1)
                    at += 4 + size
            return count

        self.until(lambda: seen() == len(rows), "all rows")

    def test_a_peer_that_sleeps_makes_rows_wait_and_then_gets_them(self):
        awake = threading.Event()
        got = []

        def serve(connection):
            awake.wait(60)
            while some := connection.recv(1 << 16):
                got.append(some)

        server = Server(self, serve)
        rows = [f"{n} " + "x" * 1000 for n in range(20000)]
        threading.Timer(0.5, awake.set).start()
        sent = self.send("TCP", f"to=127.0.0.1:{server.port}", rows)
        self.assertNotIn("sink_waits", sent.log)
        self.assertEqual(server.connections, 1)
        text = "".join(row + "\n" for row in rows)
        self.until(lambda: sum(map(len, got)) >= len(text), "all rows")
        self.assertEqual(b"".join(got).decode(), text)

    def test_by_name_to_a_host_of_two_families(self):
        got = []
        server = Server(self, lambda connection: got.append(receive(connection, 4)))
        self.send("TCP", f"to=two.test:{server.port}", ["one"], env={"LD_PRELOAD": NAMES})
        self.until(lambda: got, "the row")
        self.assertEqual(got, [b"one\n"])

    def test_unix_streams_by_path_and_by_abstract_name(self):
        for address, name in ((self.path("sock"), self.path("sock")), (f"\0stook-{os.getpid()}", f"@stook-{os.getpid()}")):
            got = []
            server = Server(self, lambda connection, got=got: got.append(receive(connection, 6)), socket.AF_UNIX, address)
            sent = self.send("UNIX", f"to={name}\nframing=nul", ["a", "", "bc"])
            self.assertEqual(sent.line("out", "sink")["out"], 3)
            self.until(lambda got=got: got, "the rows")
            self.assertEqual(got, [b"a\0\0bc\0"])
            self.assertEqual(server.connections, 1)

    def datagrams(self, family, address, rows, options, sink):
        with socket.socket(family, socket.SOCK_DGRAM) as peer:
            peer.bind(address)
            where = peer.getsockname()
            to = f"127.0.0.1:{where[1]}" if family == socket.AF_INET else where
            result = []
            sender = threading.Thread(target=lambda: result.append(self.send(sink, f"to={to}\n{options}", rows, code=1)))
            sender.start()
            peer.settimeout(30)
            got = [peer.recv(1 << 20).decode() for _ in range(len(rows) - 1)]
            sender.join()
            peer.setblocking(False)
            with self.assertRaises(BlockingIOError):
                peer.recv(1 << 20)
        self.assertEqual(got, [row for row in rows if len(row) < 1 << 18])
        [sent] = result
        self.assertEqual(sent.line("out", "sink")["out"], len(rows) - 1)
        self.assertEqual(sum(sent.line("out", "sink")["dropped"].values()), 1)
        self.assertRegex(sent.log, r'event=sink_refused .*reason="a row of 262144 bytes is larger than a datagram, which is')

    def test_a_row_that_is_no_datagram_is_refused_and_its_neighbours_come(self):
        rows = ["first", "", "x" * (1 << 18), *(f"row {n}" for n in range(50))]
        self.datagrams(socket.AF_INET, ("127.0.0.1", 0), rows, "", "UDP")
        # Its queue holds ten datagrams or so: the sink waits for the peer.
        self.datagrams(socket.AF_UNIX, self.path("dgram"), rows, "type=datagram", "UNIX")

    def test_a_datagram_goes_to_the_address_of_a_name_where_somebody_listens(self):
        rows = [f"row {n}" for n in range(200)]
        for sink, options in (("UDP", ""), ("SYSLOG", "transport=udp")):
            with self.subTest(sink=sink), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
                peer.bind(("127.0.0.1", 0))
                peer.settimeout(30)
                sent = self.send(sink, f"to=two.test:{peer.getsockname()[1]}\n{options}", rows, env={"LD_PRELOAD": NAMES})
                self.assertEqual([peer.recv(1 << 16).decode() for _ in rows], rows)
                self.assertEqual(sent.line("out", "sink")["out"], len(rows))
                self.assertNotIn("sink_waits", sent.log)

    def test_wrong_options_are_said_in_words(self):
        make_certificates(self.path("certs"))
        os.chmod(self.path("certs/client.key"), 0o644)
        self.write("in.log", "")
        for sink, options, words in (
                ("TCP", "to=*:514", "to: `*:514` names every host; write one"),
                ("TCP", "to=logs:0", "to: `logs:0` has port 0, where nobody listens"),
                ("UDP", "to=/dev/log", "to: `/dev/log` is a unix socket"),
                ("SYSLOG", "to=/dev/log\ntls=yes", "tls: TLS goes over tcp only"),
                ("SYSLOG", "to=/dev/log\ntransport=udp", "transport: a unix socket takes stream or datagram"),
                ("TCP", "to=logs:1\ntls_ca=x", "tls_ca: has no use without TLS"),
                ("TCP", "to=logs:1\ntls=yes\ntls_ca=none.pem", "none.pem: No such file or directory"),
                ("TCP", "to=logs:1\ntls=yes\ntls_cert=certs/client.pem\ntls_key=certs/client.key",
                 "others may read or write")):
            with self.subTest(options=options):
                done = self.stook("run", self.write("stook.conf", FILE_TO.format(more="", sink=sink, options=options)))
                self.assertNotEqual(done.code, 0)
                self.assertIn(words, done.err)


class Hostile(Programs):
    def test_datagrams_wait_until_somebody_listens_and_go_on_elsewhere_when_he_dies(self):
        port = free_port(socket.SOCK_DGRAM)
        rows = [f"row {n}" for n in range(400)]
        self.write("in.log", "".join(row + "\n" for row in rows[:200]))
        daemon = Daemon(self, f"[global]\nstate_dir={self.dir}\nstack=in:TAIL,out:UDP\n[in]\npath=in.log\n"
                              f"start_at=beginning\n[out]\nto=two.test:{port}\nformat=raw\n", env={"LD_PRELOAD": NAMES})
        daemon.wait_for(lambda: f"two.test:{port} at 127.0.0.1:{port}: Connection refused" in daemon.log(), "rows wait")
        self.assertNotIn("sink_recovered", daemon.log())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.0.0.1", port))
            peer.settimeout(30)
            self.assertEqual([peer.recv(1 << 16).decode() for _ in rows[:200]], rows[:200])
        daemon.wait_for(lambda: "sink_recovered" in daemon.log(), "it goes on")
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as peer:
            peer.bind(("::1", port))
            peer.settimeout(30)
            self.write("in.log", "".join(row + "\n" for row in rows[200:]), "a")
            got = [peer.recv(1 << 16).decode()]
            while got[-1] != rows[-1]:
                got.append(peer.recv(1 << 16).decode())
        self.assertEqual(got, rows[-len(got):])
        self.assertGreater(len(got), 100, "more is lost than one call had sent")
        daemon.stop()

    def test_wrong_certificates_are_said_and_rows_wait_for_right_ones(self):
        folder = self.path("certs")
        make_certificates(folder)
        servers = {name: TlsServer(self, folder, name) for name in ("expired", "stranger", "misnamed")}
        self.write("in.log", "row 1\nrow 2\n")
        sinks = "".join(f"[{name}]\nto=127.0.0.1:{server.port}\ntls=yes\ntls_ca=certs/ca.pem\nformat=raw\n"
                        "retry_first=10ms\nretry_most=50ms\n" for name, server in servers.items())
        stacks = "".join(f"stack=in:TAIL,{name}:TCP\n" for name in servers)
        daemon = Daemon(self, f"[global]\nstate_dir={self.dir}\n{stacks}[in]\npath=in.log\nstart_at=beginning\n{sinks}")
        for name, words in (("expired", "has expired"), ("stranger", "is of an unknown CA"), ("misnamed", "is not for ")):
            daemon.wait_for(lambda name=name, words=words:
                            re.search(f"sink_misconfigured instance={name} .*{words}", daemon.log()), words)
        for server in servers.values():
            self.assertEqual(server.got, b"")
            server.use("server")
        daemon.wait_for(lambda: all(server.got == b"row 1\nrow 2\n" for server in servers.values()), "the rows")
        daemon.stop()

    def test_changed_certificates_are_used_after_a_hangup(self):
        folder = self.path("certs")
        make_certificates(folder)
        server = TlsServer(self, folder, "stranger")
        self.write("in.log", "row\n")
        os.symlink("ca.pem", f"{folder}/trusted.pem")
        daemon = Daemon(self, f"[global]\nstate_dir={self.dir}\nstack=in:TAIL,out:TCP\n[in]\npath=in.log\nstart_at=beginning\n"
                              f"[out]\nto=127.0.0.1:{server.port}\ntls=yes\ntls_ca=certs/trusted.pem\nformat=raw\n")
        daemon.wait_for(lambda: "is of an unknown CA" in daemon.log(), "it does not trust the peer")
        os.unlink(f"{folder}/trusted.pem")
        os.symlink("other.pem", f"{folder}/trusted.pem")
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: server.got == b"row\n", "the row")
        self.assertIn("event=certificates_reloaded instance=out", daemon.log())
        daemon.stop()

    def test_each_sink_says_what_a_hangup_came_to(self):
        make_certificates(self.path("certs"))
        shutil.copy(self.path("certs/ca.pem"), self.path("used.pem"))
        self.write("in.log", "")
        to = {"tcp": "to=127.0.0.1:1\ntls=yes", "forward": "to=127.0.0.1:1\ntls=yes", "ipfix": "dest=tls://127.0.0.1:1"}
        daemon = Daemon(self, f"[global]\nstate_dir={self.dir}\n" +
                        "".join(f"stack=in:TAIL,{name}:{name.upper()}\n" for name in to) + "[in]\npath=in.log\n" +
                        "".join(f"[{name}]\n{where}\ntls_ca=used.pem\n" for name, where in to.items()))
        for used, event in (("other.pem", "certificates_reloaded"), ("ca.key", "certificates_kept")):
            shutil.copy(self.path(f"certs/{used}"), self.path("used.pem"))
            daemon.signal(signal.SIGHUP)
            for name in to:
                daemon.wait_for(lambda line=f"event={event} instance={name}": line in daemon.log(), f"{event} of {name}")
        daemon.stop()

    def test_stop_is_in_time_while_name_handshake_and_connection_hang(self):
        silent = Server(self, read_to_end)
        asleep = Server(self, lambda connection: threading.Event().wait(60))
        deaf = socket.socket()
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        waiting = [socket.socket() for _ in range(3)]  # fill its queue, so that nobody else gets in
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
        self.write("in.log", "row\n")
        self.write("more.log", ("y" * 1000 + "\n") * 20000)
        to = {"shake": f"127.0.0.1:{silent.port}\ntls=yes\ntls_verify=no\nconnect_timeout=200ms",
              "name": "slow.test:514", "none": "nowhere.test:514", "deaf": f"127.0.0.1:{deaf.getsockname()[1]}"}
        daemon = Daemon(self, f"[global]\nstate_dir={self.dir}\nstop_timeout=300ms\nstack=more:TAIL,full:TCP\n" +
                        "".join(f"stack=in:TAIL,{name}:TCP\n" for name in to) +
                        f"[full]\nto=127.0.0.1:{asleep.port}\n[more]\npath=more.log\nstart_at=beginning\n"
                        "[in]\npath=in.log\nstart_at=beginning\n" +
                        "".join(f"[{name}]\nto={address}\n" for name, address in to.items()), env={"LD_PRELOAD": NAMES})
        for words in ("instance=name .*the name 'slow.test' has not been resolved", "event=name_unresolved name=nowhere.test",
                      "instance=none .*cannot resolve 'nowhere.test'", "instance=deaf .*connecting to 127.0.0.1",
                      "instance=shake .*the peer has not finished the handshake within 200 ms"):
            daemon.wait_for(lambda words=words: re.search(words, daemon.log()), words)
        self.until(lambda: asleep.connections, "a peer that reads nothing")
        start = time.monotonic()
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.process.wait(30), 1)
        self.assertLess(time.monotonic() - start, 9)  # connect_timeout is 10 s
        self.assertNotIn("sink_stuck", daemon.log())
        self.assertIn("event=not_delivered", daemon.log())
        self.assertEqual(daemon.log().count("event=name_unresolved"), 1)
        self.assertIn("balanced=yes", [line for line in daemon.log().splitlines() if "event=ledger_sum" in line][-1])
        for one in (*waiting, deaf):
            one.close()


if __name__ == "__main__":
    unittest.main()
