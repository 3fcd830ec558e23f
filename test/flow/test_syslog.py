# SPDX-License-Identifier: Apache-2.0
"""Syslog from the peers that people have: logger(1), syslog(3) and rsyslogd, by every transport."""

import os
import shutil
import socket
import ssl
import subprocess
import syslog
import unittest

from net_kit import Net

RSYSLOG = """
global(workDirectory="{dir}")
module(load="imfile")
input(type="imfile" File="{dir}/in.log" Tag="app:" Severity="info" Facility="local0" PersistStateInterval="1")
action(type="omfwd" Target="127.0.0.1" Port="{port}" Protocol="tcp" TCP_Framing="{framing}"
       queue.type="LinkedList" queue.size="5000" action.resumeRetryCount="-1")
"""


class Logger(Net):
    def logger(self, *words):
        subprocess.run(["logger", "-t", "app", *words], check=True, timeout=30)

    def where(self, daemon, which=0):
        host, port = self.addresses(daemon)[which]
        return ["-n", host, "-P", str(port)]

    def test_every_transport_and_form(self):
        daemon = self.listen("SYSLOG", f"udp=127.0.0.1:0\ntcp=127.0.0.1:0\nunix={self.path('log')}\nunix_stream={self.path('logs')}",
                             parse="PARSE_SYSLOG", keys="message,app,parse_error,host,facility,severity")
        order = {"tcp": 0, "logs": 1, "udp": 2, "log": 3}  # streams are opened first
        count = 0
        for words in ([*self.where(daemon, order["tcp"]), "-T", "--octet-count"], [*self.where(daemon, order["tcp"]), "-T"],
                      [*self.where(daemon, order["tcp"]), "-T", "--rfc3164"], [*self.where(daemon, order["udp"]), "-d"],
                      [*self.where(daemon, order["udp"]), "-d", "--rfc3164"], ["-u", self.path("log")]):
            self.logger(*words, "-p", "local1.warning", f"12 monkeys, number {count}")
            count += 1
            self.has_rows(daemon, count)
        daemon.stop()
        for number, row in enumerate(self.rows()):
            self.assertIn(f"12 monkeys, number {number}", row["message"])
            self.assertNotIn("parse_error", row)

    def test_syslog_3_by_dev_log(self):
        daemon = self.listen("SYSLOG", f"unix={self.path('log')}", parse="PARSE_SYSLOG", keys="message,peer.pid,parse_error")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:  # as glibc writes it
            peer.connect(self.path("log"))
            peer.send(b"<%d>Feb  3 04:05:06 app[%d]: hello" % (syslog.LOG_USER | syslog.LOG_INFO, os.getpid()))
        self.has_rows(daemon, 1)
        daemon.stop()
        self.assertEqual(self.rows(), [{"message": "hello", "peer.pid": os.getpid()}])


@unittest.skipUnless(shutil.which("rsyslogd") or os.path.exists("/usr/sbin/rsyslogd"), "rsyslog is not installed")
class Rsyslog(Net):
    def relay(self, framing):
        daemon = self.listen("SYSLOG", "tcp=127.0.0.1:0", parse="PARSE_SYSLOG", keys="message,app,parse_error")
        lines = [f"line {i} " + "x" * (i % 300) for i in range(2000)]
        self.write("in.log", "".join(line + "\n" for line in lines))
        self.write("rsyslog.conf", RSYSLOG.format(dir=self.dir, port=self.addresses(daemon)[0][1], framing=framing))
        with open(self.path("rsyslog.log"), "wb") as log:
            relay = subprocess.Popen(["/usr/sbin/rsyslogd", "-n", "-f", self.path("rsyslog.conf"), "-i", self.path("rsyslog.pid")],
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.has_rows(daemon, len(lines))
        finally:
            relay.terminate()
            relay.wait(30)
        daemon.stop()
        self.assertEqual([row["message"].strip() for row in self.rows()], [line.strip() for line in lines])
        self.assertEqual([row for row in self.rows() if "parse_error" in row], [])

    def test_by_lines(self):
        self.relay("traditional")

    def test_by_counted_octets(self):
        self.relay("octet-counted")


class Tls(Net):
    def setUp(self):
        super().setUp()
        self.certificate("server")

    def certificate(self, name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-keyout", self.path(name + ".key"), "-out", self.path(name + ".pem"), "-subj", "/CN=" + name,
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True, timeout=60)
        os.chmod(self.path(name + ".key"), 0o600)

    def server(self, more=""):
        return self.listen("SYSLOG", f"tls=127.0.0.1:0\ntls_cert={self.path('server.pem')}\ntls_key={self.path('server.key')}\n{more}")

    def wrap(self, daemon, client=None, version=None, by="server"):
        context = ssl.create_default_context(cafile=self.path(by + ".pem"))
        if client:
            context.load_cert_chain(self.path(client + ".pem"), self.path(client + ".key"))
        if version:
            context.maximum_version = version
        peer = context.wrap_socket(self.connect(daemon), server_hostname="127.0.0.1")
        self.addCleanup(peer.close)
        return peer

    def say_goodbye(self, peer):
        """Waits until the other side closes. Who has shown a certificate has tickets unread, which make a bare close a reset."""
        try:
            peer.unwrap()
        except TimeoutError:
            raise
        except OSError:
            pass

    def test_records_come_through_beside_peers_that_shake_no_hands(self):
        daemon = self.server("first_byte=4s")
        half_open = [self.connect(daemon) for _ in range(130)]
        garbage = self.connect(daemon)
        garbage.sendall(b"<13>this is no TLS\n" * 10)
        for count, version in enumerate((ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3), 1):
            with self.wrap(daemon, version=version) as peer:
                peer.sendall(b"".join(b"1004 " + b"%4d" % i + b"x" * 1000 for i in range(300)))
            self.has_rows(daemon, count * 300)  # what comes by two connections at once has no order
        self.assertTrue(self.is_closed(garbage))
        self.assertIn("event=tls_failed", daemon.log())
        for peer in half_open:
            self.assertTrue(self.is_closed(peer))
        daemon.stop()
        self.assertEqual([int(row["message"][:4]) for row in self.rows()], 2 * list(range(300)))

    def test_a_peer_that_only_writes_and_closes_loses_nothing(self):
        daemon = self.server()
        rows = 3000
        burst = b"".join(b"1004 %4d" % i + b"x" * 1000 for i in range(rows))
        for count, version in enumerate((ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3), 1):
            with self.wrap(daemon, version=version) as peer:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
                peer.sendall(burst)  # and close(2) with most of it unsent, and nothing ever read
            self.has_rows(daemon, count * rows)
        daemon.stop()

    def test_a_goodbye_is_answered(self):
        daemon = self.server()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            peer = self.wrap(daemon, version=version)
            peer.sendall(b"<13>bye\n")
            peer.unwrap()  # waits for the other side's goodbye, and throws at a bare end
        self.has_rows(daemon, 2)
        daemon.stop()

    def test_peers_without_the_right_certificate_are_refused(self):
        self.certificate("client")
        self.certificate("other")
        daemon = self.server(f"tls_client_ca={self.path('client.pem')}")
        for client in (None, "other"):
            with self.assertRaises((ssl.SSLError, ConnectionError)), self.wrap(daemon, client) as peer:
                peer.sendall(b"<13>evil\n")
                while peer.recv(100):
                    pass
                raise ConnectionError("closed without an alert")
        with self.wrap(daemon, "client") as peer:
            peer.sendall(b"<13>good\n")
            self.say_goodbye(peer)
        self.has_rows(daemon, 1)
        daemon.stop()
        self.assertEqual(self.messages(), ["<13>good"])
        self.assertRegex(daemon.log(), r"event=ledger element=in .* tls_failures=2\b")

    def test_sighup_takes_a_new_certificate_and_keeps_connections(self):
        daemon = self.server()
        before = self.wrap(daemon)
        before.sendall(b"<13>one\n")
        self.has_rows(daemon, 1)
        self.certificate("server")
        daemon.signal(1)
        daemon.wait_for(lambda: "event=reloaded" in daemon.log(), "the reload")
        before.sendall(b"<13>two\n")
        self.has_rows(daemon, 2)
        with self.wrap(daemon) as after:
            after.sendall(b"<13>three\n")
        self.has_rows(daemon, 3)
        daemon.stop()

    def test_a_reload_that_changes_tls_keeps_connections(self):
        def options(name):
            secure = f"tls=yes\ntls_cert={self.path(name + '.pem')}\ntls_key={self.path(name + '.key')}\n" if name else ""
            return f"listen=127.0.0.1:0\n{secure}"

        self.certificate("other")
        daemon = self.listen("TCP", options("server"))
        text = self.read("stookd.conf")
        peers = [self.wrap(daemon)]
        for number, name in enumerate(("other", None, "server"), 1):
            self.write("stookd.conf", text.replace(options("server"), options(name)))
            daemon.signal(1)
            daemon.wait_for(lambda: daemon.log().count("event=reloaded") == number, "the reload")
            peers.append(self.wrap(daemon, by=name) if name else self.connect(daemon))
            for peer in peers:
                peer.sendall(b"a row\n")
            self.has_rows(daemon, sum(range(2, number + 2)))
        self.assertEqual(len(set(self.addresses(daemon))), 1)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
