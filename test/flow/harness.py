# SPDX-License-Identifier: Apache-2.0
"""Runs the real programs on real files, and asserts at the end of each run that every row is accounted for."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BUILD = os.environ.get("STOOK_BUILD", "build/debug")
HAS_SANITIZER = os.environ.get("STOOK_SANITIZER", "none") != "none"  # then memory says nothing
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Runs a program and writes down the most memory it held. The kernel's figure begins with what the parent held, so this is
# a small process of its own.
MEASURE = """
import os, sys
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    file.write(str(usage.ru_maxrss * 1024))
sys.exit(os.waitstatus_to_exitcode(status))
"""

TAIL_TO_FILE = """
[global]
{more}
stack=in:TAIL,out:FILE
[in]
path=in.log
start_at=beginning
[out]
path={out}
format=raw
"""
PLAIN = TAIL_TO_FILE.format(more="", out="out.log")


def is_alive(pid):
    """Neither gone nor a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):  # gone before it was opened, or before it was read
        return False


def rows_of(text, torn=0):
    """The rows of its complete lines. Of `torn` lines, at most, only the head may be there: their writer was killed."""
    rows = []
    for line in text[:text.rfind("\n") + 1].splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            torn -= 1
            if torn < 0:
                raise
    return rows


def open_files(pid):
    """What each descriptor of a process leads to, without those that close meanwhile."""
    found = []
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{number}"))
        except FileNotFoundError:
            pass
    return found


def of_threads(pid, name):
    """That file of /proc for each thread of a process as (thread, text), without those that end meanwhile."""
    found = []
    for thread in map(int, os.listdir(f"/proc/{pid}/task")):
        try:
            with open(f"/proc/{pid}/task/{thread}/{name}", encoding="utf-8") as file:
                found.append((thread, file.read()))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def children(pid):
    """The numbers of a process's children, zombies too."""
    return {int(word) for _, text in of_threads(pid, "children") for word in text.split()}


class Result:
    """What one `stook run` left behind."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        lines = [line for line in err.splitlines() if line.startswith('{"balanced"')]
        self.report = json.loads(lines[-1]) if lines else None
        self.log = "\n".join(line for line in err.splitlines() if not line.startswith('{"balanced"'))

    def line(self, name, kind=None):
        """The report's line of that id."""
        for line in self.report["lines"]:
            if line["id"] == name and (kind is None or line["kind"] == kind):
                return line
        raise AssertionError(f"no line {name} in {self.report}")


class Flow(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="stook-flow-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text, mode="w"):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        if isinstance(text, bytes):
            mode = mode.replace("w", "wb").replace("a", "ab")
        with open(self.path(name), mode) as file:
            file.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")

    def json_lines(self, name, torn=0):
        return rows_of(self.read(name), torn)

    def stook(self, *words, stdin=b"", env=None, timeout=120):
        program = os.path.join(ROOT, BUILD, "stook")
        done = subprocess.run([program, *words], input=stdin, capture_output=True, cwd=self.dir, timeout=timeout,
                              env={**os.environ, **(env or {})}, check=False)
        return Result(done.returncode, done.stdout.decode("utf-8", "surrogateescape"),
                      done.stderr.decode("utf-8", "surrogateescape"))

    def run_stack(self, what, code=0, words=(), **more):
        """`stook run` of a file or a stack: the exit code is as told, the ledger balances, and every pool is full."""
        result = self.stook("run", "--json", *words, what, **more)
        self.assertEqual(result.code, code, result.err)
        self.assert_balanced(result.report, result.err)
        return result

    def run_bounded(self, what, code=0, most=64 << 20, words=(), stdin=subprocess.DEVNULL, timeout=120):
        """As `run_stack` with two workers; the process has never held more than `most` bytes of memory."""
        program = os.path.join(ROOT, BUILD, "stook")
        with open(self.path("stdout"), "wb+") as out, open(self.path("stderr"), "wb+") as err:
            process = subprocess.Popen([sys.executable, "-S", "-E", "-c", MEASURE, self.path("memory"), program,
                                        "run", "-t", "2", "--json", *words, what],
                                       stdin=stdin, stdout=out, stderr=err, cwd=self.dir, start_new_session=True)
            timer = threading.Timer(timeout, os.killpg, (process.pid, signal.SIGKILL))
            timer.start()
            process.wait()
            timer.cancel()
        result = Result(process.returncode, self.read("stdout"), self.read("stderr"))
        self.assertEqual(result.code, code, result.err)
        self.assert_balanced(result.report, result.err)
        if not HAS_SANITIZER:
            self.assertLessEqual(int(self.read("memory")), most)
        return result

    def run_config(self, text, code=0, **more):
        return self.run_stack(self.write("stook.conf", text), code, **more)

    def assert_balanced(self, report, err=""):
        self.assertIsNotNone(report, err)
        self.assertTrue(report["balanced"], err)
        self.assertTrue(report["all_home"], err)
        for line in report["lines"]:
            dropped = sum(line["dropped"].values())
            self.assertEqual(line["in"] + line["appended"],
                             line["out"] + line["disposed"] + line["held"] + dropped + line["routed"] + line["in_flight"] +
                             line["spooled"] + line["lettered"], line)
            self.assertEqual(line["in_flight"], 0, line)


class Programs(Flow):
    """With stookd as well, and what /proc says of it."""

    def stookd(self, *words, timeout=30):
        return subprocess.run([os.path.join(ROOT, BUILD, "stookd"), *words], cwd=self.dir, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout, check=False)

    def threads(self, pid):
        """Each thread's status, as a map of its lines."""
        return [dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
                for _, text in of_threads(pid, "status")]

    def has(self, name, text):
        return os.path.exists(self.path(name)) and self.read(name) == text

    def until(self, is_true, what, seconds=30):
        end = time.monotonic() + seconds
        while not is_true():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.002)


class Daemon:
    """A stookd under test: started, waited for, and ended by its own pid."""

    def __init__(self, flow, config, *words, env=None, before=(), pass_fds=()):
        self.flow = flow
        flow.write("stookd.conf", config)
        self.log_path = flow.path("stookd.log")
        with open(self.log_path, "ab") as log:
            self.begin = log.tell()  # of what this one logs: a daemon before it may have logged here too
            self.process = subprocess.Popen([*before, os.path.join(ROOT, BUILD, "stookd"), "-v", "-c",
                                             flow.path("stookd.conf"), *words],
                                            cwd=flow.dir, stderr=log, stdout=log, stdin=subprocess.DEVNULL,
                                            env={**os.environ, **(env or {})}, pass_fds=pass_fds)
        flow.addCleanup(self.kill)
        self.wait_for(lambda: re.search(r'event=started|"event":"started"', self.log()), "started")

    def log(self):
        with open(self.log_path, "rb") as log:
            log.seek(self.begin)
            return log.read().decode("utf-8", "surrogateescape")

    def wait_for(self, is_true, what, seconds=30):
        """Looks again and again until it is true, for a bounded time."""
        end = time.monotonic() + seconds
        while not is_true():
            if time.monotonic() > end or self.process.poll() is not None and not is_true():
                raise AssertionError(f"did not happen: {what}\n{self.log()}")
            time.sleep(0.005)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, code=0):
        """TERM; the exit code is as told and the logged ledger balances."""
        self.process.send_signal(signal.SIGTERM)
        self.flow.assertEqual(self.process.wait(timeout=30), code, self.log())
        self.flow.assertIn("event=ledger_sum", self.log())
        self.flow.assertIn("balanced=yes", self.log().splitlines()[-2], self.log())

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
