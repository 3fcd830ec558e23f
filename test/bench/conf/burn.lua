-- SPDX-License-Identifier: Apache-2.0
-- Burns about 50 µs a row (10,000 turns of a loop, counted and not timed, so that every run computes the same) and
-- leaves the result in the row, so that rows and results can be compared between runs.
local TURNS = 10000

return {
  kind = "filter",
  doc = "Burns processor time",
  state = "none",
  reads = { "status:integer" },
  writes = { "burnt:integer" },
  row = function(status)
    local x = status
    for turn = 1, TURNS do
      x = x * 6364136223846793005 + turn
    end
    return true, x
  end,
}
