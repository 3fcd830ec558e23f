# SPDX-License-Identifier: Apache-2.0
"""The http source: what is taken, when it is answered, and what hostile peers get."""

import gzip
import http.client
import json
import os
import re
import resource
import select
import socket
import ssl
import subprocess
import threading
import time
import unittest

from harness import Daemon, Programs
from http_peers import Answer, Peer, make_certificates
from peers import free_port

CONFIG = """
[global]
state_dir=.
{more}
stack=in:HTTP,out:{out}
[in]
listen=127.0.0.1:{port}
{source}
[out]
{sink}
"""
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


def read_answer(sock):
    """(status, headers, body) of one answer, and no byte more; None when the connection ends before it."""
    head = b""
    try:
        while not head.endswith(b"\r\n\r\n"):
            byte = sock.recv(1)
            if not byte:
                return None
            head += byte
        lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        body = b""
        while len(body) < int(headers["Content-Length"]):
            more = sock.recv(int(headers["Content-Length"]) - len(body))
            if not more:  # of HEAD, before the end
                break
            body += more
    except OSError:
        return None
    return int(lines[0].split()[1]), headers, body


class Listening(Programs):
    def begin(self, source="", out="FILE", sink="path=out.log\nformat=raw", more=""):
        self.port = free_port()
        self.config = CONFIG.format(port=self.port, source=source, out=out, sink=sink, more=more)
        self.daemon = Daemon(self, self.config)
        return self.daemon

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port), 60)
        self.addCleanup(sock.close)
        return sock

    def post(self, body, kind="text/plain", path="/", headers=None):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.addCleanup(client.close)
        client.request("POST", path, body, {"Content-Type": kind, **(headers or {})})
        response = client.getresponse()
        return response.status, response.read().decode()

    def raw(self, *parts):
        sock = self.connect()
        for part in parts:
            sock.sendall(part)
        return read_answer(sock)

    def lines(self):
        return self.read("out.log").splitlines() if os.path.exists(self.path("out.log")) else []


class Requests(Listening):
    def test_what_is_answered_is_in_the_file(self):
        self.begin("max_line=64")
        self.assertEqual(self.post("one\r\ntwo\n\nthree"), (200, '{"rows":4}\n'))
        self.assertEqual(self.lines(), ["one", "two", "", "three"])
        self.assertEqual(self.post('{"a":1}\n\n{"a":2}\n', "application/x-ndjson"), (200, '{"rows":2}\n'))
        self.assertEqual(self.post('[{"b":1},\n {"b":[{}]}]', "application/json; charset=utf-8"), (200, '{"rows":2}\n'))
        self.assertEqual(self.post("", "application/json"), (200, '{"rows":0}\n'))
        self.assertEqual(self.lines()[4:], ['{"a":1}', '{"a":2}', '{"b":1}', '{"b":[{}]}'])
        self.assertEqual(self.post("x" * 1000)[0], 200)
        self.assertEqual(self.lines()[8:], ["x" * 64])
        self.daemon.stop()

    def test_packed_bodies_and_chunks(self):
        self.begin()
        text = b"".join(b"line %d\n" % n for n in range(20000))
        packed = gzip.compress(text[:70000]) + gzip.compress(text[70000:])
        self.assertEqual(self.post(packed, headers={"Content-Encoding": "gzip"}), (200, '{"rows":20000}\n'))
        packed = subprocess.run(["zstd", "-q", "-c"], input=text, capture_output=True, check=True).stdout
        self.assertEqual(self.post(packed, headers={"Content-Encoding": "zstd"}), (200, '{"rows":20000}\n'))
        self.assertEqual(self.post(iter([text[:5], text[5:90000], text[90000:]])), (200, '{"rows":20000}\n'))
        self.assertEqual("".join(line + "\n" for line in self.lines()).encode(), 3 * text)
        self.daemon.stop()

    def test_a_request_with_a_wrong_record_is_refused_as_a_whole(self):
        self.begin()
        self.assertEqual(self.post('{"a":1}\n\n[2]\n{"a":3}', "application/x-ndjson"),
                         (400, "record 2: the line is no JSON object\n"))
        self.assertEqual(self.post('[{"a":1},{"a":2},{"a":[}]', "application/json")[0:2],
                         (400, "record 3: its brackets or quotes do not end, or it is deeper than 64 levels\n"))
        self.assertEqual(self.post('[{"a":1}', "application/json"),
                         (400, "record 2: it is not there, and the array does not end\n"))
        self.assertEqual(self.post('[{"a":1}]x', "application/json"),
                         (400, "record 2: it stands behind the end of the array\n"))
        self.assertEqual(self.post("<a>", "text/xml")[0], 200)
        self.assertEqual(self.post("?", "image/png")[0], 415)
        self.daemon.stop()
        self.assertEqual(self.lines(), ["<a>"])

    def test_many_requests_on_one_connection_sent_at_once(self):
        self.begin()
        sock = self.connect()
        sock.sendall(b"".join(HEAD + b"Content-Length: 2\r\n\r\n%d\n" % (n % 10) for n in range(200)))
        statuses = [read_answer(sock)[0] for _ in range(200)]
        self.assertEqual(statuses, [200] * 200)
        self.assertEqual(self.lines(), [str(n % 10) for n in range(200)])
        self.daemon.stop()

    def test_health_paths_tokens_and_100_continue(self):
        self.write("token", "s3cret\n")
        self.begin(f"path=/rows\ntoken=file:{self.path('token')}")
        self.assertEqual(self.raw(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")[::2], (200, b"ok\n"))
        self.assertEqual(self.raw(b"HEAD /health HTTP/1.0\r\n\r\n")[0], 200)
        self.assertEqual(self.post("a", path="/other")[0], 404)
        self.assertEqual(self.raw(b"GET /rows HTTP/1.1\r\nHost: x\r\n\r\n")[0], 405)
        self.assertEqual(self.raw(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")[::2], (405, b"rows come by POST\n"))
        self.assertEqual(self.raw(b"POST http://x/rows?a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer s3cret\r\n"
                                  b"Content-Length: 2\r\n\r\nc\n")[0], 200)
        for token in (None, "Bearer", "Bearer s3cre", "Bearer s3crett", "Basic s3cret"):
            self.assertEqual(self.post("a", path="/rows", headers={"Authorization": token} if token else {})[0], 401)
        self.assertEqual(self.post("a", path="/rows", headers={"Authorization": "Bearer s3cret"})[0], 200)
        sock = self.connect()
        sock.sendall(b"POST /rows HTTP/1.1\r\nHost: x\r\nAuthorization: bearer s3cret\r\nContent-Length: 1\r\n"
                     b"Expect: 100-continue\r\n\r\n")
        self.assertTrue(sock.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n"))
        sock.sendall(b"b")
        self.assertEqual(read_answer(sock)[0], 200)
        self.daemon.stop()
        self.assertEqual(self.lines(), ["c", "a", "b"])
        self.assertRegex(self.daemon.log(), r"event=ledger element=in .* answers_2xx=5 answers_4xx=8\n")
        self.assertNotIn("s3cret", self.daemon.log())


class Hostile(Listening):
    def test_each_limit_has_its_answer_and_neighbours_lose_nothing(self):
        self.begin("body=100kB\nunpacked=300kB")
        neighbour = self.connect()
        bomb = gzip.compress(b"x" * 50_000_000, 9)
        cases = [
            (b"POST / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 20000, 431),
            (HEAD + b"A: b\r\n" * 200 + b"\r\n", 431),
            (HEAD + b"\r\n", 411),
            (HEAD + b"Content-Length: 100001\r\n\r\n", 413),
            (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b"x" * 4096 + b"\r\n" + (
                b"1000\r\n" + b"x" * 4096 + b"\r\n") * 30, 413),
            (HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb, 413),
            (HEAD + b"Transfer-Encoding: chunked\r\n\r\n000000001\r\nx\r\n0\r\n\r\n", 400),
            (HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffff0\r\n", 400),
            (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
            (HEAD + b"Content-Length: -5\r\n\r\n", 400),
            (HEAD + b"Content-Length: 5\nX: y\r\n\r\n", 400),
            (HEAD + b"Content-Length : 5\r\n\r\nabcde", 400),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
            (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd", 400),
            (HEAD + b"Content-Encoding: br\r\nContent-Length: 4\r\n\r\nabcd", 415),
            (b"POST / HTTP/3.0\r\nHost: x\r\n\r\n", 505),
        ]
        for request, status in cases:
            with self.subTest(request[:80]):
                answer = self.raw(request)
                self.assertIsNotNone(answer)
                self.assertEqual(answer[0], status)
        neighbour.sendall(HEAD + b"Content-Length: 5\r\n\r\nmine\n")
        self.assertEqual(read_answer(neighbour)[0], 200)
        self.daemon.stop()
        self.assertEqual(self.lines(), ["mine"])
        self.assertIn("event=http_refused", self.daemon.log())

    def test_slow_and_silent_peers_are_closed(self):
        self.begin("first_byte=1s\nunfinished=1s\nidle=1s")
        silent = [self.connect() for _ in range(50)]
        late = []
        for begin in (b"POST / HT", HEAD + b"Content-Length: 50\r\n\r\nabc"):
            for _ in range(50):
                late.append(self.connect())
                late[-1].sendall(begin)  # at once: there is a second for the first byte
        kept = self.connect()
        kept.sendall(HEAD + b"Content-Length: 2\r\n\r\na\n")
        self.assertEqual(read_answer(kept)[0], 200)
        self.assertEqual({read_answer(sock) for sock in silent}, {None})
        self.assertEqual({read_answer(sock)[0] for sock in late}, {408})
        self.assertEqual(kept.recv(1), b"")
        self.assertEqual(self.post("b\n")[0], 200)
        self.daemon.stop()
        self.assertEqual(self.lines(), ["a", "b"])
        told = re.findall(r'level=warning event=connection_silent instance=in peer=127.0.0.1:\d+ reason="?([a-z ]+)"? suppressed=(\d+)',
                          self.daemon.log())
        self.assertEqual(len(told), 10)  # of fifty: the log is not flooded
        self.assertEqual({reason for reason, _ in told}, {"nothing was sent"})

    def test_what_is_silent_is_said(self):
        make_certificates(self)
        for source, sent, level, reason in (
                ("", b"", "warning", "nothing was sent"),
                ("", HEAD + b"Content-Length: 2\r\n\r\na\n", "info", "silence"),
                ("path=/rows\n", HEAD + b"Content-Length: 50\r\n\r\nabc", "warning", "silence within a body"),
                ("tls=yes\ntls_cert=server.pem\ntls_key=server.key\n", b"", "warning", "no handshake")):
            with self.subTest(reason):
                self.begin("first_byte=1s\nunfinished=1s\nidle=1s\n" + source, more="loglevel=info")
                sock = self.connect()
                sock.sendall(sent)
                if sent:
                    self.assertIn(read_answer(sock)[0], (200, 404))
                self.assertEqual(sock.recv(1), b"")
                host, port = sock.getsockname()
                words = f'"{reason}"' if " " in reason else reason
                self.assertIn(f"level={level} event=connection_silent instance=in peer={host}:{port} reason={words} suppressed=0",
                              self.daemon.log())
                self.daemon.stop()

    def test_a_limit_is_kept_within_a_second(self):
        self.begin("first_byte=1s")
        took, late = [], 0.0

        def wait():
            """Sleeps, and adds up how much longer that took on a machine that is held up."""
            nonlocal late
            begin = time.monotonic()
            time.sleep(0.05)
            late += max(0, time.monotonic() - begin - 0.1)

        def stay():
            start = time.monotonic()
            self.assertIsNone(read_answer(self.connect()))
            took.append(time.monotonic() - start)
        peers = [threading.Thread(target=stay) for _ in range(2)]
        for peer in peers:
            peer.start()
            for _ in range(10):  # half of the second between two looks
                wait()
        while any(peer.is_alive() for peer in peers):
            wait()
        self.assertGreaterEqual(min(took), 0.9)
        self.assertLess(min(took), 1.9 + late)
        self.daemon.stop()

    def test_connections_beyond_the_limits(self):
        self.begin("connections=20\nconnections_per_address=10")
        kept = [self.connect() for _ in range(10)]
        for sock in kept:  # all are accepted
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(read_answer(sock)[0], 200)
        self.assertIsNone(self.raw(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"))
        self.assertIn("event=connection_refused", self.daemon.log())
        kept.pop().close()
        self.until(lambda: self.raw(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n") is not None, "room for one")
        self.daemon.stop()
        self.assertRegex(self.daemon.log(), r"event=ledger element=in .* refused_connections=[1-9]")

    def test_without_descriptors_peers_are_closed_and_others_go_on(self):
        self.begin()
        neighbour = self.connect()
        neighbour.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(read_answer(neighbour)[0], 200)
        pid = self.daemon.process.pid
        limit = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")) + 2, limit[1]))
        crowd = [self.connect() for _ in range(10)]
        self.daemon.wait_for(lambda: "event=accept_failed" in self.daemon.log(), "there are no descriptors")
        neighbour.sendall(HEAD + b"Content-Length: 2\r\n\r\na\n")
        self.assertEqual(read_answer(neighbour)[0], 200)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)
        for sock in crowd:
            sock.close()
        self.assertEqual(self.post("b\n")[0], 200)
        self.daemon.stop()
        self.assertEqual(self.lines(), ["a", "b"])
        self.assertEqual(self.daemon.log().count("event=accept_failed"), 1)


class Durable(Listening):
    """Rows go to a server that answers when the test says so."""

    def begin_held(self, source="", more=""):
        self.gate = threading.Event()
        self.arrived = threading.Event()

        def hold(_):
            self.arrived.set()
            self.gate.wait(60)
            return Answer()
        self.peer = Peer(self, hold)
        self.addCleanup(self.gate.set)
        self.begin(source, "HTTP", f"url={self.peer.url()}\nformat=raw\n", more)

    def test_the_answer_waits_for_the_sink(self):
        self.begin_held()
        sock = self.connect()
        sock.sendall(HEAD + b"Content-Length: 4\r\n\r\none\n")
        self.assertTrue(self.arrived.wait(60))
        self.assertEqual(select.select([sock], [], [], 0.05)[0], [])
        self.gate.set()
        self.assertEqual(read_answer(sock)[0], 200)
        self.daemon.stop()
        self.assertEqual(self.peer.body(), b"one\n")

    def test_back_pressure_is_429_and_connections_stay(self):
        self.begin_held()
        waiting, answered = [], []
        text = b"x" * 99 + b"\n"
        while not answered:
            sock = self.connect()
            sock.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (100 * 1000) + 1000 * text)
            waiting.append(sock)
            answered = select.select(waiting, [], [], 0.05)[0]
            self.assertLess(len(waiting), 200)
        refused = answered[0]
        waiting.remove(refused)
        status, headers, _ = read_answer(refused)
        self.assertEqual((status, headers["Retry-After"]), (429, "1"))
        self.gate.set()
        statuses = [read_answer(sock)[0] for sock in waiting]  # a refusal may have been on its way while the next one was sent
        self.assertLessEqual({200}, set(statuses))
        self.assertLessEqual(set(statuses), {200, 429})
        sent = 1000 * statuses.count(200)
        # The same connection, after the body that was not wanted.
        refused.sendall(HEAD + b"Content-Length: 100\r\n\r\n" + text)
        self.assertEqual(read_answer(refused)[0], 200)
        self.daemon.stop()
        self.assertEqual(self.peer.body(), (sent + 1) * text)

    def test_a_stop_answers_what_it_delivers(self):
        self.begin_held()
        sock = self.connect()
        sock.sendall(HEAD + b"Content-Length: 4\r\n\r\none\n")
        self.assertTrue(self.arrived.wait(60))
        self.daemon.signal(15)
        self.until(lambda: self.connection_is_refused(), "nobody listens any more")
        self.gate.set()
        self.assertEqual(read_answer(sock)[0], 200)
        self.assertEqual(self.daemon.process.wait(30), 0)

    def test_another_configuration_takes_over_the_address(self):
        self.begin()
        stop = threading.Event()
        answered, failures = [], []

        def send(first):
            number = first
            while not stop.is_set():
                try:
                    status = self.post(f"{number}\n")[0]
                except ConnectionRefusedError as error:
                    failures.append(error)
                    return
                except (OSError, http.client.HTTPException):
                    continue  # its connection was closed without an answer: it is sent again
                if status == 200:
                    answered.append(str(number))
                    number += 4
        threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for reload in range(1, 4):
            before = len(answered)
            self.until(lambda at=before: len(answered) > at + 20, "requests are answered")
            self.write("stookd.conf", self.config.replace("[out]", f"idle={reload}m\n[out]"))
            self.daemon.signal(1)
            self.daemon.wait_for(lambda count=reload: self.daemon.log().count("event=reloaded") == count, "reloaded")
        stop.set()
        for thread in threads:
            thread.join()
        self.daemon.stop()
        self.assertEqual(failures, [])
        self.assertLessEqual(set(answered), set(self.lines()))

    def connection_is_refused(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return True
        return False

    def test_a_daemon_that_is_killed_has_delivered_what_it_answered(self):
        self.begin()
        answered = []
        stop = threading.Event()

        def send(first):
            number = first
            while not stop.is_set():
                try:
                    if self.post(f"{number}\n")[0] == 200:
                        answered.append(str(number))
                        number += 4
                except (OSError, http.client.HTTPException):
                    pass
        threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            before = len(answered)
            self.until(lambda at=before: len(answered) > at + 20, "requests are answered")
            self.daemon.kill()
            self.daemon = Daemon(self, self.config)
        stop.set()
        for thread in threads:
            thread.join()
        self.daemon.stop()
        self.assertLessEqual(set(answered), set(self.lines()))


class Tls(Listening):
    def test_tls_with_client_certificates(self):
        make_certificates(self)
        self.begin("tls=yes\ntls_cert=server.pem\ntls_key=server.key\ntls_client_ca=ca.pem")
        context = ssl.create_default_context(cafile=self.path("ca.pem"))
        context.load_cert_chain(self.path("client.pem"), self.path("client.key"))
        with context.wrap_socket(self.connect(), server_hostname="127.0.0.1") as sock:
            text = b"x" * 99 + b"\n"
            for _ in range(3):
                sock.sendall(HEAD + b"Content-Length: 300000\r\n\r\n" + 3000 * text)
                self.assertEqual(read_answer(sock)[0], 200)
            sock.sendall(2 * (HEAD + b"Content-Length: 2\r\n\r\na\n"))
            self.assertEqual([read_answer(sock)[0], read_answer(sock)[0]], [200, 200])
        bare = ssl.create_default_context(cafile=self.path("ca.pem"))
        with self.assertRaises(OSError):
            with bare.wrap_socket(self.connect(), server_hostname="127.0.0.1") as sock:
                sock.sendall(HEAD + b"Content-Length: 2\r\n\r\nb\n")
                if read_answer(sock) is None:
                    raise OSError
        self.assertIsNone(self.raw(HEAD + b"Content-Length: 2\r\n\r\nc\n"))
        self.daemon.stop()
        self.assertEqual(len(self.lines()), 9002)
        self.assertRegex(self.daemon.log(), r"event=ledger element=in .* tls_failures=2 answers_2xx=5\n")


if __name__ == "__main__":
    unittest.main()
