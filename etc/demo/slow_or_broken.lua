-- SPDX-License-Identifier: Apache-2.0
-- Keeps the requests of an access log that were slow or broken, and says of each which it was.
-- Reads   status, body_bytes_sent   (integers, from parse_access with format=combined)
-- Writes  label  one word for what went wrong
--         kib    the body's size in KiB, to one decimal
-- A row without a status is a line that is not in the log's format: it is kept, for somebody should see it.

local labels = {
  [401] = "refused",
  [403] = "refused",
  [404] = "missing",
  [408] = "slow",
  [410] = "missing",
  [429] = "refused",
  [499] = "slow",
  [504] = "slow",
}

function filter(rec)
  local status = rec.status
  if not status then
    rec.label = "unreadable"
    return
  end
  if status < 400 then
    return false
  end
  rec.label = labels[status] or (status < 500 and "malformed" or "broken")
  local bytes = rec.body_bytes_sent
  if bytes then
    rec.kib = math.floor(bytes * 10 / 1024 + 0.5) / 10
  end
end
