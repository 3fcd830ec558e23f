# SPDX-License-Identifier: Apache-2.0
"""TCP connections: framing, limits, and peers that mean no good beside one that does."""

import os
import re
import resource
import select
import signal
import socket
import struct
import threading
import time
import unittest

from harness import HAS_SANITIZER
from net_kit import Net

ANY = "listen=127.0.0.1:0\n"


class Framing(Net):
    def sent(self, options, data, count, code=0):
        """The rows of what one peer sends before it closes its half."""
        daemon = self.listen("TCP", ANY + options)
        peer = self.connect(daemon)
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        self.assertTrue(self.is_closed(peer))
        self.has_rows(daemon, count)
        daemon.stop(code)
        return self.rows()

    def test_lines_and_an_unfinished_one(self):
        self.assertEqual(self.sent("", b"one\r\ntwo\n\nthr", 4),
                         [{"message": "one"}, {"message": "two"}, {"message": ""}, {"message": "thr", "partial": True}])

    def test_octets_hold_newlines(self):
        self.assertEqual(self.sent("framing=octets", b"3 a\nb10 0123456789", 2), [{"message": "a\nb"}, {"message": "0123456789"}])

    def test_auto_looks_at_each_record(self):
        rows = self.sent("framing=auto", b"<13>a\n5 <13>b<13>c\n\n5 <13>d", 4)
        self.assertEqual([row["message"] for row in rows], ["<13>a", "<13>b", "<13>c", "<13>d"])

    def test_lengths_are_binary(self):
        data = b"".join(struct.pack(">I", len(text)) + text for text in (b"a\0b", b"", b"c" * 100000)) + b"\0\0"
        rows = self.sent("framing=length32", data, 3)
        self.assertEqual([len(row["message"]) for row in rows], [3, 0, 100000])

    def test_a_long_record_is_cut_and_its_neighbours_are_whole(self):
        rows = self.sent("max_line=64KiB", b"a\n" + b"x" * 3000000 + b"\nb\n", 3)
        self.assertEqual([(len(row["message"]), row.get("truncated")) for row in rows], [(1, None), (65536, True), (1, None)])

    def test_many_records_of_all_sizes_come_in_order(self):
        lines = [b"%d " % i + b"x" * (i * 7919 % (300 if i % 50 else 60000)) for i in range(20000)]
        rows = self.sent("", b"\n".join(lines) + b"\n", len(lines))
        self.assertTrue([row["message"].encode() for row in rows] == lines)


class Hostile(Net):
    """Each has an innocent neighbour, whose lines are all there in the end."""

    def setUp(self):
        super().setUp()
        self.lines = 0

    def start(self, options="", **more):
        daemon = self.listen("TCP", ANY + options, **more)
        self.neighbour = self.connect(daemon)
        self.say()
        return daemon

    def say(self):
        self.lines += 1
        self.neighbour.sendall(b"17 neighbour %7d" % self.lines if self.is_counted else b"neighbour %7d\n" % self.lines)

    is_counted = False

    def end(self, daemon, code=0):
        self.say()
        expected = ["neighbour %7d" % (i + 1) for i in range(self.lines)]
        daemon.wait_for(lambda: [m for m in self.messages() if m.startswith("neighbour")] == expected, "the neighbour's lines")
        daemon.stop(code)

    def test_a_broken_framing_closes_one_connection(self):
        self.is_counted = True
        bombs = [b"9999999999 ", b"0", b"-5 x", b"+5 x", b" 5 x", b"1x ", b"9999999 x", b"99999999", b"\n"]
        daemon = self.start("framing=octets")
        for bomb in bombs:
            peer = self.connect(daemon)
            peer.sendall(b"2 ok" + bomb)
            self.assertTrue(self.is_closed(peer))
            self.say()
        self.wait(lambda: self.messages().count("ok") == len(bombs), "what came before the bombs")
        self.end(daemon, code=1)
        self.assertEqual(self.lost(daemon)["framing"], str(len(bombs)))
        self.assertIn('event=framing_error instance=in peer=127.0.0.1:', daemon.log())
        self.assertIn('reason="a count of octets of more than 7 digits"', daemon.log())

    def test_silent_peers_are_closed(self):
        daemon = self.start("first_byte=1s\nunfinished=2s\nmax_line=64KiB")
        silent = [self.connect(daemon) for _ in range(4)]
        slow = []
        for number in range(4):
            slow.append(self.connect(daemon))
            slow[-1].sendall(b"slow %d" % number)
        for peer in silent + slow:
            self.assertTrue(self.is_closed(peer))
        begins = [f"slow {number}" for number in range(4)]
        self.wait(lambda: sorted(row["message"] for row in self.rows() if row.get("partial")) == begins, "their begins")
        self.assertIn('reason="nothing was sent"', daemon.log())
        self.assertIn('reason="silence within a record"', daemon.log())
        self.end(daemon)

    def test_what_came_while_the_daemon_was_away_is_no_silence(self):
        daemon = self.start("first_byte=3s")  # which is longer than it takes until it is away
        peers = [self.connect(daemon) for _ in range(4)]
        self.say()
        self.wait(lambda: len(self.messages()) == 2, "they are accepted")
        daemon.signal(signal.SIGSTOP)
        for peer in peers:
            peer.sendall(b"late\n")
        time.sleep(3.5)
        daemon.signal(signal.SIGCONT)
        self.wait(lambda: self.messages().count("late") == 4, "their lines")
        self.end(daemon)

    def test_a_line_without_end_stays_small(self):
        daemon = self.start("max_line=64KiB")
        endless = [self.connect(daemon) for _ in range(8)]
        stop = threading.Event()

        def send(peer):
            while not stop.is_set():
                try:
                    peer.sendall(b"x" * 65536)
                except OSError:
                    return
        threads = [threading.Thread(target=send, args=(peer,)) for peer in endless]
        for thread in threads:
            thread.start()
        self.wait(lambda: sum(row.get("truncated", False) for row in self.rows()) == 8, "a cut row of each")
        for _ in range(50):
            self.say()
        memory = self.memory(daemon)
        stop.set()
        for thread in threads:
            thread.join()
        if not HAS_SANITIZER:
            self.assertLess(memory, 64 << 20)
        self.end(daemon)

    def memory(self, daemon):
        with open(f"/proc/{daemon.process.pid}/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) * 1024

    def test_connections_are_limited(self):
        daemon = self.start("connections=9\nconnections_per_address=8")
        peers = [self.connect(daemon) for _ in range(7)]
        for peer in peers:
            peer.sendall(b"hello\n")
        self.wait(lambda: self.messages().count("hello") == 7, "those within the limit")
        for _ in range(3):
            self.assertTrue(self.is_closed(self.connect(daemon)))
        self.assertIn('reason="its address has as many connections as `connections_per_address` allows"', daemon.log())
        for peer in peers:
            peer.close()
        self.wait(self.is_taken(daemon), "a place is free again")
        self.end(daemon)
        self.assertGreaterEqual(int(re.search(r"event=ledger element=in .* refused_connections=(\d+)", daemon.log())[1]), 3)

    def is_taken(self, daemon):
        def is_taken():
            peer = self.connect(daemon)
            try:
                peer.sendall(b"again\n")
            except OSError:
                return False
            peer.settimeout(0.05)
            try:
                return bool(peer.recv(1))
            except TimeoutError:
                return True
            except OSError:
                return False
        return is_taken

    def test_a_crowd_has_less_time(self):
        daemon = self.start("connections=10\nfirst_byte=1h")
        silent = [self.connect(daemon) for _ in range(8)]
        closed, _, _ = select.select(silent, [], [], 60)
        self.assertEqual(len(closed), 1, "nine tenths are no crowd any more without one")
        self.end(daemon)

    def test_churn_loses_nothing(self):
        daemon = self.start()
        for number in range(1500):
            with socket.create_connection(self.addresses(daemon)[0]) as peer:
                peer.sendall(b"churn %d\n" % number)
            if number % 100 == 0:
                self.say()
        self.wait(lambda: sum(m.startswith("churn") for m in self.messages()) == 1500, "a line of each")
        self.end(daemon)

    def test_without_descriptors_it_waits_and_recovers(self):
        daemon = self.start()
        self.has_rows(daemon, 1)
        pid = daemon.process.pid
        _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        highest = max(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 4, most))
        peers = [self.connect(daemon) for _ in range(30)]
        daemon.wait_for(lambda: "event=accept_failed" in daemon.log(), "the log says so")
        before = self.cpu(pid)
        for _ in range(20):
            self.say()
            time.sleep(0.02)
        self.assertLess(self.cpu(pid) - before, 0.25, "it does not spin")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (4096, most))
        taken = 0
        for peer in peers:  # some were closed in its stead; all others are served
            try:
                peer.sendall(b"late\n")
                taken += 1
            except OSError:
                pass
        self.assertEqual(daemon.log().count("event=accept_failed"), 1, daemon.log())
        self.wait(lambda: self.messages().count("late") >= 20, "those that waited")
        self.assertGreaterEqual(taken, 20)
        self.end(daemon)


    def cpu(self, pid):
        """Seconds of processor that the process has used."""
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Life(Net):
    def test_what_the_kernel_holds_is_read_at_the_stop(self):
        daemon = self.listen("TCP", ANY)
        peers = [self.connect(daemon) for _ in range(20)]
        for number, peer in enumerate(peers):
            peer.sendall(b"".join(b"%d %d\n" % (number, i) for i in range(500)) + b"end")
        late = self.connect(daemon)
        late.sendall(b"late\n")
        late.close()
        daemon.stop()
        rows = self.rows()
        self.assertEqual(len(rows), 20 * 501 + 1)
        self.assertEqual(sum(row.get("partial", False) for row in rows), 20)

    def test_a_reload_with_other_options_keeps_connections(self):
        daemon = self.listen("TCP", ANY)
        peer = self.connect(daemon)
        peer.sendall(b"one\ntw")
        self.has_rows(daemon, 1)
        self.write("stookd.conf", self.read("stookd.conf").replace("listen=", "idle=1h\nlisten="))
        daemon.signal(1)
        daemon.wait_for(lambda: "event=reloaded" in daemon.log(), "the reload")
        peer.sendall(b"o\nthree\n")
        self.has_rows(daemon, 3)
        self.assertEqual(self.messages(), ["one", "two", "three"])
        self.assertEqual(len(set(self.addresses(daemon))), 1)
        other = self.connect(daemon)
        other.sendall(b"four\n")
        self.has_rows(daemon, 4)
        daemon.stop()

    def test_a_reload_that_fails_gives_connections_back(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            daemon = self.listen("TCP", ANY)
            peer = self.connect(daemon)
            peer.sendall(b"one\ntw")
            self.has_rows(daemon, 1)
            # The new source takes the socket and its connection over, and cannot have the second address.
            before = self.read("stookd.conf")
            taken = f"127.0.0.1:{other.getsockname()[1]}"
            self.write("stookd.conf", before.replace("listen=127.0.0.1:0", f"idle=1h\nlisten=127.0.0.1:0, {taken}"))
            daemon.signal(1)
            daemon.wait_for(lambda: "event=reload_failed" in daemon.log(), "the failure")
            daemon.wait_for(lambda: daemon.log().count("event=listening") >= 2, "the way back")
            self.assertIn(f'event=reload_failed reason="[in] cannot bind {taken}: ', daemon.log())
        peer.sendall(b"o\nthree\n")
        self.has_rows(daemon, 3)
        self.assertEqual(self.messages(), ["one", "two", "three"])
        self.assertEqual(len(set(self.addresses(daemon))), 1)
        other = self.connect(daemon)
        other.sendall(b"four\n")
        self.has_rows(daemon, 4)
        self.write("stookd.conf", before)
        daemon.stop()

    def test_rows_say_where_they_come_from(self):
        daemon = self.listen("TCP", "listen=127.0.0.1:0, [::1]:0, *:0", keys="message,peer.ip,peer.port,recv.time,stook.id")
        for which in range(3):
            peer = self.connect(daemon, which)
            peer.sendall(b"a\nb\n")
            self.has_rows(daemon, 2 * which + 2)
            rows = self.rows()[-2:]
            self.assertEqual({row["peer.port"] for row in rows}, {peer.getsockname()[1]})
            self.assertEqual({row["peer.ip"] for row in rows}, {peer.getsockname()[0].replace("::ffff:", "")})
        self.assertEqual(len({row["stook.id"] for row in self.rows()}), 6)
        daemon.stop()

    def test_an_address_that_is_taken_stops_the_start(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.write("a.conf", f"[global]\nstack=in:TCP,out:FILE\n[in]\nlisten=127.0.0.1:{port}\n[out]\npath=out.log\nformat=raw\n")
            done = self.stookd("-c", "a.conf")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn(f"cannot bind 127.0.0.1:{port}: Address already in use; another process, or another source, listens there", done.stderr)


if __name__ == "__main__":
    unittest.main()
