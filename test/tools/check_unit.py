#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the systemd unit: that it has the lines which keep stookd in its place, and what systemd-analyze says of it.

    test/tools/check_unit.py UNIT [STOOKD]

UNIT is the file as it is installed, NAME.service or the template NAME@.service; STOOKD the built program, which stands in
for the one not yet installed. Without systemd-analyze only the lines are checked.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

MOST_EXPOSURE = 25  # in tenths, as systemd-analyze security --threshold takes it
REQUIRED = {
    "Service": {
        "NotifyAccess": "main", "WatchdogSec": "30", "Restart": "on-failure", "User": "stook", "Group": "stook",
        "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "read-only", "PrivateTmp": "yes",
        "PrivateDevices": "yes", "ProtectKernelTunables": "yes", "ProtectKernelModules": "yes", "ProtectKernelLogs": "yes",
        "ProtectControlGroups": "yes", "ProtectClock": "yes", "RestrictNamespaces": "yes", "RestrictSUIDSGID": "yes",
        "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6 AF_NETLINK", "LockPersonality": "yes",
        "MemoryDenyWriteExecute": "yes", "LimitNOFILE": "65536", "UMask": "0027",
        "AmbientCapabilities": "CAP_DAC_READ_SEARCH CAP_NET_BIND_SERVICE",
        "CapabilityBoundingSet": "CAP_DAC_READ_SEARCH CAP_NET_BIND_SERVICE",
    },
    "Install": {"WantedBy": "multi-user.target"},
}
FOLDERS = ("RuntimeDirectory", "StateDirectory", "LogsDirectory")
# The call of a source with an option `cpu`; and those with which stookd takes more away from itself, of which systemd's set of
# a service has none.
CALLS = ["@system-service", "~@privileged @resources", "sched_setaffinity",
         "capset seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self"]


def read_unit(text):
    """{section: [(name, value)]}, in order; and what is no line of a unit."""
    sections, faults, section = {}, [], None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line[0] in "#;":
            continue
        if head := re.fullmatch(r"\[(\w+)\]", line):
            section = sections.setdefault(head[1], [])
        elif (pair := re.fullmatch(r"(\w+)=(.*)", line)) and section is not None:
            section.append((pair[1], pair[2]))
        else:
            faults.append(f"line {number}: neither a section nor a setting: {line}")
    return sections, faults


def check_lines(text, is_template):
    sections, faults = read_unit(text)
    for section, wanted in REQUIRED.items():
        found = dict(sections.get(section, []))
        faults += [f"[{section}] {name}={found.get(name, '')}: should be {value}" for name, value in wanted.items()
                   if found.get(name) != value]
    service = sections.get("Service", [])
    folder = "stook-%i" if is_template else "stook"
    faults += [f"[Service] {name}={value}: should be {folder}" for name, value in service
               if name in FOLDERS and value != folder]
    types = [value for name, value in service if name == "Type"]
    # systemd before 253 has no notify-reload, and needs to be told how to reload.
    if types != ["notify-reload"] and (types != ["notify"] or "HUP" not in dict(service).get("ExecReload", "")):
        faults.append("[Service] Type: should be notify-reload, or notify with an ExecReload that sends SIGHUP")
    calls = [value for name, value in service if name == "SystemCallFilter"]
    if calls != CALLS:
        faults.append(f"[Service] SystemCallFilter: {calls}: should be {CALLS}")
    start = dict(service).get("ExecStart", "")
    if not re.fullmatch(r"/\S+/stookd -c /etc/stook/%i.conf" if is_template else r"/\S+/stookd -c /etc/stook.conf", start):
        faults.append(f"[Service] ExecStart={start}: should be the whole path of stookd, and its configuration by -c")
    if re.search(r"@[A-Za-z]+@", text):
        faults.append("an @NAME@ of the build is left")
    return faults


def analyze(text, name, stookd):
    """What systemd-analyze finds. A template is looked at as its instance `one`."""
    with tempfile.TemporaryDirectory(prefix="stook-unit-") as folder:
        unit = os.path.join(folder, name.replace("@.", "@one."))
        with open(unit, "w", encoding="utf-8") as file:
            file.write(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={stookd}", text))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
        faults = [line for line in (done.stdout + done.stderr).splitlines()
                  if os.path.basename(unit) in line]
        done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", f"--threshold={MOST_EXPOSURE}", unit],
                              capture_output=True, text=True, check=False)
        print((done.stdout.splitlines() or [""])[-1])
        return faults + ([f"exposure is above {MOST_EXPOSURE / 10}"] if done.returncode != 0 else [])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    name = os.path.basename(sys.argv[1])
    faults = check_lines(text, "@." in name)
    if len(sys.argv) > 2 and shutil.which("systemd-analyze"):
        faults += analyze(text, name, os.path.abspath(sys.argv[2]))
    for fault in faults:
        print(f"{sys.argv[1]}: {fault}")
    print(f"unit: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
