-- Makes one set of words of the ways in which programs say how grave a line is: WARN, warning, 4, 40, W1121.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   key      a word, syslog's number 0 to 7, or the number of bunyan and pino, 10 to 60; absent or unknown: message
--         message  its first 120 bytes are searched for level=WORD, a word in capitals, or klog's letter
-- Writes  to       trace, debug, info, notice, warning, error, critical, alert or emergency; nothing where none is found
-- Options key, to
--
--   stack = log:TAIL, parse:PARSE_JSON, log_level(key=severity), bad:KEEP(level in ("error", "critical")), out:FILE

local words = {}
for level, names in pairs {
  trace = "trace trc finest finer",
  debug = "debug dbg fine verbose",
  info = "info inf information informational log",
  notice = "notice config",
  warning = "warning warn wrn",
  error = "error err eror severe",
  critical = "critical crit fatal ftl dpanic panic",
  alert = "alert",
  emergency = "emergency emerg",
} do
  for name in names:gmatch("%a+") do
    words[name], words[name:upper()] = level, level
  end
end
local numbers = {
  [0] = "emergency", "alert", "critical", "error", "warning", "notice", "info", "debug",
  [10] = "trace", [20] = "debug", [30] = "info", [40] = "warning", [50] = "error", [60] = "critical",
}
local letters = { I = "info", W = "warning", E = "error", F = "critical" }
local memo, known = {}, 0     -- what texts came to; no more of them than programs have

local function level_in(message)
  local head = message:sub(1, 120)
  local word = head:match("level[\"']?[=:] ?[\"']?(%a+)")
  if word then
    return words[word:lower()]
  end
  for capitals in head:gmatch("%f[%w]%u%u%u+%f[^%w]") do
    if words[capitals] then
      return words[capitals]
    end
  end
  return letters[head:match("^([IWEF])%d%d%d%d ")]
end

local function level_of(value)
  if math.type(value) == "integer" then
    return numbers[value]
  end
  if type(value) ~= "string" then
    return nil
  end
  local level = memo[value]
  if level == nil and known < 1000 then
    local word = value:lower():match("%a+")
    level = words[word] or numbers[math.tointeger(tonumber(value))] or false
    memo[value], known = level, known + 1
  end
  return level or nil
end

return {
  kind = "filter",
  doc = "Makes one set of words of the ways to say how grave a line is",
  state = "none",
  options = {
    key = { "text", "level", "where the level is" },
    to = { "text", "level", "the key that gets it" },
  },
  reads = { "?${key}", "?message:text" },
  writes = { "${to}:text" },
  row = function(value, message)
    return true, level_of(value) or message and level_in(message)
  end,
}
