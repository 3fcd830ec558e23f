-- Counts rows and bytes by a key, and gives the values that had most of them in each period.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   key      e.g. remote_addr; rows without it go on
--         weight   what is summed up, e.g. body_bytes_sent; absent: 0
-- Makes   rows of rank, the key, rows, the weight's key, and share: its part of all rows, or of the sum, in the period
-- Options key, weight
--         by       sum or rows: what the rank goes by
--         n        how many values are given
--         most     values that are counted at once; beyond that the lesser half is forgotten, so that counts are too small
--         pass     whether the rows that were counted go on
--         tick     the period
--
--   stack = web:TAIL, parse:PARSE_ACCESS, top:top_talkers, out:FILE
--   [top]
--   n = 20
--   tick = 1m

return {
  kind = "filter",
  doc = "Gives the values of a key that had most rows or bytes",
  state = "lane",
  every = "1m",
  options = {
    key = { "text", "remote_addr", "the key whose values are counted" },
    weight = { "text", "body_bytes_sent", "the key that is summed up" },
    by = { "text", "sum", "sum or rows: what the rank goes by" },
    n = { "integer", 10, "how many values are given" },
    most = { "integer", 20000, "values that are counted at once" },
    pass = { "boolean", false, "whether the rows that were counted go on" },
  },
  reads = { "${key}", "?${weight}:integer" },
  setup = function(opt)
    local most, pass = math.max(2, opt.most), opt.pass
    local rows, sums, known = {}, {}, 0
    local total_rows, total_sum = 0, 0
    local keys, weights, none = {}, {}, {}

    local function ranked()
      local score, list = opt.by == "rows" and rows or sums, {}
      for key in pairs(rows) do
        list[#list + 1] = key
      end
      table.sort(list, function(a, b)
        if score[a] == score[b] then
          return tostring(a) < tostring(b)
        end
        return score[a] > score[b]
      end)
      return list
    end

    local function forget_lesser_half()
      local list = ranked()
      for i = most // 2 + 1, #list do
        rows[list[i]], sums[list[i]] = nil, nil
      end
      known = most // 2
    end

    return {
      batch = function(b)
        b:column(1, keys)
        b:column(2, weights)
        for i = 1, b.n do
          local key, weight = keys[i], weights[i] or 0
          local n = rows[key]
          if not n then
            if known >= most then
              forget_lesser_half()
            end
            known, n = known + 1, 0
          end
          rows[key], sums[key] = n + 1, (sums[key] or 0) + weight
          total_sum = total_sum + weight
        end
        total_rows = total_rows + b.n
        if not pass then
          b:keep(none)
        end
      end,
      tick = function(_, emit)
        local list, by_rows = ranked(), opt.by == "rows"
        for rank = 1, math.min(opt.n, #list) do
          local key = list[rank]
          local part = by_rows and rows[key] / total_rows or sums[key] / math.max(1, total_sum)
          emit { rank = rank, [opt.key] = key, rows = rows[key], [opt.weight] = sums[key], share = part }
        end
        rows, sums, known, total_rows, total_sum = {}, {}, 0, 0, 0
      end,
    }
  end,
}
