# SPDX-License-Identifier: Apache-2.0
"""The READMEs, cut at their headings, and which section tells of which plugin."""

import os
import re

import roff

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# In these each section of `level` is a plugin's when a kind has one of that name; codecs stand below "Codecs".
PLUGIN_PAGES = {"sources/README.md": ("source", 2), "sources/netfilter/README.md": ("source", 2),
                "filters/README.md": ("filter", 2), "sinks/README.md": ("sink", 3), "sinks/ulogd/README.md": ("sink", 2)}
OTHERS = ("core/README.md", "core/daemon/README.md", "core/plan/README.md", "core/run/README.md", "core/spool/README.md",
          "scripts/README.md", "scripts/loglunatic/README.md", "etc/man/stook.md", "etc/man/stookd.md")


class Section:
    """A heading with all that stands below it. `plugins`: the (kind, name) that it tells of."""

    def __init__(self, path, level, title, anchor):
        self.path, self.level, self.title, self.anchor = path, level, title, anchor
        self.lines, self.plugins, self.is_intro = [], [], False


class Book:
    def __init__(self):
        self.sections = {path: cut(path) for path in (*PLUGIN_PAGES, *OTHERS)}
        self.files = [os.path.join(ROOT, path) for path in self.sections]
        for path, (kind, level) in PLUGIN_PAGES.items():
            claim(self.sections[path], kind, level)

    def parts(self, path):
        """The sections of a page, each with its own lines alone: subsections come on their own, behind it."""
        plugin = None
        for section in self.sections[path]:
            if plugin and section.level > plugin.level:
                continue
            plugin = section if section.plugins else None
            own = Section(path, section.level, section.title, section.anchor)
            own.plugins, own.is_intro = section.plugins, section.is_intro
            heading = [] if section.is_intro else ["#" * section.level + " " + section.title]
            own.lines = heading + section.own
            yield own

    def at(self, path, anchor):
        """The section of that anchor; of a subsection of a plugin's section the plugin's."""
        plugin = None
        for section in self.sections.get(path, []):
            plugin = section if section.plugins else plugin if plugin and section.level > plugin.level else None
            if section.anchor == anchor:
                return plugin or section
        return None

    def of_plugin(self, kind, name):
        for sections in self.sections.values():
            for section in sections:
                if (kind, name) in section.plugins:
                    return section
        return None


def cut(path):
    """The sections of a file. What stands before the second heading is the intro."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        lines = file.read().splitlines()
    intro = Section(path, 1, "", "")
    intro.is_intro, intro.own = True, []
    found, is_code, seen = [intro], False, {}
    for line in lines:
        is_code ^= line.startswith("```")
        heading = None if is_code else roff.HEADING.match(line)
        if heading and len(heading[1]) == 1 and found == [intro] and not intro.title:
            intro.title = heading[2]
            continue
        if heading:
            anchor = roff.slug(heading[2])
            seen[anchor] = seen.get(anchor, -1) + 1
            section = Section(path, len(heading[1]), heading[2], anchor + (f"-{seen[anchor]}" if seen[anchor] else ""))
            section.own = []
            found.append(section)
        else:
            found[-1].own.append(line)
    for at, section in enumerate(found):
        section.lines = list(section.own)
        for below in found[at + 1:]:
            if section.is_intro or below.level <= section.level:
                break
            section.lines += ["#" * below.level + " " + below.title] + below.own
    return found


def claim(sections, kind, level):
    """Says of each section which plugins it tells of: those of its option tables, or whose names its heading has."""
    place = kind
    for section in sections:
        if section.level < level and not section.is_intro:
            place = "codec" if section.title == "Codecs" else kind
        if section.level != level or section.is_intro:
            continue
        for line in section.lines:
            if marked := re.fullmatch(r"<!-- options: (\w+)\.(\w+) -->", line):
                section.plugins.append((marked[1], marked[2]))
        if not section.plugins and (level == 3 or re.fullmatch(r"[a-z0-9_]+", section.title)):
            section.plugins += [(place, name) for name in re.findall(r"[a-z0-9_]+", section.title) if name != "and"]
