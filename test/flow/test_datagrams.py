# SPDX-License-Identifier: Apache-2.0
"""UDP, and unix sockets of both kinds."""

import os
import re
import signal
import socket
import stat
import unittest

from net_kit import Net
from peers import free_port


class Udp(Net):
    def socket(self, host="127.0.0.1"):
        peer = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(peer.close)
        return peer

    def test_a_datagram_is_a_row(self):
        daemon = self.listen("UDP", "listen=127.0.0.1:0\nmax_line=1000", keys="message,truncated,peer.ip,peer.port,stook.id,recv.time")
        peer = self.socket()
        for text in (b"one\ntwo", b"", b"x" * 1001, b"x" * 1000):
            peer.sendto(text, self.addresses(daemon)[0])
        self.has_rows(daemon, 4)
        daemon.stop()
        rows = self.rows()
        self.assertEqual([row["message"] for row in rows], ["one\ntwo", "", "x" * 1000, "x" * 1000])
        self.assertEqual([row.get("truncated") for row in rows], [None, None, True, None])
        self.assertEqual(len({row["stook.id"] for row in rows}), 4)
        for row in rows:
            self.assertEqual((row["peer.ip"], row["peer.port"]), ("127.0.0.1", row["peer.port"]))

    def test_both_families_by_one_address(self):
        daemon = self.listen("UDP", "listen=*:0", keys="message,peer.ip")
        port = self.addresses(daemon)[0][1]
        self.socket().sendto(b"four", ("127.0.0.1", port))
        self.has_rows(daemon, 1)
        self.socket("::1").sendto(b"six", ("::1", port))
        self.has_rows(daemon, 2)
        daemon.stop()
        self.assertEqual(self.rows(), [{"message": "four", "peer.ip": "127.0.0.1"}, {"message": "six", "peer.ip": "::1"}])

    def test_what_the_kernel_drops_is_counted_exactly(self):
        daemon = self.listen("UDP", "listen=127.0.0.1:0\nrcvbuf=64KiB")
        peer, to = self.socket(), self.addresses(daemon)[0]
        daemon.signal(signal.SIGSTOP)
        for number in range(2000):
            peer.sendto(b"%05d" % number + b"x" * 195, to)
        daemon.signal(signal.SIGCONT)
        daemon.wait_for(lambda: len(self.rows()) > 0, "rows")
        daemon.stop(code=1)
        lost = self.lost(daemon)
        self.assertGreater(int(lost["kernel"]), 0)
        self.assertEqual(len(self.rows()) + int(lost["kernel"]), 2000)

    def test_what_was_sent_before_the_stop_is_there(self):
        daemon = self.listen("UDP", "listen=127.0.0.1:0\nrcvbuf=4MiB")
        peer, to = self.socket(), self.addresses(daemon)[0]
        for number in range(3000):
            peer.sendto(b"%d" % number, to)
        daemon.stop()
        self.assertEqual(self.messages(), [str(number) for number in range(3000)])

    def test_a_reload_with_other_options_loses_none(self):
        daemon = self.listen("UDP", "listen=127.0.0.1:0\nrcvbuf=4MiB")
        peer, to = self.socket(), self.addresses(daemon)[0]
        self.write("stookd.conf", self.read("stookd.conf").replace("rcvbuf=", "max_line=1KiB\nrcvbuf="))
        sent = 0
        for reloads in range(1, 4):
            self.write("stookd.conf", self.read("stookd.conf").replace("max_line=", "max_line=1"))
            daemon.signal(signal.SIGHUP)
            begin = sent
            while daemon.log().count("event=reloaded") < reloads or sent < begin + 500:
                peer.sendto(b"%d" % sent, to)
                sent += 1
                self.assertLess(sent, begin + 500000)
                if sent % 1000 == 0:  # the socket holds ten thousand of them
                    daemon.wait_for(lambda n=sent: self.read("out.log").count("\n") > n - 5000, "they are read")
        self.has_rows(daemon, sent)
        daemon.stop()
        self.assertEqual(self.messages(), [str(number) for number in range(sent)])

    def test_several_sources_share_an_address(self):
        port = free_port(socket.SOCK_DGRAM)
        source = f"listen=127.0.0.1:{port}\nreuseport=yes\nfront=own"
        daemon = self.listen("UDP,out:FILE\nstack=b:UDP", f"{source}\n[b]\n{source}")
        for number in range(200):
            self.socket().sendto(b"%d" % number, ("127.0.0.1", port))
        self.has_rows(daemon, 200)
        daemon.stop()
        self.assertEqual(sorted(self.messages(), key=int), [str(number) for number in range(200)])

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "one processor")
    def test_a_source_for_each_processor_gets_what_that_takes_in(self):
        cpus = sorted(os.sched_getaffinity(0))[:2]
        self.addCleanup(os.sched_setaffinity, 0, os.sched_getaffinity(0))
        port = free_port(socket.SOCK_DGRAM)
        source = f"listen=127.0.0.1:{port}\nrcvbuf=4MiB\nreuseport=yes\ncpu="
        daemon = self.listen("UDP,out:FILE\nstack=b:UDP", f"{source}{cpus[0]}\n[b]\n{source}{cpus[1]}", keys="message,stook.id")
        fronts = [one for one in self.threads(daemon.process.pid) if one["Name"].startswith("stook-front-")]
        self.assertEqual(sorted(one["Cpus_allowed_list"] for one in fronts), [str(cpu) for cpu in cpus])
        peer = self.socket()
        for number in range(4000):
            os.sched_setaffinity(0, {cpus[number // 1000 % 2]})
            peer.sendto(b"%d" % number, ("127.0.0.1", port))
        self.has_rows(daemon, 4000)
        daemon.stop()
        rows = self.rows()
        self.assertEqual(sorted(int(row["message"]) for row in rows), list(range(4000)))
        if tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) >= (6, 2):
            for half, source in enumerate(("in", "b")):
                ids = {row["stook.id"].partition(":")[0] for row in rows if int(row["message"]) // 1000 % 2 == half}
                self.assertEqual(ids, {source})

    def test_a_processor_that_is_not_there(self):
        config = "[global]\nstack=in:UDP,out:NULL\n[in]\nlisten=127.0.0.1:0\ncpu=1023\n"
        result = self.stookd("-c", self.write("stookd.conf", config))
        self.assertEqual(result.returncode, 3)
        self.assertIn("stookd: [in] cpu = 1023: this machine has ", result.stderr)
        result = self.stook("check", self.write("stookd.conf", config + "front=main\n"))
        self.assertEqual(result.code, 2)
        self.assertIn("stookd.conf:5: [in] cpu: front = main is bound to no processor", result.err)


class Unix(Net):
    def test_a_stream_says_who_sends(self):
        daemon = self.listen("UNIX", "listen=in.sock\n".replace("in.sock", self.path("in.sock")) + "mode=0620",
                             keys="message,peer.pid,peer.uid,peer.gid")
        self.assertEqual(stat.S_IMODE(os.stat(self.path("in.sock")).st_mode), 0o620)
        peer = self.connect(daemon)
        peer.sendall(b"one\ntwo\n")
        self.has_rows(daemon, 2)
        daemon.stop()
        who = {"peer.pid": os.getpid(), "peer.uid": os.getuid(), "peer.gid": os.getgid()}
        self.assertEqual(self.rows(), [{"message": "one", **who}, {"message": "two", **who}])
        self.assertFalse(os.path.exists(self.path("in.sock")))

    def test_datagrams_say_so_too(self):
        daemon = self.listen("UNIX", f"listen={self.path('in.sock')}, @{os.path.basename(self.dir)}\ntype=datagram",
                             keys="message,truncated,peer.pid")
        for address in self.addresses(daemon):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
                peer.connect(address.replace("@", "\0"))
                peer.send(b"a\nb")
        self.has_rows(daemon, 2)
        daemon.stop()
        self.assertEqual(self.rows(), [{"message": "a\nb", "peer.pid": os.getpid()}] * 2)

    def test_a_stale_socket_is_replaced_and_a_live_one_is_not(self):
        path = self.path("in.sock")
        daemon = self.listen("UNIX", f"listen={path}")
        second = self.stookd("-c", "stookd.conf")
        self.assertEqual(second.returncode, 3, second.stderr)
        self.assertIn(f"cannot bind {path}: Address already in use", second.stderr)
        daemon.kill()
        self.assertTrue(os.path.exists(path))
        again = self.listen("UNIX", f"listen={path}")
        self.connect(again).sendall(b"one\n")
        self.has_rows(again, 1)
        again.stop()

    def test_a_reload_may_change_the_permissions(self):
        daemon = self.listen("UNIX", f"listen={self.path('in.sock')}\nmode=0600")
        peer = self.connect(daemon)
        peer.sendall(b"one\n")
        self.has_rows(daemon, 1)
        self.write("stookd.conf", self.read("stookd.conf").replace("mode=0600", "mode=0660"))
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: "event=reloaded" in daemon.log(), "the reload")
        self.assertEqual(stat.S_IMODE(os.stat(self.path("in.sock")).st_mode), 0o660)
        peer.sendall(b"two\n")
        self.has_rows(daemon, 2)
        self.write("stookd.conf", self.read("stookd.conf").replace("in:UNIX", "other:UNIX").replace("[in]", "[other]"))
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: daemon.log().count("event=reloaded") == 2, "a source of another name")
        peer.sendall(b"three\n")
        self.has_rows(daemon, 3)
        daemon.stop()

    def test_a_file_that_is_no_socket_stays(self):
        path = self.write("in.sock", "precious")
        self.write("a.conf", f"[global]\nstack=in:UNIX,out:FILE\n[in]\nlisten={path}\n[out]\npath=out.log\nformat=raw\n")
        self.assertEqual(self.stookd("-c", "a.conf").returncode, 3)
        self.assertEqual(self.read("in.sock"), "precious")

    def test_senders_wait_while_nobody_reads(self):
        daemon = self.listen("UNIX", f"listen={self.path('in.sock')}\ntype=datagram")
        daemon.signal(signal.SIGSTOP)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
            peer.connect(self.path("in.sock"))
            peer.setblocking(False)
            sent = 0
            try:
                while True:
                    peer.send(b"%d" % sent)
                    sent += 1
            except BlockingIOError:
                pass
            daemon.signal(signal.SIGCONT)
            self.has_rows(daemon, sent)
        daemon.stop()
        self.assertEqual(self.messages(), [str(number) for number in range(sent)])


if __name__ == "__main__":
    unittest.main()
