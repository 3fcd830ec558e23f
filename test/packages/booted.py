# SPDX-License-Identifier: Apache-2.0
"""The installed package under a systemd that runs: its unit as it is, in a container of systemd-nspawn.

The container has what a booted Debian 12 has but for a kernel of its own: it is the host's, and so are its network and its clock.
"""

import contextlib
import json
import os
import shutil
import subprocess
import time

UNIT = "stookd.service"
CONFIG = """[global]
stack=in:TAIL,out:FILE
state_dir=/var/lib/stook
control=/run/stook/control
metrics=unix:/run/stook/metrics
[in]
path=/var/log/private/app.log
start_at=beginning
[out]
path=/var/log/stook/app.out
format=raw
"""
SECOND = CONFIG.replace("/run/stook/", "/run/stook-two/").replace("/var/lib/stook", "/var/lib/stook-two").replace(
    "/var/log/stook/", "/var/log/stook-two/")


class NoSystemd(Exception):
    """Why no systemd runs here."""


class Machine:
    """A container whose first process is systemd. Its console is kept for who wants to know why it did not come up."""

    def __init__(self, folder):
        self.folder = folder
        self.console = os.path.join(folder, "root/console")
        with open(self.console, "wb") as console:
            self.process = subprocess.Popen(["systemd-nspawn", "--quiet", "-D", folder, "--boot", "--register=no", "--keep-unit",
                                             "--machine=stook-test", "--console=pipe"], stdin=subprocess.DEVNULL, stdout=console,
                                            stderr=console)
        self.leader = None

    def said(self):
        with open(self.console, encoding="utf-8", errors="replace") as console:
            return console.read()[-2000:]

    def path(self, path):
        return self.folder + path

    def run(self, *words, code=0, limit=300):
        """Runs it inside, with the services around it."""
        done = subprocess.run(["nsenter", "-t", str(self.leader), "--all", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                               "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0", *words], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=limit)
        if code is not None and done.returncode != code:
            raise SystemExit(f"packages: booted: {' '.join(words)}: exit code {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
                             + (self.run("journalctl", "-n", "50", "--no-pager", code=None) if words[0] == "systemctl" else ""))
        return done.stdout + done.stderr

    def until(self, is_true, what, seconds=180):
        end = time.monotonic() + seconds
        while not is_true():
            if time.monotonic() > end:
                raise SystemExit(f"packages: FAILED: booted: {what}\n" + self.run("journalctl", "-u", UNIT, "-n", "60", "--no-pager", code=None))
            time.sleep(0.1)
        print(f"packages: ok: booted: {what}", flush=True)

    def boot(self, seconds=180):
        """Waits until systemd has started all that it starts; NoSystemd when it does not."""
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise NoSystemd(f"systemd-nspawn ended with {self.process.returncode}: {self.said()}")
            with open(children, encoding="ascii") as file:
                self.leader = next(iter(file.read().split()), None)
            if self.leader and os.path.exists(self.path("/etc/os-release")):
                state = self.run("systemctl", "is-system-running", code=None).strip()
                if state in ("running", "degraded"):
                    return state
            time.sleep(0.2)
        raise NoSystemd(f"systemd has not come up in {seconds} s: {self.said()}")

    def end(self):
        """An orderly shutdown; what is left is killed."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(120)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@contextlib.contextmanager
def booted(folder):
    machine = Machine(folder)
    try:
        machine.boot()
        yield machine
    finally:
        machine.end()


def shown(machine, *names):
    said = machine.run("systemctl", "show", UNIT, *(f"--property={name}" for name in names))
    return dict(line.split("=", 1) for line in said.splitlines())


def require(is_true, what):
    if not is_true:
        raise SystemExit(f"packages: FAILED: booted: {what}")
    print(f"packages: ok: booted: {what}", flush=True)


def rows(machine, path="/var/log/stook/app.out"):
    try:
        with open(machine.path(path), encoding="utf-8") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


def write(machine, path, text, mode=0o644, how="w"):
    os.makedirs(os.path.dirname(machine.path(path)), exist_ok=True)
    with open(machine.path(path), how, encoding="utf-8") as file:
        file.write(text)
    os.chmod(machine.path(path), mode)


def feed(machine, begin, end):
    write(machine, "/var/log/private/app.log", "".join(f"line {n}\n" for n in range(begin, end)), 0o600, "a")


def check_start(machine):
    write(machine, "/etc/stook.conf", CONFIG)
    write(machine, "/var/log/private/app.log", "", 0o600)
    os.chmod(machine.path("/var/log/private"), 0o700)
    require(machine.run("systemctl", "is-enabled", UNIT, code=1).strip() == "disabled", "the package enables nothing")
    machine.run("systemctl", "start", UNIT)
    state = shown(machine, "ActiveState", "SubState", "User", "WatchdogUSec", "NRestarts", "StatusText")
    require((state["ActiveState"], state["SubState"], state["User"]) == ("active", "running", "stook"), "the unit is up, as its user")
    require(state["WatchdogUSec"] == "30s", "with its watchdog")
    require("healthy" in machine.run("stook", "health"), "stook health says so")
    require("Active: active (running)" in machine.run("systemctl", "status", UNIT), f"status: {state['StatusText']!r}")
    feed(machine, 0, 100)
    machine.until(lambda: len(rows(machine)) == 100, "lines of a file that only root may read arrive")
    pid = shown(machine, "MainPID")["MainPID"]
    status = dict(line.split(":\t", 1) for line in machine.run("cat", f"/proc/{pid}/status").splitlines() if ":\t" in line)
    require(int(status["CapEff"], 16) & ~(1 << 2 | 1 << 10) == 0 and status["NoNewPrivs"] == "1" and status["Seccomp"] == "2",
            "no capability but those of the unit, no new privileges, a filter of system calls")
    refused = machine.run("nsenter", "-t", pid, "--mount", "touch", "/etc/by-stook", code=1)
    require("Read-only file system" in refused, "the file system is read-only for it")


def check_journal(machine):
    lines = [json.loads(line) for line in machine.run("journalctl", "-u", UNIT, "-o", "json", "--no-pager").splitlines() if line[:1] == "{"]
    own = [line for line in lines if line.get("_COMM", "").startswith("stookd") and "event=" in str(line.get("MESSAGE"))]
    require(own, "journalctl -u has the daemon's own events")
    require(all(line["_SYSTEMD_UNIT"] == UNIT for line in own), "under its unit")


def check_reload(machine):
    before = shown(machine, "MainPID")["MainPID"]
    write(machine, "/etc/stook.conf", CONFIG.replace("format=raw", "format=json"))
    machine.run("systemctl", "reload", UNIT)
    machine.until(lambda: "event=reloaded" in machine.run("journalctl", "-u", UNIT, "--no-pager"), "systemctl reload is done")
    feed(machine, 100, 101)
    machine.until(lambda: len(rows(machine)) == 101, "a line after the reload")
    require(json.loads(rows(machine)[-1]) == {"message": "line 100"}, "in the new format")
    write(machine, "/etc/stook.conf", CONFIG + "no_such_option=1\n")
    machine.run("systemctl", "reload", UNIT, code=None)
    machine.until(lambda: "event=reload_failed" in machine.run("journalctl", "-u", UNIT, "--no-pager"), "a mistake is told of")
    state = shown(machine, "ActiveState", "MainPID")
    require(state == {"ActiveState": "active", "MainPID": before}, "and changes nothing")
    write(machine, "/etc/stook.conf", CONFIG)
    machine.run("systemctl", "reload", UNIT)


def check_watchdog(machine):
    """With a short watchdog: a daemon that stands still is ended and started again, and every line is there."""
    machine.run("sh", "-c", f"mkdir -p /run/systemd/system/{UNIT}.d && printf '[Service]\\nWatchdogSec=3\\n' >/run/systemd/system/{UNIT}.d/test.conf")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", UNIT)
    before = shown(machine, "MainPID")["MainPID"]
    machine.run("systemctl", "kill", "--signal=STOP", "--kill-who=main", UNIT)
    feed(machine, 101, 200)
    machine.until(lambda: int(shown(machine, "NRestarts")["NRestarts"]) >= 1, "the watchdog ends a daemon that stands still")
    machine.until(lambda: shown(machine, "ActiveState")["ActiveState"] == "active", "and it is started again")
    require("Watchdog timeout" in machine.run("journalctl", "-u", UNIT, "--no-pager"), "the journal says why")
    machine.until(lambda: set(rows(machine)) >= {f"line {n}" for n in range(101, 200)}, "no line is lost by that")


def check_rest(machine):
    exposure = machine.run("systemd-analyze", "security", UNIT, "--no-pager").splitlines()[-1]
    require(float(exposure.split(": ")[1].split()[0]) <= 2.5, exposure.strip("→ "))
    write(machine, "/etc/stook/two.conf", SECOND)
    machine.run("systemctl", "start", "stookd@two.service")
    machine.until(lambda: len(rows(machine, "/var/log/stook-two/app.out")) == 200, "stookd@two runs beside it, with folders of its own")
    machine.run("systemctl", "stop", "stookd@two.service")
    os.unlink(machine.path("/etc/stook/two.conf"))
    if "usage: stook report" in machine.run("stook", "report", "--help", code=None):
        check_report(machine)
    feed(machine, 200, 20_200)
    machine.run("systemctl", "stop", UNIT)
    state = shown(machine, "ActiveState", "Result")
    require(state == {"ActiveState": "inactive", "Result": "success"}, "systemctl stop ends it in order")
    machine.run("systemctl", "start", UNIT)
    machine.until(lambda: len(rows(machine)) >= 20_200, "the rest is read after the next start")
    behind = rows(machine)[rows(machine).index("line 200"):]
    require(behind == [f"line {n}" for n in range(200, 20_200)], "each line once and in order over the stop")


def check_report(machine):
    said = machine.run("stook", "report", "-c", "/etc/stook.conf", "-o", "/root/report.txt", code=None)
    with open(machine.path("/root/report.txt"), encoding="utf-8", errors="replace") as file:
        text = file.read()
    for word in ("app.out", "event=", "stook_rows_in_total", "stookd"):
        require(word in text, f"stook report has {word!r} {said.strip()[:80]}")


def run(folder, deb):
    """False, after a line that says why, where no systemd can be booted."""
    if shutil.which("systemd-nspawn") is None:
        print("packages: skipped: a booted systemd: apt-get install systemd-container", flush=True)
        return False
    shutil.copy(deb, folder + "/root/stook.deb")
    try:
        with booted(folder) as machine:
            print(f"packages: {machine.run('systemctl', '--version').splitlines()[0]} has booted", flush=True)
            machine.run("apt-get", "-q", "-y", "--no-install-recommends", "install", "/root/stook.deb", limit=900)
            check_start(machine)
            check_journal(machine)
            check_reload(machine)
            check_watchdog(machine)
            check_rest(machine)
            machine.run("apt-get", "-q", "-y", "purge", "stook")
            require(machine.run("systemctl", "is-active", UNIT, code=None).strip() == "inactive", "purging stops it")
    except NoSystemd as why:
        print(f"packages: skipped: a booted systemd: {why}", flush=True)
        return False
    return True
