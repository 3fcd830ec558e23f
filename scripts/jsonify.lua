-- Writes rows as logstash's JSON: one text in `message`, with @timestamp, @source, @type, @tags, @fields and @message.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   all keys; message, source, type, tags and the time have places of their own, the others are @fields
-- Writes  message  the JSON; a sink with format = raw sends it
-- Options time     the key that says when it was: a time, or a text that is written as it is
--
--   stack = in:TAIL, parse:PARSE_ACCESS, jsonify, out:TCP
--   [out]
--   format = raw

return {
  kind = "filter",
  doc = "Writes rows as logstash's JSON",
  state = "none",
  options = { time = { "text", "time", "the key that says when it was" } },
  setup = function(opt)
    local encode, array, when, now = stook.json.encode, stook.array, stook.time.format, stook.time.now
    return {
      filter = function(rec)
        local fields, at = {}, rec[opt.time]
        for key, value in pairs(rec) do fields[key] = value end
        fields[opt.time], fields.message, fields.source, fields.type, fields.tags = nil, nil, nil, nil, nil
        rec.message = encode {
          ["@timestamp"] = math.type(at) == "integer" and when(at) or at or when(now()),
          ["@source"] = rec.source,
          ["@type"] = rec.type,
          ["@tags"] = array(type(rec.tags) == "table" and rec.tags or {}),
          ["@fields"] = fields,
          ["@message"] = rec.message,
        }
      end,
    }
  end,
}
