# SPDX-License-Identifier: Apache-2.0
"""Members of groups that are killed and revived while rows flow: HTTP peers on loopback whose listeners close and whose
connections break, in the midst of requests and before answers. No row is lost; one comes again only when a peer had taken it
and its answer was lost."""

import collections
import json
import os
import random
import re
import socket
import struct
import threading
import time
import unittest

from numbered import numbered, seed_of
from harness import Daemon, Flow

KILLS = int(os.environ.get("FAULT_KILLS", "60"))  # of each group

CONFIG = """
[global]
threads=2
state_dir=.
stop_timeout=10s
stack=in:TAIL,out:{group}
[in]
path=in.log
start_at=beginning
[out]
fail_back=5ms
retry_first=1ms
retry_most=5ms
{members}
"""


class Mortal:
    """An HTTP peer that keeps the lines of each request, says 200, and can be killed at any moment."""

    def __init__(self):
        self.port = 0
        self.lines = []
        self.lock = threading.Lock()
        self.listener = None
        self.peers = set()
        self.revive()

    def revive(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        listener.listen(16)
        self.listener = listener
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def kill(self):
        with self.lock:
            listener, self.listener = self.listener, None
            peers, self.peers = self.peers, set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for peer in peers:
            try:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other side was first

    def accept(self, listener):
        try:
            while True:
                peer, _ = listener.accept()
                with self.lock:
                    if self.listener is not listener:
                        peer.close()
                        return
                    self.peers.add(peer)
                threading.Thread(target=self.serve, args=(peer,), daemon=True).start()
        except OSError:
            pass  # killed

    def serve(self, peer):
        try:
            with peer, peer.makefile("rb") as file:
                while head := self.head(file):
                    body = file.read(int(re.search(rb"(?i)content-length: *(\d+)", head)[1]))
                    with self.lock:
                        self.lines += body.decode().splitlines()
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except (OSError, TypeError):
            pass  # killed, maybe within a head

    def head(self, file):
        lines = []
        while line := file.readline():
            lines.append(line)
            if line == b"\r\n":
                return b"".join(lines)
        return b""


class Groups(Flow):
    def setUp(self):
        super().setUp()
        self.peers = {name: Mortal() for name in "abc"}
        self.addCleanup(lambda: [peer.kill() for peer in self.peers.values() if peer.listener is not None])

    def numbers(self, name):
        """Of the lines that the peer has taken; c gets JSON where the others get the lines themselves."""
        texts = [json.loads(line)["message"] if line[0] == "{" else line for line in self.peers[name].lines]
        return [int(re.match(r"n(\d+) x+;$", text)[1]) for text in texts]

    def play(self, group, form_of_c="json"):
        """Kills and revives at random; then how often each number came, and the ledger line of the group's sink."""
        dice = random.Random(seed_of(self.id()))
        members = "".join(f"[{name}]\nurl=http://127.0.0.1:{peer.port}/\ntimeout=5s\n"
                          f"format={form_of_c if name == 'c' else 'raw'}\n" for name, peer in self.peers.items())
        self.write("in.log", "")
        daemon = Daemon(self, CONFIG.format(group=group, members=members))
        kills = lines = 0
        with open(self.path("in.log"), "a", encoding="ascii") as log:
            while kills < KILLS:
                log.write(numbered(lines, lines + 49))
                log.flush()
                lines += 50
                peer = self.peers[dice.choice("abc")]
                kills += peer.listener is not None
                peer.revive() if peer.listener is None else peer.kill()
                time.sleep(dice.uniform(0, 0.006))
        for peer in self.peers.values():
            if peer.listener is None:
                peer.revive()
        end = f" {os.path.getsize(self.path('in.log'))} "
        daemon.wait_for(lambda: os.path.exists(self.path("in.pos")) and end in self.read("in.pos"), "all settled", 120)
        daemon.process.terminate()
        daemon.process.wait(timeout=30)
        self.assertIn("balanced=yes", daemon.log())
        found = re.findall(r"event=ledger element=out kind=sink (.*)", daemon.log())[-1]
        ledger = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", found)}
        count = collections.Counter(n for name in "abc" for n in self.numbers(name))
        self.assertEqual(sorted(count), list(range(lines)))
        self.assertEqual((ledger["in"], ledger["out"]), (lines, lines))
        for name in "abc":
            self.assertGreater(len(self.peers[name].lines), 0)
        print(f"{self.id()}: {kills} kills, {lines} rows, {sum(count.values()) - lines} more copies", flush=True)
        return count

    def test_failover(self):
        self.play("failover(a:HTTP, b:HTTP, last=c:HTTP)")

    def test_failover_by_a_key(self):
        self.play("failover(a:HTTP, b:HTTP, c:HTTP, start_by=message)", form_of_c="raw")

    def test_balance(self):
        self.play("balance(a:HTTP, b:HTTP, c:HTTP)")

    def test_mirror(self):
        count = self.play("mirror(a:HTTP, b:HTTP, c:HTTP, need=2, wait=5ms)")
        self.assertGreaterEqual(min(count.values()), 2)


if __name__ == "__main__":
    unittest.main()
