-- Makes a key of each pair that a regular expression finds in a text: its groups are the key's name and its value.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   key      the text
-- Writes  keys by the names that are found
-- Options key      where the text is
--         pattern  an expression with the groups field and value, or with two groups, the name and the value
--         prefix   what stands before the names
--         most     pairs of one row; the others stay where they are
--
-- For `name=value` and the like parse_kv is faster.
--
--   stack = in:TAIL, dygrok(pattern="(?<value>\d+(?:\.\d+)?) (?<field>[a-z]+)"), out:FILE

return {
  kind = "filter",
  doc = "Makes a key of each pair of name and value that an expression finds",
  state = "none",
  options = {
    key = { "text", "message", "where the text is" },
    pattern = { "text", [[(?<field>\w+)=(?<value>\S+)]], "an expression with the groups field and value" },
    prefix = { "text", "", "what stands before the names" },
    most = { "integer", 100, "pairs of one row" },
  },
  setup = function(opt)
    local pairs_of, key, prefix, most = stook.regex(opt.pattern), opt.key, opt.prefix, opt.most
    local field, value = opt.pattern:find("(?<field>", 1, true), opt.pattern:find("(?<value>", 1, true)
    local is_turned = field and value and value < field
    return {
      filter = function(rec)
        local text, count = rec[key], 0
        if type(text) ~= "string" then return end
        for name, what in pairs_of:gmatch(text) do
          if is_turned then name, what = what, name end
          if name and what and name ~= "" then
            rec[prefix .. name] = what
            count = count + 1
            if count == most then break end
          end
        end
      end,
    }
  end,
}
