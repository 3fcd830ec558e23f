-- Changes the values of a key by a list: map(key=status, list="200=ok 404=gone", otherwise=other).
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   key        rows without it stay as they are
-- Writes  into       the value that the list has for it
-- Options key        whose values are looked up
--         into       the key that is written, `key` itself when it is not given
--         list       value=another, with blanks or newlines between; a blank within one is written as %20
--         otherwise  for values that the list does not have; empty: they stay as they are
--
-- For long lists, and for more than one column, there is enrich; for a function a script of your own.
--
--   stack = in:TAIL, parse:PARSE_ACCESS, map(key=method, list="GET=read HEAD=read", otherwise=write, into=kind), out:FILE

return {
  kind = "filter",
  doc = "Changes the values of a key by a list",
  state = "none",
  options = {
    key = { "text", nil, "whose values are looked up" },
    into = { "text", "", "the key that is written" },
    list = { "text", nil, "value=another, with blanks between" },
    otherwise = { "text", "", "for values that the list does not have" },
  },
  setup = function(opt)
    local key, into = opt.key, opt.into ~= "" and opt.into or opt.key
    local otherwise = opt.otherwise ~= "" and opt.otherwise or nil
    local list = {}
    for from, to in opt.list:gmatch("([^%s=]+)=(%S*)") do list[stook.url.decode(from)] = stook.url.decode(to) end
    if next(list) == nil then error("list has no pair; it is written value=another", 0) end
    return {
      filter = function(rec)
        local value = rec[key]
        if value == nil then return end
        local found = list[type(value) == "string" and value or tostring(value)] or otherwise
        if found then rec[into] = found end
      end,
    }
  end,
}
