#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the input files of the benches, the same bytes on every machine.

A pool of random lines is made first and the rows are picked from it, so a million rows take seconds. The clock
of each file runs on from row to row, so no two stretches of a file are equal.

  access.log  nginx's combined format, about 200 bytes a line, 10 % of the rows with status >= 400
  lines.json  12 keys and one nested object a line, about 250 bytes, half of the rows with status >= 400

Usage: workload.py DIRECTORY [--rows N] [--only access.log|lines.json]
"""

import argparse
import datetime
import json
import os
import random
import sys

SEED = 20261121
VERSION = 4
POOL = 8192
START = 1792895400  # 2026-10-25T02:30:00Z
METHODS = ["GET"] * 78 + ["POST"] * 14 + ["HEAD"] * 4 + ["PUT"] * 2 + ["DELETE", "OPTIONS"]
PROTOCOLS = ["HTTP/1.1"] * 60 + ["HTTP/2.0"] * 38 + ["HTTP/1.0"] * 2
GOOD = [200] * 74 + [304] * 10 + [301] * 5 + [206] * 4 + [302] * 4 + [201] * 2 + [204]
BAD = [404] * 55 + [403] * 12 + [400] * 8 + [401] * 8 + [499] * 6 + [500] * 4 + [502] * 4 + [503] * 3
USERS = ["alice", "bob", "deploy", "metrics", "j.smith", "ops-bot"]
WORDS = ("static assets img product catalog search account cart checkout api v1 v2 items orders users news blog "
         "2025 2026 help about jobs feed login session report export media thumb large small icons fonts").split()
ENDINGS = [".html", ".js", ".css", ".png", ".jpg", ".svg", ".woff2", ".php", ".json", "", "", "", "/"]
SITES = ["https://www.example.com", "https://shop.example.org", "https://www.google.com", "https://duckduckgo.com",
         "https://news.example.net", "http://localhost:8080", "https://t.example"]
SYSTEMS = ["X11; Linux x86_64", "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7",
           "iPhone; CPU iPhone OS 17_4 like Mac OS X", "Linux; Android 14; Pixel 8", "Linux; Android 10; K"]
ROBOTS = ["curl/7.88.1", "Go-http-client/1.1", "python-requests/2.31.0", "kube-probe/1.27", "-",
          "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Prometheus/2.45.0",
          "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"]


def address(rng):
    """An IPv4 address, or for one row in four an IPv6 one."""
    if rng.random() < 0.75:
        return "%d.%d.%d.%d" % (rng.randint(1, 223), rng.randint(0, 255), rng.randint(0, 255), rng.randint(1, 254))
    if rng.random() < 0.5:
        return "2001:db8:%x:%x::%x" % (rng.getrandbits(16), rng.getrandbits(12), rng.getrandbits(8))
    return "2a02:%x:%x:%x:%x:%x:%x:%x" % tuple(rng.getrandbits(16) for _ in range(7))


def path(rng):
    """A request path of one to four parts, some with a query, some with what nginx escapes."""
    text = "/" + "/".join(rng.choice(WORDS) for _ in range(rng.randint(1, 4))) + rng.choice(ENDINGS)
    dice = rng.random()
    if dice < 0.25:
        text += "?id=%d&page=%d" % (rng.randint(1, 10**7), rng.randint(1, 40))
    elif dice < 0.32:
        text += "?q=%s%%20%s&lang=en" % (rng.choice(WORDS), rng.choice(WORDS))
    elif dice < 0.34:
        text += "?q=\\x22%s\\x22" % rng.choice(WORDS)
    elif dice < 0.345:
        text += "?n=\\xD0\\xBF\\x5C"
    return text


def agent(rng):
    """A browser's or a robot's name; robots now and then quote or name nothing."""
    if rng.random() < 0.2:
        return rng.choice(ROBOTS)
    if rng.random() < 0.01:
        return "monitor \\x22%s\\x22 (%d)" % (rng.choice(WORDS), rng.randint(1, 99))
    system, major = rng.choice(SYSTEMS), rng.randint(90, 128)
    if rng.random() < 0.3:
        return "Mozilla/5.0 (%s; rv:%d.0) Gecko/20100101 Firefox/%d.0" % (system, major, major)
    return ("Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.%d.%d Safari/537.36"
            % (system, major, rng.randint(1000, 6999), rng.randint(0, 200)))


def access_parts(rng):
    """One access line, as the pieces before and after its time."""
    user = rng.choice(USERS) if rng.random() < 0.04 else "-"
    status = rng.choice(BAD) if rng.random() < 0.10 else rng.choice(GOOD)
    size = 0 if status in (204, 304) else int(rng.lognormvariate(8.5, 1.8))
    dice = rng.random()
    referer = "-" if dice < 0.4 else rng.choice(SITES) + (path(rng) if dice < 0.85 else "/")
    return ("%s - %s [" % (address(rng), user),
            '] "%s %s %s" %d %d "%s" "%s"\n' % (rng.choice(METHODS), path(rng), rng.choice(PROTOCOLS), status, size,
                                               referer, agent(rng)))


def sentence(rng):
    """A message with, here and there, the characters that JSON escapes and text beyond ASCII."""
    words = [rng.choice(WORDS) for _ in range(rng.randint(2, 5))]
    dice = rng.random()
    if dice < 0.10:
        words[0] = '"%s"' % words[0]
    elif dice < 0.14:
        words[-1] += "\nat line %d\t(%s)" % (rng.randint(1, 999), rng.choice(WORDS))
    elif dice < 0.18:
        words[0] = "C:\\%s\\%s" % (words[0], words[-1])
    elif dice < 0.22:
        words[1] = rng.choice(["größe", "naïve", "日本語", "привет", "\U0001f600"])
    return " ".join(words)


def json_parts(rng):
    """One JSON line, as the pieces before and after its time. One line in four writes non-ASCII as \\u escapes."""
    status = rng.choice(BAD) if rng.random() < 0.5 else rng.choice(GOOD)
    row = {"time": "@", "host": "web-%02d" % rng.randint(1, 40), "service": rng.choice(WORDS),
           "level": rng.choice(["info", "warn", "error"]), "status": status,
           "duration": round(rng.expovariate(8), 6), "bytes": int(rng.lognormvariate(8.5, 1.8)),
           "path": "/" + rng.choice(WORDS) + "/" + rng.choice(WORDS), "trace": rng.getrandbits(62),
           "cached": rng.random() < 0.3, "message": sentence(rng),
           "geo": {"country": rng.choice(["DE", "FR", "US", "JP", "BR"]), "lat": round(rng.uniform(-60, 70), 4),
                   "lon": round(rng.uniform(-180, 180), 4)}}
    text = json.dumps(row, separators=(",", ":"), ensure_ascii=rng.random() < 0.25)
    before, after = text.split("@", 1)
    return before, after + "\n"


def access_time(second):
    """nginx's $time_local, in a zone that leaves summer time at the first full hour of the file."""
    offset = 2 if second < START + 1800 else 1
    moment = datetime.datetime.fromtimestamp(second + 3600 * offset, datetime.timezone.utc)
    return moment.strftime("%d/%b/%Y:%H:%M:%S ") + "+0%d00" % offset


def json_time(second):
    """An ISO 8601 time in UTC."""
    return datetime.datetime.fromtimestamp(second, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


FILES = {"access.log": (access_parts, access_time), "lines.json": (json_parts, json_time)}


def count_lines(name):
    """The number of newlines in a file, 0 if there is no such file."""
    try:
        with open(name, "rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except FileNotFoundError:
        return 0


def write(directory, name, rows):
    """Writes one input file; it appears under its name only when it is complete."""
    parts, clock = FILES[name]
    rng = random.Random("%d %s" % (SEED, name))
    pool = [parts(rng) for _ in range(POOL)]
    second, partial = START, os.path.join(directory, "%s.%d.part" % (name, os.getpid()))
    with open(partial, "w", encoding="utf-8", newline="\n") as file:
        left = rows
        while left > 0:
            now = clock(second)
            count = min(left, rng.randint(10, 90))
            file.write("".join([before + now + after for before, after in rng.choices(pool, k=count)]))
            left -= count
            second += 1
    os.replace(partial, os.path.join(directory, name))


def ensure(directory, rows, names=tuple(FILES)):
    """Makes sure that the named files are there with this many rows; writes nothing when they are."""
    os.makedirs(directory, exist_ok=True)
    for name in names:
        stamp = os.path.join(directory, name + ".stamp")
        mark = "version %d seed %d rows %d\n" % (VERSION, SEED, rows)
        try:
            with open(stamp, encoding="ascii") as file:
                known = file.read() == mark
        except FileNotFoundError:
            known = False
        if known and count_lines(os.path.join(directory, name)) == rows:
            continue
        write(directory, name, rows)
        with open(stamp, "w", encoding="ascii") as file:
            file.write(mark)


def main():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="writes the input files of the benches")
    parser.add_argument("directory")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=sorted(FILES))
    chosen = parser.parse_args()
    ensure(chosen.directory, chosen.rows, (chosen.only,) if chosen.only else tuple(FILES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
