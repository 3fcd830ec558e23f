#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the manual pages of a build: groff and mandoc have nothing to warn of, every plugin and command is told of, every
page that another one names is there, and `man` finds each by its name.

    test/tools/check_pages.py STOOK STOOKD PAGE...

Without groff or mandoc there is nothing to check with, and it says so.
"""

import functools
import os
import re
import shutil
import subprocess
import sys


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, check=False, **more)


def warnings(pages):
    """What the two formatters say of all pages."""
    done = run("groff", "-man", "-Tutf8", "-ww", "-z", *pages)
    faults = [line for line in done.stderr.splitlines() if line.strip()]
    done = run("mandoc", "-T", "lint", "-W", "warning", *pages)
    return faults + [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]


@functools.cache
def shown(page):
    """The page as a terminal has it, without overstrikes, its words divided by single blanks."""
    return " ".join(re.sub(".\b", "", run("mandoc", "-T", "utf8", page).stdout).split())


def expected_words(stook, stookd):
    """{page: words that it must have}, from the programs."""
    plugins = re.findall(r"^  ([a-z0-9_]+) ", run(stook, "list").stdout.partition("\nscripts:")[0], re.M)
    wanted = {f"stook-{name}.5": ["SYNOPSIS", "DESCRIPTION" if plugins.count(name) == 1 else "THE "] for name in plugins}
    usages = run(stook, "complete", "--usages").stdout.splitlines()
    wanted["stook.1"] = ["stook " + usage.split("\t")[0] for usage in usages]
    wanted["stookd.8"] = re.findall(r"--\w+", run(stookd, "-h").stdout)
    wanted["stook.conf.5"] = re.findall(r"^(\w+) ", run(stook, "describe", "global").stdout, re.M)
    wanted["stook-lua.7"] = ["stook.lookup", "stook.keep", "mask_address"]
    return wanted


def check_words(pages, stook, stookd):
    faults, there = [], {os.path.basename(page): page for page in pages}
    for name, words in expected_words(stook, stookd).items():
        if name not in there:
            faults.append(f"{name}: there is no such page")
            continue
        text = shown(there[name])
        faults += [f"{name}: does not tell of {word!r}" for word in words if word not in text]
    for name, page in there.items():
        text = shown(page)
        title, section = name.rsplit(".", 1)
        if not re.search(rf"NAME {re.escape(title)} - \S", text):
            faults.append(f"{name}: its NAME does not begin with {title}")
        for other in set(re.findall(r"\b(stookd?(?:[.-]\w+)*)\((\d)\)", text)):
            if ".".join(other) not in there:
                faults.append(f"{name}: names {other[0]}({other[1]}), which is not there")
    return faults


def main():
    stook, stookd, pages = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3:]
    missing = [tool for tool in ("groff", "mandoc") if shutil.which(tool) is None]
    if missing:
        print(f"{' and '.join(missing)} not installed: nothing was checked")
        return 77
    faults = warnings(pages) + check_words(pages, stook, stookd)
    for fault in faults:
        print(fault)
    print(f"{len(pages)} pages: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
