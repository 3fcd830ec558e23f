# SPDX-License-Identifier: Apache-2.0
"""The http sink over TLS: certificates that change under it, and what it says of those that are refused."""

import os
import shutil
import signal
import ssl
import unittest

from harness import Daemon, Programs
from http_peers import Answer, Peer, make_certificates, openssl, server_context

CONFIG = """
[global]
state_dir=.
stack=in:TAIL,out:HTTP
[in]
path=in.log
start_at=beginning
[out]
url={url}
tls_ca=used-ca.pem
tls_cert=used.pem
tls_key=used.key
format=raw
retry_first=20ms
retry_most=50ms
"""


class Certificates(Programs):
    def setUp(self):
        super().setUp()
        make_certificates(self)
        self.use("ca.pem", "client.pem", "client.key")

    def use(self, authority, certificate, key, mode=0o600):
        for name, used in ((authority, "used-ca.pem"), (certificate, "used.pem"), (key, "used.key")):
            shutil.copy(self.path(name), self.path(used))
        os.chmod(self.path("used.key"), mode)

    def demanding(self, most=ssl.TLSVersion.TLSv1_3):
        """A peer that asks for certificates of our CA, and ends the connection after each answer."""
        context = server_context(self)
        context.maximum_version = most
        context.load_verify_locations(self.path("ca.pem"))
        context.verify_mode = ssl.CERT_REQUIRED
        return Peer(self, lambda request: Answer(headers={"Connection": "close"}), context)

    def arrives(self, daemon, peer, row):
        self.write("in.log", row + "\n", "a")
        daemon.wait_for(lambda: peer.body().endswith(row.encode() + b"\n"), row)

    def test_files_that_break_leave_the_former_certificates_in_use(self):
        peer = self.demanding()
        self.write("in.log", "begin\n")
        daemon = Daemon(self, CONFIG.format(url=peer.url(scheme="https")))
        daemon.wait_for(lambda: peer.body() == b"begin\n", "the first row")
        self.write("used.pem", "half")
        self.arrives(daemon, peer, "a connection of its own, without a hangup")
        wrong = [("cut", "ca.pem", "in.log", "client.key", 0o600, "tls_cert: .* holds no certificate in PEM"),
                 ("open key", "ca.pem", "client.pem", "client.key", 0o644, "tls_key: others may read or write"),
                 ("another key", "ca.pem", "client.pem", "server.key", 0o600, "tls_key: .* is not the key of"),
                 ("no CA", "in.log", "client.pem", "client.key", 0o600, "tls_ca: .* holds no certificate in PEM")]
        for count, (name, *files, words) in enumerate(wrong, 1):
            with self.subTest(name):
                self.use(*files)
                daemon.signal(signal.SIGHUP)
                daemon.wait_for(lambda count=count: daemon.log().count("event=certificates_kept instance=out") == count, name)
                self.assertRegex(daemon.log(), f'event=certificates_kept instance=out reason="{words}')
                self.arrives(daemon, peer, name)
        self.use("ca.pem", "server.pem", "server.key")
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: "event=certificates_reloaded instance=out" in daemon.log(), "good files")
        self.arrives(daemon, peer, "with others")
        self.assertNotRegex(daemon.log(), "event=sink_(waits|misconfigured)")
        daemon.stop()

    def test_changed_certificates_are_used_after_a_hangup(self):
        peer = self.demanding()
        self.use("other.pem", "client.pem", "client.key")
        self.write("in.log", "row\n")
        daemon = Daemon(self, CONFIG.format(url=peer.url(scheme="https")))
        daemon.wait_for(lambda: "event=sink_misconfigured instance=out" in daemon.log(), "it does not trust the peer")
        self.use("ca.pem", "client.pem", "client.key")
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: peer.body() == b"row\n", "the row")
        self.assertIn("event=certificates_reloaded instance=out", daemon.log())
        daemon.stop()

    def test_what_the_peer_refuses_is_said_and_waits(self):
        openssl(self, "x509", "-req", "-in", "client.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "-1", "-out", "old.pem")
        openssl(self, "x509", "-req", "-in", "client.csr", "-CA", "other.pem", "-CAkey", "other.key", "-days", "2",
                "-out", "strange.pem")
        self.write("in.log", "row\n")
        shown = "tls_ca=ca.pem\ntls_cert={}\ntls_key=client.key\n"
        newest, older = self.demanding(), self.demanding(ssl.TLSVersion.TLSv1_2)
        handshake = "the peer refuses the handshake: no cipher in common, or no client certificate"
        cases = [(newest, "tls_ca=ca.pem\n", "the peer demands a client certificate; tls_cert names one"),
                 (newest, shown.format("old.pem"), "the peer says that the certificate shown to it has expired"),
                 (newest, shown.format("strange.pem"), "the peer does not know the CA of the certificate in tls_cert"),
                 (older, "tls_ca=ca.pem\n", handshake),
                 (older, shown.format("old.pem"), "the peer says that the certificate shown to it has expired"),
                 (older, shown.format("client.pem") + "tls_min=1.3\n", "the peer refuses this version of TLS"),
                 (Peer(self), "tls_ca=ca.pem\n", "the peer does not speak TLS"),
                 (newest, "tls_ca=other.pem\n", "the certificate of '127.0.0.1' is of an unknown CA")]
        for peer, options, words in cases:
            with self.subTest(words):
                url = peer.url(scheme="https")
                config = f"stack=in:FILE,out:HTTP\n[in]\npath=in.log\n[out]\nurl={url}\nformat=raw\nretry_for=200ms\n" + options
                for _ in range(3):  # the peer's word and the end of the connection come in any order
                    result = self.run_config("[global]\n" + config + "retry_first=10ms\nretry_most=50ms\n", code=1)
                    self.assertRegex(result.log, f'sink_misconfigured instance=out reason="POST {url}: TLS: {words}')
                    self.assertNotIn("event=sink_waits", result.log)
                self.assertEqual(peer.body(), b"")


if __name__ == "__main__":
    unittest.main()
