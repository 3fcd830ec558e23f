# SPDX-License-Identifier: Apache-2.0
"""What may happen to a followed file, row by row: links, holes, long lines, many files, no events, slow file systems."""

import gzip
import os
import resource
import shutil
import signal
import time
import unittest

from harness import BUILD, ROOT, Daemon, Flow, open_files
from netns_kit import stand_still

FAULTS = os.path.join(ROOT, BUILD, "test/flow/libtail_faults.so")


class Rows(Flow):
    def config(self, path="in.log", more="", form="raw", stacks="in:TAIL,out:FILE"):
        return (f"[global]\nthreads=2\nloglevel=info\nstate_dir={self.path('state')}\nstack={stacks}\n[in]\npath={path}\nstart_at=beginning\n"
                f"{more}\n[out]\npath=out.txt\nformat={form}\n")

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("state"))

    def out(self):
        """The lines so far; one that is being written is not one yet."""
        text = self.read("out.txt") if os.path.exists(self.path("out.txt")) else ""
        return text[:text.rfind("\n") + 1].splitlines()

    def add(self, name, *lines):
        self.write(name, "".join(f"{line}\n" for line in lines), "a")

    def arrives(self, daemon, expected, in_order=True):
        daemon.wait_for(lambda: len(self.out()) >= len(expected), f"{len(expected)} lines, there are {self.out()[-3:]}")
        self.assertEqual(self.out() if in_order else sorted(self.out()), expected if in_order else sorted(expected))

    def descriptors(self, daemon, ending):
        return sum(name.split(" ")[0].endswith(ending) for name in open_files(daemon.process.pid))


class Links(Rows):
    def test_a_symbolic_link_that_is_turned_is_followed_when_the_old_file_has_been_read(self):
        self.add("a.txt", "a1")
        os.symlink("a.txt", self.path("in.log"))
        daemon = Daemon(self, self.config())
        self.arrives(daemon, ["a1"])
        expected = ["a1"]
        for n in range(10):
            fresh = f"b{n}.txt"
            old = os.readlink(self.path("in.log"))
            self.add(fresh, f"of {n}")
            self.add(old, f"last of {old}")
            os.symlink(fresh, self.path("link"))
            os.rename(self.path("link"), self.path("in.log"))
            expected += [f"last of {old}", f"of {n}"]
            self.arrives(daemon, expected)
        daemon.stop()

    def test_what_a_link_leads_to_is_rotated_in_its_own_folder(self):
        self.write("data/app.txt", "one\n")
        os.symlink("data/app.txt", self.path("in.log"))
        daemon = Daemon(self, self.config())
        self.arrives(daemon, ["one"])
        os.rename(self.path("data/app.txt"), self.path("data/app.txt.1"))
        self.write("data/app.txt", "two\n")
        self.arrives(daemon, ["one", "two"])
        daemon.stop()

    def test_a_linked_folder_that_is_turned_is_followed(self):
        for n in (1, 2):
            self.write(f"release{n}/app.log", f"of {n}\n")
        os.symlink("release1", self.path("current"))
        daemon = Daemon(self, self.config(path="current/app.log"))
        self.arrives(daemon, ["of 1"])
        os.symlink("release2", self.path("next"))
        os.rename(self.path("next"), self.path("current"))
        self.arrives(daemon, ["of 1", "of 2"])
        daemon.stop()

    def test_hard_links_to_one_file_are_one_file(self):
        self.add("logs/a.log", "one")
        os.link(self.path("logs/a.log"), self.path("logs/b.log"))
        daemon = Daemon(self, self.config(path="logs/*.log"))
        self.add("logs/b.log", "two")
        self.arrives(daemon, ["one", "two"])
        os.unlink(self.path("logs/a.log"))
        self.add("logs/b.log", "three")
        self.arrives(daemon, ["one", "two", "three"])
        daemon.stop()
        self.assertEqual(self.out(), ["one", "two", "three"])


class Contents(Rows):
    def test_files_with_the_same_lines_are_all_read(self):
        lines = [f"the same {n}" for n in range(100)]
        for n in range(5):
            self.add(f"logs/{n}.log", *lines)
        daemon = Daemon(self, self.config(path="logs/*.log"))
        self.arrives(daemon, lines * 5, in_order=False)
        for n in range(5, 10):
            self.add(f"logs/{n}.log", *lines)
        self.arrives(daemon, lines * 10, in_order=False)
        daemon.stop()

    def test_holes_are_skipped_and_the_lines_around_them_are_not(self):
        path = self.write("in.log", "before\n")
        with open(path, "r+b") as log:
            log.seek(256 << 20)
            log.write(b"after\nend\n")
        daemon = Daemon(self, self.config())
        self.arrives(daemon, ["before", "after", "end"])
        with open(path, "r+b") as log:
            log.seek(512 << 20)
            log.truncate()
        self.add("in.log", "behind a hole at the end")
        self.arrives(daemon, ["before", "after", "end", "behind a hole at the end"])
        # What was a hole and is zeros now: a writer that does not append, after copytruncate.
        self.assertIn("event=file_hole", daemon.log())
        daemon.stop()
        self.assertRegex(daemon.log(), r"event=ledger element=in kind=source .* hole_bytes=[1-9]")
        self.assertEqual(self.out(), ["before", "after", "end", "behind a hole at the end"])

    def test_a_line_of_128_mib_is_cut_and_the_next_one_is_whole(self):
        with open(self.path("in.log"), "wb") as log:
            for _ in range(128):
                log.write(b"x" * (1 << 20))
            log.write(b"\nnext\n")
        daemon = Daemon(self, self.config())
        self.arrives(daemon, ["x" * (256 << 10), "next"])
        daemon.stop()

    def test_rotated_files_that_were_compressed_are_left_alone(self):
        self.add("in.log", *[f"line {n}" for n in range(100)])
        daemon = Daemon(self, self.config(path="in.log*"))
        expected = [f"line {n}" for n in range(100)]
        self.arrives(daemon, expected)
        for ending in ("gz", "bz2", "xz", "zst"):
            self.write(f"in.log.1.{ending}", b"\x1f\x8b not to be read\n")
        self.add("in.log", "end")
        self.arrives(daemon, expected + ["end"])
        daemon.stop()


class Compressed(Rows):
    """With `exclude` empty compressed files are read, but not what was read before it was compressed."""

    def compress(self, name, start=0):
        text = self.read(name).encode()[start:]
        with gzip.open(self.path(name + ".tmp"), "wb") as packed:
            packed.write(text)
        os.unlink(self.path(name))
        os.rename(self.path(name + ".tmp"), self.path(name + ".gz"))

    def begin(self):
        return Daemon(self, self.config(path="logs/in.log*", more="exclude=*.tmp\nlinger=100ms\nrescan=200ms"))

    def closed(self, daemon, name):
        daemon.wait_for(lambda: self.descriptors(daemon, name) == 0, f"{name} is closed")

    def test_a_log_that_is_compressed_after_it_was_read_is_not_read_again(self):
        lines = [f"line {n} {'x' * 50}" for n in range(1000)]
        self.add("logs/in.log", *lines)
        daemon = self.begin()
        self.arrives(daemon, lines)
        os.rename(self.path("logs/in.log"), self.path("logs/in.log.1"))
        self.add("logs/in.log", "next")
        self.arrives(daemon, lines + ["next"])
        self.compress("logs/in.log.1")
        daemon.wait_for(lambda: self.descriptors(daemon, ".gz") == 1, "the compressed file is open")
        self.closed(daemon, ".gz")
        daemon.stop()
        self.assertEqual(self.out(), lines + ["next"])
        daemon = self.begin()  # nor after a restart
        daemon.wait_for(lambda: self.descriptors(daemon, ".gz") == 1, "the compressed file is open")
        self.closed(daemon, ".gz")
        daemon.stop()
        self.assertEqual(self.out(), lines + ["next"])

    def test_what_was_not_read_before_it_was_compressed_is_read_then(self):
        lines = [f"line {n} {'x' * 50}" for n in range(1000)]
        self.add("logs/in.log", *lines)
        daemon = self.begin()
        self.arrives(daemon, lines)
        daemon.stop()
        self.add("logs/in.log", "more", "and more")
        self.compress("logs/in.log")
        self.add("logs/in.log", "new")
        with gzip.open(self.path("logs/in.log.0.gz"), "wb") as packed:
            packed.write(b"unknown\nand its last line")
        self.write("logs/in.log.2.xz", b"\xfd7zXZ\x00 of another kind")
        self.write("logs/in.log.3.gz", b"\x1f\x8b\x08 torn")
        daemon = self.begin()
        self.arrives(daemon, lines + ["more", "and more", "new", "unknown", "and its last line"], in_order=False)
        daemon.wait_for(lambda: daemon.log().count("event=file_unreadable") == 2, "both are told")
        self.closed(daemon, ".gz")
        daemon.stop(code=1)
        daemon = self.begin()
        self.add("logs/in.log", "end")
        daemon.wait_for(lambda: "end" in self.out(), "the end")
        daemon.wait_for(lambda: daemon.log().count("event=file_unreadable") == 2, "both are told again")
        self.closed(daemon, ".gz")
        daemon.stop(code=1)
        self.assertEqual(sorted(self.out()), sorted(lines + ["more", "and more", "new", "unknown", "and its last line", "end"]))


class Places(Rows):
    def setUp(self):
        super().setUp()
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        self.hard = limits[1]

    def test_more_files_than_descriptors(self):
        files, rounds, limit = 600, 4, 256
        for n in range(files):
            self.add(f"logs/{n}.log", f"0 of {n}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, self.hard))
        daemon = Daemon(self, self.config(path="logs/*.log", more="linger=100ms"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, self.hard))
        expected = [f"0 of {n}" for n in range(files)]
        self.arrives(daemon, expected, in_order=False)
        for k in range(1, rounds):
            for n in range(files):
                self.add(f"logs/{n}.log", f"{k} of {n}")
                if n % 10 == k:
                    os.rename(self.path(f"logs/{n}.log"), self.path(f"logs/{n}.log.{k}"))
                    self.add(f"logs/{n}.log", f"{k} anew of {n}")
                    expected.append(f"{k} anew of {n}")
            expected += [f"{k} of {n}" for n in range(files)]
            self.arrives(daemon, expected, in_order=False)
            stand_still(daemon)  # or one is counted that closes, and another one that is opened in its stead
            self.assertLessEqual(self.descriptors(daemon, ".log"), limit - 128)
            daemon.signal(signal.SIGCONT)
        daemon.stop()
        self.assertEqual(sorted(self.out()), sorted(expected))
        for n in range(files):
            own = [line for line in self.out() if line.endswith(f" of {n}")]
            self.assertEqual(own, sorted(own, key=lambda line: (line[0], "anew" in line)))

    def test_a_deleted_file_is_closed_after_it_has_been_read(self):
        self.add("in.log", "one")
        daemon = Daemon(self, self.config(more="linger=50ms"))
        self.arrives(daemon, ["one"])
        os.unlink(self.path("in.log"))
        daemon.wait_for(lambda: self.descriptors(daemon, "in.log") == 0, "the file is closed")
        daemon.stop()
        self.assertIn("event=file_deleted", daemon.log())


class Watching(Rows):
    def grows(self, daemon, files=3, rounds=3):
        expected = [f"0 of {n}" for n in range(files)]
        for k in range(1, rounds):
            for n in range(files):
                self.add(f"logs/{n}.log", f"{k} of {n}")
                expected.append(f"{k} of {n}")
            self.add(f"logs/new{k}.log", f"new {k}")
            expected.append(f"new {k}")
            self.arrives(daemon, expected, in_order=False)
        os.rename(self.path("logs/0.log"), self.path("logs/0.log.1"))
        self.add("logs/0.log.1", "after the rename")
        self.add("logs/0.log", "the next")
        self.arrives(daemon, expected + ["after the rename", "the next"], in_order=False)
        daemon.stop()

    def begin(self, more, **env):
        for n in range(3):
            self.add(f"logs/{n}.log", f"0 of {n}")
        more = "poll_slow=100ms\nrescan=200ms\n" + more
        env = {"LD_PRELOAD": FAULTS, **env} if env else None
        return Daemon(self, self.config(path="logs/*.log", more=more), env=env)

    def test_by_timer_without_any_event(self):
        daemon = self.begin("watch=timer")
        self.assertEqual([name for name in open_files(daemon.process.pid) if "inotify" in name], [])
        self.grows(daemon)

    def test_when_watches_run_out_files_are_polled_and_one_warning_names_the_limit(self):
        for most in (0, 1, 3):
            shutil.rmtree(self.path("logs"), ignore_errors=True)
            for name in ("out.txt", "state/in.pos", "state/in.pos.old"):
                if os.path.exists(self.path(name)):
                    os.unlink(self.path(name))
            daemon = self.begin("", TAIL_WATCHES=str(most))
            self.grows(daemon)
            self.assertEqual(daemon.log().count("event=tail_polls"), 1)
            self.assertIn("fs.inotify.max_user_watches", daemon.log())

    def test_a_network_file_system_is_polled_and_no_file_is_opened_twice(self):
        daemon = self.begin("", TAIL_NFS="1", TAIL_OPENS=self.path("opens"))
        self.grows(daemon)
        self.assertEqual(int(self.read("opens")), 3 + 2 + 1)

    def test_a_stale_descriptor_is_opened_again(self):
        for nth in range(1, 8):
            shutil.rmtree(self.path("logs"), ignore_errors=True)
            for name in ("out.txt", "state/in.pos", "state/in.pos.old"):
                if os.path.exists(self.path(name)):
                    os.unlink(self.path(name))
            self.grows(self.begin("", TAIL_STALE=str(nth)))

    def test_an_overflow_of_events_loses_nothing(self):
        self.add("logs/a.log", "first")
        self.add("logs/b.log", "first")
        daemon = Daemon(self, self.config(path="logs/*.log"))
        self.arrives(daemon, ["first"] * 2)
        with open("/proc/sys/fs/inotify/max_queued_events", encoding="ascii") as most:
            rounds = int(most.read()) // 2 + 100
        stand_still(daemon)
        with open(self.path("logs/a.log"), "ab", 0) as a, open(self.path("logs/b.log"), "ab", 0) as b:
            for n in range(rounds):  # events of one file in a row would be one
                a.write(b"a%d\n" % n)
                b.write(b"b%d\n" % n)
        os.rename(self.path("logs/a.log"), self.path("logs/a.log.1"))
        self.add("logs/a.log", "last")
        daemon.signal(signal.SIGCONT)
        expected = ["first"] * 2 + [f"{name}{n}" for n in range(rounds) for name in "ab"] + ["last"]
        self.arrives(daemon, expected, in_order=False)
        daemon.stop()


class Choosing(Rows):
    def test_only_the_newest_is_followed_and_the_others_are_read_once(self):
        for name in ("app.log.2", "app.log.1", "app.log"):
            self.add(name, f"{name} a", f"{name} b")
            time.sleep(0.02)  # the clock of files ticks
        expected = [f"{name} {part}" for name in ("app.log.2", "app.log.1", "app.log") for part in "ab"]
        for priority in ("mtime", "first_name"):
            more = f"follow=newest\npriority={priority}\nrescan=100ms\nlinger=50ms"
            daemon = Daemon(self, self.config(path="app.log*", more=more))
            self.arrives(daemon, expected)
            daemon.wait_for(lambda: self.descriptors(daemon, "app.log.2") == 0, "the old ones are closed")  # noqa: B023
            daemon.wait_for(lambda: self.descriptors(daemon, "app.log") == 1, "the newest is open")  # noqa: B023
            self.add("app.log", f"live {priority}")
            expected.append(f"live {priority}")
            self.arrives(daemon, expected)
            daemon.stop()
        self.assertEqual(self.out(), expected)

    def test_a_newer_one_takes_over(self):
        more = "follow=newest\npriority=last_name\nrescan=100ms\nlinger=50ms"
        self.add("app-2026-11-20.log", "one")
        daemon = Daemon(self, self.config(path="app-*.log", more=more))
        self.arrives(daemon, ["one"])
        self.add("app-2026-11-20.log", "two")
        self.add("app-2026-11-21.log", "three")
        self.arrives(daemon, ["one", "two", "three"])
        daemon.wait_for(lambda: self.descriptors(daemon, "20.log") == 0, "the old one is closed")
        self.add("app-2026-11-21.log", "four")
        self.arrives(daemon, ["one", "two", "three", "four"])
        daemon.stop()

    def test_exclude_takes_names_and_paths(self):
        for name in ("a/x.log", "a/debug.log", "b/x.log"):
            self.add(name, name)
        daemon = Daemon(self, self.config(path="*/*.log", more=f"exclude=debug*, {self.dir}/b/*"))
        self.arrives(daemon, ["a/x.log"])
        daemon.stop()
        self.assertEqual(self.out(), ["a/x.log"])

    def test_no_more_is_read_in_a_second_than_io_limit(self):
        with open(self.path("in.log"), "wb") as log:
            log.write((b"x" * 99 + b"\n") * 30000)  # 3 MB
        begin = time.monotonic()
        daemon = Daemon(self, self.config(more="io_limit=1MB"))
        daemon.wait_for(lambda: os.path.exists(self.path("out.txt")) and os.path.getsize(self.path("out.txt")) == 3000000, "all")
        self.assertGreater(time.monotonic() - begin, 1.9)
        daemon.stop()

    def test_ids_tell_rows_apart_and_are_given_to_those_who_name_them(self):
        self.add("in.log", "one", "two")
        status = os.stat(self.path("in.log"))
        config = self.config(form="json", stacks="in:TAIL,set(id=$stook.id),out:FILE")
        daemon = Daemon(self, config)
        daemon.wait_for(lambda: len(self.out()) == 2, "two rows")
        os.truncate(self.path("in.log"), 0)
        daemon.wait_for(lambda: "event=file_truncated" in daemon.log(), "the truncation")
        self.add("in.log", "one")
        daemon.wait_for(lambda: len(self.out()) == 3, "three rows")
        daemon.stop()
        self.add("in.log", "two, which is in the copy only")
        shutil.copy(self.path("in.log"), self.path("in.log.1"))
        os.truncate(self.path("in.log"), 0)
        self.add("in.log", "three")
        daemon = Daemon(self, config)
        daemon.wait_for(lambda: len(self.out()) == 5, "five rows")
        daemon.stop()
        rows = self.json_lines("out.txt")
        one, copied, three = (int(row["id"].split(".")[2]) for row in rows[2:])
        self.assertEqual((one, one + 1), (copied, three), rows)
        rows = rows[:4]
        self.assertEqual(len({row["id"] for row in rows}), 4, rows)
        self.assertTrue(all("stook.id" not in row for row in rows), rows)
        for row, offset in zip(rows, (0, 4, 0, 4), strict=True):
            self.assertRegex(row["id"], rf"^in:{status.st_dev}\.{status.st_ino}\.\d+\.{offset}$")


if __name__ == "__main__":
    unittest.main()
