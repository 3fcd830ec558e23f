-- Makes a row of each visit: the requests of one client with no longer pause between them than a gap.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   remote_addr, http_user_agent, time, path, status, body_bytes_sent   from parse_access
-- Makes   rows of time (of the first request), remote_addr, http_user_agent, seconds, requests, failures (status >= 400),
--         bytes, entry and exit (first and last path)
-- Options gap      a visit has ended when so much time went by in the log without a request of it
--         most     visits that are open at once; beyond that those with the longest pause end early
--         pass     whether the requests go on
--
--   stack = web:TAIL, parse:PARSE_ACCESS, visits:sessions, out:FILE
--   [visits]
--   gap = 15m

return {
  kind = "filter",
  doc = "Makes a row of each visit in an access log",
  state = "lane",
  every = "10s",
  options = {
    gap = { "duration", "30m", "pause that ends a visit" },
    most = { "integer", 20000, "visits that are open at once" },
    pass = { "boolean", false, "whether the requests go on" },
  },
  reads = {
    "remote_addr:text", "time:time", "?http_user_agent:text", "?path:text", "?status:integer", "?body_bytes_sent:integer",
  },
  setup = function(opt)
    local gap, most, pass = opt.gap, math.max(1, opt.most), opt.pass
    local open, count = {}, 0
    local newest, seen = 0, 0          -- the newest time in the log, and when it was seen

    local function close(id, visit)
      open[id], count = nil, count - 1
      emit {
        time = stook.time.format(visit.first), remote_addr = visit.address, http_user_agent = visit.agent,
        seconds = (visit.last - visit.first) / 1e9, requests = visit.requests, failures = visit.failures,
        bytes = visit.bytes, entry = visit.entry, exit = visit.exit,
      }
    end

    local function close_idle(before)
      for id, visit in pairs(open) do
        if visit.last < before then
          close(id, visit)
        end
      end
    end

    local function close_some()
      local pause = gap
      repeat
        pause = pause // 2
        close_idle(newest - pause + 1)
      until count < most
    end

    return {
      row = function(address, time, agent, path, status, bytes)
        local id = agent and address .. "\0" .. agent or address
        local visit = open[id]
        if visit and time - visit.last > gap then
          close(id, visit)
          visit = nil
        end
        if time >= newest then
          newest, seen = time, stook.time.now()
        end
        if not visit then
          if count >= most then
            close_some()
          end
          visit = {
            address = address, agent = agent, first = time, last = time, requests = 0, failures = 0, bytes = 0, entry = path,
          }
          open[id], count = visit, count + 1
        end
        visit.last = math.max(visit.last, time)
        visit.requests = visit.requests + 1
        visit.bytes = visit.bytes + (bytes or 0)
        visit.exit = path or visit.exit
        if status and status >= 400 then
          visit.failures = visit.failures + 1
        end
        return pass
      end,
      tick = function(now, _, is_last)
        -- The log's clock goes on while nothing comes, be it that of today or of an old file.
        close_idle(is_last and math.maxinteger or newest + (now - seen) - gap)
      end,
    }
  end,
}
