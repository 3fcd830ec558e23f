# SPDX-License-Identifier: Apache-2.0
"""Reads Prometheus' text formats, and asks for them over HTTP."""

import http.client
import os
import re
import shutil
import socket

from harness import ROOT

SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)",?')
ROW = re.compile(r"\| `(\w+)` \| (\w+) \| ([\w, ]*) \| (.*) \|")


class Scrape:
    """Samples by name and labels, and what was said of each family."""

    def __init__(self, text):
        self.help, self.kind, self.samples = {}, {}, {}
        for line in text.splitlines():
            if line.startswith("# HELP "):
                _, _, name, doc = line.split(" ", 3)
                self.help[name] = doc
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ", 3)
                assert name not in self.kind, f"{name} twice"
                self.kind[name] = kind
            elif not line.startswith("#"):
                found = SAMPLE.fullmatch(line)
                assert found, line
                labels = tuple(LABEL.findall(found[2] or ""))
                assert LABEL.sub("", found[2] or "") == "", line
                assert (found[1], labels) not in self.samples, f"{line} twice"
                self.samples[found[1], labels] = float(found[3])

    def value(self, name, **labels):
        """The sum of all samples of that name that have these labels."""
        found = [value for (one, has), value in self.samples.items()
                 if one == name and labels.items() <= dict(has).items()]
        assert found, (name, labels)
        return sum(found)

    def family(self, name):
        """The family of a sample."""
        for suffix in ("", "_bucket", "_sum", "_count"):
            if name.endswith(suffix) and name.removesuffix(suffix) in self.kind:
                return name.removesuffix(suffix)
        return None


def documented():
    """The table of core/run/README.md: kind, labels and meaning by name."""
    with open(os.path.join(ROOT, "core/run/README.md"), encoding="utf-8") as file:
        table = file.read().split("\n## Metrics\n")[1]
    rows = [ROW.fullmatch(line) for line in table.splitlines()]
    return {row[1]: (row[2], set(filter(None, row[3].split(", "))), row[4]) for row in rows if row}


def fetch(address, path="/metrics", method="GET", headers=None):
    """Status, headers and body; the address is HOST:PORT or a path."""
    if "/" in address:
        link = http.client.HTTPConnection("localhost", timeout=30)
        link.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.sock.settimeout(30)
        link.sock.connect(address)
    else:
        link = http.client.HTTPConnection(address, timeout=30)
    try:
        link.request(method, path, headers=headers or {})
        answer = link.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    finally:
        link.close()


def promtool():
    """Where promtool is, or None."""
    return os.environ.get("STOOK_PROMTOOL") or shutil.which("promtool")
