# SPDX-License-Identifier: Apache-2.0
"""Turns the Markdown of stook's pages into man(7).

It knows what these pages use: headings, paragraphs, lists, tables, fenced and indented code, and within a line `code`,
**bold**, *emphasis* and [links](to). A table becomes tagged paragraphs, which are readable at any width: its first column
is the tag.
"""

import html
import re
import textwrap

HEADING = re.compile(r"(#+) (.*)")
ITEM = re.compile(r"(?:[-*]|\d+\.) +(.*)")
INLINE = re.compile(r"(?P<ticks>`+)(?P<code>.+?)(?P=ticks)|\*\*(?P<bold>.+?)\*\*|(?<![\w*])\*(?P<slope>[^\s*][^*]*)\*(?!\w)"
                    r"|\[(?P<label>(?:[^\]`]|`[^`]*`)+)\]\((?P<target>[^)\s]+)\)")
SPECIAL = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}


def literal(text):
    """Bytes as they are typed: minus signs, straight quotes, tildes."""
    return "".join(SPECIAL.get(c, c) if ord(c) < 128 else f"\\[u{ord(c):04X}]" for c in text)


def prose(text):
    """Words, in which a hyphen is a hyphen."""
    return "".join({"\\": "\\e", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}.get(c, c) if ord(c) < 128 else f"\\[u{ord(c):04X}]"
                   for c in text)


def slug(heading):
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).strip().replace(" ", "-")


def plain(text):
    """A line without its marks."""
    return INLINE.sub(lambda m: m["code"] or m["bold"] or m["slope"] or plain(m["label"]), text)


def inline(text, link):
    """One run of text. `link(label, target)` gives what stands for a link: Markdown without links."""
    text = re.sub(r"<code>(.*?)</code>", lambda m: f"`{html.unescape(m[1])}`", text)
    out, at = "", 0
    for mark in INLINE.finditer(text):
        out += prose(text[at:mark.start()])
        at = mark.end()
        if mark["code"]:
            out += f"\\fB{literal(mark['code'].strip() if mark['code'].strip() else mark['code'])}\\fR"
        elif mark["bold"]:
            out += f"\\fB{prose(plain(mark['bold']))}\\fR"
        elif mark["slope"]:
            out += f"\\fI{prose(plain(mark['slope']))}\\fR"
        else:
            out += inline(link(mark["label"], mark["target"]), link)
    return out + prose(text[at:])


def fill(text):
    """Lines of at most 100 columns, none of which roff takes for a request."""
    lines = textwrap.wrap(" ".join(text.split()), 100, break_long_words=False, break_on_hyphens=False)
    return "".join(("\\&" if line[0] in ".'" else "") + line + "\n" for line in lines)


def code(lines):
    body = "".join(("\\&" if line[:1] in (".", "'") else "") + literal(line.rstrip()) + "\n" for line in lines)
    return f".PP\n.RS 4\n.nf\n{body}.fi\n.RE\n"


def cells(line):
    """The cells of a table's line; `\\|` and what stands in backticks is no border."""
    found, cell, is_code = [], "", False
    for c in re.findall(r"\\\||.", line.strip().removeprefix("|").removesuffix("|")):
        is_code ^= c == "`"
        if c == "|" and not is_code:
            found.append(cell.strip())
            cell = ""
        else:
            cell += "|" if c == "\\|" else c
    return found + [cell.strip()]


def row_of(head, row, link):
    """One row as a tagged paragraph. What an option is and its default stand behind its name."""
    row = row + [""] * (len(head) - len(row))
    if head == ["option", "kind", "default", "what"]:
        name, kind, default, what = row
        if default == "mandatory":
            kind += ", mandatory"
        elif default:
            kind += f", default `{default}`"
        tag = f"{inline(f'`{name}`', link)} ({inline(kind, link)})"
        return f".TP\n{fill(tag)}{fill(inline(what, link))}"
    tag = inline(row[0], link) if row[0] else "\\(en"
    rest = [text for text in row[1:] if text]
    if len(head) == 2 or len(rest) < 2:
        body = inline(rest[0] if rest else "", link)
    elif head[1] == "type":
        tag, body = f"{tag} ({inline(row[1], link)})", inline(". ".join(text for text in row[2:] if text), link)
    else:
        body = "; ".join(f"{prose(plain(name))}: {inline(text, link)}" for name, text in zip(head[1:], row[1:]) if text)
    return f".TP\n{fill(tag)}{fill(body) or '.br' + chr(10)}"


def table(lines, link, width):
    head = cells(lines[0])[:width]
    return ".PP\n" + "".join(row_of(head, cells(line)[:width], link) for line in lines[2:]) + ".PP\n"


def take(lines, at, is_part):
    """The lines from `at` on that are part of a block, and where it ends."""
    end = at
    while end < len(lines) and is_part(lines[end]):
        end += 1
    return lines[at:end], end


def list_item(lines, at, link):
    """An item with the lines below it that are indented; code may be one of its parts."""
    first = ITEM.match(lines[at])[1]
    more, end = take(lines, at + 1, lambda line: line.startswith("  ") and line.strip())
    return f".IP \\(bu 2\n{fill(inline(' '.join([first] + more), link))}", end


def starts_block(line):
    return bool(not line.strip() or HEADING.match(line) or ITEM.match(line) or line.startswith(("```", "|", "<!--")))


def convert(lines, link, section):
    """Markdown as man(7). `section(level, text)` gives the requests of a heading."""
    out, at, width = [], 0, None
    while at < len(lines):
        line = lines[at]
        if not line.strip() or line.startswith("<!--"):
            width = 2 if line.startswith("<!-- bench:") else width  # figures of a bench are no matter of a manual
            at += 1
        elif heading := HEADING.match(line):
            out.append(section(len(heading[1]), heading[2]))
            at += 1
        elif line.startswith("```"):
            block, at = take(lines, at + 1, lambda one: not one.startswith("```"))
            out.append(code(block))
            at += 1
        elif line.startswith("    "):
            block, at = take(lines, at, lambda one: one.startswith("    "))
            out.append(code([one[4:] for one in block]))
        elif line.startswith("|"):
            block, at = take(lines, at, lambda one: one.startswith("|"))
            out.append(table(block, link, width))
            width = None
        elif ITEM.match(line):
            item, at = list_item(lines, at, link)
            out.append(item)
        else:
            block, at = take(lines, at, lambda one: not starts_block(one))
            out.append(".PP\n" + fill(inline(" ".join(block), link)))
    return "".join(out)


def tidy(text):
    """Without paragraphs that nothing stands in, which mandoc complains of."""
    text = re.sub(r"(?:\.PP\n)+(?=\.PP\n|\.TP\n|\.IP |\.SH |\.SS |\Z)", "", text)
    return re.sub(r"(\.S[HS] .*\n)\.PP\n", r"\1", text)
