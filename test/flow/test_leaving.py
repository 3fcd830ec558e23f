# SPDX-License-Identifier: Apache-2.0
"""What peers have sent to an address at which nobody will listen: at a stop, and after a reload that moves it."""

import signal
import socket
import threading
import time
import unittest

from harness import Daemon
from net_kit import Net
from peers import free_port

ANY = "listen=127.0.0.1:0\n"
ELSEWHERE = "listen=[::1]:0\n"
LINES = b"".join(b"row %d ........................\n" % i for i in range(500))


class Leaving(Net):
    def send_much(self, daemon):
        """Four peers send as fast as they can, and close. Returns how many rows they were."""
        def send(peer):
            for _ in range(10):
                peer.sendall(LINES)
            peer.close()

        threads = [threading.Thread(target=send, args=(self.connect(daemon),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return 4 * 10 * 500  # what has come is read within a second

    def blocked(self):
        """A daemon whose sink finds nobody at `port`."""
        self.port = free_port()
        return Daemon(self, "[global]\nstop_timeout=1s\nstack=in:TCP,out:TCP\n[in]\n" + ANY +
                      f"[out]\nto=127.0.0.1:{self.port}\nformat=raw\n")

    def fail_to_reload(self, daemon):
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: "event=reload_failed" in daemon.log(), "the failure")
        daemon.wait_for(lambda: daemon.log().count("event=listening") == 2, "the way back")

    def reload(self, daemon, text):
        self.write("stookd.conf", text)
        daemon.signal(signal.SIGHUP)
        daemon.wait_for(lambda: "event=reloaded" in daemon.log(), "the reload")

    def test_a_stop_reads_until_peers_close(self):
        daemon = self.listen("TCP", ANY)
        peer = self.connect(daemon)
        peer.sendall(b"0\n")
        self.has_rows(daemon, 1)
        daemon.signal(signal.SIGTERM)
        self.assertTrue(self.is_closed(peer))  # its half: nobody listens any more
        for number in range(1, 6):
            peer.sendall(b"%d\n" % number)
            time.sleep(0.01)  # of the second that it has
        peer.close()
        daemon.stop()
        self.assertEqual(self.messages(), [str(number) for number in range(6)])

    def test_a_stop_waits_a_second_for_peers_that_stay(self):
        daemon = self.listen("TCP", ANY)
        peer = self.connect(daemon)
        peer.sendall(b"one\nhalf")
        self.has_rows(daemon, 1)
        begin = time.monotonic()
        daemon.stop()
        self.assertTrue(0.9 < time.monotonic() - begin < 10)
        self.assertEqual(self.rows(), [{"message": "one"}, {"message": "half", "partial": True}])

    def test_what_a_blocked_sink_kept_from_being_read_is_counted(self):
        daemon = self.blocked()
        peer = self.connect(daemon)
        peer.settimeout(0.5)
        with self.assertRaises(TimeoutError):
            while True:
                peer.sendall(LINES)
        daemon.stop(1)
        self.assertEqual(self.lost(daemon)["pool"], "1")
        self.assertRegex(daemon.log(), r"event=connection_unread instance=in peer=127\S+ bytes=[1-9]")

    def test_a_reload_that_moves_a_listener_reads_what_came(self):
        for plugin, here, there in (("TCP", ANY, ELSEWHERE), ("SYSLOG", "tcp=127.0.0.1:0\n", "tcp=[::1]:0\n"),
                                    ("UNIX", "listen=@stook-a-{0}\n", "listen=@stook-b-{0}\n")):
            with self.subTest(plugin=plugin):
                here, there = here.format(id(self)), there.format(id(self))
                daemon = self.listen(plugin, here)
                half = self.connect(daemon)
                half.sendall(b"one\nhalf")
                self.has_rows(daemon, 1)
                count = self.send_much(daemon)
                self.reload(daemon, self.read("stookd.conf").replace(here, there))
                self.assertEqual(len(self.rows()), 2 + count)
                self.assertEqual([row["message"] for row in self.rows() if row.get("partial")], ["half"])
                self.connect(daemon, 1).sendall(b"there\n")
                self.has_rows(daemon, 3 + count)
                daemon.stop()
                self.assertEqual(self.lost(daemon), {})
                self.write("out.log", "")

    def test_a_reload_that_removes_a_listener_reads_what_came(self):
        daemon = self.listen("TCP", "listen=127.0.0.1:0, [::1]:0\n")
        stays, goes = self.connect(daemon, 1), self.connect(daemon)
        goes.sendall(b"one\nha")
        stays.sendall(b"two\ntw")
        self.has_rows(daemon, 2)
        self.reload(daemon, self.read("stookd.conf").replace("127.0.0.1:0, ", ""))
        self.has_rows(daemon, 3)
        stays.sendall(b"o\n")
        self.has_rows(daemon, 4)
        self.assertEqual(sorted(self.messages()), ["ha", "one", "two", "two"])
        daemon.stop()

    def test_a_reload_whose_source_does_not_start_goes_back(self):
        daemon = self.listen("TCP", ANY)
        self.connect(daemon).sendall(b"one\n")
        self.has_rows(daemon, 1)
        before = self.read("stookd.conf")
        self.write("stookd.conf", before.replace(ANY, "listen=192.0.2.1:4\n"))
        self.fail_to_reload(daemon)
        self.connect(daemon, 1).sendall(b"two\n")
        self.has_rows(daemon, 2)
        self.write("stookd.conf", before)
        daemon.stop()

    def test_a_reload_that_waits_in_vain_for_a_sink_listens_again(self):
        daemon = self.blocked()
        self.connect(daemon).sendall(b"one\n")
        daemon.wait_for(lambda: "event=sink_waits" in daemon.log(), "the sink fails")
        before = self.read("stookd.conf")
        self.write("stookd.conf", before.replace(ANY, ELSEWHERE))
        self.fail_to_reload(daemon)
        peer = self.connect(daemon, 1)
        self.assertEqual(peer.getpeername()[0], "127.0.0.1")
        peer.sendall(b"two\n")
        with socket.create_server(("127.0.0.1", self.port)) as server:
            server.settimeout(30)
            receiver, _ = server.accept()
            receiver.settimeout(30)
            text = b""
            while text.count(b"\n") < 2:
                text += receiver.recv(4096)
            receiver.close()
        self.write("stookd.conf", before)
        self.assertEqual(text, b"one\ntwo\n")
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
