#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What listening costs: syslog over TCP in both framings, UDP beside a program that does only that, and idle connections.

Usage: STOOK_BUILD=build/release test/bench/net.py [--rows N] [--smoke]

CPU is that of the daemon, from /proc; the sender (net_send.cc) is not counted, but shares the machine. Exit code 1: rows
are missing, or a bound that does not depend on the machine is passed."""

import argparse
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("STOOK_BUILD", "build/release"))
SEND = os.path.join(BUILD, "test", "bench", "net_send")
CONFIG = "[global]\nthreads=1\nstack=in:{source}{filters},out:FILE\n[in]\n{options}\n[out]\npath=out.log\n{sink}\n"
TICK = os.sysconf("SC_CLK_TCK")


class Daemon:
    """A stookd that listens; how much it has used, and how many rows it has read."""

    def __init__(self, folder, source, options, filters="", sink="format=json"):
        self.log = os.path.join(folder, "log")
        with open(os.path.join(folder, "conf"), "w", encoding="utf-8") as conf:
            conf.write(CONFIG.format(source=source, options=options, filters=filters, sink=sink))
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([os.path.join(BUILD, "stookd"), "-c", "conf"], cwd=folder, stderr=log, stdout=log)
        while "event=started" not in self.text():
            if self.process.poll() is not None:
                raise SystemExit(self.text())
            time.sleep(0.01)
        self.port = int(re.search(r"event=listening .*address=\S+:(\d+)", self.text())[1])

    def text(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as text:
            return next(int(line.split()[1]) for line in text if line.startswith("VmRSS:")) / 1024

    def end(self):
        """Rows that were read, and rows that were lost."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        line = next(line for line in self.text().splitlines() if "event=ledger element=in " in line)
        lost = sum(int(count) for count in re.findall(r" dropped_\w+=(\d+)", line))
        return int(re.search(r" out=(\d+)", line)[1]), lost


def wait_for_rows(path, rows):
    """Reads the output as it grows, until it has so many lines, for a minute at most."""
    end = time.monotonic() + 60
    with open(path, "rb") as file:
        while rows > 0 and time.monotonic() < end:
            block = file.read(1 << 20)
            rows -= block.count(b"\n")
            if not block:
                time.sleep(0.01)


def tcp(folder, framing, rows):
    daemon = Daemon(folder, "SYSLOG", "tcp=127.0.0.1:0", ",parse:PARSE_SYSLOG")
    begin, used = time.monotonic(), daemon.cpu()
    subprocess.run([SEND, "tcp", str(daemon.port), framing, str(rows)], check=True)
    wait_for_rows(os.path.join(folder, "out.log"), rows)
    wall, used = time.monotonic() - begin, daemon.cpu() - used
    read, _ = daemon.end()
    print(f"tcp {framing:7} parse_syslog json: {used * 1e6 / rows:5.2f} CPU s/M rows, {rows / wall / 1e3:6.0f} k rows/s wall")
    return read == rows, used


def udp(folder, rows, rate):
    daemon = Daemon(folder, "UDP", "listen=127.0.0.1:0\nrcvbuf=8MiB", sink="format=raw")
    used = daemon.cpu()
    subprocess.run([SEND, "udp", str(daemon.port), str(rows), str(rate)], check=True)
    time.sleep(0.5)
    used = daemon.cpu() - used
    read, lost = daemon.end()
    taker = subprocess.Popen([SEND, "take", str(daemon.port), str(rows), os.path.join(folder, "take.log")], stdout=subprocess.PIPE)
    time.sleep(0.2)
    subprocess.run([SEND, "udp", str(daemon.port), str(rows), str(rate)], check=True)
    _, _, usage = os.wait4(taker.pid, 0)
    taken = int(taker.stdout.read())
    hand = usage.ru_utime + usage.ru_stime
    print(f"udp {rate / 1e3:.0f} k/s: {used * 1e6 / rows:5.2f} CPU s/M rows, {lost} lost of {rows}; by hand {hand * 1e6 / rows:.2f}, "
          f"{rows - taken} lost; ratio {used / max(hand, 1 / TICK):.2f}")
    return read + lost == rows


def idle(folder, count):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    daemon = Daemon(folder, "TCP", f"listen=127.0.0.1:0\nconnections={count}\nconnections_per_address={count}")
    before = daemon.memory()
    peers = []
    for _ in range(count):
        peer = socket.create_connection(("127.0.0.1", daemon.port))
        peer.sendall(b"a line\nand a half")
        peers.append(peer)
    half = daemon.memory()
    for peer in peers:
        peer.sendall(b" one\n")
    time.sleep(2.5)
    print(f"{count} connections: {daemon.memory():.1f} MiB idle, {half:.1f} within a record, {before:.1f} without any")
    fits = daemon.memory() < 100
    read, _ = daemon.end()
    return fits and read == 2 * count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1000000)
    parser.add_argument("--smoke", action="store_true")
    asked = parser.parse_args()
    rows = 20000 if asked.smoke else asked.rows
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    good = []
    for framing in ("octets", "lf"):
        with tempfile.TemporaryDirectory(dir=base) as folder:
            good.append(tcp(folder, framing, rows)[0])
    with tempfile.TemporaryDirectory(dir=base) as folder:
        good.append(udp(folder, rows, 150000))
    with tempfile.TemporaryDirectory(dir=base) as folder:
        good.append(idle(folder, 500 if asked.smoke else 10000))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
