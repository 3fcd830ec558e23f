-- Keeps every failure and one of n other requests, and says on each row how many it stands for.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   status   from parse_access
-- Writes  weight   1 for a failure, n for a request that was picked
-- Options n        one of how many is kept, e.g. set = n=100
--         failure  the lowest status that counts as a failure

return {
  kind = "filter",
  doc = "Keeps every failure and one of n other requests",
  state = "lane",
  options = {
    n = { "integer", 10, "one of how many is kept" },
    failure = { "integer", 400, "lowest status that counts as a failure" },
  },
  reads = { "status:integer" },
  writes = { "weight:integer" },
  setup = function(opt)
    local n, failure = opt.n, opt.failure
    local seen = 0
    return {
      row = function(status)
        if status >= failure then
          return true, 1
        end
        seen = seen + 1
        if seen % n ~= 1 and n > 1 then
          return false
        end
        return true, n
      end,
    }
  end,
}
