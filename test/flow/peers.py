# SPDX-License-Identifier: Apache-2.0
"""What sinks on sockets talk to: rsyslogd of Debian, servers of Python's own, and certificates made by the openssl command."""

import atexit
import os
import random
import socket
import ssl
import subprocess
import threading

RSYSLOGD = "/usr/sbin/rsyslogd"

CERTIFICATES = """set -e
umask 077
new() { openssl req "$@" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes; }
for ca in ca other; do new -x509 -keyout $ca.key -out $ca.pem -subj /CN=$ca -days 3650; done
leaf() {
  new -keyout $1.key -out $1.csr -subj /CN=$1
  printf 'subjectAltName=%s\\n' "$3" > $1.ext
  openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -CAcreateserial -out $1.pem -days $4 -extfile $1.ext
}
leaf server ca DNS:logs.test,IP:127.0.0.1 3650
leaf client ca DNS:client.test 3650
leaf expired ca IP:127.0.0.1 -1
leaf stranger other IP:127.0.0.1 3650
leaf misnamed ca DNS:else.test 3650
"""


def make_certificates(folder):
    """ca, other (CAs); server, client, and three that are wrong: expired, stranger (of other), misnamed. Keys in NAME.key."""
    os.makedirs(folder, exist_ok=True)
    done = subprocess.run(["sh", "-c", CERTIFICATES], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def drawn_from():
    """The first port of those from which the kernel takes one for who names none."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        return int(file.read().split()[0])


def free_port(kind=socket.SOCK_STREAM):
    """A port of the loopback for something that this test starts, now or later, or that is never there. The kernel gives it to
    nobody who names none, and no other test gets it: a socket of the other kind at the same number, which is in nobody's way,
    says that it is taken."""
    most = drawn_from()
    first, most = (10000, most) if most > 11000 else (61000, 65536)
    while True:
        port = random.randrange(first, most)
        keeper = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == socket.SOCK_STREAM else socket.SOCK_STREAM)
        try:
            keeper.bind(("127.0.0.1", port))
            with socket.socket(socket.AF_INET, kind) as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            keeper.close()
            continue
        atexit.register(keeper.close)
        return port


class Rsyslog:
    """An rsyslogd under test, in a folder of the flow: started, waited for, ended by its own pid."""

    def __init__(self, flow, inputs, name="rsyslog"):
        self.flow, self.out = flow, flow.path(f"{name}.out")
        self.config = flow.write(f"{name}.conf", f"""
global(workDirectory="{flow.dir}" maxMessageSize="64k")
template(name="row" type="string" string="%pri% %timereported:::date-rfc3339% %hostname% %app-name% %procid% %msgid% %structured-data% %msg%\\n")
{inputs}
ruleset(name="rows") {{ action(type="omfile" file="{self.out}" template="row" flushOnTXEnd="on" asyncWriting="off") }}
""")
        self.process = None
        flow.addCleanup(self.kill)

    def start(self, *ports):
        """Begins, and waits until it listens on these ports of TCP."""
        with open(self.flow.path("rsyslog.err"), "ab") as err:
            self.process = subprocess.Popen([RSYSLOGD, "-n", "-f", self.config, "-i", "NONE"], stdin=subprocess.DEVNULL,
                                            stdout=err, stderr=err, cwd=self.flow.dir)
        for port in ports:
            self.flow.until(lambda port=port: self.process.poll() is not None or is_listening(port), "rsyslogd listens")
        self.flow.assertIsNone(self.process.poll(), self.flow.read("rsyslog.err"))
        return self

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def rows(self):
        if not os.path.exists(self.out):
            return []
        with open(self.out, encoding="utf-8") as file:
            text = file.read()
        return text[:text.rfind("\n") + 1].splitlines()  # it writes its buffers as they are full, within a row too


def is_listening(port):
    """Whether a socket of TCP listens there, without connecting to it."""
    with open("/proc/net/tcp", encoding="ascii") as table, open("/proc/net/tcp6", encoding="ascii") as more:
        lines = [line.split() for file in (table, more) for line in file]
    return any(line[1].endswith(f":{port:04X}") and line[3] == "0A" for line in lines)


def is_bound(port):
    """Whether a socket of UDP is there."""
    with open("/proc/net/udp", encoding="ascii") as table, open("/proc/net/udp6", encoding="ascii") as more:
        return any(line.split()[1].endswith(f":{port:04X}") for file in (table, more) for line in file)


class Server:
    """Listens, and serves one connection after the other with `serve(connection)` in a thread."""

    def __init__(self, flow, serve, family=socket.AF_INET, address=("127.0.0.1", 0)):
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.bind(address)
        self.listener.listen(8)
        self.address = self.listener.getsockname()
        self.connections = 0
        self.faults = []
        self.serve = serve
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        flow.addCleanup(self.listener.close)
        flow.addCleanup(self.listener.shutdown, socket.SHUT_RDWR)

    @property
    def port(self):
        return self.address[1]

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                try:
                    self.serve(connection)
                except OSError as fault:
                    self.faults.append(fault)


class TlsServer(Server):
    """Speaks TLS with the certificate that `use` named last, and keeps what comes."""

    def __init__(self, flow, folder, name):
        self.folder, self.got, self.context = folder, b"", None
        self.use(name)
        super().__init__(flow, self.keep)

    def use(self, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self.folder}/{name}.pem", f"{self.folder}/{name}.key")
        self.context = context

    def keep(self, connection):
        with self.context.wrap_socket(connection, server_side=True) as secure:
            while part := secure.recv(1 << 16):
                self.got += part
