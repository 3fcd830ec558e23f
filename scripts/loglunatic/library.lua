-- The patterns that %{name} finds, as regular expressions; common_patterns{} adds to them.
-- SPDX-License-Identifier: Apache-2.0

local pattern = part "pattern"

local texts = {
  spc = [[[ \t\r\n]++]],
  anything = [[[\s\S]++]],
  ["end"] = [[(?>[\r\n]|\z)]],
  notspace = [[[^ \t\r\n]++]],
  restofline = [[[^\r\n]*+]],
  word = "[A-Za-z]++",

  v4part = "[0-9]{1,3}+",
  ipv4 = [[(?:[0-9]{1,3}+\.){3}[0-9]{1,3}+]],
  hexdigi = "[0-9A-Fa-f]",
  v6part = "[0-9A-Fa-f]{1,4}+",
  -- Eight parts; or some, :: for those that are zero, and some; the last two may be an IPv4 address.
  ipv6 = [[(?>(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6})?::]] ..
    [[(?>(?:[0-9A-Fa-f]{1,4}:){0,5}(?:[0-9]{1,3}\.){3}[0-9]{1,3}|(?:[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6})?))]],

  decimal = [[-?+[0-9]++(?:\.[0-9]++)?+]],
  expnum = [[-?+[0-9]++(?:\.[0-9]++)?+[eE][+-]?+[0-9]++]],
}
texts.ip = "(?>" .. texts.ipv4 .. "|" .. texts.ipv6 .. ")"
texts.hostname = "(?>" .. texts.ip .. "(?![A-Za-z0-9._-])|[A-Za-z0-9._-]++)"
texts.number = "(?>" .. texts.expnum .. "|" .. texts.decimal .. ")"

local library = {}
for name, text in pairs(texts) do
  library[name] = pattern.new("raw", { text = text })
end

-- A text in quotes; what it captures is what stands between them.
local words = pattern.words
library.qs = words.P('"') * words.C(pattern.new("raw", { text = [[(?:[^"\\]|\\[\s\S])*+]] })) * words.P('"')

return library
