# SPDX-License-Identifier: Apache-2.0
"""SPRINT: rows in a form of one's own, to all that `dest` names (S1-73)."""

import json
import socket
import threading
import unittest

from harness import Flow

CONFIG = """
[global]
stack=in:FILE,json:PARSE_JSON,out:SPRINT
[in]
path=in.log
[out]
form=<orig.ip.saddr> (<orig.l4.dport>|icmp <icmp.type>|-) <orig.raw.pktlen>+<reply.raw.pktlen>{end}
dest={dest}
{more}
"""
ROWS = [{"orig.ip.saddr": "192.0.2.1", "orig.l4.dport": 443, "orig.raw.pktlen": 100, "reply.raw.pktlen": 11},
        {"orig.ip.saddr": "192.0.2.2", "icmp.type": 8, "orig.raw.pktlen": 84, "reply.raw.pktlen": 84},
        {"orig.ip.saddr": "192.0.2.3", "orig.raw.pktlen": 1}]
LINES = ["192.0.2.1 443 111", "192.0.2.2 icmp 8 168", "192.0.2.3 - <>"]


class Sprint(Flow):
    def run_to(self, dest, end="\\n", more=""):
        self.write("in.log", "".join(json.dumps(row) + "\n" for row in ROWS))
        return self.run_config(CONFIG.format(dest=dest, end=end, more=more))

    def test_a_file_is_appended_to(self):
        for turn in (1, 2):
            self.run_to("file://out/flows.txt")
            self.assertEqual(self.read("out/flows.txt").splitlines(), LINES * turn)

    def test_the_standard_output(self):
        self.assertEqual(self.run_to("file://").out.splitlines(), LINES)

    def test_a_row_is_a_datagram(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.0.0.1", 0))
            peer.settimeout(30)
            self.run_to(f"udp://127.0.0.1:{peer.getsockname()[1]}", end="")
            self.assertEqual([peer.recv(1000).decode() for _ in LINES], LINES)

    def test_rows_of_a_stream_end_with_a_newline(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(30)
            data = []

            def serve():
                peer, _ = listener.accept()
                with peer:
                    peer.settimeout(30)
                    while part := peer.recv(1000):
                        data.append(part)

            peer = threading.Thread(target=serve)
            peer.start()
            self.run_to(f"tcp://127.0.0.1:{listener.getsockname()[1]}", end="")
            peer.join()
        self.assertEqual(b"".join(data).decode().splitlines(), LINES)

    def test_mistakes_are_told(self):
        self.write("in.log", "")
        for dest, form, reason in (("ftp://x", "<a>", "begins with none of file://"), ("file://x", "<a", "< has no >")):
            refused = self.stook("run", self.write("stook.conf", f"[global]\nstack=in:FILE,out:SPRINT\n[in]\npath=in.log\n[out]\ndest={dest}\nform={form}\n"))
            self.assertEqual(refused.code, 2, refused.err)
            self.assertIn(reason, refused.err)


if __name__ == "__main__":
    unittest.main()
