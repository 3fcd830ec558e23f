#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that includes obey the floor plan, that heavy headers have one door, that no file grows past 300 lines, and
that no two files define types of one name.

    test/tools/check_floors.py [ROOT]

ROOT is the repository, by default the one this file lies in. Prints one line for each fault, as file:line: what is
wrong; what would be right. Exits with 1 when there is one.
"""

import os
import re
import sys

# folder of the including file -> folders whose headers it may include. The longest matching folder counts.
BASE = ("core/base",)
DATA = ("core/data",) + BASE
API = ("core/api",) + DATA
FLOORS = {
    "core/base": BASE,
    "core/data": DATA,
    "core/api": API,
    "core/lua": ("core/lua",) + API,
    "core/spool": ("core/spool",) + API,
    "core/net": ("core/net",) + API,
    "core/plan": ("core/plan", "core/net", "core/spool") + API,
    "core/run": ("core/run", "core/plan", "core/lua", "core/net", "core/spool") + API,
    "core/daemon": ("core/daemon", "core/tool", "core/run", "core/plan", "core/lua", "core/net") + API,
    "core/tool": ("core/tool", "core/run", "core/plan", "core/lua", "core/net", "core/spool") + API,
    "sources": ("core/net",) + API,
    "filters": API,
    "sinks": ("core/net",) + API,
}

# files that may see more than their folder
EXTRA = {"filters/lua.cc": ("core/lua",), "sinks/lua.cc": ("core/lua",), "sinks/codecs/lua.cc": ("core/lua",), "sources/lua.cc": ("core/lua",)}

# plugins that are made of the sinks of other families
MADE_OF = {"sinks/json.cc": ("sinks/file", "sinks/net"), "sinks/sprint.cc": ("sinks/file", "sinks/net")}

PLUGINS = ("sources", "filters", "sinks")

# heavy header -> who may include it (a file, or a folder that ends in /), and what the others do instead
DOORS = (
    (r"boost/program_options.*", ("core/daemon/", "core/tool/", "core/plan/settings.cc"),
     "only core/daemon, core/tool and core/plan/settings.cc read command lines and option texts"),
    (r"boost/lockfree/.*", ("core/base/link.hh",), "use Link of core/base/link.hh"),
    (r"core/base/link\.hh", ("core/run/", "core/spool/relay.cc", "test/"),
     "only the engine and a spool's relay send between rooms; it brings boost along"),
    (r"(msgpack\.hpp|msgpack/.*)", ("test/",), "use core/data/object.hh; msgpack.hpp is the tests' second opinion"),
    (r"(.*/)?(lua\.hpp|lua\.h|lauxlib\.h|lualib\.h|luaconf\.h)", ("core/lua/", "test/unit/lua/"), "use the headers of core/lua"),
    (r"(.*/)?ev(\+\+)?\.h", ("core/api/loop.hh", "core/api/loop.cc"), "use core/api/loop.hh"),
    (r"(.*/)?simdjson\.h", ("core/api/json.cc", "sinks/http/bulk_answer.cc", "test/"),
     "use core/api/json.hh"),
    (r"(.*/)?pcre2\.h", ("filters/", "core/api/regex.hh", "core/api/regex.cc", "test/"), "use core/api/regex.hh"),
    (r"maxminddb\.h", ("core/lua/library/tables_mmdb.cc",), "use core/lua/library/tables.hh"),
    (r"sqlite3\.h", ("sinks/sqlite3.cc", "sinks/sqlite3/table.cc"), "use sinks/sqlite3/table.hh"),
    (r"curl/.*", ("sinks/http/curl.hh",), "use sinks/http/exchange.hh"),
    (r"openssl/.*", ("core/lua/library/hash.cc", "core/net/forward_auth.cc", "core/net/tls.cc", "core/net/tls_context.cc", "core/net/tls_verdict.cc", "core/net/tls_words.cc"),
     "use core/net/tls.hh"),
)

CODE = (".cc", ".hh", ".h", ".inc")
TOPS = ("core", "sources", "filters", "sinks", "test")
LINES = 300
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def code_files(root):
    """Yields the paths of all code files, relative to root, in order."""
    for top in TOPS:
        for folder, folders, names in os.walk(os.path.join(root, top)):
            folders.sort()
            for name in sorted(names):
                if name.endswith(CODE):
                    yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")


def inside(path, folder):
    return path.startswith(folder + "/")


def floor_of(path):
    """The key of FLOORS that path belongs to, or None (test/, and what lies directly in core/)."""
    found = [folder for folder in FLOORS if inside(path, folder)]
    return max(found, key=len) if found else None


def listed(folders):
    return ", ".join(folders)


def check_door(path, name):
    for pattern, allowed, advice in DOORS:
        if re.fullmatch(pattern, name):
            if any(path.startswith(door) if door.endswith("/") else path == door for door in allowed):
                return None
            return f"{name} has one door ({listed(allowed)}); {advice}"
    return None


def check_own(root, path, name):
    """Checks an include of stook's own header, written with quotes."""
    if not os.path.exists(os.path.join(root, name)):
        beside = os.path.normpath(os.path.join(os.path.dirname(path), name)).replace(os.sep, "/")
        if os.path.exists(os.path.join(root, beside)):
            if inside(path, "test"):
                return None
            return f'"{name}" is written from this folder; write it from the root: "{beside}"'
        if "/" not in name:  # generated by the build: the plugin table, the version
            return None
        return f'"{name}" is not in the repository; own headers are written from its root'

    plugin = next((top for top in PLUGINS if inside(name, top)), None)
    if os.path.dirname(name) == "sources" and inside(path, "sources"):  # sources share how lines are cut and files are found
        return None
    if plugin:
        family = os.path.dirname(name)
        if family in MADE_OF.get(path, ()):
            return None
        if "/" in family and inside(path, family):  # a family of plugins in one folder shares its own headers
            return None
        stem = os.path.splitext(path)[0]  # sinks/file.cc has sinks/file.hh and sinks/file/ to itself
        if name == stem + ".hh" or inside(name, stem) or inside(path, "test"):
            return None
        return f'"{name}" is a plugin\'s; nobody includes {plugin}/, plugins are reached through the generated table'

    floor = floor_of(path)
    if floor is None:
        if inside(path, "core"):
            return f"{path} lies on no floor; move it into one of: {listed(f for f in FLOORS if inside(f, 'core'))}"
        return None
    allowed = FLOORS[floor] + EXTRA.get(path, ())
    if any(inside(name, folder) for folder in allowed):
        return None
    return f'"{name}" is not below {floor}, which may include: {listed(allowed)}'


TEXTS = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)\'|//.*')
TYPE = re.compile(r"(?:template <[^>]*> ?)?(?:class|struct|enum class|union) (?:STOOK_ATTRIBUTE\(.*\)\) )?(\w+)(?: final)?(?: : [^;()]*)? *\{")


def shared_types(lines):
    """Yields (line, name) of each type that a file defines at the level of a namespace, but for unnamed namespaces."""
    depth, unnamed = 0, None
    spaces = []  # the depths at which a namespace is open
    for number, line in enumerate(lines, 1):
        line = TEXTS.sub("", line)
        if unnamed is None and depth == len(spaces):
            found = TYPE.match(line)
            if found and not line.rstrip().endswith(";"):
                yield number, found[1]
        if re.match(r"(inline )?namespace [\w:]+ \{", line):
            spaces.append(depth)
        elif re.match(r"namespace \{", line) and unnamed is None:
            unnamed = depth
        depth += line.count("{") - line.count("}")
        if unnamed is not None and depth <= unnamed:
            unnamed = None
        while spaces and depth <= spaces[-1]:
            spaces.pop()


def check_types(root, path, lines, known):
    """Two types of one name in the same namespace are one to the linker, which keeps the functions of either."""
    if inside(path, "test"):
        return
    space = next((line.split()[1] for line in lines if re.match(r"namespace [\w:]+ \{", line)), "")
    for number, name in shared_types(lines):
        first = known.setdefault((space, name), path)
        if first != path:
            yield f"{path}:{number}: {first} defines a type {name}, too; give one of them another name, or an unnamed namespace"


def check(root):
    """Returns (faults, files, includes): the faults as texts, and how much was looked at."""
    faults, files, includes, types = [], 0, 0, {}
    for path in code_files(root):
        files += 1
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as text:
            lines = text.read().splitlines()
        if not inside(path, "test") and len(lines) > LINES:
            faults.append(f"{path}:{LINES + 1}: {len(lines)} lines; at most {LINES}: find the second concept and its file")
        faults.extend(check_types(root, path, lines, types))
        for number, line in enumerate(lines, 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            includes += 1
            quote, name = found.groups()
            fault = check_door(path, name)
            if not fault and quote == '"':
                fault = check_own(root, path, name)
            elif not fault and any(inside(name, top) for top in TOPS):
                fault = f'<{name}> is stook\'s own; write "{name}"'
            if fault:
                faults.append(f"{path}:{number}: {fault}")
    return faults, files, includes


def main(arguments):
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        print(__doc__.strip())
        return 2
    root = arguments[0] if arguments else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    faults, files, includes = check(root)
    for fault in faults:
        print(fault)
    if not files:
        print(f"floors: no code under {root}; give the repository's root")
        return 1
    print(f"floors: {files} files, {includes} includes, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
