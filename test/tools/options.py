#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps the option tables of the READMEs what the plugins say.

    test/tools/options.py STOOK            checks them: exit 1 and the names of the stale ones
    test/tools/options.py STOOK --write    writes them

A table stands between `<!-- options: filter.keep -->` and `<!-- end -->`; STOOK is the built tool, which is asked for
`describe filter.keep --markdown`.
"""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = ("sources/README.md", "sources/netfilter/README.md", "sinks/ulogd/README.md", "filters/README.md", "sinks/README.md", "core/plan/README.md")
MARK = re.compile(r"<!-- options: (\S+) -->\n(?:(?:(?!<!-- options).*\n)*?<!-- end -->\n)?")


def table(stook, name):
    done = subprocess.run([stook, "describe", name, "--markdown"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{name}: {done.stderr.strip()}")
    lines = done.stdout.splitlines()
    rows = [line for line in lines if line.startswith("|")]
    return "\n".join(rows) + "\n" if rows else "No options.\n"


def main():
    stook, is_writing = os.path.abspath(sys.argv[1]), "--write" in sys.argv[2:]
    stale = []
    for page in PAGES:
        path = os.path.join(ROOT, page)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        fresh = MARK.sub(lambda mark: f"<!-- options: {mark[1]} -->\n{table(stook, mark[1])}<!-- end -->\n", text)
        if not MARK.search(text):
            stale.append(f"{page}: no option table at all")
        if fresh != text:
            stale.append(page)
            if is_writing:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(fresh)
    if stale and not is_writing:
        raise SystemExit("stale option tables, write them with test/tools/options.py STOOK --write:\n  " + "\n  ".join(stale))


if __name__ == "__main__":
    main()
