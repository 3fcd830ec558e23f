# SPDX-License-Identifier: Apache-2.0
"""Compares what two programs have written. Each function returns None when the files agree, else what differs.

Documents and cells are compared by their values: neither the order of keys nor the way of escaping matters. The
number of lines always does, and of the lines themselves a sample spread over the file is looked at.
"""

import csv
import filecmp
import itertools
import json

import workload


def step_of(lines, sample):
    """Every how manieth line to look at; sample 0 means all."""
    return max(1, lines // sample) if sample else 1


def count(expected, found):
    """Whether two files have the same number of lines."""
    lines, others = workload.count_lines(expected), workload.count_lines(found)
    return None if lines == others else "%d lines where %d were expected" % (others, lines)


def decode(line):
    """The document of a line, or the line itself if it holds none."""
    try:
        return json.loads(line.decode("utf-8"))
    except ValueError:
        return line


def difference(expected, found):
    """The part of two documents that differs, as text."""
    if not isinstance(expected, dict) or not isinstance(found, dict):
        return "%.200r where %.200r was expected" % (found, expected)
    names = [name for name in {**expected, **found} if expected.get(name, ...) != found.get(name, ...)]
    parts = []
    for name in names:
        has, wants = name in found, name in expected
        parts.append("%s is %s where %s was expected" % (name, repr(found[name]) if has else "absent",
                                                         repr(expected[name]) if wants else "nothing"))
    return "; ".join(parts)


def documents(expected, found, sample):
    """Compares JSON lines."""
    wrong = count(expected, found)
    if wrong:
        return wrong
    step = step_of(workload.count_lines(expected), sample)
    with open(expected, "rb") as left, open(found, "rb") as right:
        for number, (line, other) in enumerate(zip(left, right)):
            if number % step == 0 and line != other:
                one, two = decode(line), decode(other)
                if one != two or not isinstance(two, dict):
                    return "line %d: %s" % (number + 1, difference(one, two))
    return None


def tables(expected, found, sample):
    """Compares CSV files. The expected one starts with a line of names, the other one may."""
    step = step_of(workload.count_lines(expected), sample)
    with open(expected, encoding="utf-8", newline="") as left, open(found, encoding="utf-8", newline="") as right:
        rows, others = csv.reader(left), csv.reader(right)
        names, first = next(rows), next(others, None)
        if first is not None and first != names:
            others = itertools.chain([first], others)
        for number, (row, other) in enumerate(itertools.zip_longest(rows, others)):
            if row is None or other is None:
                return "it ends at row %d, or goes on there" % (number + 1)
            if number % step == 0 and row != other:
                return "row %d: %r where %r was expected" % (number + 1, other, row)
    return None


def same_bytes(expected, found, sample):
    """Compares files byte by byte, whatever the sample."""
    del sample
    if filecmp.cmp(expected, found, shallow=False):
        return None
    return count(expected, found) or "the same number of lines, but not the same bytes"
