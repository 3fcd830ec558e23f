-- multiline{}: several lines as one record, with newlines between them.
-- SPDX-License-Identifier: Apache-2.0
--
-- A line that matches start_pattern lets go of the event before it and begins one; one that matches end_pattern ends its
-- event; so does the line that makes it max_lines long, behind which the event goes on as another one. What is open is
-- let go when nothing has come for `idle` seconds, and when the input ends.

local compile = part("grok").compile
local outside = stook.counter("outside", "lines before the start_pattern of an event, or behind its end_pattern; they are no records")

local function multiline(options)
  local starts = options.start_pattern and compile(options.start_pattern, false)
  local ends = options.end_pattern and compile(options.end_pattern, false)
  local keeps_start = options.keep_start or options.keep
  local keeps_end = options.keep_end or options.keep
  local most = options.max_lines
  local event, lines  -- the record that the event began with, and its lines

  local function let_go()
    local record = event
    event = nil
    if not record or #lines == 0 then return nil end
    record.message = table.concat(lines, "\n")
    return record
  end

  local self = { idle = options.idle or 2 }

  function self.is_open() return event ~= nil end
  function self.flush() return let_go() end

  function self.run(_, record)
    local line = record.message
    if starts and starts(line) then
      local before = let_go()
      event, lines = record, keeps_start and { line } or {}
      return before
    end
    if ends and ends(line) then
      if not event then
        outside:add()
        return nil
      end
      if keeps_end then table.insert(lines, line) end
      return let_go()
    end
    if not event then
      if starts then
        outside:add()
        return nil
      end
      event, lines = record, {}
    end
    table.insert(lines, line)
    if most and #lines >= most then
      local full = let_go()
      if starts then  -- what follows belongs to the event still
        event, lines = part("record").of_line(line), {}
        event.type, event.source, event.tags = full.type, full.source, full.tags
      end
      return full
    end
  end
  return self
end

return multiline
