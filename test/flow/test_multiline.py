# SPDX-License-Identifier: Apache-2.0
"""Events of many lines through the daemon: flushed when idle, whole after a kill, files kept apart, ledger balanced."""

import json
import os
import random
import time
import unittest

from harness import Daemon, Flow

TRACE = ("java.io.IOException: disk {n}\n"
         "\tat com.example.Disk.read(Disk.java:{n})\n"
         "\tat com.example.App.run(App.java:42)\n"
         "Caused by: java.lang.Error: deep {n}\n"
         "\t... 12 more")


class Multiline(Flow):
    def config(self, path="in.log", rule="java", more="", globals_="threads=2", options="start_at=beginning"):
        os.makedirs(self.path("state"), exist_ok=True)
        return (f"[global]\n{globals_}\nstate_dir={self.path('state')}\nstack=in:TAIL,join:MULTILINE({rule}),out:FILE\n"
                f"[in]\npath={path}\n{options}\npartial_flush=0\n[join]\n{more}\n[out]\npath=out.log\nformat=json\n")

    def events(self):
        """What is in the output; a kill may have torn a line, which then stands before its repetition."""
        found = []
        if os.path.exists(self.path("out.log")):
            for line in self.read("out.log").splitlines():
                start = line.rfind('{"message"')
                try:
                    found.append(json.loads(line[max(start, 0):])["message"])
                except ValueError:
                    pass
        return found

    def arrives(self, daemon, expected):
        daemon.wait_for(lambda: len(self.events()) >= len(expected), f"{len(expected)} events, there are {self.events()}")
        self.assertEqual(self.events(), expected)


class Joining(Multiline):
    def test_a_file_of_traces_becomes_events_and_the_ledger_counts_what_was_joined(self):
        events = [TRACE.format(n=n) if n % 3 else f"plain {n}" for n in range(2000)]
        self.write("in.log", "".join(event + "\n" for event in events))
        result = self.run_config("[global]\nstack=in:FILE,join:MULTILINE(java),out:FILE\n[in]\npath=in.log\n"
                                 "[out]\npath=out.log\nformat=json\n")
        self.assertEqual(self.events(), events)
        lines = sum(event.count("\n") + 1 for event in events)
        self.assertEqual(result.line("join")["in"], lines)
        self.assertEqual(result.line("join")["out"], len(events))
        self.assertEqual(result.line("join")["held"] - result.line("join")["appended"], lines - len(events))

    def test_two_branches_of_a_route_each_join_for_themselves(self):
        self.write("in.log", "a\n b\nc\n" * 300)
        self.run_config("[global]\nstack=in:FILE,join:MULTILINE,out:FILE\nstack=in:FILE,two:FILE\n"
                        "stack=in:FILE,last:MULTILINE,three:FILE\n[in]\npath=in.log\n[join]\ncontinue=^\\s\n"
                        "[last]\nend=^c\n"
                        "[out]\npath=out.log\nformat=json\n[two]\npath=two.log\nformat=raw\n[three]\npath=three.log\n"
                        "format=json\n")
        self.assertTrue(self.events() == ["a\n b", "c"] * 300)
        self.assertTrue(self.read("two.log") == "a\n b\nc\n" * 300)
        self.assertTrue([row["message"] for row in self.json_lines("three.log")] == ["a\n b\nc"] * 300)

    def test_docker_parts_join_behind_parse_json(self):
        rows = [{"log": "one ", "stream": "stdout"}, {"log": "err\n", "stream": "stderr"},
                {"log": "line\n", "stream": "stdout"}]
        self.write("in.log", "".join(json.dumps(row) + "\n" for row in rows))
        self.run_config("[global]\nstack=in:FILE,parse:PARSE_JSON,join:MULTILINE(docker),out:FILE\n[in]\npath=in.log\n"
                        "[out]\npath=out.log\nformat=json\n")
        self.assertEqual(self.json_lines("out.log"), [{"log": "one line", "stream": "stdout"},
                                                      {"log": "err", "stream": "stderr"}])

    def test_containers_lines_are_joined_and_then_their_traces(self):
        trace = TRACE.format(n=1).split("\n")
        text = "".join(f"2026-11-21T03:38:00.00000000{n}Z stderr P {line[:5]}\n"
                       f"2026-11-21T03:38:00.00000000{n}Z stderr F {line[5:]}\n" for n, line in enumerate(trace))
        self.write("in.log", text)
        self.run_config("[global]\nstack=in:FILE,cri:MULTILINE(cri),join:MULTILINE(java),out:FILE\n[in]\npath=in.log\n"
                        "[join]\nby=stream\n[out]\npath=out.log\nformat=json\n")
        self.assertEqual(self.json_lines("out.log"), [{"message": TRACE.format(n=1), "stream": "stderr",
                                                       "time": "2026-11-21T03:38:00Z"}])


class Following(Multiline):
    def test_an_event_is_handed_on_when_nothing_comes_for_flush(self):
        self.write("in.log", "")
        daemon = Daemon(self, self.config(more="flush=200ms"))
        self.write("in.log", TRACE.format(n=1) + "\n", "a")
        self.arrives(daemon, [TRACE.format(n=1)])
        self.write("in.log", "plain\n" + TRACE.format(n=2) + "\n", "a")
        self.arrives(daemon, [TRACE.format(n=1), "plain", TRACE.format(n=2)])
        daemon.stop()

    def test_an_orderly_stop_hands_on_what_is_open(self):
        self.write("in.log", "")
        daemon = Daemon(self, self.config(more="flush=60s"))
        self.write("in.log", "plain\n" + TRACE.format(n=1) + "\n", "a")
        self.arrives(daemon, ["plain"])
        daemon.stop()
        self.assertEqual(self.events(), ["plain", TRACE.format(n=1)])
        daemon = Daemon(self, self.config(more="flush=60s"))
        self.write("in.log", "more\nend\n", "a")
        self.arrives(daemon, ["plain", TRACE.format(n=1), "more"])
        daemon.stop()

    def test_lines_of_many_files_do_not_mix_in_any_lane(self):
        for file in range(20):
            self.write(f"logs/{file}.log", "")
        daemon = Daemon(self, self.config(path="logs/*.log", more="flush=300ms", options="start_at=beginning\nlanes=4"))
        for line in range(5):
            for file in range(20):
                self.write(f"logs/{file}.log", TRACE.format(n=file).split("\n")[line] + "\n", "a")
        expected = sorted(TRACE.format(n=file) for file in range(20))
        daemon.wait_for(lambda: len(self.events()) >= 20, "an event of each file")
        self.assertEqual(sorted(self.events()), expected)
        daemon.stop()

    def test_an_open_event_does_not_stop_other_files_for_good(self):
        # Bundles of one row: more than can be unacknowledged behind the open event, so the source waits for its flush.
        self.write("logs/a.log", "open\n")
        self.write("logs/b.log", "".join(f"line {n}\n" for n in range(40000)))
        daemon = Daemon(self, self.config(path="logs/*.log", more="flush=200ms", globals_="threads=2\nrows=1"))
        daemon.wait_for(lambda: len(self.events()) >= 40001, "all lines", 60)
        self.assertEqual(sorted(self.events()), sorted(["open"] + [f"line {n}" for n in range(40000)]))
        daemon.stop()


class Killed(Multiline):
    def test_a_kill_in_the_middle_of_an_event_leaves_it_whole(self):
        self.write("in.log", "first\n")
        lines = TRACE.format(n=1).split("\n")
        expected = ["first"]
        Daemon(self, self.config(more="flush=60s")).stop()
        self.assertEqual(self.events(), expected)
        for kept in range(1, len(lines)):
            daemon = Daemon(self, self.config(more="flush=60s"))
            self.write("in.log", "".join(line + "\n" for line in lines[:kept]), "a")
            # Positions are written once a second. This one stays where the open event begins.
            moment = time.monotonic() + 1.3
            daemon.wait_for(lambda: time.monotonic() > moment, "the moment of the kill")  # noqa: B023
            self.assertEqual(self.position(), self.size(expected))
            daemon.kill()
            daemon = Daemon(self, self.config(more="flush=60s"))
            self.write("in.log", "".join(line + "\n" for line in lines[kept:]) + f"plain {kept}\n", "a")
            expected += [TRACE.format(n=1)]
            daemon.wait_for(lambda: self.events()[-1] == expected[-1], "the event")  # noqa: B023
            daemon.stop()
            expected += [f"plain {kept}"]
            self.assertEqual(self.events(), expected)

    def size(self, events):
        return sum(len(event) + 1 for event in events)

    def position(self):
        """The offset in the position file, or None."""
        try:
            line = self.read("state/in.pos").splitlines()[1]
        except (OSError, IndexError):
            return None
        return int(line.split()[5]) if line.startswith("file ") else None

    def test_kills_at_any_moment_lose_no_event_and_tear_none(self):
        seed = int(os.environ.get("STOOK_SEED", time.time_ns() & 0xffffffff))
        print(f"STOOK_SEED={seed}", flush=True)
        dice = random.Random(seed)
        self.write("in.log", "")
        written = 0
        for _ in range(8):
            daemon = Daemon(self, self.config(more="flush=60s"))
            moment = time.monotonic() + dice.uniform(0, 1.2)
            while time.monotonic() < moment:
                text = "".join(TRACE.format(n=n) + "\n" for n in range(written, written + 50))
                cut = dice.randrange(len(text))
                self.write("in.log", text[:cut], "a")
                pause = time.monotonic() + 0.02  # the writer's pace, so that the output stays small
                daemon.wait_for(lambda: time.monotonic() > pause, "the pause")  # noqa: B023
                self.write("in.log", text[cut:], "a")
                written += 50
            daemon.kill()
        daemon = Daemon(self, self.config(more="flush=60s"))
        self.write("in.log", "end\n", "a")
        last = json.dumps(TRACE.format(n=written - 1))
        daemon.wait_for(lambda: last in self.read("out.log"), "the last event", 60)
        daemon.stop()
        expected = {TRACE.format(n=n) for n in range(written)} | {"end"}
        events = set(self.events())
        self.assertEqual(expected - events, set(), f"seed {seed}")
        # A position may lie within an event that has been delivered: its end is then repeated by itself.
        tails = {event.split("\n", k)[k] for event in expected for k in range(1, event.count("\n") + 1)}
        self.assertEqual(events - expected - tails, set(), f"seed {seed}")
        self.assertLessEqual(len(events - expected), 8, f"seed {seed}")


if __name__ == "__main__":
    unittest.main()
