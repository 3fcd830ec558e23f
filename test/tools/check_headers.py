#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that each header stands alone: a file that includes nothing but it compiles.

A header that the .cc file of its name includes first is left out: each build shows it to stand alone.

    test/tools/check_headers.py [--root ROOT] [--jobs N] [--compiler COMMAND] [-- FLAG...]

FLAGs are added to `g++ -std=c++20 -fsyntax-only -Wall -Wextra -Werror -I.`. A header that ends in .h is a C header:
it must stand alone in C11 too (compiled with gcc). Prints the compiler's words for each header that does not, and exits
with 1 when there is one.
"""

import argparse
import concurrent.futures
import os
import re
import shlex
import shutil
import subprocess
import sys

TOPS = ("core", "sources", "filters", "sinks")
PACKAGES = ("lua5.4", "lua-5.4", "libpcre2-8", "simdjson", "libev")  # whose headers may lie outside the usual folders


def headers(root):
    for top in TOPS:
        for folder, folders, names in os.walk(os.path.join(root, top)):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".hh", ".h")):
                    yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")


def is_first_of_its_code(root, header):
    """Whether the .cc file of the header's name includes it before anything else."""
    code = os.path.join(root, header[: -len(".hh")] + ".cc")
    if not header.endswith(".hh") or not os.path.exists(code):
        return False
    with open(code, encoding="utf-8") as file:
        first = re.search(r"^#include (.*)$", file.read(), re.MULTILINE)
    return first is not None and first.group(1) == f'"{header}"'


def package_flags():
    """The -I flags of the libraries that pkg-config knows."""
    if not shutil.which("pkg-config"):
        return []
    flags = []
    for package in PACKAGES:
        run = subprocess.run(["pkg-config", "--cflags-only-I", package], capture_output=True, text=True, check=False)
        if run.returncode == 0:
            flags += shlex.split(run.stdout)
    return flags


def commands(header, compiler, flags):
    """The command lines that header must pass. It is included, not compiled: #pragma once is no fault in a header."""
    checks = ["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I."]
    yield [*shlex.split(compiler), "-std=c++20", *checks, *flags, "-include", header, "-x", "c++", "/dev/null"]
    if header.endswith(".h"):
        yield ["gcc", "-std=c11", *checks, *flags, "-include", header, "-x", "c", "/dev/null"]


def compile_alone(root, header, compiler, flags):
    """What the compiler says about header alone; empty when it stands."""
    for command in commands(header, compiler, flags):
        run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            return f"{shlex.join(command)}\n{run.stdout}{run.stderr}"
    return ""


def check(root, compiler="g++", flags=(), jobs=2):
    """Returns (number of headers, how many of them were compiled alone, {header: what the compiler said})."""
    every = list(headers(root))
    found = [header for header in every if not is_first_of_its_code(root, header)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        said = list(pool.map(lambda header: compile_alone(root, header, compiler, list(flags)), found))
    return len(every), len(found), {header: text for header, text in zip(found, said) if text}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("flags", nargs="*")
    given = parser.parse_args(arguments)
    count, alone, faults = check(given.root, given.compiler, package_flags() + given.flags, given.jobs)
    for header, text in faults.items():
        print(f"{header}: does not stand alone\n{text}")
    if not count:
        print(f"headers: none under {given.root}; give the repository's root")
        return 1
    print(f"headers: {count}, {alone} of them compiled alone, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
