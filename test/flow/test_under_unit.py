#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the systemd unit lets stookd do: the system calls of a busy daemon are those of its filter, and keys and secrets come
as credentials (S3-02)."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import unittest

from harness import BUILD, HAS_SANITIZER, ROOT, Daemon, Programs
from peers import make_certificates

BUSY = """
[global]
stack=in:TAIL,parse:PARSE_JSON,calc:LUA,out:FILE
stack=net:SYSLOG,spooled:TCP
stack=runs:EXEC,fed:EXEC
stack=own:SELF,web:HTTP
stack=looks:STAT,never:NULL
state_dir=state
control=control
logfile=own.log
[in]
path=in.log
start_at=beginning
[calc]
script=calc.lua
[out]
path=out/$n.json
rotate=4KiB
keep_files=2
compress=zstd
sync=batch
[net]
udp=127.0.0.1:0
tcp=127.0.0.1:0
unix={dir}/net.sock
[spooled]
to=127.0.0.1:1
format=raw
spool=spool
spool_sync=always
[runs]
command=echo one
mode=interval
interval=50ms
[fed]
command=cat
format=raw
[own]
[web]
url=http://127.0.0.1:1/
[looks]
path=in.log
interval=100ms
"""


def filter_of(unit):
    """The names of the system calls that the unit's filter lets through, by what systemd's sets hold here."""
    sets, current = {}, None
    for line in subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout.splitlines():
        if line.startswith("@"):
            current = sets.setdefault(line.split()[0], [])
        elif line.startswith("    ") and not line.strip().startswith("#"):
            current.append(line.strip())

    def calls(name):
        return {call for one in sets[name] for call in calls(one)} if name.startswith("@") else {name}

    allowed = calls("@default")
    for value in re.findall(r"(?m)^SystemCallFilter=(.*)$", unit):
        named = {call for name in value.lstrip("~").split() for call in calls(name)}
        allowed = allowed - named if value.startswith("~") else allowed | named
    return allowed | calls("@default")


class Calls(Programs):
    @unittest.skipIf(HAS_SANITIZER, "a sanitizer makes calls of its own")
    def test_a_busy_daemon_stays_within_the_filter(self):
        for tool in ("strace", "systemd-analyze"):
            if shutil.which(tool) is None:
                self.skipTest(f"{tool} is not installed")
        if subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("nothing can be traced here")
        self.write("calc.lua", "function filter(rec)\n  rec.n = rec.n % 3\nend\n")
        self.write("in.log", "".join('{"n":%d,"text":"%s"}\n' % (n, "x" * 200) for n in range(2000)))
        calls = self.path("calls")
        daemon = Daemon(self, BUSY.format(dir=self.dir), before=["strace", "-D", "-f", "-c", "-U", "name", "-o", calls])
        daemon.wait_for(lambda: all(os.path.exists(self.path(f"out/{n}.json.1.zst")) for n in range(3)), "rotated files")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
            peer.sendto(b"<13>1 - - app - - - one", self.path("net.sock"))
        daemon.wait_for(lambda: os.listdir(self.path("spool")), "the spool")
        for command in ("health", "ledger", "reload"):
            self.assertEqual(self.stook(command, "--socket", self.path("control")).code, 0)
        daemon.signal(signal.SIGUSR1)
        daemon.signal(signal.SIGTERM)
        daemon.process.wait(timeout=120)
        self.until(lambda: os.path.exists(calls) and self.read("calls").rstrip().endswith("total"), "the list of calls", 60)
        seen = set(re.findall(r"(?m)^([a-z]\w+)$", self.read("calls"))) - {"syscall", "total"}
        with open(os.path.join(ROOT, BUILD, "etc/systemd/stookd.service"), encoding="utf-8") as file:
            allowed = filter_of(file.read())
        self.assertGreater(len(seen), 40)
        self.assertLess({"landlock_restrict_self", "openat", "capset"}, allowed)
        self.assertNotIn("mount", allowed)
        # stookd itself tries whether its own filter refuses this one.
        self.assertEqual(seen - allowed - {"open_by_handle_at"}, set())


class Credentials(Programs):
    def test_the_key_and_the_certificate_of_a_listener(self):
        make_certificates(self.path("given"))
        config = """
[global]
stack=in:SYSLOG,out:FILE
[in]
tls=127.0.0.1:0
tls_cert=cred:server.pem
tls_key=cred:server.key
[out]
path=out.log
format=raw
"""
        daemon = Daemon(self, config, env={"CREDENTIALS_DIRECTORY": self.path("given")})
        port = int(re.search(r"event=listening .*address=127\.0\.0\.1:(\d+)", daemon.log())[1])
        context = ssl.create_default_context(cafile=self.path("given/ca.pem"))
        with socket.create_connection(("127.0.0.1", port), timeout=60) as plain:
            with context.wrap_socket(plain, server_hostname="logs.test") as peer:
                peer.sendall(b"<13>1 - - app - - - hello\n")
                self.until(lambda: self.has("out.log", "<13>1 - - app - - - hello\n"), "the row")
        daemon.stop()
        result = self.stook("check", self.write("a.conf", config), env={"CREDENTIALS_DIRECTORY": ""})
        self.assertEqual(result.code, 2)
        result = self.stook("check", self.write("a.conf", config.replace("cred:server.key", "cred:../server.key")),
                            env={"CREDENTIALS_DIRECTORY": self.path("given")})
        self.assertIn("cred:../server.key is no name of a credential; write cred:server.key", result.out + result.err)
        environment = {name: value for name, value in os.environ.items() if name != "CREDENTIALS_DIRECTORY"}
        done = subprocess.run([os.path.join(ROOT, BUILD, "stook"), "check", self.path("a.conf")], env=environment,
                              capture_output=True, text=True, check=False)
        self.assertIn("wants CREDENTIALS_DIRECTORY, which is not set", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
