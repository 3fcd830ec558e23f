-- Takes slow queries out of the logs of PostgreSQL and MySQL: how long, what, and a form in which alike ones are equal.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   message   a line of PostgreSQL with "duration: 2500.1 ms  statement: …" (log_min_duration_statement), or an event
--                   of MySQL's and MariaDB's slow log, whose lines `multiline` joins
-- Writes  query_seconds, query, shape (constants as ?), rows_examined, user
-- Options least     queries that took less are dropped
--         pass      whether other rows stay
--
--   stack = db:TAIL, join:MULTILINE, slow:slow_query, out:FILE
--   [join]
--   start = ^# (Time|User@Host):
--   [slow]
--   least = 2s

-- "SELECT * FROM t WHERE id = 17 AND name IN ('a', 'b')" → "select * from t where id = ? and name in (?)"
local function shape_of(query)
  local shape = query:lower()
  shape = shape:gsub("'[^']*'", "?"):gsub('"[^"]*"', "?"):gsub("%f[%w_]%d[%w.]*", "?"):gsub("%s+", " ")
  return (shape:gsub("%(%s*%?[%s?,]*%)", "(?)"))
end

local function postgres(message)
  local ms, query = message:match("duration: ([%d.]+) ms  %a+[^:]*: (.*)")
  return tonumber(ms), 0.001, query
end

local function mysql(message)
  local seconds, rest = message:match("# Query_time: ([%d.]+)(.*)")
  if not seconds then
    return
  end
  local examined = math.tointeger(tonumber(rest:match("Rows_examined: (%d+)")))
  local query = rest:match("\n([^#].*)") or ""
  query = query:gsub("^use [^;]*;\n", ""):gsub("^SET timestamp=%d+;\n", "")
  return tonumber(seconds), 1, query, examined, message:match("# User@Host: ([^%[%s]+)")
end

return {
  kind = "filter",
  doc = "Takes slow queries out of the logs of PostgreSQL and MySQL",
  state = "none",
  options = {
    least = { "duration", "1s", "queries that took less are dropped" },
    pass = { "boolean", false, "whether other rows stay" },
  },
  reads = { "message:text" },
  writes = { "query_seconds:real", "query:text", "shape:text", "rows_examined:integer", "user:text" },
  setup = function(opt)
    local least, pass = opt.least / 1e9, opt.pass
    return {
      row = function(message)
        local took, unit, query, examined, user
        if message:find("duration: ", 1, true) then
          took, unit, query = postgres(message)
        elseif message:find("# Query_time: ", 1, true) then
          took, unit, query, examined, user = mysql(message)
        end
        if not took or not query then
          return pass
        end
        if took * unit < least then
          return false
        end
        query = query:match("^%s*(.-)[%s;]*$")
        return true, took * unit, query, shape_of(query), examined, user
      end,
    }
  end,
}
