#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a flow record costs, from a datagram to where it goes.

Usage: STOOK_BUILD=build/release test/bench/flows.py [RECORDS [RECORDS_A_SECOND]]

NetFlow 9 by UDP on loopback, 24 records a datagram of 12 fields, paced (default 1,000,000 at 400,000 a second; 0: as fast as
the sender can), through parse_netflow to each of: null; JSON that is given away; a file of JSON; IPFIX to a socket that is read by
the kernel only. CPU seconds of the whole daemon, the kernel's part of receiving included, for a million records; records that
were lost, by the ledger."""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
STOOKD = os.path.join(ROOT, os.environ.get("STOOK_BUILD", "build/release"), "stookd")
A_DATAGRAM = 24
FIELDS = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (6, 1), (10, 4), (14, 4), (2, 4), (1, 4), (22, 4), (21, 4))
CONFIG = """
[global]
stack=in:UDP,flows:PARSE_NETFLOW,out:{sink}
[in]
listen=127.0.0.1:0
rcvbuf=64MiB
[out]
{options}
"""


def datagrams(count):
    """Templates once in a hundred."""
    form = struct.pack(">HHHH", 0, 8 + 4 * len(FIELDS), 300, len(FIELDS)) + b"".join(struct.pack(">HH", *field) for field in FIELDS)
    made = []
    for number in range(count):
        data = b"".join(struct.pack(">IIHHBBIIIIII", 0x0A000000 + number, 0xC0A80000 + i, 1024 + i, 443, 6, 27, 1, 2, 12, 8123, 1000, 5000)
                        for i in range(A_DATAGRAM))
        sets = (form if number % 100 == 0 else b"") + struct.pack(">HH", 300, 4 + len(data)) + data
        made.append(struct.pack(">HHIIII", 9, A_DATAGRAM, 6000, 1_800_000_000, number, 9) + sets)
    return made


def logged(path, pattern):
    with open(path, encoding="utf-8", errors="replace") as log:
        return re.findall(pattern, log.read())


def run(folder, sink, options, messages, rate):
    config, log = os.path.join(folder, "stookd.conf"), os.path.join(folder, "log")
    with open(config, "w", encoding="utf-8") as file:
        file.write(CONFIG.format(sink=sink, options=options))
    with open(log, "wb") as err:
        daemon = subprocess.Popen([STOOKD, "-v", "-c", config], stderr=err, stdout=err, cwd=folder)
    while not logged(log, "event=started"):
        if daemon.poll() is not None:
            raise SystemExit(open(log, encoding="utf-8").read())
        time.sleep(0.01)
    port = int(logged(log, r"address=127\.0\.0\.1:(\d+)")[0])
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(("127.0.0.1", port))
    begin = time.monotonic()
    for number, message in enumerate(messages):
        if rate and number % 32 == 0:
            ahead = begin + number * A_DATAGRAM / rate - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
        sender.send(message)
    wall = time.monotonic() - begin
    daemon.send_signal(signal.SIGTERM)
    _, status, usage = os.wait4(daemon.pid, 0)
    daemon.returncode = status
    rows = int((logged(log, r"event=ledger element=out .*?\bin=(\d+)") or ["0"])[0])
    return usage.ru_utime, usage.ru_stime, wall, rows


def main():
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rate = int(sys.argv[2]) if len(sys.argv) > 2 else 400_000
    messages = datagrams(records // A_DATAGRAM)
    records = len(messages) * A_DATAGRAM
    folder = tempfile.mkdtemp(prefix="stook-flows-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    deaf.bind(("127.0.0.1", 0))
    chains = (("null", "NULL", ""), ("json", "NULL", "format=json"), ("json file", "FILE", "path=out.log\nformat=json"),
              ("ipfix", "IPFIX", f"dest=udp://127.0.0.1:{deaf.getsockname()[1]}\nmtu=1400"))
    print("%d records, %d a second asked" % (records, rate))
    print("%-10s %16s %8s %8s %12s %8s" % ("chain", "CPU s/M records", "user", "system", "records/s", "lost"))
    try:
        for name, sink, options in chains:
            user, system, wall, rows = run(folder, sink, options, messages, rate)
            million = records / 1e6
            print("%-10s %16.3f %8.3f %8.3f %12.0f %8d" % (name, (user + system) / million, user / million, system / million,
                                                         records / wall, records - rows))
    finally:
        deaf.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
