-- SPDX-License-Identifier: Apache-2.0
-- Keeps the failed requests, adds their size in KiB and renames the agent: cells as arguments of row().
return {
  kind = "filter",
  doc = "Keeps failed requests",
  reads = { "status:integer", "body_bytes_sent:integer", "?http_user_agent:text" },
  writes = { "kib:integer", "agent:text" },
  removes = { "http_user_agent" },
  row = function(status, bytes, agent)
    if status < 400 then
      return false
    end
    return true, bytes // 1024, agent
  end,
}
