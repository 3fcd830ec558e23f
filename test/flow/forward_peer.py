# SPDX-License-Identifier: Apache-2.0
"""Both sides of the Fluentd forward protocol v1, written from its specification, with msgpack of python3-msgpack.

https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1
"""

import gzip
import hashlib
import os
import socket
import struct
import sys
import threading

try:
    import msgpack
except ImportError:  # an interpreter that is not Debian's own; the package falls back to pure Python
    sys.path.append("/usr/lib/python3/dist-packages")
    import msgpack


def event_time(seconds, nanoseconds=0):
    """EventTime: extension 0, two numbers of 32 bits."""
    return msgpack.ExtType(0, struct.pack(">II", seconds, nanoseconds))


def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def digest(*parts):
    whole = hashlib.sha512()
    for part in parts:
        whole.update(part if isinstance(part, bytes) else part.encode())
    return whole.hexdigest()


def options(chunk, more):
    every = dict(more)
    if chunk is not None:
        every["chunk"] = chunk
    return [every] if every else []


def message(tag, time, record, chunk=None, **more):
    return pack([tag, time, record, *options(chunk, more)])


def forward(tag, entries, chunk=None, **more):
    return pack([tag, [list(entry) for entry in entries], *options(chunk, more)])


def packed(tag, entries, chunk=None, is_str=False, **more):
    stream = b"".join(pack(list(entry)) for entry in entries)
    if not is_str:
        return pack([tag, stream, *options(chunk, more)])
    head = b"\x92" if not options(chunk, more) else b"\x93"
    return head + pack(tag) + b"\xdb" + struct.pack(">I", len(stream)) + stream + b"".join(map(pack, options(chunk, more)))


def compressed(tag, entries, chunk=None, members=1, **more):
    entries = list(entries)
    size = max(1, -(-len(entries) // members))
    stream = b"".join(gzip.compress(b"".join(pack(list(entry)) for entry in entries[i:i + size]))
                      for i in range(0, len(entries), size))
    return pack([tag, stream, *options(chunk, {**more, "compressed": "gzip", "size": len(entries)})])


class Values:
    """Values of msgpack that come over a socket, one by one."""

    def __init__(self, peer):
        self.peer = peer
        self.unpacker = msgpack.Unpacker(raw=False, strict_map_key=False, max_buffer_size=1 << 28)

    def next(self):
        """None at the end."""
        while True:
            for value in self.unpacker:
                return value
            data = self.peer.recv(65536)
            if not data:
                return None
            self.unpacker.feed(data)


def greet(peer, values, key, user="", password="", host="client.test"):
    """The client's side of the handshake: what the server says in the end."""
    helo = values.next()
    assert helo[0] == "HELO", helo
    nonce, auth = helo[1]["nonce"], helo[1]["auth"]
    salt = os.urandom(16)
    word = digest(auth, user, password) if auth else ""
    peer.sendall(pack(["PING", host, salt, digest(salt, host, nonce, key), user if auth else "", word]))
    pong = values.next()
    assert pong[0] == "PONG", pong
    if pong[1]:
        assert pong[4] == digest(salt, pong[3], nonce, key), "the server's digest"
    return pong


class Server:
    """Takes connections, keeps what comes, and acknowledges it unless told otherwise."""

    def __init__(self, key=None, user="", password="", context=None, acks=True):
        self.key, self.user, self.password = key, user, password
        self.context, self.acks = context, acks
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.chunks = []  # (tag, entries, options) of each message, in order
        self.peers = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        try:
            if self.context:
                peer = self.context.wrap_socket(peer, server_side=True)
            with self.lock:
                self.peers.append(peer)
            values = Values(peer)
            if self.key is None or self.welcome(peer, values):
                self.take(peer, values)
        except OSError:
            pass
        finally:
            peer.close()

    def welcome(self, peer, values):
        nonce, auth = os.urandom(16), os.urandom(16) if self.user else b""
        peer.sendall(pack(["HELO", {"nonce": nonce, "auth": auth or "", "keepalive": True}]))
        ping = values.next()
        _, host, salt, proof, user, word = ping
        is_good = proof == digest(salt, host, nonce, self.key)
        is_good = is_good and (not auth or (user == self.user and word == digest(auth, self.user, self.password)))
        proof = digest(salt, "server.test", nonce, self.key)
        peer.sendall(pack(["PONG", True, "", "server.test", proof] if is_good else ["PONG", False, "shared_key mismatch", "", ""]))
        return is_good

    def take(self, peer, values):
        while (value := values.next()) is not None:
            tag, stream, option = value
            if option.get("compressed") == "gzip":
                stream = gzip.decompress(stream)
            unpacker = msgpack.Unpacker(raw=False, strict_map_key=False)
            unpacker.feed(stream)
            is_acked = self.acks  # who sees the chunk may change it
            with self.lock:
                self.chunks.append((tag, list(unpacker), option))
            if is_acked:
                peer.sendall(pack({"ack": option["chunk"]}))

    def entries(self):
        """(tag, time, record) of all chunks."""
        with self.lock:
            return [(tag, *entry) for tag, entries, _ in self.chunks for entry in entries]

    def cut(self):
        """Ends all connections."""
        with self.lock:
            for peer in self.peers:
                try:
                    peer.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.peers.clear()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # a thread that waits in accept() would take one more
        self.listener.close()
        self.cut()
