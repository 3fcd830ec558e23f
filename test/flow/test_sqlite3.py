# SPDX-License-Identifier: Apache-2.0
"""SQLITE3: ulogd's schema, values of every type, rows once, and what is done when the database does not take them (S1-81)."""

import json
import os
import sqlite3
import subprocess
import unittest

import packets as p
from harness import BUILD, ROOT, Daemon, Programs

CONFIG = """
[global]
stack=in:{source},out:SQLITE3
[in]
path=in.log
{start}
[out]
db=ulogd.db
table=ulog
{more}
"""
TABLE = "CREATE TABLE ulog (id INTEGER PRIMARY KEY, number INTEGER, oob_prefix TEXT, size REAL, is_in INTEGER, kind TEXT DEFAULT 'packet', stook_id TEXT)"


def has_plugin():
    return b"sqlite3" in subprocess.run([os.path.join(ROOT, BUILD, "stook"), "list"], capture_output=True, check=False).stdout


@unittest.skipUnless(has_plugin(), "a build without libsqlite3")
class Sqlite3(Programs):
    def create(self, *statements):
        with sqlite3.connect(self.path("ulogd.db")) as database:
            for statement in statements:
                database.execute(statement)
        database.close()

    def select(self, what):
        database = sqlite3.connect(self.path("ulogd.db"), timeout=30)
        try:
            return database.execute(what).fetchall()
        finally:
            database.close()

    def config(self, more="", source="FILE,json:PARSE_JSON", start=""):
        return CONFIG.format(more=more, source=source, start=start)

    def write_rows(self, rows, mode="w"):
        self.write("in.log", "".join(json.dumps(row) + "\n" for row in rows), mode)

    def test_keys_are_columns(self):
        self.create(TABLE)
        self.write_rows([{"number": 7, "oob.prefix": "in: ' \" é", "size": 1.5, "is_in": True, "nobody": 1},
                         {"number": -(1 << 62), "oob.prefix": None}, {"number": 3, "oob": {"prefix": "x"}}])
        self.run_config(self.config())
        self.assertEqual(self.select("SELECT id, number, oob_prefix, size, is_in, kind, stook_id FROM ulog ORDER BY id"),
                         [(1, 7, "in: ' \" é", 1.5, 1, "packet", None), (2, -(1 << 62), None, None, None, "packet", None),
                          (3, 3, None, None, None, "packet", None)])

    def test_packets_in_ulogds_schema(self):
        self.create("CREATE TABLE ulog (oob_time_sec INTEGER, raw_mac_len INTEGER, ip_saddr_str TEXT, ip_daddr TEXT, ip_protocol INTEGER, "
                    "udp_sport INTEGER, tcp_dport INTEGER, tcp_syn INTEGER)")
        self.write("in.log", p.pcap([p.ethernet(0x0800, p.ipv4(17, p.udp(5, 53))), p.ethernet(0x0800, p.ipv4(6, p.tcp(6, 443, 2)))]))
        self.run_config(self.config(source="PCAP,base:BASE,ip:IP2STR"))
        self.assertEqual(self.select("SELECT * FROM ulog"), [(1795232280, 14, "192.0.2.1", "198.51.100.7", 17, 5, None, None),
                                                            (1795232280, 14, "192.0.2.1", "198.51.100.7", 6, None, 443, 1)])

    def test_rows_that_come_again_are_there_once(self):
        self.create(TABLE, "CREATE UNIQUE INDEX once ON ulog (stook_id)")
        self.write_rows([{"number": n} for n in range(500)])
        for _ in range(2):
            self.run_config(self.config(more="also=stook.id"))
        self.assertEqual(self.select("SELECT count(*), count(DISTINCT stook_id), sum(number) FROM ulog"), [(500, 500, 499 * 250)])

    def test_a_row_against_the_schema_is_refused_and_its_neighbours_are_in(self):
        self.create("CREATE TABLE ulog (number INTEGER CHECK (number % 10 != 3))")
        self.write_rows([{"number": n} for n in range(100)])
        result = self.run_config(self.config(), code=1)
        self.assertEqual(self.select("SELECT count(*) FROM ulog WHERE number % 10 != 3"), [(90,)])
        self.assertEqual(self.select("SELECT count(*) FROM ulog"), [(90,)])
        self.assertEqual(sum(result.line("out", "sink")["dropped"].values()), 10)
        self.assertIn("CHECK constraint failed", result.log)

    def tail(self):
        """A daemon that has put ten rows into the table."""
        self.create(TABLE)
        self.write_rows([{"number": n} for n in range(10)])
        daemon = Daemon(self, self.config(source="TAIL,json:PARSE_JSON", start="start_at=beginning", more="retry_first=50ms\nretry_most=100ms"))
        self.has(daemon, 10, 45)
        return daemon

    def has(self, daemon, count, total):
        daemon.wait_for(lambda: self.select("SELECT count(*), sum(number) FROM ulog") == [(count, total)], f"{count} rows")

    def test_who_writes_as_well_is_waited_for(self):
        daemon = self.tail()
        holder = sqlite3.connect(self.path("ulogd.db"), isolation_level=None, timeout=30)
        holder.execute("BEGIN IMMEDIATE")
        self.write_rows([{"number": n} for n in range(10, 20)], "a")
        daemon.wait_for(lambda: "database is locked" in daemon.log(), "it is told")
        holder.execute("ROLLBACK")
        holder.close()
        self.has(daemon, 20, 190)
        daemon.stop()

    def test_a_table_that_is_gone_is_waited_for(self):
        daemon = self.tail()
        self.create("DROP TABLE ulog")
        self.write_rows([{"number": n} for n in range(10, 20)], "a")
        daemon.wait_for(lambda: "no such table: ulog" in daemon.log(), "it is told")
        self.create(TABLE)
        self.has(daemon, 10, 145)
        daemon.stop()

    def test_without_its_table_it_does_not_start(self):
        self.create("CREATE TABLE other (x)")
        self.write_rows([])
        result = self.stook("run", self.write("stook.conf", self.config()))
        self.assertNotEqual(result.code, 0)
        self.assertIn("ulogd.db: the database has no table 'ulog'; make one whose columns are keys with _ in place of .", result.err)

    def test_without_its_database_it_does_not_start(self):
        self.write_rows([])
        result = self.stook("run", self.write("stook.conf", self.config()))
        self.assertEqual(result.code, 3)
        self.assertIn("ulogd.db: there is no such database; make it with its table, as it is not made here", result.err)


if __name__ == "__main__":
    unittest.main()
