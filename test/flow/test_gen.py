# SPDX-License-Identifier: Apache-2.0
"""Made lines go out by `stook gen`, through a daemon, and `stook verify` finds each once; lines that somebody took away,
doubled or exchanged are found to the number."""

import json
import os
import random
import socket
import subprocess
import unittest

from harness import BUILD, ROOT, Daemon, Programs
from peers import free_port


class Made(Programs):
    def gen(self, *words, code=0):
        """What was sent."""
        done = self.stook("gen", "--id", "--json", *words)
        self.assertEqual(done.code, code, done.err)
        return json.loads(done.err.splitlines()[-1])

    def verify(self, *words, code=0):
        done = self.stook("verify", "--json", *words)
        self.assertEqual(done.code, code, done.out + done.err)
        return json.loads(done.out)

    def assert_whole(self, found, count, stream="access"):
        one = [one for one in found["streams"] if one["stream"] == stream][0]
        self.assertEqual((one["largest"], one["lines"], one["missing"], one["repeated"]), (count, count, 0, 0))


class Files(Made):
    def test_a_file_is_whole(self):
        sent = self.gen("--to", "file:" + self.path("a.log"), "--count", "5k", "--template", "access=3,json=1,syslog=1")
        self.assertEqual((sent["made"], sent["sent"]), (5000, 5000))
        found = self.verify("a.log")
        for stream, count in (("access", 3000), ("json", 1000), ("syslog", 1000)):
            self.assert_whole(found, count, stream)
        self.assertEqual((found["lines"], found["without_number"], found["latency_ns"]), (5000, 0, None))
        for line in self.read("a.log").splitlines():
            if line.startswith("{"):
                self.assertIn("stook_seq", json.loads(line))
            elif '"' in line:
                self.assertTrue(line.endswith('"'), line)

    def test_what_was_taken_away_and_doubled_is_found(self):
        """S1-GEN-2: verify finds exactly what was changed by hand."""
        seed = random.randrange(1 << 30)
        print("seed", seed)
        draw = random.Random(seed)
        self.gen("--to", "file:" + self.path("a.log"), "--count", "2000", "--size", "300")
        lines = self.read("a.log").splitlines(keepends=True)
        self.assertTrue(all(len(line) >= 300 for line in lines))
        gone = set(draw.sample(range(1, 1999), 50))  # not the last one
        doubled = set(draw.sample(sorted(set(range(2000)) - gone), 30))
        kept = [line for n, line in enumerate(lines) for _ in range(0 if n in gone else 2 if n in doubled else 1)]
        kept[0], kept[-1] = kept[-1], kept[0]  # all that stand between come behind a larger number, or are it
        self.write("a.log", "".join(kept) + "no number\n")
        found = self.verify("a.log", code=1)
        one = found["streams"][0]
        self.assertEqual((one["largest"], one["lines"], one["missing"], one["repeated"]), (2000, 2000 - 50 + 30, 50, 30))
        missing = {n for first, last in one["missing_ranges"] for n in range(first, last + 1)}
        self.assertEqual(missing, {n + 1 for n in gone})
        self.assertEqual(found["without_number"], 1)
        self.assertGreater(one["out_of_order"], 1800)
        text = self.stook("verify", "a.log").out
        self.assertIn("missing of access: ", text)
        self.assertIn("1 lines without a number", text)
        end = self.verify("a.log", "--count", "2100", code=1)["streams"][0]
        self.assertEqual(end["missing"], 150)
        self.assertEqual(end["missing_ranges"][-1], [2001, 2100])

    def test_a_pipe_tells_the_latency(self):
        program = os.path.join(ROOT, BUILD, "stook")
        with subprocess.Popen([program, "gen", "--id", "--to", "stdout", "--count", "1000", "--rate", "20k"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as gen:
            done = subprocess.run([program, "verify", "-", "--json"], stdin=gen.stdout, capture_output=True, check=False,
                                  timeout=60)
        found = json.loads(done.stdout)
        self.assert_whole(found, 1000)
        latency = found["latency_ns"]
        self.assertGreater(latency["p50"], 0)
        self.assertEqual([latency[name] for name in ("p50", "p90", "p99", "p999", "max")],
                         sorted(latency[name] for name in ("p50", "p90", "p99", "p999", "max")))

    def test_wrong_words(self):
        for words, text in ((["gen"], "--to is needed"), (["gen", "--to", "ftp:x"], "--to ftp:x: it is one of"),
                            (["gen", "--to", "stdout", "--template", "xml"], "there is no 'xml'"),
                            (["gen", "--to", "udp:127.0.0.1:1", "--framing", "lf"], "--framing is for tcp: and unix:"),
                            (["gen", "--to", "stdout", "--count", "many"], "a number, as 50k or 1M, is needed"),
                            (["gen", "--to", "tcp:nowhere:x"], "stook gen: "),
                            (["verify"], "usage: stook verify"), (["verify", "x", "--listen", "tcp:1"], "usage")):
            done = self.stook(*words)
            self.assertEqual(done.code, 2, words)
            self.assertIn(text, done.err)
        self.assertEqual(self.stook("verify", "absent.log").code, 3)
        self.assertEqual(self.stook("verify", self.write("plain.log", "a line\n")).code, 1)
        self.assertIn("--template", self.stook("gen", "--help").out)
        self.assertIn("--listen", self.stook("verify", "--help").out)


class Through(Made):
    """gen → stookd → verify."""

    def daemon(self, source, more=""):
        return Daemon(self, f"[global]\ncontrol=control\nstack=in:{source}, out:file(path={self.path('out.log')}, format=raw)\n"
                            f"{more}")

    def listens(self, daemon):
        daemon.wait_for(lambda: "event=listening" in daemon.log(), "listening")

    def arrives(self, daemon, count):
        """All lines are in the file; then it is whole."""
        daemon.wait_for(lambda: os.path.exists(self.path("out.log")) and
                        self.read("out.log").count("\n") >= count, "all lines have come")
        daemon.stop()
        return self.verify("out.log", "--count", str(count))

    def test_tcp_in_both_framings(self):
        """S1-GEN-1: nothing is missing behind a daemon."""
        for framing, there in (("lf", "lf"), ("octet", "octets")):
            port = free_port()
            daemon = self.daemon(f"tcp(listen=127.0.0.1:{port}, framing={there})")
            self.listens(daemon)
            sent = self.gen("--to", f"tcp:127.0.0.1:{port}", "--framing", framing, "--count", "20k")
            self.assertEqual(sent["sent"], 20000)
            self.assert_whole(self.arrives(daemon, 20000), 20000)
            os.unlink(self.path("out.log"))

    def test_unix_forward_and_http(self):
        port, web = free_port(), free_port()
        for source, target in ((f"unix(listen={self.dir}/in.sock)", f"unix:{self.dir}/in.sock"),
                               (f"forward(listen=127.0.0.1:{port}), parse:parse_msgpack", f"forward:127.0.0.1:{port}"),
                               (f"http(listen=127.0.0.1:{web}), parse:parse_json", f"http://127.0.0.1:{web}/")):
            daemon = self.daemon(source)
            self.listens(daemon)
            self.assertEqual(self.gen("--to", target, "--count", "3000")["sent"], 3000)
            self.assert_whole(self.arrives(daemon, 3000), 3000)
            os.unlink(self.path("out.log"))

    def test_a_rate_is_kept_and_a_listener_sees_all(self):
        """Rows by UDP to a verify that listens; none is lost on the loopback at this rate."""
        port = free_port(socket.SOCK_DGRAM)
        program = os.path.join(ROOT, BUILD, "stook")
        with open(self.path("err"), "wb+") as err:
            verify = subprocess.Popen([program, "verify", "--listen", f"udp:127.0.0.1:{port}", "--count", "500", "--json"],
                                      stdout=subprocess.PIPE, stderr=err, cwd=self.dir)
            self.addCleanup(verify.stdout.close)
            self.until(lambda: "event=listening" in self.read("err"), "it listens")
            sent = self.gen("--to", f"udp:127.0.0.1:{port}", "--count", "500", "--rate", "1k", "--template", "syslog")
            out, _ = verify.communicate(timeout=60)
        self.assertEqual(verify.returncode, 0, self.read("err"))
        self.assertGreaterEqual(sent["seconds"], 0.4)
        found = json.loads(out)
        self.assert_whole(found, 500, "syslog")
        self.assertGreater(found["latency_ns"]["p50"], 0)


if __name__ == "__main__":
    unittest.main()
