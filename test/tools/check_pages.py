#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the manual pages of a build: groff and mandoc have nothing to warn of, every plugin and command is told of, every
page that another one names is there, `man` finds each by its name, and every README about what stook does has a page.

    test/tools/check_pages.py STOOK STOOKD PAGE...

Without groff or mandoc there is nothing to check with, and it says so.
"""

import functools
import glob
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../etc/man"))
import book  # noqa: E402


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
    wanted["stook-metrics.7"] = ["stook_rows_in_total", "/healthz", "stook top", "control_http"]
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


def without_page():
    """READMEs of the folders that are the user's which no page is made of."""
    told = {*book.PLUGIN_PAGES, *book.OTHERS}
    files = sorted(os.path.relpath(path, book.ROOT) for folder in ("core", "sources", "filters", "sinks", "scripts")
                   for path in glob.glob(f"{book.ROOT}/{folder}/**/README.md", recursive=True))
    return [f"{path}: etc/man/make_pages.py makes no page of it" for path in files if path not in told]


def main():
    stook, stookd, pages = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3:]
    missing = [tool for tool in ("groff", "mandoc") if shutil.which(tool) is None]
    if missing:
        print(f"{' and '.join(missing)} not installed: nothing was checked")
        return 77
    faults = without_page() + warnings(pages) + check_words(pages, stook, stookd)
    for fault in faults:
        print(fault)
    print(f"{len(pages)} pages: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
