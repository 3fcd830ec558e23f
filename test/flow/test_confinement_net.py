# SPDX-License-Identifier: Apache-2.0
"""That the rights which stookd keeps for packets and netfilter suffice, with a user that has no other. Catalogue: S0-16."""

import os
import pwd
import subprocess
import sys
import unittest

import netns_kit
from harness import Daemon, Programs

WHY_NOT = netns_kit.enter(with_users=True)
WHY_NOT = WHY_NOT or netns_kit.prepare()
if WHY_NOT:
    print("skipped:", WHY_NOT)

NOBODY = pwd.getpwnam("nobody")
NET_ADMIN, NET_RAW, SYS_ADMIN = 1 << 12, 1 << 13, 1 << 21
NFLOG = """
[global]
user=nobody
stack=in:NFLOG,out:FILE
[in]
group=5
netlink_qthreshold=1
netlink_socket_buffer_size=16777216
{more}
[out]
path=out.log
format=json
"""
PACKET = """
[global]
stack=live:PACKET,packets:FILE
[live]
interface=lo
[packets]
path=packets.log
format=json
keys=raw.pktlen,oob.ifindex_in,oob.ifindex_out
"""
SEND = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); [s.sendto(b'x', ('127.0.0.2', 5000)) for i in range({count})]"


@unittest.skipIf(WHY_NOT, WHY_NOT)
class ConfinementNet(Programs):
    def setUp(self):
        super().setUp()
        os.chmod(self.dir, 0o755)
        os.chown(self.dir, NOBODY.pw_uid, NOBODY.pw_gid)
        self.addCleanup(subprocess.run, ["nft", "flush", "ruleset"], check=False)

    def assert_threads(self, daemon, capabilities):
        for thread in self.threads(daemon.process.pid):
            self.assertEqual(thread["Uid"].split(), [str(NOBODY.pw_uid)] * 4, thread["Name"])
            for name in ("CapEff", "CapPrm"):
                self.assertEqual(int(thread[name], 16), capabilities, (thread["Name"], name))
            for name in ("CapInh", "CapBnd", "CapAmb"):
                self.assertEqual(int(thread[name], 16), 0, (thread["Name"], name))

    def count(self, name):
        return len(netns_kit.rows(self, name))

    def test_packets_that_rules_log_and_packets_of_an_interface(self):
        netns_kit.rules("udp dport 5000 log group 5")
        daemon = Daemon(self, NFLOG.format(more="") + PACKET)
        self.assert_threads(daemon, NET_ADMIN | NET_RAW)
        self.assertIn('user=nobody capabilities="CAP_NET_ADMIN CAP_NET_RAW"', daemon.log())
        self.assertNotIn("event=rcvbuf_small", daemon.log())
        netns_kit.send(100)
        daemon.wait_for(lambda: self.count("out.log") == 100, "what the rule logs")
        daemon.wait_for(lambda: self.count("packets.log") >= 100, "what passes lo")
        daemon.stop()
        self.assertEqual(os.stat(self.path("out.log")).st_uid, NOBODY.pw_uid)

    def test_another_namespace(self):
        name = f"stook-{os.getpid()}"
        if not netns_kit.works("ip", "netns", "add", name):
            self.skipTest("no named namespace can be made here")
        self.addCleanup(subprocess.run, ["ip", "netns", "delete", name], check=False)
        subprocess.run(["ip", "netns", "exec", name, "ip", "link", "set", "lo", "up"], check=True)
        netns_kit.rules("udp dport 5000 log group 5", netns=name)
        daemon = Daemon(self, NFLOG.format(more=f"netns={name}"))
        self.assert_threads(daemon, NET_ADMIN | SYS_ADMIN)
        daemon.wait_for(lambda: "event=listening instance=in" in daemon.log(), "it listens there")
        subprocess.run(["ip", "netns", "exec", name, sys.executable, "-c", SEND.format(count=1)], check=True)
        daemon.wait_for(lambda: self.count("out.log") >= 1, "a packet there")
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
