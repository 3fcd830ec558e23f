-- Counts answers by their class of status, their bytes and how long they took, as meters of the instance; drops nothing.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   status, body_bytes_sent, request_time   from parse_access; rows without a status are not counted
-- Meters  status_1xx … status_5xx, status_other, sent_bytes (counters), request_ms (histogram)
--
-- Meters stand in the report of `stook run`, in the log at SIGUSR2 and among the rows of the source `self`.
--
--   stack = web:TAIL, parse:PARSE_ACCESS, status_metrics, out:FILE
--   stack = me:SELF, metrics:FILE

local class = {}
for digit = 1, 5 do
  class[digit] = stook.counter("status_" .. digit .. "xx", "answers with a status from " .. digit .. "00 on")
end
local other = stook.counter("status_other", "answers with any other status")
local sent = stook.counter("sent_bytes", "bytes of bodies sent")
local took = stook.histogram("request_ms", "time that requests took, in ms")

return {
  kind = "filter",
  doc = "Counts answers by their class of status",
  state = "none",
  reads = { "status:integer", "?body_bytes_sent:integer", "?request_time:real" },
  row = function(status, bytes, seconds)
    (class[status // 100] or other):add()
    if bytes and bytes > 0 then
      sent:add(bytes)
    end
    if seconds then
      took:add(seconds * 1000)
    end
  end,
}
