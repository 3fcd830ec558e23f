-- Drops rows whose value came already within a window, and says on the next one that stays how many went.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   key      rows without it stay
-- Writes  repeats  how many rows of that value were dropped since it stayed last; absent where there was none
-- Options key      the key whose value makes rows alike, e.g. message
--         window   how long after a row that stayed the ones like it go
--         most     values that are remembered, twice as many at the most; the oldest go first
--
--   stack = log:TAIL, parse:PARSE_JSON, once:dedup, out:FILE
--   [once]
--   window = 1m

return {
  kind = "filter",
  doc = "Drops rows whose value came already within a window",
  state = "lane",
  options = {
    key = { "text", "message", "the key whose value makes rows alike" },
    window = { "duration", "10s", "how long after a row that stayed the ones like it go" },
    most = { "integer", 20000, "values that are remembered" },
  },
  reads = { "${key}" },
  writes = { "repeats:integer" },
  setup = function(opt)
    local now, window, most = stook.time.now, opt.window, opt.most
    local stayed, repeats, count = {}, {}, 0       -- by value: when a row stayed, and how many went since
    local old_stayed, old_repeats = {}, {}         -- of the generation before, which goes as a whole
    return {
      row = function(value)
        local at = now()
        local last = stayed[value] or old_stayed[value]
        local gone = repeats[value] or old_repeats[value]
        if last and at - last < window then
          repeats[value] = (gone or 0) + 1
          return false
        end
        if count >= most then
          old_stayed, old_repeats, stayed, repeats, count = stayed, repeats, {}, {}, 0
        end
        if not stayed[value] then
          count = count + 1
        end
        stayed[value], repeats[value], old_repeats[value] = at, nil, nil
        return true, gone
      end,
    }
  end,
}
