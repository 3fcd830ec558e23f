# SPDX-License-Identifier: Apache-2.0
"""What many files cost tail: memory and wake-ups of idle ones, processor time of growing ones, and of checkpoints.

Usage: STOOK_BUILD=build/release test/bench/tail_files.py [--smoke]

Everything is read from /proc of a real daemon: resident memory, voluntary context switches of all threads (each is one
wake-up), user and system time. The figures of the first two parts are held against their bounds; --smoke takes a tenth of
the files and a second of time and judges nothing. Exit code 1: a bound is passed or rows are missing."""

import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STOOKD = os.path.join(ROOT, os.environ.get("STOOK_BUILD", "build/release"), "stookd")
CONFIG = """[global]
threads=1
{more}stack=in:TAIL,out:FILE
[in]
path=logs/*.log
start_at=beginning
[out]
path=out.log
format=raw
"""
LINE = b"203.0.113.19 - - [21/Oct/2025:06:25:03 +0000] GET /index.html HTTP/1.1 200 146 - Mozilla/5.0 (X11; Linux x86_64)\n"
TICK = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    """User and system seconds of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def status(pid, name):
    """The sum of one line of the status of all threads."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as text:
            total += sum(int(line.split()[1]) for line in text if line.startswith(name + ":"))
    return total


def memory(pid):
    """Resident KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as text:
        return next(int(line.split()[1]) for line in text if line.startswith("VmRSS:"))


class Daemon:
    def __init__(self, folder, more="state_dir=state\n"):
        self.folder = folder
        os.makedirs(os.path.join(folder, "state"), exist_ok=True)
        with open(os.path.join(folder, "stook.conf"), "w", encoding="ascii") as file:
            file.write(CONFIG.format(more=more))
        self.process = subprocess.Popen([STOOKD, "-c", "stook.conf"], cwd=folder, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid

    def wait_for(self, size, seconds=60):
        out = os.path.join(self.folder, "out.log")
        end = time.monotonic() + seconds
        while not os.path.exists(out) or os.path.getsize(out) < size:
            if time.monotonic() > end or self.process.poll() is not None:
                raise SystemExit(f"not all rows came out: {os.path.getsize(out) if os.path.exists(out) else 0} of {size} bytes")
            time.sleep(0.01)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def make(folder, files):
    os.mkdir(os.path.join(folder, "logs"))
    paths = [os.path.join(folder, "logs", f"host{n:05}.log") for n in range(files)]
    for path in paths:
        with open(path, "wb") as file:
            file.write(LINE)
    return paths


def idle(files, seconds):
    """RSS in KiB and wake-ups a second of a daemon with so many files at rest."""
    with tempfile.TemporaryDirectory() as folder:
        make(folder, files)
        daemon = Daemon(folder)
        daemon.wait_for(files * len(LINE))
        time.sleep(2.5)  # the last positions are written
        before = status(daemon.pid, "voluntary_ctxt_switches")
        time.sleep(seconds)
        wakes = (status(daemon.pid, "voluntary_ctxt_switches") - before) / seconds
        kib = memory(daemon.pid)
        daemon.stop()
    return kib, wakes


def growing(files, seconds):
    """The part of a processor that a daemon takes whose files grow by a line a second each."""
    with tempfile.TemporaryDirectory() as folder:
        paths = make(folder, files)
        daemon = Daemon(folder)
        daemon.wait_for(files * len(LINE))
        logs = [os.open(path, os.O_WRONLY | os.O_APPEND) for path in paths]
        time.sleep(2)
        begin, before, wakes = time.monotonic(), cpu(daemon.pid), status(daemon.pid, "voluntary_ctxt_switches")
        for second in range(seconds):
            for n, log in enumerate(logs):
                if n % 100 == 0:  # evenly over the second, as independent writers do
                    time.sleep(max(0, begin + second + n / files - time.monotonic()))
                os.write(log, LINE)
        daemon.wait_for(files * len(LINE) * (seconds + 1))
        used = (cpu(daemon.pid) - before) / (time.monotonic() - begin)
        wakes = (status(daemon.pid, "voluntary_ctxt_switches") - wakes) / (time.monotonic() - begin)
        kib = memory(daemon.pid)
        for log in logs:
            os.close(log)
        daemon.stop()
    return used, kib, wakes


def checkpoints(rows, rounds):
    """Ratios of the processor time for reading one large file with positions to that without."""
    ratios = []
    for _ in range(rounds):
        used = []
        for more in ("", "state_dir=state\n"):
            with tempfile.TemporaryDirectory() as folder:
                os.mkdir(os.path.join(folder, "logs"))
                with open(os.path.join(folder, "logs", "a.log"), "wb") as file:
                    for _ in range(rows // 10000):
                        file.write(LINE * 10000)
                daemon = Daemon(folder, more)
                daemon.wait_for(rows // 10000 * 10000 * len(LINE))
                used.append(cpu(daemon.pid))
                daemon.stop()
        ratios.append(used[1] / used[0])
    return ratios


def main():
    is_smoke = "--smoke" in sys.argv[1:]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    part, seconds = (10, 1) if is_smoke else (1, 20)
    faults = []

    def say(what, value, unit, bound):
        passes = is_smoke or value <= bound
        print(f"{what:58} {value:10.2f} {unit:12} bound {bound:g}{'' if passes else '   PASSED'}", flush=True)
        if not passes:
            faults.append(what)

    kib, wakes = idle(1000 // part, seconds)
    say(f"{1000 // part} idle files: resident memory", kib / 1024, "MiB", 16)
    say(f"{1000 // part} idle files: wake-ups", wakes, "a second", 2)
    used, kib, wakes = growing(10000 // part, seconds)
    say(f"{10000 // part} files growing a line a second: processor", used * 100, "percent", 10)
    print(f"{'':58} {wakes:10.0f} wake-ups a second, {kib / 1024:.1f} MiB")
    ratios = checkpoints(5000000 // part, 1 if is_smoke else 5)
    say(f"checkpoints on / off, CPU, one large file (median of {len(ratios)})", statistics.median(ratios), "times", 1.05)
    print(f"{'':58} {', '.join(f'{ratio:.3f}' for ratio in ratios)}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
