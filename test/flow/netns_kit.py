# SPDX-License-Identifier: Apache-2.0
"""A network namespace for a test, which begins anew in it; and what a test of netfilter needs there."""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys

from harness import of_threads

MARK = "STOOK_NETNS"
ULOGD = shutil.which("ulogd") or "/usr/sbin/ulogd"
ULOGD_CONF = "/usr/share/doc/ulogd2/examples/ulogd.conf"


def works(*words):
    try:
        return subprocess.run(words, capture_output=True, check=False, timeout=60).returncode == 0
    except OSError:
        return False


def enter(with_users=False):
    """Begins the program anew in namespaces of its own, once. Returns why that is not possible, or nothing. `with_users`: it
    can become other users there, which takes root."""
    if MARK in os.environ:
        return os.environ[MARK]
    for words in (["unshare", "-nm"],) if with_users else (["unshare", "-Urnm"], ["unshare", "-nm"]):
        if works(*words, "true"):
            os.environ[MARK] = ""
            os.execvp(words[0], [*words, sys.executable, *sys.argv])
    os.environ[MARK] = "no network namespace can be made here"
    return os.environ[MARK]


def prepare():
    """Once inside: lo is up, and /run is the test's own. A reason when the kernel or a program is missing."""
    for program in ("ip", "nft"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=False, capture_output=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=False, capture_output=True)
    if not works("nft", "add table inet probe; add chain inet probe c { type filter hook input priority 0 ; }; "
                 "add rule inet probe c udp dport 1 log group 9"):
        return "nft cannot log to a group on this kernel"
    subprocess.run(["nft", "flush", "ruleset"], check=False)
    try:
        other_group(9).close()
    except OSError as error:
        return f"this kernel has no nfnetlink_log: {error}"
    return ""


def rules(*lines, netns=None):
    """A chain at the input of its own, and these rules in it."""
    text = "add table inet t; add chain inet t i { type filter hook input priority 0 ; };" + ";".join(
        "add rule inet t i " + line for line in lines)
    words = ["nft", text] if netns is None else ["ip", "netns", "exec", netns, "nft", text]
    subprocess.run(words, check=True, capture_output=True)


def send(count, port=5000, size=20, sport=0):
    """So many datagrams to oneself, over lo. Nobody listens. `sport`: the sender's port; without one the kernel draws it, and
    may draw that of an earlier call again: then both are one connection."""
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.bind(("127.0.0.1", sport))
    for i in range(count):
        try:
            out.sendto(str(i).encode().ljust(size, b"."), ("127.0.0.1", port))
        except ConnectionRefusedError:  # an answer to an earlier one
            out.sendto(str(i).encode().ljust(size, b"."), ("127.0.0.1", port))
    out.close()


def rows(flow, name):
    """The rows of a file that is being written: its last line may not be whole."""
    text = flow.read(name) if os.path.exists(flow.path(name)) else ""
    return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]


def stand_still(daemon):
    """Stops the daemon, and returns once none of its threads runs any more."""
    daemon.signal(signal.SIGSTOP)

    def states():
        return {text.rpartition(")")[2].split()[0] for _, text in of_threads(daemon.process.pid, "stat")}

    daemon.wait_for(lambda: states() == {"T"}, "it stands still")


def counts(daemon, element):
    """The line of an element in the ledger that stands in the log at the end, {name: text}."""
    ledger = [line for line in daemon.log().splitlines() if f" element={element} " in line]
    return dict(word.split("=", 1) for word in ledger[-1].split() if "=" in word)


def lost(daemon, element):
    """Why rows were lost at an element, and how many, as the ledger says at the end."""
    fields = counts(daemon, element)
    return {name[len("dropped_"):]: int(value) for name, value in fields.items() if name.startswith("dropped_")}


class Other:
    """Another program that has what it can have alone: `message` and `command` are those by which its subsystem binds `number`."""

    def __init__(self, message, number, command):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        self.socket.bind((0, 0))
        self.socket.settimeout(10)
        body = struct.pack("=BB", 0, 0) + struct.pack(">H", number) + struct.pack("=HH", 4 + len(command), 1) + command.ljust(4, b"\0")
        self.socket.send(struct.pack("=IHHII", 16 + len(body), message, 5, 1, 0) + body)
        error = -struct.unpack("=i", self.socket.recv(65536)[16:20])[0]
        if error:
            self.socket.close()
            raise OSError(error, os.strerror(error))

    def close(self):
        self.socket.close()


def other_group(number):
    """Another program that has a group of packets (nfnetlink_log.h: NFULNL_MSG_CONFIG, NFULNL_CFG_CMD_BIND)."""
    return Other(4 << 8 | 1, number, b"\1")


def other_queue(number):
    """Another program that has a queue of packets (nfnetlink_queue.h: NFQNL_MSG_CONFIG, NFQNL_CFG_CMD_BIND)."""
    return Other(3 << 8 | 2, number, b"\1\0\0\0")


class Ulogd:
    """ulogd2 beside stookd, where it is installed."""

    def __init__(self, flow, config):
        self.flow = flow
        self.log = flow.path("ulogd.log")
        path = flow.write("ulogd.conf", f'[global]\nlogfile="{self.log}"\nloglevel=1\n' + config)
        self.process = subprocess.Popen([ULOGD, "-c", path], cwd=flow.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        flow.addCleanup(self.kill)
        flow.until(lambda: os.path.exists(self.log) and "entering main loop" in flow.read("ulogd.log"), "ulogd runs")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
