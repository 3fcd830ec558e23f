# SPDX-License-Identifier: Apache-2.0
"""The workloads of net.py: what is started, what is sent to it, what has to come out, and which bars the figures are held to."""

import gzip
import os
import resource
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

import compare
import measure
import net_programs
import rsyslog
import table
import workload

RATE = 150_000  # datagrams a second
SYSLOG = "in:SYSLOG,parse:PARSE_SYSLOG,out:FILE"
JSON_FILE = "[out]\npath=@OUT@\nformat=json"
RAW_FILE = "[out]\npath=@OUT@\nformat=raw"
CERTIFICATE = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bench -keyout key -out cert"


class Bench:
    """The programs, the folder and the results of one invocation."""

    def __init__(self, chosen, scratch):
        self.chosen = chosen
        self.scratch = scratch
        self.results = []
        self.wrong = []
        self.bars = []
        with open(os.path.join(scratch, "openssl.log"), "wb") as log:
            subprocess.run(CERTIFICATE.split(), cwd=scratch, check=True, stdout=log, stderr=log)

    def folder(self, name):
        """An empty folder for one run."""
        return net_programs.fresh(os.path.join(self.scratch, name))

    def binary(self, name):
        """A program of this bench."""
        return os.path.join(self.chosen.binaries, name)

    def stook(self, folder, stack, sections):
        """A stookd that listens."""
        return net_programs.Stook(self.chosen.stookd, folder, stack, sections)

    def send(self, *words):
        """Sends, to the end."""
        subprocess.run([self.binary("net_send"), *map(str, words)], check=True)

    def note(self, name, wanted, found):
        """Notes that rows are missing."""
        if wanted != found:
            self.wrong.append("%s: %d rows of %d" % (name, found, wanted))

    def rounds(self, name, programs, figure="cpu"):
        """Runs the programs in turn, in each round the other way round, and keeps the result."""
        costs = {}
        for turn in range(self.chosen.repeats):
            order = list(programs.items())
            for program, start in reversed(order) if turn % 2 else order:
                if not self.chosen.smoke:
                    measure.warm_memory()
                folder = self.folder("run")
                costs.setdefault(program, []).append(start(folder))
            self.folder("run")
        result = table.result_of(name, self.chosen.rows, {program: costs[program] for program in programs}, figure)
        self.results.append(result)
        return costs

    def bar(self, what, figure, least=None, most=None):
        """Notes what was reached and what has to be."""
        bound, is_met = (least, figure >= least) if least is not None else (most, figure <= most)
        self.bars.append({"what": what, "figure": figure, "bound": bound, "is_met": is_met,
                          "relation": ">=" if least is not None else "<="})

    def speed(self, what, runs, least):
        """A bar of rows a second by the wall clock, in the best run: what else the machine does only takes away."""
        self.bar(what + ", k rows/s", self.chosen.rows / min(run.wall for run in runs) / 1000, least=least)

    def ratio(self, what, runs, base, **bound):
        """A bar of processor time of one program by that of another, round by round."""
        self.bar(what, statistics.median(a.cpu / b.cpu for a, b in zip(runs, base)), **bound)

    # One function for each workload.

    def stream(self, program, name, kind, framing):
        """Feeds a program with one connection, and checks how many rows it has written."""
        self.send(kind, program.port, framing, self.chosen.rows)
        self.note(name, self.chosen.rows, program.wait_for_rows(self.chosen.rows))
        return program.end()

    def tcp(self):
        """Syslog by TCP into lines of JSON."""
        def limit(framing):
            def start(folder):
                program = net_programs.Limit(self.binary("net_limit"), folder, "tcp", "0", framing)
                cost = self.stream(program, "tcp limit", "tcp", framing)
                shutil.copy(program.out, os.path.join(self.scratch, "expected"))
                return cost
            return start

        def stook(kind, framing):
            def start(folder):
                secure = "\ntls_cert=%s/cert\ntls_key=%s/key" % (self.scratch, self.scratch) if kind == "tls" else ""
                program = self.stook(folder, SYSLOG, "[in]\n%s=127.0.0.1:0%s\n%s" % (kind, secure, JSON_FILE))
                cost = self.stream(program, "tcp stook " + framing, kind, framing)
                check("tcp stook", program)
                return cost
            return start

        def other(folder):
            program = net_programs.Rsyslog(folder, "tcp")
            cost = self.stream(program, "tcp rsyslog", "tcp", "octets")
            check("tcp rsyslog", program)
            return cost

        def check(name, program):
            expected = os.path.join(self.scratch, "expected")
            if os.path.exists(expected):
                problem = compare.documents(expected, program.out, 0 if self.chosen.smoke else 1000)
                self.wrong.extend(["%s: %s" % (name, problem)] if problem else [])
        programs = {"limit": limit("octets"), "stook": stook("tcp", "octets"), "stook lf": stook("tcp", "lf"),
                    "stook tls": stook("tls", "octets")}
        if rsyslog.is_installed():
            programs["rsyslog"] = other
        costs = self.rounds("syslog tcp", programs)
        self.speed("syslog tcp octets to json", costs["stook"], 800)
        self.ratio("syslog tcp octets: CPU by hand-written", costs["stook"], costs["limit"], most=1.3)
        self.ratio("syslog tcp lf: CPU by octets", costs["stook lf"], costs["stook"], most=1.1)
        self.ratio("syslog tls: CPU by plain", costs["stook tls"], costs["stook"], most=1.6)
        if "rsyslog" in costs:
            self.ratio("syslog tcp: CPU of rsyslog by stook's", costs["rsyslog"], costs["stook"], least=7)

    def udp(self):
        """Datagrams at a rate into raw lines."""
        lost = {"limit": [], "stook": [], "stook cpus": [], "rsyslog": []}

        def run(program, name, rows):
            self.send("udp", program.port, self.chosen.rows, RATE)
            written = program.wait_for_rows(self.chosen.rows, 1)
            cost = program.end((0, 1))  # stookd ends with 1 when rows were lost
            written = max(written, workload.count_lines(program.out))
            lost[name].append(rows - written)
            # Per row that it has taken: who loses rows has less to do.
            cost.user, cost.system = cost.user * rows / max(written, 1), cost.system * rows / max(written, 1)
            return cost

        def limit(folder):
            return run(net_programs.Limit(self.binary("net_limit"), folder, "udp", "0", str(self.chosen.rows)), "limit",
                       self.chosen.rows)

        def stook(name, sources):
            def start(folder):
                port = net_programs.free_port("udp")
                sections = ["[%s]\nlisten=127.0.0.1:%d\nrcvbuf=8MiB\n%s" % (source, port, options) for source, options in sources]
                program = self.stook(folder, "\nstack=".join(source + ":UDP,out:FILE" for source, _ in sources),
                                     "\n".join(sections + [RAW_FILE]))
                cost = run(program, name, self.chosen.rows)
                self.note("udp %s, those lost included" % name, lost[name][-1], program.lost())
                return cost
            return start

        def other(folder):
            return run(net_programs.Rsyslog(folder, "udp"), "rsyslog", self.chosen.rows)
        near = [("cpu%d" % cpu, "reuseport=yes\ncpu=%d" % cpu) for cpu in sorted(os.sched_getaffinity(0))]
        programs = {"limit": limit, "stook": stook("stook", [("in", "")]), "stook cpus": stook("stook cpus", near)}
        if rsyslog.is_installed():
            programs["rsyslog"] = other
        costs = self.rounds("udp 150 k/s", programs)
        for name in ("stook", "stook cpus"):
            self.bar("udp: datagrams lost by %s in the best run" % name, min(lost[name]), most=0)
        self.ratio("udp: CPU by hand-written", costs["stook"], costs["limit"], most=1.3)
        if "rsyslog" in costs:
            self.ratio("udp: CPU of rsyslog by stook's, a source a processor", costs["rsyslog"], costs["stook cpus"], least=3.5)

    def http(self):
        """Lines of JSON by HTTP, answered when they are written."""
        def stook(stack, output):
            def start(folder):
                program = self.stook(folder, stack, "[in]\nlisten=127.0.0.1:0\n" + output)
                self.send("http", program.port, self.chosen.rows, 2000, 8)
                self.note("http in", self.chosen.rows, workload.count_lines(program.out))
                return program.end()
            return start
        costs = self.rounds("http in", {"raw": stook("in:HTTP,out:FILE", RAW_FILE),
                                        "json": stook("in:HTTP,parse_json,out:FILE", JSON_FILE)})
        self.speed("http lines of JSON in", costs["raw"], 700)

    def http_sink(self):
        """Access lines to a server by HTTP, packed."""
        source = self.source()

        def stook(folder):
            server = net_programs.Serve(self.binary("net_serve"), folder)
            config = os.path.join(folder, "conf")
            with open(config, "w", encoding="ascii") as file:
                file.write(net_programs.STOOK % {
                    "stack": "in:FILE,out:HTTP",
                    "sections": "[in]\npath=%s\n[out]\nurl=http://127.0.0.1:%d/\ngzip=1\n" % (source, server.port)})
            cost = measure.run([self.chosen.stook, "run", config], os.path.join(folder, "log"))
            server.process.kill(9)
            server.process.has_ended(10_000)
            server.process.collect()
            with gzip.open(server.out, "rb") as bodies:
                self.note("http out", self.chosen.rows, sum(block.count(b"\n") for block in iter(lambda: bodies.read(1 << 20), b"")))
            return cost
        costs = self.rounds("http out gzip", {"stook": stook})
        self.speed("http out, gzip", costs["stook"], 300)

    def forward(self):
        """From one stookd to another, acknowledged."""
        source = self.source()
        receivers = []

        def stook(folder):
            receiver = self.stook(folder, "in:FORWARD,spread:PARSE_MSGPACK,out:FILE", "[in]\nlisten=127.0.0.1:0\n" + JSON_FILE)
            config = os.path.join(folder, "conf")
            with open(config, "w", encoding="ascii") as file:
                file.write(net_programs.STOOK % {
                    "stack": "in:FILE,out:FORWARD",
                    "sections": "[in]\npath=%s\n[out]\nto=127.0.0.1:%d\n" % (source, receiver.port)})
            cost = measure.run([self.chosen.stook, "run", config], os.path.join(folder, "log"))
            self.note("forward", self.chosen.rows, workload.count_lines(receiver.out))
            receivers.append(receiver.end())
            return cost
        costs = self.rounds("forward", {"sender": stook})
        self.results[-1] = table.result_of("forward", self.chosen.rows, {"sender": costs["sender"], "receiver": receivers}, "cpu")
        self.speed("forward, one stookd to another", costs["sender"], 600)

    def idle(self):
        """Many connections that say nothing any more."""
        count = 500 if self.chosen.smoke else 10_000
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        program = self.stook(self.folder("run"), "in:TCP,out:FILE", "[in]\nlisten=127.0.0.1:0\nconnections=%d\n"
                             "connections_per_address=%d\n%s" % (count, count, RAW_FILE))
        peers = []
        for _ in range(count):
            peers.append(socket.create_connection(("127.0.0.1", program.port)))
            peers[-1].sendall(b"a line\nand a half")
        for peer in peers:
            peer.sendall(b" one\n")
        self.note("idle", 2 * count, program.wait_for_rows(2 * count))
        time.sleep(2.5)  # buffers are given back each second
        self.bar("%d idle connections, MiB" % count, program.memory(), most=100)
        for peer in peers:
            peer.close()
        program.end()

    def source(self):
        """The file of access lines, written if it is not there yet."""
        folder = os.path.join(tempfile.gettempdir(), "stook-bench-%d" % os.getuid(), "rows-%d" % self.chosen.rows)
        workload.ensure(folder, self.chosen.rows, ("access.log",))
        return os.path.join(folder, "access.log")


WORKLOADS = {"tcp": Bench.tcp, "udp": Bench.udp, "http": Bench.http, "http_sink": Bench.http_sink, "forward": Bench.forward,
             "idle": Bench.idle}
