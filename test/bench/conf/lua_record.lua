-- SPDX-License-Identifier: Apache-2.0
-- Keeps the failed requests, adds their size in KiB and renames the agent: one record as argument of filter().
function filter(rec)
  if rec.status < 400 then
    return false
  end
  rec.kib = rec.body_bytes_sent // 1024
  rec.agent = rec.http_user_agent
  rec.http_user_agent = nil
end
