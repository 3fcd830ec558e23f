# SPDX-License-Identifier: Apache-2.0
"""Programs that listen, for net.py: stookd, the baseline net_limit, rsyslogd. Each is started, fed, ended and charged.

What is charged is the process's time from when it listens to its end; senders are not. The wall time is that from the
first byte sent to the last change of the output.
"""

import os
import re
import shutil
import signal
import socket
import time

import measure
import rsyslog
import workload

STOOK = """[global]
threads=1
stack=%(stack)s
%(sections)s
"""

RSYSLOG = r"""global(workDirectory="%(work)s" maxMessageSize="64k")
module(load="%(module)s" %(load)s)
module(load="mmpstrucdata")
main_queue(queue.type="FixedArray" queue.size="20000" queue.dequeueBatchSize="1024" queue.workerThreads="1")
template(name="raw" type="string" string="%%rawmsg%%\n")
template(name="json" type="string" string="{\"pri\":%%pri%%,\"facility\":\"%%syslogfacility-text%%\",\
\"severity\":\"%%syslogseverity-text%%\",\"time\":\"%%timereported:::date-rfc3339%%\",\"host\":\"%%hostname:::json%%\",\
\"app\":\"%%app-name:::json%%\",\"pid\":\"%%procid:::json%%\",\"msgid\":\"%%msgid:::json%%\",\
\"structured_data\":%%$!rfc5424-sd%%,\"message\":\"%%msg:::json%%\"}\n")
ruleset(name="out") { %(parse)s action(type="omfile" file="%(out)s" template="%(template)s" ioBufferSize="64k") }
input(type="%(module)s" address="127.0.0.1" port="%(port)s" ruleset="out" %(input)s)
"""

NOTE = ("rsyslog: tcp by imptcp and mmpstrucdata to the same documents, by the template that costs it least; udp by imudp to raw"
        " lines.")


def is_listening(kind, port):
    """Whether a socket of this machine is bound to the port."""
    wanted = "0100007F:%04X" % port
    with open("/proc/net/" + kind, encoding="ascii") as table:
        return any(line.split()[1] == wanted for line in table)


def free_port(kind):
    """A port that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """A listening program. *Invariants:* `port` is open once this is made."""

    PATIENCE = 0  # ms until it is told to end

    def __init__(self, folder, words, out):
        self.out = out
        self.log = os.path.join(folder, "log")
        self.process = measure.Process(words, self.log)
        self.port = self.wait_for_port()
        self.before = self.used()
        self.begin = time.time()

    def text(self):
        """What it has said so far."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def wait_for_port(self):
        """Waits until it listens, and returns where."""
        while (port := self.find_port()) is None:
            if self.process.has_ended(5):
                self.process.collect()
                self.process.fail("did not start")
        return port

    def find_port(self):
        """The port that it has named in its log; None: not yet."""
        found = re.search(r"port=(\d+)", self.text())
        return int(found[1]) if found else None

    def used(self):
        """User and system time so far, of all its threads, in seconds."""
        with open("/proc/%d/stat" % self.process.child.pid, encoding="ascii") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        return [int(fields[at]) / os.sysconf("SC_CLK_TCK") for at in (11, 12)]

    def memory(self):
        """Resident memory now, in MiB."""
        with open("/proc/%d/status" % self.process.child.pid, encoding="ascii") as text:
            return next(int(line.split()[1]) for line in text if line.startswith("VmRSS:")) / 1024

    def wait_for_rows(self, rows, silence=5):
        """Waits until the output has so many lines, or has not grown for some seconds; returns how many it has."""
        size, since = -1, time.monotonic()
        while time.monotonic() - since < silence and not self.process.has_ended(50):
            now = rsyslog.size_of(self.out)
            if now != size:
                size, since = now, time.monotonic()
            elif size > 0 and workload.count_lines(self.out) >= rows:
                break
        return workload.count_lines(self.out)

    def end(self, codes=(0,)):
        """Ends it, with one of these exit codes, and returns its cost."""
        if not self.process.has_ended(self.PATIENCE):
            self.process.kill(signal.SIGTERM)
            if not self.process.has_ended(20_000):
                self.process.kill(signal.SIGKILL)
        wall = os.stat(self.out).st_mtime - self.begin
        cost = self.process.collect(wall)
        if self.process.child.returncode not in codes:
            self.process.fail("exit code %d" % self.process.child.returncode)
        cost.user = max(cost.user - self.before[0], 0)
        cost.system = max(cost.system - self.before[1], 0)
        return cost


class Stook(Program):
    """stookd with one stack."""

    def __init__(self, stookd, folder, stack, sections):
        out = os.path.join(folder, "stook.out")
        config = os.path.join(folder, "stook.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(STOOK % {"stack": stack, "sections": sections.replace("@OUT@", out).replace("@DIR@", folder)})
        os.chmod(config, 0o600)
        super().__init__(folder, [stookd, "-c", config], out)

    def find_port(self):
        text = self.text()
        found = re.search(r"event=listening .*address=\S+:(\d+)", text)
        return int(found[1]) if found and "event=started" in text else None

    def lost(self):
        """Rows that the kernel has dropped, or stook. REQUIRES: it has ended."""
        lines = "\n".join(line for line in self.text().splitlines() if "event=ledger element=" in line and "kind=source" in line)
        return sum(int(count) for count in re.findall(r" dropped_\w+=(\d+)", lines))


class Limit(Program):
    """The baseline."""

    PATIENCE = 5000  # it ends by itself, after the last row or 2 s

    def __init__(self, limit, folder, *words):
        out = os.path.join(folder, "limit.out")
        super().__init__(folder, [limit, *words, out], out)


class Rsyslog(Program):
    """rsyslogd, by imptcp to JSON or by imudp to raw lines."""

    MODULES = {"tcp": ("imptcp", "", "", "json", 'action(type="mmpstrucdata")'),
               "udp": ("imudp", 'batchSize="128"', 'rcvbufSize="8m"', "raw", "")}

    def __init__(self, folder, kind):
        module, load, input_options, template, parse = self.MODULES[kind]
        self.kind, self.wanted = kind, free_port(kind)
        out = os.path.join(folder, "rsyslog.out")
        config = os.path.join(folder, "rsyslog.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(RSYSLOG % {"work": folder, "module": module, "load": load, "input": input_options,
                                  "template": template, "parse": parse, "out": out, "port": self.wanted})
        super().__init__(folder, [rsyslog.DAEMON, "-n", "-f", config, "-i", os.path.join(folder, "pid")], out)

    def find_port(self):
        return self.wanted if is_listening(self.kind, self.wanted) else None


class Serve(Program):
    """net_serve, which takes what the http sink sends."""

    def __init__(self, serve, folder):
        out = os.path.join(folder, "serve.out")
        super().__init__(folder, [serve, out], out)


def fresh(folder):
    """An empty folder of that name."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder, mode=0o700)
    return folder
