#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the manual pages out of the READMEs and of what the programs say of themselves.

    etc/man/make_pages.py --stook STOOK --stookd STOOKD --version V --out FOLDER PAGE...

PAGE is a file's name, as stook-tail.5. A plugin's page has its sections of the READMEs, whose option tables
test/tools/options.py holds to what `stook describe` says; a plugin without a section is an error. What is no plugin is
listed in GENERAL.
"""

import argparse
import datetime
import json
import os
import re
import subprocess
import sys

import roff
from book import Book

KINDS = ("source", "filter", "sink", "codec")
# name: (section, file, headings to leave out or, behind "only", to take; what the page is)
GENERAL = {
    "stook": ("1", "etc/man/stook.md", (), "look into stookd, run and test configurations"),
    "stookd": ("8", "etc/man/stookd.md", (), "collect logs, events and flows"),
    "stook.conf": ("5", "core/plan/README.md", (), "configuration of stookd and stook"),
    "stook-lua": ("7", "scripts/README.md", (), "scripts in Lua: those of stook, and what a script can call"),
    "stook-sources": ("7", "sources/README.md", ("How to add a source",), "where rows come from, and what all sources share"),
    "stook-filters": ("7", "filters/README.md", (), "what narrows, changes and appends rows"),
    "stook-sinks": ("7", "sinks/README.md", (), "where rows go, letters, groups of sinks, and formats"),
    "stook-netfilter": ("7", "sources/netfilter/README.md", (), "packets and connections of the kernel, and ulogd's configuration"),
    "stook-spool": ("7", "core/spool/README.md", (), "the queue on the disk before a sink"),
    "stook-daemon": ("7", "core/daemon/README.md", (), "rights that stookd gives up, files it trusts, crashes, its log"),
    "stook-metrics": ("7", "core/run/README.md", (), "the control socket, stook top and graph, the live page, and metrics"),
    "stook-loglunatic": ("7", "scripts/loglunatic/README.md", (), "configurations of loglunatic, run as they are"),
    "stook-events": ("7", "core/README.md", ("only", "Reload", "The ledger", "Retry", "Looking at rows that pass", "Events of the log"),
                     "events of the log, the ledger, retries, reloads, and rows that pass"),
}
GENERAL_OF = {path: f"**{name}**({section})" for name, (section, path, _, _) in GENERAL.items()}
GENERAL_OF |= {"README.md": "**stook**(1)", "sinks/ulogd/README.md": "**stook-netfilter**(7)"}


def say(*words):
    """What a program prints; it must end well."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


class Page:
    """A manual page that is being written."""

    def __init__(self, maker, name, section):
        self.maker, self.name, self.section = maker, name, section
        self.refers = {"**stookd**(8)", "**stook**(1)", "**stook.conf**(5)"}
        self.out = []

    def link_from(self, path):
        """The function that replaces the links of that file."""
        def link(label, target):
            if re.match(r"\w+:", target):
                return f"{label} <{target}>"
            to, _, anchor = target.partition("#")
            to = os.path.normpath(os.path.join(os.path.dirname(path), to)) if to else path
            found = self.maker.book.at(to, anchor)
            refer = f"**stook-{found.plugins[0][1]}**(5)" if found and found.plugins else GENERAL_OF.get(to)
            if refer is None or refer == f"**{self.name}**({self.section})":
                return label
            self.refers.add(refer)
            bare = label.strip("`").lower()
            return refer if refer.startswith(f"**stook-{bare}**") else f"{label} ({refer})"
        return link

    def put(self, text):
        self.out.append(text)

    def head(self, title):
        self.put(f".SH {roff.prose(title.upper())}\n")

    def take(self, section, level):
        """The lines of a section. Headings of `level` begin sections of the page, the others subsections."""
        def heading(depth, text):
            text = roff.prose(roff.plain(text))
            return f".SH {text.upper()}\n" if depth <= level else f".SS {text}\n"
        self.put(roff.convert(mark_options(section.lines, level), self.link_from(section.path), heading))

    def text(self):
        others = sorted((one for one in self.refers if one != f"**{self.name}**({self.section})"),
                        key=lambda one: (one[-2], one))
        self.head("See also")
        self.put(",\n".join(roff.inline(one, None) for one in others) + "\n")
        title = roff.literal(self.name.upper())
        what = f'.TH {title} {self.section} {self.maker.date} "stook {self.maker.version}" "stook"\n'
        return '.\\" Made by etc/man/make_pages.py; changes belong into the READMEs.\n' + what + ".nh\n.ad l\n" + roff.tidy("".join(self.out))


def mark_options(lines, level):
    """Gives option tables a heading, and what follows them as well."""
    out, hashes = [], "#" * (level if level > 0 else 9)
    for at, line in enumerate(lines):
        if line.startswith("<!-- options:"):
            out += ["", f"{hashes} Options", ""]
        elif line == "<!-- end -->" and any(one.startswith("<!-- options:") for one in lines[:at]):
            behind = next((one for one in lines[at + 1:] if one.strip()), "#")
            if not behind.startswith(("#", "<!--")):
                out += ["", hashes + (" Example" if behind.startswith(("    ", "```")) else " Notes"), ""]
        else:
            out.append(line)
    return out


def is_left_out(part, choice):
    """`choice`: titles that are left out, or, behind "only", those that are taken."""
    if choice[:1] == ("only",):
        return part.title not in choice
    return part.title in choice


class Maker:
    def __init__(self, wanted):
        self.stook, self.stookd, self.version = wanted.stook, wanted.stookd, wanted.version
        self.book = Book()
        epoch = os.environ.get("SOURCE_DATE_EPOCH") or max(os.path.getmtime(path) for path in self.book.files)
        self.date = datetime.datetime.fromtimestamp(float(epoch), datetime.timezone.utc).strftime("%Y-%m-%d")

    def page(self, file):
        name, section = file.rsplit(".", 1)
        if name in GENERAL and GENERAL[name][0] == section:
            return self.general(name)
        return self.plugin(name.removeprefix("stook-"))

    def general(self, name):
        section, path, choice, doc = GENERAL[name]
        page = Page(self, name, section)
        page.head("Name")
        page.put(f"{roff.literal(name)} \\- {roff.prose(doc)}\n")
        for part in self.book.parts(path):
            if part.plugins or is_left_out(part, choice):
                continue
            if part.is_intro and not path.startswith("etc/man"):
                page.head("Description")
            part.lines = [more for line in part.lines for more in self.insertion(line)]
            page.take(part, 2)
        return page.text()

    def insertion(self, line):
        """What stands for a line like `<!-- commands -->`."""
        if line == "<!-- commands -->":
            return ["", "| command | what |", "|---|---|"] + [f"| `{usage}` | {doc} |" for usage, doc in self.commands()]
        if line == "<!-- switches -->":
            return ["", "| switch | what |", "|---|---|"] + [f"| {usage} | {doc} |" for usage, doc in self.switches()]
        return [line]

    def commands(self):
        for line in say(self.stook, "complete", "--usages").splitlines():
            usage, doc = line.replace("|", "\\|").split("\t")
            yield f"stook {usage}", doc

    def switches(self):
        text = re.sub(r"\n {20,}", " ", say(self.stookd, "-h"))
        for short, long, argument, doc in re.findall(r"^  (?:(-\w) \[ )?(--\w+)(?: \])?( arg(?: \(=\S*\))?)? +(\S.*)$", text, re.M):
            preset = re.search(r"\(=(.*)\)", argument)
            yield ((f"`{short}`, " if short else "") + f"`{long}`" + (f" *{long[2:]}*" if argument else ""),
                   re.sub(r" {2,}", " ", doc).strip() + (f"; default `{preset[1]}`" if preset else ""))

    def plugin(self, name):
        said = json.loads(say(self.stook, "describe", name, "--json"))
        said = sorted((one for one in said if one["name"] == name), key=lambda one: KINDS.index(one["kind"]))
        page = Page(self, f"stook-{name}", "5")
        page.refers.add(f"**stook-{said[0]['kind'] if said[0]['kind'] != 'codec' else 'sink'}s**(7)")
        page.head("Name")
        page.put(f"stook\\-{roff.literal(name)} \\- {'; '.join(one['kind'] + ': ' + roff.prose(one['doc']) for one in said)}\n")
        page.head("Synopsis")
        for one in said:
            page.put(synopsis(one))
        done = []
        for one in said:
            section = self.book.of_plugin(one["kind"], name)
            # What a sink's own codec has to say stands in the sink's section.
            if section in done or (section is None and one["kind"] == "codec" and done):
                continue
            if section is None:
                sys.exit(f"{one['kind']} {name} has no section in the READMEs of sources, filters and sinks")
            done.append(section)
            page.head("Description" if len(said) == 1 else f"The {one['kind']}")
            page.take(section, 1 if len(said) == 1 else 0)
        for kind in dict.fromkeys(one["kind"] for one in said):
            rows = say(self.stook, "describe", kind, "--markdown").splitlines() if kind != "codec" else []
            if rows:
                page.head(f"Options of every {kind}")
                page.put(roff.convert(rows, page.link_from(""), None))
        return page.text()


def synopsis(said):
    upper, kind = roff.literal(said["name"].upper()), said["kind"]
    if kind == "codec":
        return f".PP\n.nf\n\\fBformat=\\fR{roff.literal(said['name'])}\n.fi\n"
    before = "" if kind == "source" else "\\fIsource\\fR, "
    behind = "" if kind == "sink" else ", \\fIsink\\fR"
    short = f"\n\\fBstack=\\fR{before}\\fB{upper}(\\fI{roff.literal(said['primary'])}\\fB)\\fR{behind}" if "primary" in said else ""
    return f".PP\n.nf\n\\fBstack=\\fR{before}\\fIid\\fR\\fB:{upper}\\fR{behind}{short}\n.fi\n"


def main():
    parser = argparse.ArgumentParser()
    for name in ("--stook", "--stookd", "--version", "--out"):
        parser.add_argument(name, required=True)
    parser.add_argument("pages", nargs="+")
    wanted = parser.parse_args()
    wanted.stook, wanted.stookd = os.path.abspath(wanted.stook), os.path.abspath(wanted.stookd)
    maker = Maker(wanted)
    os.makedirs(wanted.out, exist_ok=True)
    for file in wanted.pages:
        text = maker.page(file)
        with open(os.path.join(wanted.out, file), "w", encoding="ascii") as page:
            page.write(text)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
