#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Scripts in all forms, in the daemon: rows that they make, hold and let go, ticks, and fluent-bit's way."""

import json
import os
import sys
import time
import unittest

sys.dont_write_bytecode = True
from harness import Daemon, Flow  # noqa: E402


class Forms(Flow):
    """Each test ends with a ledger that balances."""

    def rows_of(self, script, rows, options="", words=()):
        """What comes out of the numbers from 1 to `rows`, as n."""
        with open(self.path("in.json"), "w", encoding="ascii") as file:
            file.writelines(f'{{"n":{i}}}\n' for i in range(1, rows + 1))
        self.write("t.lua", script)
        self.write("out.json", "")
        self.run_stack(f"file(in.json), parse_json, lua(t.lua{options}), file(path=out.json)", words=words)
        return self.json_lines("out.json")

    def test_rows_beyond_the_bundle_come_in_order(self):
        script = """
local last = 0
function filter(rec)
  for i = 1, 5 do emit({ n = rec.n, i = i }) end
  last = rec.n
end
function tick(now, emit, is_last) if is_last then emit({ last = last }) end end
"""
        want = []
        for n in range(1, 3001):
            want += [{"n": n}] + [{"n": n, "i": i} for i in range(1, 6)]
        for threads in ("1", "4"):
            self.assertEqual(self.rows_of(script, 3000, words=("-t", threads)), want + [{"last": 3000}])

    def test_rows_of_a_script_that_any_worker_runs_come_in_order(self):
        script = """
return { state = "none", reads = { "n:integer" },
  row = function(n) for i = 1, 3 do emit({ n = n, i = i }) end return n % 2 == 0 end }
"""
        want = []
        for n in range(1, 3001):
            want += ([{"n": n}] if n % 2 == 0 else []) + [{"n": n, "i": i} for i in range(1, 4)]
        self.assertEqual(self.rows_of(script, 3000, words=("-t", "4")), want)

    def test_two_scripts_behind_each_other_make_rows(self):
        self.write("in.log", "".join(f"{i}\n" for i in range(600)))
        self.write("three.lua", "function filter(rec) emit(rec) emit(rec) end")
        self.run_stack("file(in.log), lua(three.lua), lua(three.lua), file(path=out.json)")
        self.assertEqual([int(row["message"]) for row in self.json_lines("out.json")], [i // 9 for i in range(5400)])

    def test_a_branch_sees_nothing_of_the_rows_another_one_made(self):
        self.write("in.log", "".join(f"{i}\n" for i in range(600)))
        self.write("many.lua", "function filter(rec) rec.message = 'changed' for i = 1, 9 do emit({ i = i }) end end")
        self.run_config("""
[global]
stack=in:FILE,many:LUA,one:FILE
stack=in:FILE,two:FILE
[in]
path=in.log
[many]
script=many.lua
[one]
path=one.json
[two]
path=two.json
""")
        self.assertEqual(len(self.json_lines("one.json")), 6000)
        self.assertEqual([int(row["message"]) for row in self.json_lines("two.json")], list(range(600)))

    def test_held_rows_come_when_their_answer_does_and_the_rest_at_the_end(self):
        rows = self.rows_of("""
local open = {}
function filter(rec)
  if rec.n <= 2000 then
    open[rec.n] = hold()
  elseif rec.n % 2 == 0 then
    local row = open[rec.n - 2000]
    row.answer = rec.n
    emit(row)
    open[rec.n - 2000] = nil
    return false
  end
end
""", 4000)
        self.assertEqual([row for row in rows if "answer" in row], [{"n": n, "answer": n + 2000} for n in range(2, 2001, 2)])
        self.assertEqual(rows[-1000:], [{"n": n} for n in range(1, 2001, 2)])
        self.assertEqual(len(rows), 3000)

    def test_a_batch_counts_and_labels(self):
        rows = self.rows_of("""
local n, even, sum = {}, {}, 0
return {
  reads = { "n:integer" }, writes = { "even:boolean" },
  batch = function(b)
    b:column(1, n)
    for i = 1, b.n do even[i] = n[i] % 2 == 0 sum = sum + n[i] end
    b:put(1, even)
  end,
  tick = function(now, emit, is_last) emit({ sum = sum }) end,
}
""", 5000, ", tick=1h")
        self.assertEqual(rows[:-1], [{"n": n, "even": n % 2 == 0} for n in range(1, 5001)])
        self.assertEqual(rows[-1], {"sum": 5000 * 5001 // 2})

    def test_a_script_of_fluent_bit_runs_as_it_is(self):
        self.write("cb.lua", """
function cb_split(tag, timestamp, record)
    if record["x"] ~= nil then
        return 2, timestamp, record["x"]
    else
        return 2, timestamp, record
    end
end
""")
        self.write("in.json", """{"x": [ {"a1":"aa", "z1":"zz"}, {"b1":"bb", "x1":"xx"}, {"c1":"cc"} ]}
{"x": [ {"a2":"aa", "z2":"zz"}, {"b2":"bb", "x2":"xx"}, {"c2":"cc"} ]}
{"a3":"aa", "z3":"zz", "b3":"bb", "x3":"xx", "c3":"cc"}
""")
        self.run_stack("file(in.json), parse_json, lua(cb.lua, call=cb_split), file(path=out.json)")
        self.assertEqual(self.json_lines("out.json"), [
            {"a1": "aa", "z1": "zz"}, {"b1": "bb", "x1": "xx"}, {"c1": "cc"}, {"a2": "aa", "z2": "zz"},
            {"b2": "bb", "x2": "xx"}, {"c2": "cc"}, {"a3": "aa", "z3": "zz", "b3": "bb", "x3": "xx", "c3": "cc"}])

    def test_what_a_script_of_fluent_bit_does_not_touch_stays_to_the_byte(self):
        rows = [{"i": -2**63, "u": 2**64 - 1, "r": 1.0, "n": None, "s": "é", "o": {"b": [], "a": {}, "n": None},
                 "l": [1, [2, {"x": None}]], "e": ""}] * 500
        self.write("cb.lua", "function cb(tag, ts, record) record.new = 1 return 1, ts, record end")
        self.write("in.json", "".join(json.dumps(row) + "\n" for row in rows))
        self.run_stack("file(in.json), parse_json, file(path=plain.json)")
        self.run_stack("file(in.json), parse_json, lua(cb.lua, call=cb), file(path=out.json)")
        self.assertEqual(self.read("out.json"), self.read("plain.json").replace("}\n", ',"new":1}\n'))

    def test_stop_is_called_once_for_each_replica(self):
        self.write("t.lua", "local n = 0 function filter(rec) n = n + 1 end function stop() print('stopped', n) end")
        self.write("in.log", "x\n" * 1000)
        result = self.run_stack("file(in.log), lua(t.lua), null")
        self.assertEqual(result.log.count("stopped"), 1)


class Killed(Flow):
    """A daemon that is killed while a script holds a row."""

    CONFIG = """
[global]
state_dir=%s
stack=in:TAIL,pair:LUA,out:FILE
[in]
path=in.log
start_at=beginning
[pair]
script=pair.lua
[out]
path=out.log
format=json
"""
    SCRIPT = """
local open
function filter(rec)
  if rec.message == "open" then
    open = hold()
  elseif open then
    open.answer = rec.message
    emit(open)
    open = nil
    return false
  end
end
"""

    def position(self):
        """The offset in the position file, 0 without one."""
        try:
            line = self.read("state/in.pos").splitlines()[1]
        except (OSError, IndexError):
            return 0
        return int(line.split()[5]) if line.startswith("file ") else 0

    def test_a_held_row_is_read_again(self):
        os.makedirs(self.path("state"), exist_ok=True)
        self.write("pair.lua", self.SCRIPT)
        self.write("in.log", "first\nopen\n")
        self.write("out.log", "")
        config = self.CONFIG % self.path("state")
        daemon = Daemon(self, config)
        daemon.wait_for(lambda: "first" in self.read("out.log"), "the first row")
        moment = time.monotonic() + 1.3  # positions are written once a second; this one stays before the held row
        daemon.wait_for(lambda: time.monotonic() > moment, "the moment of the kill")
        self.assertLessEqual(self.position(), len("first\n"))
        daemon.kill()
        daemon = Daemon(self, config)
        self.write("in.log", "answer\n", "a")
        daemon.wait_for(lambda: "answer" in self.read("out.log"), "the answer")
        daemon.stop()
        rows = self.json_lines("out.log")
        self.assertEqual(rows[-1], {"message": "open", "answer": "answer"})
        self.assertTrue(all(row == {"message": "first"} for row in rows[:-1]), rows)


if __name__ == "__main__":
    unittest.main()
