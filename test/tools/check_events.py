#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the events of the log in the code are those in the table of core/README.md, both ways.

    test/tools/check_events.py [ROOT]
"""

import glob
import os
import re
import sys

CALL = re.compile(r'log_event\(\s*[\w:]+(?:\([^)]*\))?,\s*"([a-z_]+)"', re.S)
CHOICE = re.compile(r'event = "([a-z_]+)"|\? "([a-z]+_[a-z_]+)" : "([a-z]+_[a-z_]+)"')


def events_of_code(root):
    found = set()
    for top in ("core", "sources", "filters", "sinks"):
        for path in glob.glob(os.path.join(root, top, "**", "*.cc"), recursive=True):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            found.update(CALL.findall(text))
            for line in text.splitlines():
                if "script_" in line or "event" in line:
                    for names in CHOICE.findall(line):
                        found.update(name for name in names if name)
    return found


def events_of_table(root):
    with open(os.path.join(root, "core/README.md"), encoding="utf-8") as file:
        section = file.read().split("## Events of the log")[1].split("\n## ")[0]
    return {name for line in section.splitlines() if line.startswith("| `") for name in re.findall(r"`([a-z_]+)`", line.split("|")[1])}


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    code, table = events_of_code(root), events_of_table(root)
    faults = [f"{name}: logged by the code; add a row to the table in core/README.md" for name in sorted(code - table)]
    faults += [f"{name}: in the table of core/README.md, and nobody logs it" for name in sorted(table - code)]
    for fault in faults:
        print(fault)
    print(f"events: {len(code)} in the code, {len(table)} in the table, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
