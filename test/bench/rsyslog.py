# SPDX-License-Identifier: Apache-2.0
"""rsyslogd doing the access work, for comparison: imfile reads the same file once, mmnormalize takes the lines apart
by a rule of liblognorm's second version, omfile writes the tree of fields as JSON lines.

The options are those that measured best among the sensible ones: no metadata on the rows, the whole tree in place of
a list of fields, large batches, a 64 KiB buffer. rsyslogd has no end of its own, so it is ended by its pid once the
output is complete; the wall time is that from the start to the last change of the output.
"""

import os
import shutil
import signal
import time

import measure
import workload

DAEMON = "/usr/sbin/rsyslogd"
PLACES = ["/usr/lib/x86_64-linux-gnu/rsyslog", "/usr/lib/aarch64-linux-gnu/rsyslog", "/usr/lib64/rsyslog",
          "/usr/lib/rsyslog"]
NOTE = ("rsyslog: imfile, mmnormalize (liblognorm v2), omfile. It does less than limit and stook: the time stays text"
        " and '-' is written as text.")

RULES = """version=2
rule=:%remote_addr:word% %-:word% %remote_user:word% [%time_local:char-to:]%] \
"%method:word% %path:word% %protocol:char-to:"%" \
%{"name":"status","type":"number","format":"number"}% \
%{"name":"body_bytes_sent","type":"number","format":"number"}% \
"%http_referer:char-to:"%" "%http_user_agent:char-to:"%"
"""

CONFIG = """global(workDirectory="@WORK@" maxMessageSize="64k")
module(load="imfile")
module(load="mmnormalize")
main_queue(queue.type="FixedArray" queue.size="20000" queue.dequeueBatchSize="1024" queue.workerThreads="1")
template(name="lines" type="string" string="%$!all-json-plain%\\n")
ruleset(name="access") {
  action(type="mmnormalize" ruleBase="@WORK@/rules.rb")
  action(type="omfile" file="@OUT@" template="lines" ioBufferSize="64k")
}
input(type="imfile" file="@IN@" tag="access" ruleset="access" addMetadata="off")
"""


def is_installed():
    """Whether the daemon and the modules it needs are here."""
    modules = ("imfile.so", "mmnormalize.so")
    return os.access(DAEMON, os.X_OK) and any(
        all(os.path.exists(os.path.join(place, name)) for name in modules) for place in PLACES)


def prepare(source, target, work):
    """Makes a fresh folder with rules and configuration; the daemon keeps its place in the input there."""
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    with open(os.path.join(work, "rules.rb"), "w", encoding="ascii") as file:
        file.write(RULES)
    template = os.path.join(work, "template")
    with open(template, "w", encoding="ascii") as file:
        file.write(CONFIG)
    return measure.fill(template, os.path.join(work, "rsyslog.conf"), {"WORK": work, "IN": source, "OUT": target})


def size_of(name):
    """The size of a file, 0 when there is none."""
    try:
        return os.stat(name).st_size
    except FileNotFoundError:
        return 0


def run(source, target, rows, work):
    """Runs the daemon until the output has all rows, and returns its cost."""
    config = prepare(source, target, work)
    started = time.time()
    process = measure.Process([DAEMON, "-n", "-f", config, "-i", os.path.join(work, "pid")],
                              os.path.join(work, "log"))
    before, is_complete = -1, False
    while not is_complete and time.monotonic() - process.begin < measure.DEADLINE:
        if process.has_ended(100):
            process.collect()
            process.fail("ended by itself")
        size = size_of(target)
        is_complete = size == before and size > 0 and workload.count_lines(target) >= rows
        before = size
    process.kill(signal.SIGTERM)
    if not process.has_ended(10_000):
        process.kill(signal.SIGKILL)
    wall = os.stat(target).st_mtime - started if is_complete else None
    cost = process.collect(wall)
    if not is_complete:
        process.fail("%d rows of %d after %d s" % (workload.count_lines(target), rows, measure.DEADLINE))
    check(target, rows)
    return cost


def check(target, rows):
    """Raises Failed if rows are missing or were not understood."""
    with open(target, "rb") as file:
        strange = sum(b'"unparsed-data"' in line or b'"status":' not in line for line in file)
    lines = workload.count_lines(target)
    if lines != rows or strange:
        raise measure.Failed("rsyslog wrote %d lines for %d rows; %d were not understood" % (lines, rows, strange))
