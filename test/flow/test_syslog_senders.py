# SPDX-License-Identifier: Apache-2.0
"""Syslog from programs that are not ours, over TLS and in numbers: rsyslogd with both of its TLS libraries, syslog-ng's loggen.

loggen is part of Debian's syslog-ng-core, which cannot be installed beside rsyslog. Its tests run where STOOK_LOGGEN names the
folder into which the package was unpacked: apt-get download syslog-ng-core && dpkg -x syslog-ng-core_*.deb FOLDER."""

import os
import subprocess
import unittest

from net_kit import Net
from peers import RSYSLOGD, make_certificates

RSYSLOG = """
global(workDirectory="{dir}" defaultNetstreamDriver="{driver}" defaultNetstreamDriverCAFile="{dir}/ca.pem"
       defaultNetstreamDriverCertFile="{dir}/{client}.pem" defaultNetstreamDriverKeyFile="{dir}/{client}.key")
module(load="imfile")
input(type="imfile" File="{dir}/in.log" Tag="app:" Severity="info" Facility="local0" PersistStateInterval="1")
action(type="omfwd" Target="127.0.0.1" Port="{port}" Protocol="tcp" TCP_Framing="{framing}" StreamDriver="{driver}"
       StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="{peer}"
       queue.type="LinkedList" queue.size="5000" action.resumeRetryCount="-1" action.resumeInterval="1")
"""


def has_driver(name):
    return any(os.path.exists(f"/usr/lib/{arch}-linux-gnu/rsyslog/lmnsd_{name}.so") for arch in ("x86_64", "aarch64"))


class Rsyslog(Net):
    def setUp(self):
        super().setUp()
        make_certificates(self.dir)

    def server(self):
        return self.listen("SYSLOG", f"tls=127.0.0.1:0\ntls_cert={self.path('server.pem')}\ntls_key={self.path('server.key')}\n"
                           f"tls_client_ca={self.path('ca.pem')}", parse="PARSE_SYSLOG", keys="message,app,parse_error")

    def relay(self, daemon, driver, framing="octet-counted", client="client", peer="logs.test"):
        """An rsyslogd that sends what is in in.log; it is ended by its own pid."""
        self.write("rsyslog.conf", RSYSLOG.format(dir=self.dir, driver=driver, port=self.addresses(daemon)[0][1],
                                                  framing=framing, client=client, peer=peer))
        with open(self.path("rsyslog.log"), "ab") as log:
            process = subprocess.Popen([RSYSLOGD, "-n", "-f", self.path("rsyslog.conf"), "-i", self.path("rsyslog.pid")],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.terminate()
            process.wait(60)

    def come_through(self, driver, framing):
        daemon = self.server()
        lines = [f"line {i} " + "x" * (i % 300) for i in range(2000)]
        self.write("in.log", "".join(line + "\n" for line in lines))
        relay = self.relay(daemon, driver, framing)
        self.has_rows(daemon, len(lines))
        self.end(relay)
        daemon.stop()
        self.assertEqual([row["message"].strip() for row in self.rows()], [line.strip() for line in lines])
        self.assertEqual([row for row in self.rows() if "parse_error" in row], [])

    @unittest.skipUnless(has_driver("ossl"), "rsyslog-openssl is not installed")
    def test_openssl_by_counted_octets(self):
        self.come_through("ossl", "octet-counted")

    @unittest.skipUnless(has_driver("gtls"), "rsyslog-gnutls is not installed")
    def test_gnutls_by_lines(self):
        self.come_through("gtls", "traditional")

    @unittest.skipUnless(has_driver("ossl"), "rsyslog-openssl is not installed")
    def test_a_client_that_nobody_vouches_for_is_turned_away(self):
        daemon = self.server()
        self.write("in.log", "evil\n")
        relay = self.relay(daemon, "ossl", client="stranger")
        daemon.wait_for(lambda: "event=tls_failed" in daemon.log(), "the refusal")
        self.end(relay)
        daemon.stop()
        self.assertEqual(self.rows(), [])


@unittest.skipUnless(os.path.isdir(os.environ.get("STOOK_LOGGEN", "")), "STOOK_LOGGEN names no folder with syslog-ng's loggen")
class Loggen(Net):
    def loggen(self, daemon, *words):
        root = os.path.join(os.environ["STOOK_LOGGEN"], "usr")
        host, port = self.addresses(daemon)[0]
        subprocess.run([os.path.join(root, "bin", "loggen"), "--quiet", "--size", "300", *words, host, str(port)],
                       check=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
                       env={"LD_LIBRARY_PATH": os.path.join(root, "lib", "syslog-ng"), "SYSLOGNG_PREFIX": root})

    def listen_by(self, option):
        return self.listen("SYSLOG", option, parse="PARSE_SYSLOG", keys="message,app,parse_error,truncated,partial")

    def check(self, daemon, count):
        self.has_rows(daemon, count)
        daemon.stop()
        for row in self.rows():
            self.assertEqual((row.get("app"), row["message"][:4]), ("prg00000", "seq:"), row)
            self.assertEqual(set(row), {"app", "message"})

    def test_the_new_form_by_counted_octets_on_many_connections(self):
        daemon = self.listen_by("tcp=127.0.0.1:0")
        self.loggen(daemon, "--inet", "--stream", "--syslog-proto", "--sdata", '[test name="value"]', "--active-connections", "10",
                    "--idle-connections", "20", "--number", "500", "--rate", "100000")
        self.check(daemon, 5000)

    def test_the_old_form_by_lines(self):
        daemon = self.listen_by("tcp=127.0.0.1:0")
        self.loggen(daemon, "--inet", "--stream", "--number", "5000", "--rate", "100000")
        self.check(daemon, 5000)

    def test_tls(self):
        make_certificates(self.dir)
        daemon = self.listen_by(f"tls=127.0.0.1:0\ntls_cert={self.path('server.pem')}\ntls_key={self.path('server.key')}")
        self.loggen(daemon, "--use-ssl", "--number", "5000", "--rate", "100000")
        self.check(daemon, 5000)


if __name__ == "__main__":
    unittest.main()
