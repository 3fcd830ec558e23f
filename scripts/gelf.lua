-- Writes rows as GELF 1.1 for Graylog: one JSON text in `message`, which a sink with the format raw sends.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   all keys: message becomes short_message (its first line) and full_message, host, time (else now), level (a word
--         or a number of syslog's), all others members with `_` in front
-- Writes  message, and nothing else is left
-- Options host   the host of rows that have none
--
--   stack = log:TAIL, parse:PARSE_SYSLOG, gelf(host=web1), out:UDP
--   [out]
--   to = graylog.example:12201
--   format = raw

local levels = {
  emergency = 0, emerg = 0, alert = 1, critical = 2, crit = 2, error = 3, err = 3, warning = 4, warn = 4, notice = 5,
  info = 6, debug = 7, trace = 7,
}
local taken = { message = true, host = true, time = true, level = true, severity = true }
local fields, known = {}, 0     -- by key: its name in GELF; no more of them than programs have

local function field_of(key)
  local field = fields[key]
  if not field then
    field = key == "id" and "_row_id" or "_" .. key:gsub("[^%w_.-]", "_")     -- _id is not allowed
    if known < 1000 then
      fields[key], known = field, known + 1
    end
  end
  return field
end

return {
  kind = "filter",
  doc = "Writes rows as GELF for Graylog",
  state = "none",
  options = { host = { "text", "unknown", "the host of rows that have none" } },
  setup = function(opt)
    return {
      filter = function(rec)
        local text = tostring(rec.message or "-")
        local time, level = rec.time, rec.level or rec.severity
        local gelf = {
          version = "1.1",
          host = rec.host or opt.host,
          short_message = text,
          timestamp = (math.type(time) == "integer" and time or stook.time.now()) / 1e9,
          level = math.type(level) == "integer" and level or levels[level],
        }
        local line_end = text:find("\n", 1, true)
        if line_end then
          gelf.short_message, gelf.full_message = text:sub(1, line_end - 1), text
        end
        local names = {}
        for key, value in pairs(rec) do
          names[#names + 1] = key
          if not taken[key] then
            local kind = type(value)
            gelf[field_of(key)] = (kind == "string" or kind == "number") and value
              or kind == "table" and stook.json.encode(value) or tostring(value)
          end
        end
        for _, name in ipairs(names) do
          rec[name] = nil
        end
        rec.message = stook.json.encode(gelf)
      end,
    }
  end,
}
