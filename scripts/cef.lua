-- Writes rows as CEF, ArcSight's Common Event Format: one text in `message`, which a sink with the format raw sends.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   all keys: the known ones (src.ip, remote_addr, dst.port, user, path, …) by CEF's names, all others by their own
-- Writes  message, and nothing else is left
-- Options vendor, product, version   of the device
--         id       the key that says what kind of event it is, e.g. alert
--         name     the key that says it for people; without a value that of `id`
--         severity the key with 0 to 10, or with a word such as error
--
--   stack = auth:TAIL, parse:PARSE_SYSLOG, brute_force, cef(id=alert), out:SYSLOG

local names = {
  ["src.ip"] = "src", ["src.port"] = "spt", ["dst.ip"] = "dst", ["dst.port"] = "dpt", remote_addr = "src", client = "src",
  user = "suser", remote_user = "suser", host = "dhost", method = "requestMethod", path = "request", protocol = "app",
  http_user_agent = "requestClientApplication", status = "outcome", time = "rt", message = "msg", bytes = "out",
  body_bytes_sent = "out", pid = "spid", app = "sproc",
}
local grades = {
  debug = 0, trace = 0, info = 2, notice = 3, warning = 5, warn = 5, error = 7, err = 7, critical = 9, crit = 9, alert = 10,
  emergency = 10, emerg = 10,
}
local known = 0     -- names that were made of keys; no more of them than programs have
local in_head = { ["|"] = "\\|", ["\\"] = "\\\\", ["\n"] = " ", ["\r"] = " " }
local special = stook.regex "[=\\\\\\n\\r]"     -- faster than a pattern on what is seldom there
local in_value = { ["="] = "\\=", ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r" }

local function name_of(key)
  local name = names[key]
  if not name then
    name = key:gsub("[^%w_]", "_")
    if known < 1000 then
      names[key], known = name, known + 1
    end
  end
  return name
end

local function shown(value)
  if type(value) ~= "string" then
    return tostring(value)
  end
  return special:find(value) and value:gsub("[=\\\n\r]", in_value) or value
end

return {
  kind = "filter",
  doc = "Writes rows as CEF",
  state = "none",
  options = {
    vendor = { "text", "stook", "vendor of the device" },
    product = { "text", "stook", "name of the device" },
    version = { "text", "1", "version of the device" },
    id = { "text", "event", "the key that says what kind of event it is" },
    name = { "text", "", "the key that says it for people" },
    severity = { "text", "severity", "the key that says how grave it is" },
  },
  setup = function(opt)
    local function head(value)
      return (tostring(value):gsub("[|\\\n\r]", in_head))
    end
    local device = "CEF:0|" .. head(opt.vendor) .. "|" .. head(opt.product) .. "|" .. head(opt.version) .. "|"
    return {
      filter = function(rec)
        local id = rec[opt.id] or "event"
        local grade = rec[opt.severity]
        grade = math.type(grade) == "integer" and math.max(0, math.min(10, grade)) or grades[grade] or 5
        local parts, keys = {}, {}
        for key, value in pairs(rec) do
          keys[#keys + 1] = key
          if key ~= opt.id and key ~= opt.name and key ~= opt.severity then
            if key == "time" and math.type(value) == "integer" then
              value = value // 1000000
            elseif type(value) == "table" then
              value = stook.json.encode(value)
            end
            parts[#parts + 1] = name_of(key) .. "=" .. shown(value)
          end
        end
        for _, key in ipairs(keys) do
          rec[key] = nil
        end
        rec.message = device .. head(id) .. "|" .. head(rec[opt.name] or id) .. "|" .. grade .. "|" .. table.concat(parts, " ")
      end,
    }
  end,
}
