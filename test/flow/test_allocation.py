# SPDX-License-Identifier: Apache-2.0
"""After start nothing on the data path allocates per row: ten times the rows take hardly one allocation more."""

import os
import unittest

from harness import BUILD, Flow

LIBRARY = os.path.join(BUILD, "test/flow/libcount_malloc.so")
STACKS = {
    "access": "made(what=access, count={count}), parse_access, file(path=out, format=json)",
    "json": "made(what=json, count={count}), parse_json, keep(seq >= 0), file(path=out, format=json)",
    "syslog": "made(what=syslog, count={count}), parse_syslog, file(path=out, format=msgpack)",
    "flows": "made(what=flows, count={count}), file(path=out, format=csv, keys=\"src.ip, dst.ip, flow.bytes\")",
    "lua record": "made(what=access, count={count}), parse_access, lua(script=record.lua, state=none), file(path=out)",
    "lua positional": "made(what=access, count={count}), parse_access, lua(script=positional.lua, state=none), file(path=out)",
}


class Allocation(Flow):
    def allocations(self, stack, count):
        self.run_stack(stack.format(count=count), words=("-t", "2"), env={"LD_PRELOAD": LIBRARY, "COUNT_MALLOC": self.path("count")})
        return int(self.read("count"))

    def test_a_million_rows_allocate_no_more_than_a_hundred_thousand(self):
        self.write("record.lua", "function filter(rec) rec.kib = rec.body_bytes_sent // 1024; return rec.status ~= 404 end")
        self.write("positional.lua", """return { kind = "filter", reads = { "status:integer", "body_bytes_sent:integer" },
  writes = { "kib:integer" }, row = function(status, bytes) return status ~= 404, bytes // 1024 end }""")
        for name, stack in STACKS.items():
            with self.subTest(name):
                few = self.allocations(stack, 100_000)
                many = self.allocations(stack, 1_000_000)
                # Buffers grow to what the largest rows want, and that takes a while to be seen; a row's worth would be 900,000.
                self.assertLess(many - few, 5_000, f"{few} then {many}")


if __name__ == "__main__":
    unittest.main()
