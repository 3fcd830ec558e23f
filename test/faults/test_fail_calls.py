# SPDX-License-Identifier: Apache-2.0
"""Each write, sync, rename, link, unlink, truncation, reservation and creation of positions and spools fails in turn, or is
the last thing that the process does: the next start succeeds, nothing is lost, and its ledger balances."""

import concurrent.futures
import os
import signal
import subprocess
import tempfile
import time
import unittest

from numbered import CYCLES, Seen, numbered
from harness import BUILD, ROOT, Daemon, Flow

INTERPOSE = os.environ.get("FAULT_INTERPOSE", os.path.join(ROOT, BUILD, "test/faults/libinterpose.so"))
STATE = ".pos:.pos.new:.pos.old:.seg:/spool/state:/spool/dropped:/spool/lock:/state:/spool"  # and their folders
WAYS = {"write": ("short", "nospace", "io", "crash", "torn", "broken"), "sync": ("io", "crash", "broken"),
        "rename": ("io", "crash"), "link": ("nospace", "crash"), "unlink": ("io", "crash"), "truncate": ("io", "crash"),
        "reserve": ("nospace", "crash"), "open": ("nospace", "crash")}
IS_LONG = CYCLES > 0  # all of them, however long it takes
LINES = 600  # half of them before the log is rotated
MEMORY = "/dev/shm"  # a sync costs nothing there

CONFIG = """
[global]
threads=1
stop_timeout=500ms
state_dir=state
stack=in:TAIL,out:FILE
[in]
path=logs/in.log
start_at=beginning
linger=200ms
[out]
path=out.log
format=raw
{more}
"""


class Victim(Daemon):
    """A daemon that may die at any time."""

    def wait_for(self, is_true, what, seconds=30):
        end = time.monotonic() + min(seconds, 5)
        while not is_true() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.002)

    def has_started(self):
        return "event=started" in self.log()

    def end(self):
        """TERM, unless it is dead; how it ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=15)


class Scene(Flow):
    """A folder in which one fault happens."""

    def set(self, more, is_down, pad, lines):
        self.dir = tempfile.mkdtemp(prefix="stook-fault-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
        self.config = CONFIG.format(more=more)
        self.is_down, self.pad, self.lines = is_down, pad, lines
        os.mkdir(self.path("state"))
        self.seen = Seen(self.path("out.log"))
        return self

    def runTest(self):
        """Nothing: this is the folder of a fault only."""
        self.skipTest("see FailCalls")

    def add(self, first, last):
        text = numbered(first, last - 1)
        self.write("logs/in.log", text if self.pad == 1 else text.replace("x;", "x" * self.pad + "x;"), "a")

    def settle(self, victim, last):
        if self.is_down:
            victim.wait_for(lambda: False, "read", 0.1)
        else:
            victim.wait_for(lambda: self.seen.look().prefix >= last, "delivered", 2)

    def suffer(self, fault, **more):
        """The run with the fault; says how it ended."""
        if self.is_down:
            os.symlink("/dev/full", self.path("out.log"))
        self.add(0, self.lines // 2)
        env = {"LD_PRELOAD": INTERPOSE, "FAULT_PATHS": STATE, "FAULT_DONE": self.path("done"), **more}
        victim = Victim(self, self.config, env={**env, **({"FAULT": fault} if fault else {})})
        self.settle(victim, self.lines // 2)
        if any(os.path.exists(self.path(name)) for name in ("state/in.pos", "state/in.pos.old")):
            # Before there are positions the next start is the first: only what is at the path itself is read.
            os.rename(self.path("logs/in.log"), self.path("logs/in.log.1"))
        self.add(self.lines // 2, self.lines)
        self.settle(victim, self.lines)
        code = victim.end()
        self.log = victim.log()
        if code != -signal.SIGKILL and victim.has_started():
            self.assertIn("balanced=yes", self.log)
        if self.is_down:
            os.unlink(self.path("out.log"))
        return code

    def recover(self):
        """The next start, without faults."""
        daemon = Daemon(self, self.config)
        daemon.wait_for(lambda: self.seen.look().prefix >= self.lines, "all lines", 15)
        daemon.stop()
        self.seen.look()
        self.assertEqual(self.seen.missing(self.lines), [])

    def leave(self):
        self.seen.close()
        self.doCleanups()
        subprocess.run(["rm", "-rf", self.dir], check=False)


class FailCalls(unittest.TestCase):
    def setUp(self):
        if not os.path.exists(INTERPOSE):
            self.skipTest(f"{INTERPOSE} is not built")

    def one(self, fault, how):
        """One fault; false when it was not met."""
        scene = Scene().set(**how)
        try:
            code = scene.suffer(fault)
            scene.recover()
            return os.path.exists(scene.path("done")), code
        except Exception as error:
            raise AssertionError(f"FAULT={fault} {how}: {error}\n--- with the fault:\n{getattr(scene, 'log', '')}") from None
        finally:
            scene.leave()

    def each(self, more="", is_down=False, pad=1, lines=LINES, seconds=15):
        """The first call of every kind in every way, the second, the third … until there are no more."""
        end = time.monotonic() + seconds
        how = {"more": more, "is_down": is_down, "pad": pad, "lines": lines}
        left = [(kind, way) for kind in WAYS for way in WAYS[kind]]
        count, codes, faults = 0, {}, []
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            while left and (IS_LONG or time.monotonic() < end):
                count += 1
                tasks = {pool.submit(self.one, f"{kind}:{count}:{way}", how): (kind, way) for kind, way in left}
                left = []
                for task, (kind, way) in tasks.items():
                    try:
                        is_met, code = task.result()
                        codes[code] = codes.get(code, 0) + is_met
                        left += [(kind, way)] if is_met else []
                    except AssertionError as error:
                        faults.append(str(error))
        met = sum(codes.values())
        print(f"{met} faults, exit codes {codes}{', not all' if left else ''}", flush=True)
        self.assertFalse(faults, "\n\n".join(faults))
        self.assertGreater(met, 20)

    def test_positions(self):
        self.each()

    def test_spool(self):
        self.each("spool=spool")

    def test_spool_before_a_sink_that_is_down(self):
        self.each("spool=spool", is_down=True)

    def test_spool_that_goes_from_segment_to_segment(self):
        self.each("spool=spool\nspool_size=64MiB", pad=180_000, lines=120)


if __name__ == "__main__":
    unittest.main(defaultTest="FailCalls")
