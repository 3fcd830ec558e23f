#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The headers that a module is built against, and the id of a build, which is made from their text.

    build_id.py                            prints their paths, from the root of the tree
    build_id.py VERSION OUT HEADER...      writes the header with the id
"""

import hashlib
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def headers():
    """Paths of the headers, sorted."""
    return sorted("core/%s/%s" % (floor, name) for floor in ("base", "data", "api")
                  for name in os.listdir(os.path.join(ROOT, "core", floor)) if name.endswith(".hh"))


def main():
    if len(sys.argv) == 1:
        print("\n".join(headers()))
        return
    version, out, *inputs = sys.argv[1:]
    digest = hashlib.sha256()
    for path in sorted(inputs, key=lambda path: path.split("/")[-3:]):
        with open(path, "rb") as file:
            digest.update(os.path.basename(path).encode() + b"\0" + file.read() + b"\0")
    with open(out, "w", encoding="ascii") as file:
        file.write('#pragma once\n#define STOOK_BUILD_ID "%s-%s"\n' % (version, digest.hexdigest()[:12]))


if __name__ == "__main__":
    main()
