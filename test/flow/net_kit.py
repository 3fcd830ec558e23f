# SPDX-License-Identifier: Apache-2.0
"""What the tests of listening sources share: a daemon that says where it listens, and peers of all kinds."""

import json
import re
import socket
import time

from harness import Daemon, Programs

CONFIG = """
[global]
stack=in:{plugin}{parse},out:FILE
[in]
{options}
[out]
path=out.log
format=json
keys={keys}
"""


class Net(Programs):
    """Each test starts a daemon on ports that the kernel chooses, and looks at the rows in out.log."""

    def listen(self, plugin, options, keys="message,truncated,partial", parse="", **more):
        """The daemon, once it listens."""
        config = CONFIG.format(plugin=plugin, options=options, keys=keys, parse=parse and f",{parse}")
        return Daemon(self, config, **more)

    def addresses(self, daemon):
        """Where it listens, in the order of the configuration: (host, port), or a path."""
        found = []
        for address in re.findall(r"event=listening .*?address=(\S+)", daemon.log()):
            address = address.strip('"')
            host, _, port = address.rpartition(":")
            found.append(address if address[0] in "/@" else (host.strip("[]"), int(port)))
        return found

    def connect(self, daemon, which=0):
        """A stream to the address."""
        address = self.addresses(daemon)[which]
        if isinstance(address, str):
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(address.replace("@", "\0"))
        else:
            peer = socket.create_connection(address, timeout=30)
        peer.settimeout(30)
        self.addCleanup(peer.close)
        return peer

    def rows(self):
        """The rows so far; a line that is being written is not one yet."""
        try:
            text = self.read("out.log")
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def messages(self):
        return [row["message"] for row in self.rows()]

    def has_rows(self, daemon, count):
        daemon.wait_for(lambda: len(self.rows()) >= count, f"{count} rows")
        self.assertEqual(len(self.rows()), count)

    def is_closed(self, peer):
        """Waits until the daemon closes the connection."""
        try:
            while peer.recv(4096):
                pass
        except ConnectionResetError:
            pass
        return True

    def lost(self, daemon):
        """What the ledger says of the source, after the stop: what was dropped, by reason."""
        line = next(line for line in daemon.log().splitlines() if "event=ledger element=in " in line)
        return dict(re.findall(r"dropped_(\w+)=(\d+)", line))

    def wait(self, is_true, what):
        end = time.monotonic() + 30
        while not is_true():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.01)
