-- Finds addresses that guess passwords in sshd's lines, and logins that succeed after such guesses.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   message   e.g. "Failed password for root from 192.0.2.7 port 4242 ssh2"; host, if there is one
-- Makes   rows of alert ("brute force", "login after failures"), client, user (the last one tried), users (how many),
--         failures, and host
-- Options limit   failures of one address within the window that are an alert; it is given once in a window
--         window  how long failures count together
--         most    addresses that are watched, twice as many at the most; the oldest go first
--         pass    whether the lines go on, too
--
--   stack = auth:TAIL, parse:PARSE_SYSLOG, guess:brute_force, out:FILE
--   [auth]
--   path = /var/log/auth.log
--   [guess]
--   limit = 5

return {
  kind = "filter",
  doc = "Finds addresses that guess passwords in sshd's lines",
  state = "shared",
  options = {
    limit = { "integer", 10, "failures of one address that are an alert" },
    window = { "duration", "10m", "how long failures count together" },
    most = { "integer", 10000, "addresses that are watched" },
    pass = { "boolean", false, "whether the lines go on" },
  },
  reads = { "?message:text", "?host:text" },
  setup = function(opt)
    local now, limit, window, most, pass = stook.time.now, opt.limit, opt.window, opt.most, opt.pass
    local watched, old, count = {}, {}, 0

    local function case_of(address)
      local case = watched[address] or old[address]
      local at = now()
      if case and at - case.since < window then
        return case
      end
      if count >= most then
        old, watched, count = watched, {}, 0
      end
      case = { since = at, failures = 0, users = 0, tried = {} }
      count = count + (watched[address] and 0 or 1)
      watched[address], old[address] = case, nil
      return case
    end

    local function alert(what, case, address, user, host)
      emit { alert = what, client = address, user = user, users = case.users, failures = case.failures, host = host }
    end

    local function failed(address, user, host)
      local case = case_of(address)
      case.failures = case.failures + 1
      if not case.tried[user] and case.users < 100 then
        case.tried[user], case.users = true, case.users + 1
      end
      if case.failures == limit then
        alert("brute force", case, address, user, host)
      end
    end

    local function accepted(address, user, host)
      local case = watched[address] or old[address]
      if case and case.failures >= limit and now() - case.since < window then
        alert("login after failures", case, address, user, host)
      end
    end

    return {
      row = function(message, host)
        local head = message and message:sub(1, 7)
        if head == "Failed " then
          local user, address = message:match(" for (.*) from ([%x.:]+) port %d+")
          if user then
            failed(address, user:match("^invalid user (.*)") or user, host)
          end
        elseif head == "Accepte" then
          local user, address = message:match(" for (.*) from ([%x.:]+) port %d+")
          if user then
            accepted(address, user, host)
          end
        end
        return pass
      end,
    }
  end,
}
