-- Lets through so many rows a second of each value of a key, and says on the next one how many did not pass.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   key         rows without it pass
-- Writes  suppressed  how many rows of that value did not pass since the last one; absent where there was none
-- Options key         the key whose values are limited each by itself, e.g. host
--         rate        rows a second that pass in the long run
--         burst       rows that pass at once
--         most        values that are remembered, twice as many at the most; the oldest go first
--
--   stack = log:TAIL, parse:PARSE_SYSLOG, calm:rate_limit, out:FILE
--   [calm]
--   key = app
--   rate = 10
--   burst = 100

return {
  kind = "filter",
  doc = "Lets through so many rows a second of each value of a key",
  state = "lane",
  options = {
    key = { "text", "host", "the key whose values are limited each by itself" },
    rate = { "real", 100, "rows a second that pass in the long run" },
    burst = { "integer", 200, "rows that pass at once" },
    most = { "integer", 20000, "values that are remembered" },
  },
  reads = { "${key}" },
  writes = { "suppressed:integer" },
  setup = function(opt)
    local now, most = stook.time.now, opt.most
    local step = math.max(1, math.floor(1e9 / opt.rate))     -- ns between rows at this rate
    local slack = (math.max(1, opt.burst) - 1) * step
    -- By value: when the row would be due if all came evenly. Ahead of now by more than the slack: too many came.
    local due, lost, count = {}, {}, 0
    local old_due, old_lost = {}, {}
    return {
      row = function(value)
        local at = now()
        local turn = due[value] or old_due[value]
        local gone = lost[value] or old_lost[value]
        if not turn or turn < at then
          turn = at
        end
        if turn - at > slack then
          lost[value] = (gone or 0) + 1
          return false
        end
        if count >= most then
          old_due, old_lost, due, lost, count = due, lost, {}, {}, 0
        end
        if not due[value] then
          count = count + 1
        end
        due[value], lost[value], old_lost[value] = turn + step, nil, nil
        return true, gone
      end,
    }
  end,
}
