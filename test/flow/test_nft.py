# SPDX-License-Identifier: Apache-2.0
"""What nftables and connection tracking tell when they are asked, or by themselves (S1-54, S1-55), in a network namespace of the
test's own."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import unittest

import netns_kit
from harness import BUILD, ROOT, Daemon, Programs

WHY_NOT = netns_kit.enter() or netns_kit.prepare()
if WHY_NOT:
    print("skipped:", WHY_NOT)

OUT = "[out]\npath=out.log\nformat=json\n"


def nft(text):
    subprocess.run(["nft", text], check=True)


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Nft(Programs):
    def setUp(self):
        super().setUp()
        self.addCleanup(subprocess.run, ["nft", "flush", "ruleset"], check=False)

    def rows(self):
        return netns_kit.rows(self, "out.log")

    def start(self, source, options=""):
        daemon = Daemon(self, f"[global]\nstack=in:{source},out:FILE\n[in]\n{options}\n{OUT}")
        return daemon

    def test_named_counters_and_quotas(self):
        nft("add table inet t; add counter inet t web; add quota inet t most { over 1 mbytes; }; add table ip u; add counter ip u web;"
            "add chain inet t i { type filter hook input priority 0 ; }; add rule inet t i udp dport 5000 counter name web quota name most")
        netns_kit.send(3)
        daemon = self.start("NFTCOUNTER", "pollinterval=50ms\ntimestamp=1")
        daemon.wait_for(lambda: len(self.rows()) >= 3, "the first round")
        daemon.stop()
        rows = self.rows()[:3]
        self.assertGreater(rows[0].pop("oob.time.sec"), 1700000000)
        self.assertLess(rows[0].pop("oob.time.usec"), 1000000)
        self.assertEqual(rows[0], {"sum.name": "web", "sum.pkts": 3, "sum.bytes": 144, "nft.family": "inet", "nft.table": "t",
                                   "nft.object": "counter"})
        self.assertEqual((rows[1]["nft.family"], rows[1]["nft.table"], rows[1]["sum.pkts"]), ("ip", "u", 0))
        self.assertEqual((rows[2]["sum.name"], rows[2]["nft.object"], rows[2]["nft.quota"], rows[2]["sum.bytes"]),
                         ("most", "quota", 1 << 20, 144))
        self.assertNotIn("sum.pkts", rows[2])

    def test_counters_of_an_interval(self):
        """Each packet is in one row: the sum of all of them is what was sent."""
        nft("add table inet t; add counter inet t web; add table ip u; add counter ip u other;"
            "add chain inet t i { type filter hook input priority 0 ; }; add rule inet t i udp dport 5000 counter name web")
        daemon = self.start("NFTCOUNTER", "pollinterval=20ms\nzerocounter=1\ntable=t")
        sent = 0

        def counted():
            return sum(row["sum.pkts"] for row in self.rows())

        while len([row for row in self.rows() if row["sum.pkts"]]) < 3:
            netns_kit.send(1)
            sent += 1
            daemon.wait_for(lambda count=sent: counted() == count, "the packet is counted")
        daemon.stop()
        self.assertEqual(counted(), sent)
        self.assertEqual({row["sum.name"] for row in self.rows()}, {"web"})

    def test_statistics_of_connection_tracking(self):
        """S1-54: the figures that the kernel shows as text."""
        nft("add table inet t; add chain inet t i { type filter hook input priority 0 ; }; add rule inet t i ct state invalid counter")
        # an answer to an echo that nobody has asked for belongs to no connection
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.addCleanup(raw.close)
        raw.sendto(struct.pack(">BBHHH", 0, 0, 0xfffd, 1, 1), ("127.0.0.1", 0))
        try:
            with open("/proc/net/stat/nf_conntrack", encoding="ascii") as file:
                names, *cpus = [line.split() for line in file]
        except OSError as error:
            self.skipTest(f"the kernel shows no statistics of connection tracking: {error}")
        daemon = self.start("NFCTST", "pollinterval=50ms")
        daemon.wait_for(lambda: len(self.rows()) >= len(cpus), "the first round")
        daemon.stop()
        known = [name for name in ("found", "invalid", "insert", "insert_failed", "drop", "early_drop") if name in names]
        shown = [{"nfct.stats.cpu": i, **{"nfct.stats." + name: int(words[names.index(name)], 16) for name in known}}
                 for i, words in enumerate(cpus)]
        self.assertEqual([{key: row[key] for key in shown[0]} for row in self.rows()[:len(cpus)]], shown)
        self.assertGreater(sum(row["nfct.stats.invalid"] for row in self.rows()[:len(cpus)]), 0)

    def test_changes_of_rules(self):
        """S1-55: what a transaction changed, and who made it."""
        daemon = self.start("NFTEVENT")
        daemon.wait_for(lambda: "event=listening instance=in" in daemon.log(), "it listens")
        nft('add table inet t; add chain inet t i; add rule inet t i udp dport 1 accept comment "one"; add counter inet t web;'
            "add set inet t s { type ipv4_addr; timeout 1h; }; add element inet t s { 192.0.2.1 timeout 5m }")
        nft("delete table inet t")
        daemon.wait_for(lambda: len([row for row in self.rows() if row["nft.object"] == "gen"]) == 2, "both transactions")
        daemon.stop()
        rows = [{key[4:]: value for key, value in row.items()} for row in self.rows()]
        at = [row["object"] for row in rows].index("gen")
        new, old = rows[:at], rows[at + 1:-1]
        self.assertEqual({row["event"] for row in new}, {"new"})
        self.assertEqual({row["event"] for row in old}, {"del"})
        self.assertEqual((rows[at]["process"], rows[at]["generation"] + 1), ("nft", rows[-1]["generation"]))
        self.assertGreater(rows[at]["pid"], 0)

        def one(kind, rows):
            row, = [row for row in rows if row["object"] == kind]
            self.assertEqual((row["family"], row["table"]), ("inet", "t"))
            return row

        self.assertEqual((one("rule", new)["chain"], one("rule", new)["comment"]), ("i", "one"))
        self.assertEqual(one("rule", old)["handle"], one("rule", new)["handle"])
        self.assertEqual((one("set_elem", new)["set"], one("set_elem", new)["element"], one("set_elem", new)["timeout"]),
                         ("s", "c0000201", 300000))
        self.assertEqual((one("set", new)["set"], one("obj", new)["name"], one("chain", new)["chain"]), ("s", "web", "i"))
        one("table", new)
        one("table", old)

    def test_changes_that_did_not_fit_are_told_as_an_overrun(self):
        """Nobody knows how many they were: one is counted each time."""
        daemon = self.start("NFTEVENT", "netlink_socket_buffer_size=4096\nnetlink_socket_buffer_maxsize=4096")
        daemon.wait_for(lambda: "event=listening instance=in" in daemon.log(), "it listens")
        netns_kit.stand_still(daemon)
        for i in range(50):
            nft(f"add table inet t{i}; delete table inet t{i}")
        daemon.signal(signal.SIGCONT)
        daemon.wait_for(lambda: "event=netlink_overrun instance=in" in daemon.log(), "an overrun")
        daemon.stop(code=1)
        self.assertEqual(netns_kit.lost(daemon, "in"), {"overrun": 1})

    def test_traces_that_did_not_fit_are_told_as_an_overrun(self):
        """As with changes: nobody knows how many steps they were."""
        nft("add table inet t; add chain inet t i { type filter hook input priority 0 ; };"
            "add rule inet t i udp dport 5000 meta nftrace set 1")
        at = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(at.close)
        at.bind(("127.0.0.1", 5000))
        at.settimeout(30)
        daemon = self.start("NFTTRACE", "netlink_socket_buffer_size=4096\nnetlink_socket_buffer_maxsize=4096")
        daemon.wait_for(lambda: "event=listening instance=in" in daemon.log(), "it listens")
        netns_kit.stand_still(daemon)
        for _ in range(50):
            netns_kit.send(1)
            at.recv(100)  # all steps of the packet have been told
        daemon.signal(signal.SIGCONT)
        daemon.wait_for(lambda: "event=netlink_overrun instance=in" in daemon.log(), "an overrun")
        daemon.stop(code=1)
        self.assertEqual(netns_kit.lost(daemon, "in"), {"overrun": 1})

    def test_the_way_of_packets(self):
        nft("add table inet t; add chain inet t i { type filter hook input priority 0 ; }; add chain inet t j;"
            "add rule inet t j counter return; add rule inet t i udp dport 5000 meta nftrace set 1; add rule inet t i udp dport 5000 jump j;"
            "add rule inet t i udp dport 5000 drop")
        daemon = Daemon(self, f"[global]\nstack=in:NFTTRACE,base:BASE,out:FILE\n{OUT}")
        daemon.wait_for(lambda: "event=listening instance=in" in daemon.log(), "it listens")
        netns_kit.send(2)
        daemon.wait_for(lambda: len(self.rows()) == 8, "all steps")
        daemon.stop()
        for packet in (self.rows()[:4], self.rows()[4:]):
            self.assertEqual([row["trace.verdict"] for row in packet], ["continue", "jump", "return", "drop"])
            self.assertEqual([row["nft.chain"] for row in packet], ["i", "i", "j", "i"])
            self.assertEqual({(row["trace.type"], row["nft.family"], row["nft.table"]) for row in packet}, {("rule", "inet", "t")})
            self.assertEqual(packet[1]["trace.target"], "j")
            self.assertEqual((packet[0]["ip.saddr"], packet[0]["udp.dport"], packet[0]["oob.ifindex_in"]), ("127.0.0.1", 5000, 1))
            self.assertEqual(len({row["trace.id"] for row in packet}), 1)

    def test_a_namespace_is_waited_for_and_left(self):
        name = "stook-nft"
        daemon = self.start("NFTEVENT", f"netns={name}")
        daemon.wait_for(lambda: "event=netns_absent" in daemon.log(), "it is told")
        if not netns_kit.works("ip", "netns", "add", name):
            self.skipTest("no named namespace can be made here")
        daemon.wait_for(lambda: "event=listening instance=in" in daemon.log(), "it listens there")
        subprocess.run(["ip", "netns", "exec", name, "nft", "add table ip there"], check=True)
        daemon.wait_for(lambda: len(self.rows()) == 2, "the table and who made it")
        subprocess.run(["ip", "netns", "delete", name], check=True)
        daemon.wait_for(lambda: "has gone, or is another one" in daemon.log(), "it is told")
        daemon.stop()
        self.assertEqual(self.rows()[0]["nft.table"], "there")

    def test_without_the_capability_it_says_what_is_missing(self):
        stacks = {"in:NFTEVENT,out:FILE": "cannot listen to changes of nftables", "in:NFTTRACE,out:FILE": "cannot listen to traces of nftables",
                  "in:NFTCOUNTER(60),out:FILE": "cannot ask for counters of nftables",
                  "in:NFCTST,out:FILE": "cannot ask for what connection tracking has done",
                  "in:MADE,out:NFTSET": "cannot change sets of nftables"}
        for stack, wanted in stacks.items():
            out = "[out]\nset=inet t banned\n" if "NFTSET" in stack else OUT
            path = self.write("stook.conf", f"[global]\nstack={stack}\n{out}")
            done = subprocess.run(["setpriv", "--bounding-set=-net_admin", os.path.join(ROOT, BUILD, "stookd"), "-c", path],
                                  cwd=self.dir, capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn(wanted + ": CAP_NET_ADMIN is missing", done.stderr)

    def test_an_interval_is_needed(self):
        for source, wanted in (("NFTCOUNTER", "pollinterval is not set; it takes how often counters are asked, as 60 or 500ms"),
                               ("NFCTST", "pollinterval is too short; it takes 10ms or more, as 60 or 500ms")):
            options = "pollinterval=1ms" if source == "NFCTST" else ""
            path = self.write("stook.conf", f"[global]\nstack=in:{source},out:FILE\n[in]\n{options}\n{OUT}")
            done = self.stook("check", path)
            self.assertEqual(done.code, 2)
            self.assertIn(wanted, done.err)


def listed(kind, name):
    """Elements as nft writes them, without their times."""
    text = subprocess.run(["nft", "-nn", "list", kind, "inet", "t", name], check=True, capture_output=True, text=True).stdout
    found = re.search(r"elements = \{(.*?)\}", text, re.DOTALL)
    words = (" ".join(one.split()) for one in found.group(1).split(",")) if found else ()
    return sorted(re.sub(r" (timeout|expires) \S+", "", one) for one in words)


def elements(name="banned", table="inet t"):
    """The elements of a set, and when those that have a time expire."""
    done = subprocess.run(["nft", "-j", "list", "set", *table.split(), name], check=True, capture_output=True)
    found = next(one["set"] for one in json.loads(done.stdout)["nftables"] if "set" in one).get("elem", [])
    out = {}
    for one in found:
        value = one["elem"]["val"] if isinstance(one, dict) and "elem" in one else one
        if isinstance(value, dict):
            value = "{addr}/{len}".format(**value["prefix"]) if "prefix" in value else "-".join(value["range"])
        out[str(value)] = one["elem"].get("timeout") if isinstance(one, dict) and "elem" in one else None
    return out


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Nftset(Programs):
    """S1-24: a sink that adds to a set of nftables, and removes from it."""

    def setUp(self):
        super().setUp()
        self.addCleanup(subprocess.run, ["nft", "flush", "ruleset"], check=False)

    def run_lines(self, lines, more="", code=0, config="[ban]\nset=inet t banned\n"):
        self.write("in.log", "".join(line + "\n" for line in lines))
        return self.run_config(f"[global]\nstack=file(in.log),ban:NFTSET\n{config}{more}\n", code=code)

    def test_elements_come_and_go(self):
        nft("add table inet t; add set inet t banned { type ipv4_addr; flags timeout; };")
        nft("add element inet t banned { 192.0.2.1, 192.0.2.2 }")
        lines = ["192.0.2.3", "add 192.0.2.4 2h", "192.0.2.1", "delete 192.0.2.2", "delete 192.0.2.9", "192.0.2.3", "add 192.0.2.8",
                 "delete 192.0.2.8"]
        lines += [f"198.51.100.{i}" for i in range(256)] + [f"203.0.113.{i}" for i in range(256)]
        self.run_lines(lines, "timeout=10m")
        found = elements()
        self.assertEqual({key: found.pop(key, 0) for key in ("192.0.2.3", "192.0.2.4")}, {"192.0.2.3": 600, "192.0.2.4": 7200})
        self.assertIn("192.0.2.1", found)
        self.assertEqual(len(found), 1 + 512)

    def test_a_script_decides_and_packets_do_not_arrive(self):
        nft("add table inet t; add set inet t banned { type ipv4_addr; }; add chain inet t i { type filter hook input priority 0 ; };"
            "add rule inet t i ip saddr @banned drop")
        self.write("judge.lua", "function filter(rec)\n  if not rec.message:find('failed') then return false end\n"
                   "  rec.address = rec.message:match('from (%S+)')\nend\n")
        self.write("in.log", "login failed from 127.0.0.5\nlogin from 127.0.0.6\n")
        at = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(at.close)
        at.bind(("127.0.0.1", 5000))
        at.settimeout(30)
        self.run_config("[global]\nstack=file(in.log),judge:LUA,ban:NFTSET\n[judge]\nscript=judge.lua\n[ban]\nset=inet t banned\nkey=address\n")
        self.assertEqual(list(elements()), ["127.0.0.5"])
        for source in ("127.0.0.5", "127.0.0.6"):
            out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            out.bind((source, 0))
            out.sendto(source.encode(), ("127.0.0.1", 5000))
            out.close()
        self.assertEqual(at.recv(100), b"127.0.0.6")

    def test_networks_ranges_and_other_kinds(self):
        nft("add table inet t; add set inet t nets { type ipv6_addr; flags interval; }; add set inet t ports { type inet_service; };"
            "add set inet t v4 { type ipv4_addr; flags interval; }; add set inet t marks { type mark; }; add set inet t macs { type ether_addr; }")
        for name, lines, wanted in (("nets", ["2001:db8::/32", "2001:db9::7", "delete 2001:db9::7"], ["2001:db8::/32"]),
                                    ("ports", ["22", "443"], ["22", "443"]), ("marks", ["0x10"], ["16"]),
                                    ("v4", ["10.0.0.7/8", "192.0.2.1-192.0.2.9", "255.255.255.255", "192.0.2.20"],
                                     ["10.0.0.0/8", "192.0.2.1-192.0.2.9", "192.0.2.20", "255.255.255.255"]),
                                    ("macs", ["02:00:00:00:00:0a"], ["02:00:00:00:00:0a"])):
            self.run_lines(lines, config=f"[ban]\nset=inet t {name}\n")
            self.assertEqual(sorted(elements(name)), wanted)

    def test_maps_and_keys_of_several_parts(self):
        """S1-24."""
        nft("add table inet t; add chain inet t web; add set inet t seen { type ipv4_addr . inet_service; flags timeout; };"
            "add set inet t area { type ipv4_addr . inet_service; flags interval; }; add set inet t marks { type mark; flags interval; };"
            "add map inet t labels { type inet_service : mark; }; add map inet t way { type ipv4_addr : verdict; flags interval; }")
        for name, kind, lines, wanted in (
                ("seen", "set", ["192.0.2.7 . 443 1h", "192.0.2.7 . 80 1h", "delete 192.0.2.7 . 80"], ["192.0.2.7 . 443"]),
                ("area", "set", ["192.0.2.0/24 . 80-90", "198.51.100.1 . 22", "10.0.0.0/8 . 1", "delete 10.0.0.0/8 . 1"],
                 ["192.0.2.0/24 . 80-90", "198.51.100.1 . 22"]),
                ("marks", "set", ["0x10-0x1e", "0x100"], ["0x00000010-0x0000001e", "0x00000100"]),
                ("labels", "map", ["443 : 0x10", "22 : 7", "delete 22"], ["443 : 0x00000010"]),
                ("way", "map", ["192.0.2.0/24 : drop", "198.51.100.7 : jump web", "10.0.0.1 : accept", "delete 10.0.0.1"],
                 ["192.0.2.0/24 : drop", "198.51.100.7 : jump web"])):
            with self.subTest(set=name):
                self.run_lines(lines, config=f"[ban]\nset=inet t {name}\n")
                self.assertEqual(listed(kind, name), wanted)
        result = self.run_lines(["443 : 0x11", "25 : 1", "443", "443 : 0x10"], code=1, config="[ban]\nset=inet t labels\n")
        self.assertEqual(result.line("ban", "sink")["dropped"], {"refused": 2})
        self.assertEqual(listed("map", "labels"), ["25 : 0x00000001", "443 : 0x00000010"])

    def test_what_is_no_element_is_refused_and_its_neighbours_are_not(self):
        nft("add table inet t; add set inet t banned { type ipv4_addr; flags interval; }; add element inet t banned { 10.0.0.0/8 }")
        result = self.run_lines(["192.0.2.1", "nonsense", "2001:db8::1", "192.0.2.2 1x", "192.0.2.3 1s x", "10.0.0.0/7", "192.0.2.4", "10.1.2.3"],
                                code=1)
        self.assertEqual(sorted(elements()), ["10.0.0.0/8", "192.0.2.1", "192.0.2.4"])
        self.assertEqual(result.line("ban", "sink")["dropped"], {"refused": 5})

    def test_a_set_that_is_not_there_is_waited_for(self):
        daemon = Daemon(self, "[global]\nstack=tail(in.log),ban:NFTSET\n[tail]\nstart_at=beginning\n"
                        "[ban]\nset=inet t banned\nretry_first=10ms\nretry_most=20ms\n")
        self.write("in.log", "192.0.2.1\n")
        daemon.wait_for(lambda: "the set inet t banned is not there" in daemon.log(), "it is told")
        nft("add table inet t; add set inet t banned { type ipv4_addr; }")
        daemon.wait_for(lambda: list(elements()) == ["192.0.2.1"], "the element")
        nft("flush ruleset")
        self.write("in.log", "192.0.2.2\n", mode="a")
        nft("add table inet t; add set inet t banned { type ipv4_addr; }")
        daemon.wait_for(lambda: list(elements()) == ["192.0.2.2"], "the other element")
        daemon.stop()

    def test_mistakes_are_told(self):
        done = self.stook("check", self.write("stook.conf", "[global]\nstack=file(in.log),ban:NFTSET\n[ban]\nset=banned\n"))
        self.assertEqual(done.code, 2)
        self.assertIn("set: 'banned' is no set; it takes family, table and set, as inet filter banned", done.err)


if __name__ == "__main__":
    unittest.main()
