# SPDX-License-Identifier: Apache-2.0
"""Packets of a queue and their verdicts (S1-53), in a network namespace of the test's own: what counts is which packets arrive."""

import os
import re
import shutil
import signal
import socket
import subprocess
import unittest

import netns_kit
from harness import BUILD, HAS_SANITIZER, ROOT, Daemon, Programs

WHY_NOT = netns_kit.enter() or netns_kit.prepare()
if not WHY_NOT and shutil.which("iptables") is None:
    WHY_NOT = "iptables is not installed"
if not WHY_NOT and not netns_kit.works("iptables", "-A", "INPUT", "-p", "udp", "--dport", "1", "-j", "NFQUEUE", "--queue-num", "9"):
    WHY_NOT = "this kernel has no target NFQUEUE"
if not WHY_NOT and not os.path.exists("/proc/net/netfilter/nfnetlink_queue"):
    WHY_NOT = "this kernel has no nfnetlink_queue"
if WHY_NOT:
    print("skipped:", WHY_NOT)

CONFIG = """
[global]
{stacks}
[q]
queue={queue}
patience={patience}
{more}
"""
OUT = "[out]\npath=out.log\nformat=json\n"


def config(*stacks, more="", queue="0", patience="1h"):
    text = CONFIG.format(stacks="\n".join("stack=" + one for one in stacks), more=more, queue=queue, patience=patience)
    return text + (OUT if "out:FILE" in text else "")


def waiting(queue=0):
    """How many packets wait in a queue, as the kernel says; nothing when nobody has it."""
    with open("/proc/net/netfilter/nfnetlink_queue", encoding="ascii") as file:
        for line in file:
            words = line.split()
            if int(words[0]) == queue:
                return int(words[2])
    return None


class Listener:
    """What arrives at a port."""

    def __init__(self, flow, port):
        self.port = port
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        flow.addCleanup(self.socket.close)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("0.0.0.0", port))
        self.socket.setblocking(False)
        self.got = []

    def look(self):
        """All that has arrived so far."""
        while True:
            try:
                self.got.append(int(self.socket.recv(2048).rstrip(b".")))
            except BlockingIOError:
                return self.got


def send(numbers, port=5000, source="127.0.0.1"):
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.bind((source, 0))
    for number in numbers:
        out.sendto(str(number).encode().ljust(20, b"."), ("127.0.0.1", port))
    out.close()


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Nfqueue(Programs):
    def setUp(self):
        super().setUp()
        self.addCleanup(subprocess.run, ["nft", "flush", "ruleset"], check=False)
        subprocess.run(["iptables", "-F"], check=True)
        self.at = Listener(self, 5000)

    def rule(self, *words, port="5000:5009", target=("--queue-num", "0")):
        subprocess.run(["iptables", "-A", "INPUT", "-p", "udp", "--dport", port, *words, "-j", "NFQUEUE", *target], check=True)

    def start(self, *stacks, **more):
        daemon = Daemon(self, config(*stacks, **more))
        daemon.wait_for(lambda: "event=listening instance=q" in daemon.log(), "the queue")
        return daemon

    def arrive(self, daemon, numbers, listener=None):
        listener = listener or self.at
        daemon.wait_for(lambda: len(listener.look()) >= len(numbers), f"{len(numbers)} packets at {listener.port}")
        self.assertEqual(sorted(listener.got), sorted(numbers))

    def rows(self, name="out.log"):
        return netns_kit.rows(self, name)

    def test_packets_go_on_and_are_rows(self):
        self.rule()
        daemon = self.start("q:NFQUEUE,base:BASE,v:VERDICT", "q:NFQUEUE,base:BASE,out:FILE")
        send(range(700))
        self.arrive(daemon, range(700))
        daemon.wait_for(lambda: len(self.rows()) == 700, "the rows")
        daemon.stop()
        rows = self.rows()
        self.assertEqual([row["nfq.id"] for row in rows], list(range(1, 701)))
        wanted = {"nfq.res_id": 0, "nfq.size": 48, "raw.pktlen": 48, "oob.hook": 1, "oob.family": 2, "oob.protocol": 2048,
                  "oob.ifindex_in": 1, "ip.saddr": "127.0.0.1", "udp.dport": 5000, "oob.mark": 0}
        self.assertEqual({key: rows[0].get(key) for key in wanted}, wanted)
        self.assertNotIn("nfq.line", rows[0])

    def test_a_script_decides(self):
        """S1-53: verdicts and marks by Lua; each packet has one."""
        self.rule()
        # behind the queue: what has the mark 7 is dropped
        subprocess.run(["nft", "add table ip after; add chain ip after i { type filter hook input priority 10 ; };"
                        "add rule ip after i meta mark 7 drop"], check=True)
        self.write("judge.lua", """
function filter(rec)
  local port = rec["udp.dport"]
  if port == 5001 then
    rec["nfq.verdict"] = "drop"
  elseif port == 5002 then
    rec["nfq.mark"] = 7
  elseif port == 5003 then
    rec["nfq.mark"] = 8
    rec["nfq.verdict"] = "accept"
  elseif port == 5004 then
    rec["nfq.verdict"] = "perhaps"
  end
end
""")
        others = [Listener(self, port) for port in range(5001, 5005)]
        daemon = self.start("q:NFQUEUE,base:BASE,judge:LUA,v:VERDICT\n[judge]\nscript=judge.lua")
        for i in range(60):
            for port in range(5001, 5005):
                send([i], port)
            send([i])
        self.arrive(daemon, range(60))
        self.arrive(daemon, range(60), others[2])
        self.arrive(daemon, range(60), others[3])
        self.assertEqual((others[0].look(), others[1].look()), ([], []))
        self.assertEqual(waiting(), 0)
        daemon.wait_for(lambda: "event=verdict_unreadable instance=v" in daemon.log(), "it is told")
        daemon.stop()

    def test_rows_that_a_script_fails(self):
        """They go on to the sink; or to another one, which decides as it is told; or have the verdict of dropped ones. The ledger counts
        them as failed, and never as what a filter has disposed of."""
        self.rule()
        other = Listener(self, 5001)
        self.write("judge.lua", "function filter(rec)\n  if rec['udp.dport'] == 5001 then error('no') end\nend\n")
        for on_error, more, passed, judged, decided in (
                ("pass", "", 50, {"out": 100}, {"v": 100}),
                ("w:VERDICT\n[w]\nverdict=drop", "", 0, {"out": 50, "routed": 50}, {"v": 50, "w": 50}),
                ("drop", "", 0, {"out": 50, "dropped_error": 50}, {"v": 50}),
                ("drop", "on_drop=accept", 50, {"out": 50, "dropped_error": 50}, {"v": 50}),
                ("letters", "[global]\nletters=letters", 0, {"out": 50, "routed": 50}, {"v": 50})):
            daemon = self.start("q:NFQUEUE,base:BASE,judge:LUA,v:VERDICT\n[judge]\nscript=judge.lua\non_error=" + on_error, more=more)
            for i in range(50):
                send([i], 5001)
                send([i])
            self.arrive(daemon, range(50))
            daemon.wait_for(lambda: waiting() == 0, "no packet waits")
            self.arrive(daemon, range(passed), other)
            daemon.stop(code=1 if on_error in ("drop", "letters") else 0)
            names = ("out", "filtered", "routed", "dropped_error", "in_flight")
            counts = netns_kit.counts(daemon, "judge")
            self.assertEqual({name: int(counts.get(name, 0)) for name in names}, {**dict.fromkeys(names, 0), **judged}, on_error)
            self.assertEqual({sink: int(netns_kit.counts(daemon, sink)["out"]) for sink in decided}, decided, on_error)
            self.assertEqual(netns_kit.lost(daemon, "q"), {}, on_error)
            self.at.got.clear()
            other.got.clear()

    def test_what_a_filter_drops_is_dropped_or_not(self):
        self.rule()
        other = Listener(self, 5001)
        stack = "q:NFQUEUE,base:BASE,keep(udp.dport == 5000),v:VERDICT"
        for on_drop in ("drop", "accept"):
            daemon = self.start(stack, more="on_drop=" + on_drop)
            for i in range(300):
                send([i], 5000 + i % 2)
            self.arrive(daemon, range(0, 300, 2))
            if on_drop == "accept":
                self.arrive(daemon, range(1, 300, 2), other)
            daemon.wait_for(lambda: waiting() == 0, "no packet waits")
            self.assertEqual(len(other.look()), 150 if on_drop == "accept" else 0)
            daemon.stop()
            self.at.got.clear()

    @unittest.skipIf(HAS_SANITIZER or shutil.which("strace") is None, "strace is not installed, or its program has a sanitizer")
    def test_packets_that_follow_each_other_have_one_message(self):
        self.rule()
        daemon = self.start("q:NFQUEUE,v:VERDICT")
        daemon.signal(signal.SIGSTOP)
        send(range(300))
        trace = self.path("trace")
        tracer = subprocess.Popen(["strace", "-f", "-o", trace, "-e", "trace=sendto,sendmsg", "-p", str(daemon.process.pid)],
                                  stderr=subprocess.PIPE, text=True)
        self.addCleanup(tracer.wait)
        self.addCleanup(tracer.terminate)
        for line in tracer.stderr:
            if "attached" in line:
                break
        else:
            daemon.signal(signal.SIGCONT)
            self.skipTest("strace may not look at processes here")
        daemon.signal(signal.SIGCONT)
        self.arrive(daemon, range(300))
        tracer.terminate()
        tracer.wait()
        tracer.stderr.close()
        daemon.stop()
        batches = self.read("trace").count("VERDICT_BATCH")
        self.assertGreater(batches, 0, self.read("trace"))
        self.assertLess(batches + len(re.findall(r"MSG_VERDICT\b", self.read("trace"))), 150)

    def test_a_reload_leaves_no_packet_behind(self):
        self.rule()
        self.write("judge.lua", "function filter(rec)\nend\n")
        stack = "q:NFQUEUE,judge:LUA,v:VERDICT\n[judge]\nscript=judge.lua"
        daemon = self.start(stack)
        send(range(50))
        # another script, and then another source, which takes the queue over
        self.write("judge.lua", "function filter(rec)\n  rec['nfq.mark'] = 1\nend\n")
        for turn, more in enumerate(("", "queue_length=2000"), 1):
            self.write("stookd.conf", config(stack, more=more))
            daemon.signal(signal.SIGHUP)
            daemon.wait_for(lambda count=turn: daemon.log().count("event=reloaded") == count, f"reload {turn}")
            daemon.wait_for(lambda: waiting() is not None, "the queue")
            send(range(50 * turn, 50 * turn + 50))
        self.arrive(daemon, range(150))
        daemon.stop()

    def test_repeat_and_other_queues(self):
        self.rule("-m", "mark", "!", "--mark", "1", port="5000")
        self.rule(port="5001")
        other = Listener(self, 5001)
        self.write("judge.lua", """
function filter(rec)
  if rec["udp.dport"] == 5001 then
    rec["nfq.verdict"] = "queue:7"
  end
end
""")
        daemon = self.start("q:NFQUEUE,base:BASE,judge:LUA,v:VERDICT", "q:NFQUEUE,base:BASE,out:FILE", "r:NFQUEUE,second:FILE",
                            "r:NFQUEUE,x:VERDICT\n[judge]\nscript=judge.lua\n[v]\nverdict=repeat\nmark=0x1\n"
                            "[r]\nqueue=7\npatience=1h\n[second]\npath=second.log\nformat=json")
        daemon.wait_for(lambda: "event=listening instance=r" in daemon.log(), "the other queue")
        send(range(50))
        send(range(50), 5001)
        self.arrive(daemon, range(50))
        self.arrive(daemon, range(50), other)
        daemon.stop()
        self.assertEqual(len(self.rows()), 100)
        self.assertEqual({row["nfq.res_id"] for row in self.rows("second.log")}, {7})
        self.assertEqual(len(self.rows("second.log")), 50)

    def test_several_queues_are_one_source(self):
        self.rule(target=("--queue-balance", "0:3"))
        daemon = self.start("q:NFQUEUE,base:BASE,v:VERDICT", "q:NFQUEUE,base:BASE,out:FILE", queue="0-3")
        for i in range(40):
            send([i, 100 + i], source=f"127.0.0.{i + 1}")
        self.arrive(daemon, [*range(40), *range(100, 140)])
        daemon.wait_for(lambda: len(self.rows()) == 80, "the rows")
        daemon.stop()
        self.assertGreater(len({row["nfq.res_id"] for row in self.rows()}), 1)

    def test_the_kernel_decides_while_nobody_does(self):
        """Fail-open: what finds the queue full goes on; with fail = close it does not."""
        self.rule()
        for fail, passed in (("open", 40), ("close", 0)):
            daemon = self.start("q:NFQUEUE,v:VERDICT", more=f"fail={fail}\nqueue_length=10")
            netns_kit.stand_still(daemon)
            send(range(50))
            daemon.wait_for(lambda: waiting() == 10, "ten packets wait")
            self.arrive(daemon, range(10, 10 + passed))
            daemon.signal(signal.SIGCONT)
            self.arrive(daemon, [*range(10), *range(10, 10 + passed)])
            daemon.stop()
            self.at.got.clear()

    def test_packets_that_the_socket_did_not_hold_are_counted(self):
        """By their numbers; the kernel decides them as fail says."""
        self.rule()
        for fail, passed in (("open", 300), ("close", 0)):
            daemon = self.start("q:NFQUEUE,v:VERDICT", "q:NFQUEUE,out:FILE",
                                more=f"fail={fail}\nnetlink_socket_buffer_size=4096\nnetlink_socket_buffer_maxsize=4096")
            netns_kit.stand_still(daemon)
            send(range(300))
            held = waiting()
            self.assertLess(held, 300)
            daemon.signal(signal.SIGCONT)
            daemon.wait_for(lambda: waiting() == 0 and "event=netlink_overrun" in daemon.log(), "an overrun")
            send([300])  # whose number tells what is missing
            self.arrive(daemon, range(301) if passed else [*range(held), 300])
            daemon.wait_for(lambda count=held: len(self.rows()) == count + 1, "the rows")
            daemon.stop(code=1)
            self.assertEqual(netns_kit.lost(daemon, "q"), {"overrun": 300 - held})
            os.unlink(self.path("out.log"))
            self.at.got.clear()

    def fail_for_good(self, fail, patience):
        """A script that raises for every row is not called any more, and its source stands still."""
        self.write("judge.lua", "function filter(rec)\n  error('no')\nend\n")
        daemon = self.start("q:NFQUEUE,judge:LUA,v:VERDICT\n[judge]\nscript=judge.lua", more="fail=" + fail, patience=patience)
        send(range(200))
        daemon.wait_for(lambda: "event=suspended" in daemon.log(), "the script is suspended")
        return daemon

    def test_no_packet_waits_for_longer_than_patience(self):
        self.rule()
        daemon = self.fail_for_good("open", "20ms")
        send(range(200, 210))
        self.arrive(daemon, range(210))
        daemon.wait_for(lambda: "event=verdict_late instance=q" in daemon.log(), "it is told")
        daemon.stop(code=1)

    def test_at_the_end_what_waits_is_let_go(self):
        self.rule()
        for fail in ("open", "close"):
            daemon = self.fail_for_good(fail, "1h")
            daemon.stop(code=1)
            self.assertIsNone(waiting())
            ledger = next(line for line in daemon.log().splitlines() if "element=v " in line)
            decided = int(dict(word.split("=", 1) for word in ledger.split() if "=" in word)["out"])
            self.assertLess(decided, 200, ledger)
            self.assertEqual(len(self.at.look()), 200 if fail == "open" else decided, ledger)
            self.at.got.clear()

    def test_without_a_sink_that_decides_packets_go_on(self):
        self.rule()
        daemon = self.start("q:NFQUEUE,out:FILE")
        self.assertIn("event=nfqueue_undecided instance=q", daemon.log())
        send(range(100))
        self.arrive(daemon, range(100))
        daemon.wait_for(lambda: len(self.rows()) == 100, "the rows")
        daemon.stop()

    def test_a_queue_that_another_program_has_is_waited_for(self):
        other = netns_kit.other_queue(0)
        self.addCleanup(other.close)
        self.rule()
        daemon = Daemon(self, config("q:NFQUEUE,v:VERDICT"))
        daemon.wait_for(lambda: "event=netlink_waits instance=q" in daemon.log(), "it is told")
        self.assertIn("another program has queue 0", daemon.log())
        other.close()
        daemon.wait_for(lambda: "event=listening instance=q" in daemon.log(), "the queue")
        send(range(3))
        self.arrive(daemon, range(3))
        daemon.stop()

    def test_without_the_capability_it_says_what_is_missing(self):
        path = self.write("stook.conf", config("q:NFQUEUE,v:VERDICT"))
        done = subprocess.run(["setpriv", "--bounding-set=-net_admin", os.path.join(ROOT, BUILD, "stookd"), "-c", path],
                              cwd=self.dir, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("cannot take packets from netfilter's queues: CAP_NET_ADMIN is missing", done.stderr)

    def test_mistakes_are_told(self):
        for more, wanted in (("queue=3-1", "queue: '3-1' are no queues; it takes the lower one first, and 256 at the most"),
                             ("queue=a", "queue: 'a' is no queue; it takes a number up to 65535, or several as 0-3"),
                             ("[v]\nverdict=maybe", "verdict: 'maybe' is no verdict; it takes accept, drop, repeat or queue:7"),
                             ("[v]\nmark=7x", "mark: '7x' is no mark; it takes a number of 32 bits, as 7 or 0x7")):
            path = self.write("stook.conf", f"[global]\nstack=q:NFQUEUE,v:VERDICT\n[q]\n{more}\n")
            done = self.stook("check", path)
            self.assertEqual(done.code, 2, done.err)
            self.assertIn(wanted, done.err)


if __name__ == "__main__":
    unittest.main()
