-- A record: { message, fields = {}, type, source, tags, timestamp }. What several parts do with one.
-- SPDX-License-Identifier: Apache-2.0

local record = {}

function record.of_line(line)
  return { message = line, fields = {} }
end

-- The text that a filter looks at: a field's, or the message.
function record.text_of(one, field)
  local value = one.message
  if field then value = one.fields[field] end
  if type(value) == "number" then return tostring(value) end
  return type(value) == "string" and value or nil
end

-- The record as logstash's JSON.
function record.json(one)
  if type(one) ~= "table" then return tostring(one) end
  return stook.json.encode {
    ["@timestamp"] = one.timestamp,
    ["@source"] = one.source,
    ["@type"] = one.type,
    ["@tags"] = stook.array(one.tags or {}),
    ["@fields"] = one.fields,
    ["@message"] = one.message,
  }
end

-- When it happened, in ns; now, when it does not say.
function record.time(one)
  return type(one) == "table" and one.timestamp and stook.time.parse(tostring(one.timestamp)) or stook.time.now()
end

return record
