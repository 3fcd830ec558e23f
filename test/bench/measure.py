# SPDX-License-Identifier: Apache-2.0
"""Runs one program and says what it cost.

CPU time and memory come from wait4: user + system time of the whole process, all threads. Linux starts a child's
peak memory at that of the process it was forked from, which is this interpreter; a program smaller than that is
measured by its VmHWM instead, read every few milliseconds while it runs, and 0 if it is done before that.
"""

import mmap
import os
import resource
import select
import signal
import statistics
import subprocess
import time

DEADLINE = 600  # seconds for one run
PERIOD = 20  # ms at most between two looks at a running program


def warm_memory(most=1 << 30):
    """Touches and frees up to 1 GiB, in a child, so that the next program's file pages come from memory in use.

    The first touch of a page costs a virtual machine a walk to its host, and who pays for it would be chance.
    """
    size = min(most, os.sysconf("SC_AVPHYS_PAGES") * mmap.PAGESIZE // 2)
    child = os.fork()
    if child == 0:
        with mmap.mmap(-1, size) as memory:
            block = b"\1" * (1 << 20)
            while memory.tell() + len(block) <= size:
                memory.write(block)
        os._exit(0)
    os.waitpid(child, 0)


class Failed(Exception):
    """A program that did not end as it should; the text says which and how."""


class Cost:
    """What one run cost: wall, user and system time in seconds, switches of its threads, peak memory in KiB."""

    def __init__(self, wall, usage, peak):
        self.wall = wall
        self.user = usage.ru_utime
        self.system = usage.ru_stime
        self.switches = usage.ru_nvcsw + usage.ru_nivcsw
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.peak = usage.ru_maxrss if usage.ru_maxrss > own else peak

    @property
    def cpu(self):
        """User and system time together."""
        return self.user + self.system

    def as_row(self):
        """The figures by name."""
        return {"wall_s": self.wall, "user_s": self.user, "system_s": self.system, "peak_kib": self.peak}


def peak_of(pid):
    """The peak memory of a running process in KiB; 0 when it has none any more."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


class Process:
    """A started program. Its messages go to a file that is shown when it fails."""

    def __init__(self, words, log):
        self.words = words
        self.log = log
        self.peak = 0
        with open(log, "wb") as messages:
            self.begin = time.monotonic()
            self.child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=messages, stderr=messages)
        self.handle = os.pidfd_open(self.child.pid)
        self.watch = select.poll()
        self.watch.register(self.handle, select.POLLIN)

    def has_ended(self, milliseconds):
        """Waits so long for the end; notes the memory when it does not come."""
        if self.watch.poll(milliseconds):
            return True
        self.peak = max(self.peak, peak_of(self.child.pid))
        return False

    def kill(self, number):
        """Sends a signal to this process, and to no other."""
        signal.pidfd_send_signal(self.handle, number)

    def collect(self, wall=None):
        """Takes the ended process away and returns its cost; the time until now if `wall` is not given."""
        end = time.monotonic()
        _, status, usage = os.wait4(self.child.pid, 0)
        self.child.returncode = os.waitstatus_to_exitcode(status)
        os.close(self.handle)
        return Cost(end - self.begin if wall is None else wall, usage, self.peak)

    def fail(self, what):
        """Raises Failed with the last messages of the program."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            tail = "".join("\n    " + line.rstrip() for line in file.readlines()[-10:])
        raise Failed("%s: %s%s" % (" ".join(self.words), what, tail))


def run(words, log):
    """Runs a program to its end, which has to be exit code 0, and returns its cost."""
    process = Process(words, log)
    pause = 1
    while not process.has_ended(pause):
        pause = min(2 * pause, PERIOD)
        if time.monotonic() - process.begin > DEADLINE:
            process.kill(signal.SIGKILL)
            process.collect()
            process.fail("not done after %d s" % DEADLINE)
    cost = process.collect()
    if process.child.returncode != 0:
        process.fail("exit code %d" % process.child.returncode)
    return cost


def median(costs, figure):
    """The median of one figure over several runs."""
    return statistics.median(getattr(cost, figure) for cost in costs)


def fill(template, target, values):
    """Writes a configuration: the template with each @NAME@ replaced."""
    with open(template, encoding="utf-8") as file:
        text = file.read()
    for name, value in values.items():
        text = text.replace("@%s@" % name, str(value))
    with open(target, "w", encoding="utf-8") as file:
        file.write(text)
    return target
