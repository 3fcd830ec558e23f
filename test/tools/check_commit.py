#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the subjects of commits: `area: effect in lower case`, at most 72 columns, the area touched by the commit.

    test/tools/check_commit.py [--root ROOT] [RANGE]      RANGE as git log takes it; by default the last 20 commits

An area is a folder or a file that the commit touches, its suffix and a leading core/ left out: `run/worker` for
core/run/worker.cc, `filters/lua`, `test/bench`, `etc`. `repo` stands for the top level: a file there, or several folders
at once. Several areas are separated by ", " and each must be touched. Merge commits are passed over. Prints one line for
each fault and exits with 1 when there is one.
"""

import argparse
import os
import re
import subprocess
import sys

WIDTH = 72
LAST = 20
SUBJECT = re.compile(r"(?P<areas>[A-Za-z0-9_.+/-]+(, [A-Za-z0-9_.+/-]+)*): (?P<effect>\S.*)")


def touches(area, paths):
    """True when area names a folder or file among paths."""
    if area == "repo":
        return any("/" not in path for path in paths) or len({path.split("/")[0] for path in paths}) > 1
    for path in paths:
        stem = path.rsplit(".", 1)[0] if "." in os.path.basename(path) else path
        for name in (area, "core/" + area):
            if path.startswith(name + "/") or name in (path, stem):
                return True
    return False


def starts_low(effect):
    """True when effect starts in lower case; a name in capitals (BASE, UDP) may come first."""
    word = re.match(r"\w*", effect).group()
    return not word[:1].isupper() or (len(word) > 1 and word == word.upper())


def faults_of(subject, paths):
    """What is wrong with a subject whose commit touches paths; a list of texts."""
    found = SUBJECT.fullmatch(subject)
    if not found:
        return ['has no "area: effect"; an area is a folder or file that the commit touches']
    faults = []
    if len(subject) > WIDTH:
        faults.append(f"has {len(subject)} columns; at most {WIDTH}")
    if not starts_low(found["effect"]):
        faults.append("starts in upper case after the colon; write it in lower case")
    if found["effect"].endswith("."):
        faults.append("ends with a full stop; leave it out")
    for area in found["areas"].split(", "):
        if paths and not touches(area, paths):
            shown = ", ".join(paths[:3]) + (", …" if len(paths) > 3 else "")
            faults.append(f'area "{area}" is not touched; the commit touches {shown}')
    return faults


def git(root, *arguments):
    run = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(f"git {' '.join(arguments)}: {run.stderr.strip()}")
    return run.stdout


def commits(root, selection):
    """Yields (short id, subject, paths) of the commits that git log selects."""
    text = git(root, "log", "--no-merges", "--no-renames", "--name-only", "-z", "--format=%x01%h%x02%s%x02", *selection)
    for entry in text.split("\x01")[1:]:
        short, subject, names = entry.split("\x02", 2)
        yield short, subject, [name.strip("\n") for name in names.split("\0") if name.strip("\n")]


def check(root, selection):
    """Returns (number of commits, faults as texts)."""
    count, faults = 0, []
    for short, subject, paths in commits(root, selection):
        count += 1
        faults += [f"{short} {subject!r}: {fault}" for fault in faults_of(subject, paths)]
    return count, faults


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    parser.add_argument("range", nargs="?", default="")
    given = parser.parse_args(arguments)
    try:
        count, faults = check(given.root, [given.range] if given.range else [f"-{LAST}"])
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    for fault in faults:
        print(fault)
    print(f"commits: {count} subjects, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
