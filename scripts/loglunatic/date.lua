-- date{}: the timestamp of a record from one of its fields.
-- SPDX-License-Identifier: Apache-2.0
--
-- Times are written in ISO 8601 with milliseconds, in UTC. A time that is the same as the one before gets a millisecond
-- more, and the next one two, so that a store that sorts by it keeps the order.

local compile = part("grok").compile

local months = { jan = 1, feb = 2, mar = 3, apr = 4, may = 5, jun = 6, jul = 7, aug = 8, sep = 9, oct = 10, nov = 11, dec = 12 }

-- Each gives year, month, day, hour, minute, second, zone, or nothing.
local readers = {
  -- 26/Mar/2013:13:13:32 +1000
  http = function(text)
    local day, month, year, hour, minute, second, zone =
      text:match("^(%d+)[/-](%a+)[/-](%d+):(%d+):(%d+):([%d.]+) *([Z+-]?[%d:]*)")
    return year, month, day, hour, minute, second, zone
  end,
  -- 2013-03-26 13:13:32 +1000
  euro = function(text)
    return text:match("^(%d+)[/-](%d+)[/-](%d+)[ T:-]+(%d+)[:.-](%d+)[:. -]([%d.]+) *([Z+-]?[%d:]*)")
  end,
  -- Tue Mar 26 13:13:32 2013
  apache = function(text)
    local month, day, hour, minute, second, year = text:match("^%a+%s+(%a+)%s+(%d+)%s+(%d+):(%d+):([%d.]+)%s+(%d+)")
    return year, month, day, hour, minute, second
  end,
}

-- By a grok pattern whose fields are year, month, day, hour, min, sec and, where they are there, msec and timezone.
local function reader_of(pattern)
  local match = compile(pattern, false)
  return function(text)
    local found = match(text)
    if not found then return nil end
    local second = tostring(found.sec or 0)
    if found.msec then second = ("%d.%03d"):format(tonumber(second) // 1, tonumber(found.msec) // 1) end
    return found.year, found.month, found.day, found.hour, found.min or 0, second, found.timezone
  end
end

-- `+10`, `+1000`, `+10:00`, `Z` and nothing as stook.time.parse has zones.
local function zone_of(text)
  if text == "Z" then return "UTC" end
  local sign, hours, minutes = tostring(text or ""):match("^([+-])(%d%d?):?(%d*)$")
  if not sign then return "local" end
  return ("%s%02d:%02d"):format(sign, tonumber(hours), tonumber(minutes) or 0)
end

-- ns since 1970, or nil.
local function time_of(year, month, day, hour, minute, second, zone)
  month = tonumber(month) or months[tostring(month):sub(1, 3):lower()]
  local whole, fraction = tostring(second):match("^(%d+)%.?(%d*)$")
  year, day, hour, minute, whole = tonumber(year), tonumber(day), tonumber(hour), tonumber(minute), tonumber(whole)
  if not (year and month and day and hour and minute and whole) then return nil end
  local text = ("%04d-%02d-%02dT%02d:%02d:%02d"):format(year, month, day, hour, minute, whole)
  return stook.time.parse(fraction ~= "" and text .. "." .. fraction or text, "iso8601", zone_of(zone))
end

local function date(options)
  local kind, key = options.type or "euro", options.key or options.field or "timestamp"
  local read = options.pattern and reader_of(options.pattern) or readers[kind]
  if not read then error("type is '" .. tostring(kind) .. "'; it would be http, euro or apache, or there is a pattern", 0) end
  -- Of times that were read, and of those that are the present: the last one, and how many ms were added to it.
  local read_times, present_times = { more = 0 }, { more = 0 }
  return {
    run = function(_, record)
      local text = record.fields[key]
      local time
      if text ~= nil then
        local year, month, day, hour, minute, second, zone = read(tostring(text))
        time = year and time_of(year, month, day, hour, minute, second, zone)
        if time then record.fields[key] = nil end
      end
      local ms, times = (time or stook.time.now()) // 1000000, time and read_times or present_times
      times.more = ms == times.last and times.more + 1 or 0
      times.last = ms
      record.timestamp = stook.time.format((ms + times.more) * 1000000, "%Y-%m-%dT%H:%M:%S.%f"):sub(1, 23) .. "Z"
      return record
    end,
  }
end

return date
