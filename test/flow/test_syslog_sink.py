# SPDX-License-Identifier: Apache-2.0
"""Syslog messages into rsyslogd: each way that it listens, and its death in the middle."""

import os
import socket
import time
import unittest

from harness import Daemon, Flow, Programs
from peers import RSYSLOGD, Rsyslog, free_port, is_bound, make_certificates

ROWS = 100
LINES = "".join(f"<{8 * (n % 24) + n % 8}>1 2026-11-21T03:38:00.25Z web{n} shop {n} ID{n} [a@1 n=\"{n}\"] row {n}\n"
                for n in range(ROWS))


def expected(message="row {n}"):
    return [f"{8 * (n % 24) + n % 8} 2026-11-21T03:38:00.25Z web{n} shop {n} ID{n} [a@1 n=\"{n}\"] " + message.format(n=n)
            for n in range(ROWS)]


@unittest.skipUnless(os.path.exists(RSYSLOGD), "no rsyslogd on this machine")
class IntoRsyslog(Flow):
    def send(self, options, text=LINES):
        self.write("in.log", text)
        return self.run_config("[global]\nstack=in:FILE,parse:PARSE_SYSLOG,out:SYSLOG\n[in]\npath=in.log\n"
                               f"[out]\n{options}\n")

    def check(self, peer, rows=None):
        rows = rows or expected()
        self.until(lambda: len(peer.rows()) >= len(rows), "all rows")
        self.assertEqual(peer.rows(), rows)

    def until(self, is_true, what, seconds=30):
        end = time.monotonic() + seconds
        while not is_true():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.005)

    def test_by_octets_and_by_lines(self):
        port = free_port()
        peer = Rsyslog(self, f'module(load="imtcp")\ninput(type="imtcp" address="127.0.0.1" port="{port}" ruleset="rows")')
        peer.start(port)
        sent = self.send(f"to=127.0.0.1:{port}")
        self.assertEqual(sent.line("out", "sink")["out"], ROWS)
        self.check(peer)
        self.send(f"to=127.0.0.1:{port}\nframing=lf")
        self.check(peer, expected() + expected())

    def test_a_message_of_two_lines_is_one_message(self):
        port = free_port()
        peer = Rsyslog(self, f'module(load="imtcp")\ninput(type="imtcp" address="127.0.0.1" port="{port}" ruleset="rows")')
        peer.start(port)
        self.run_config("[global]\nstack=in:FILE,parse:PARSE_JSON,out:SYSLOG\n[in]\npath="
                        + self.write("in.json", '{"message":"one\\n<0>1 - - - - - - two","host":"h","app":"a b"}\n') +
                        f"\n[out]\nto=127.0.0.1:{port}\nframing=lf\n")
        self.until(lambda: peer.rows(), "the row")
        self.assertRegex(peer.rows()[0], r"^13 \S+ h a_b - - - one\\n<0>1 - - - - - - two$")
        self.assertEqual(len(peer.rows()), 1)

    def test_by_udp_and_by_rfc_3164(self):
        port = free_port(socket.SOCK_DGRAM)
        ready = free_port()
        peer = Rsyslog(self, f'module(load="imudp")\ninput(type="imudp" address="127.0.0.1" port="{port}" ruleset="rows")\n'
                             f'module(load="imtcp")\ninput(type="imtcp" address="127.0.0.1" port="{ready}" ruleset="rows")')
        peer.start(ready)
        self.until(lambda: is_bound(port), "it listens on UDP")
        self.send(f"to=127.0.0.1:{port}\ntransport=udp")
        self.check(peer)
        self.send(f"to=127.0.0.1:{ready}\nrfc=3164")
        self.until(lambda: len(peer.rows()) == 2 * ROWS, "all rows")
        # What RFC 3164 has no place for is missing; rsyslogd takes the year from its clock.
        self.assertRegex(peer.rows()[ROWS + 7], r"^63 \d{4}-11-21T03:38:00\S* web7 shop 7 - -  row 7$")

    @unittest.skipUnless(os.path.exists("/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_ossl.so"), "no rsyslog-openssl here")
    def test_over_tls_with_client_certificates(self):
        make_certificates(self.path("certs"))
        port = free_port()
        peer = Rsyslog(self, f"""
global(defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{self.dir}/certs/ca.pem"
  defaultNetstreamDriverCertFile="{self.dir}/certs/server.pem" defaultNetstreamDriverKeyFile="{self.dir}/certs/server.key")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="rows")""")
        peer.start(port)
        sent = self.send(f"to=127.0.0.1:{port}\ntls=yes\ntls_ca=certs/ca.pem\ntls_name=logs.test\n"
                         "tls_cert=certs/client.pem\ntls_key=certs/client.key")
        self.assertEqual(sent.line("out", "sink")["out"], ROWS)
        self.check(peer)
        # A client that it does not know gets nothing through, and nothing counts as delivered.
        refused = self.stook("run", "--json", self.write("stook.conf", self.read("stook.conf").replace("client", "stranger")
                             .replace("[global]", "[global]\nstop_timeout=200ms").replace("[out]", "[out]\nretry_for=1ms")))
        self.assert_balanced(refused.report, refused.err)
        self.assertEqual(refused.line("out", "sink")["out"], 0, refused.err)
        self.assertIn("the peer does not know the CA of the certificate in tls_cert", refused.log)
        self.assertEqual(len(peer.rows()), ROWS)


@unittest.skipUnless(os.path.exists(RSYSLOGD), "no rsyslogd on this machine")
class RsyslogDies(Programs):
    def test_killed_and_begun_again_it_misses_nothing_that_was_written_meanwhile(self):
        port = free_port()
        peer = Rsyslog(self, f'module(load="imtcp")\ninput(type="imtcp" address="127.0.0.1" port="{port}" ruleset="rows")')
        peer.start(port)
        self.write("in.log", "")
        daemon = Daemon(self, f"[global]\nstate_dir={self.dir}\nstack=in:TAIL,out:SYSLOG\n[in]\npath=in.log\n"
                              f"[out]\nto=127.0.0.1:{port}\nretry_most=100ms\n")
        written = []

        def write(count):
            rows = [f"row {len(written) + n}" for n in range(count)]
            written.extend(rows)
            self.write("in.log", "".join(row + "\n" for row in rows), "a")

        def has_all():
            return [" ".join(row.split()[-2:]) for row in peer.rows()] == written

        write(300)
        daemon.wait_for(has_all, "the first rows")
        peer.kill()
        # A connection that has died in silence: the first row after it is not lost.
        peer.start(port)
        write(1)
        daemon.wait_for(has_all, "the row after the first death")
        peer.kill()
        write(300)
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "nobody is there")
        self.assertIn("Connection refused", daemon.log())
        peer.start(port)
        daemon.wait_for(has_all, "the rows of the time between")
        daemon.stop()
        [line] = [line for line in daemon.log().splitlines() if "event=ledger " in line and "kind=sink" in line]
        self.assertIn(f" out={len(written)} ", line)


if __name__ == "__main__":
    unittest.main()
