-- Writes rows as messages for Slack, Mattermost or Rocket.Chat, each kind of alert once in a while.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   key      what the alert is about: of rows with the same value one is sent per cool-down; rows without it are dropped
--         all the others are the details below the headline
-- Writes  message  {"text": "*brute force* …"}, which a sink with the format raw posts; nothing else is left
-- Options key, also    alerts are told apart by these two, e.g. alert and client
--         cool_down    how long the next ones of the same kind wait
--         most         kinds that are remembered, twice as many at the most
--
--   stack = auth:TAIL, parse:PARSE_SYSLOG, brute_force, slack_alert(also=client, cool_down=1h), out:HTTP
--   [out]
--   url = https://hooks.slack.com/services/…
--   content_type = application/json
--   hold_rows = 1
--   format = raw

local marks = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }

local function shown(value)
  local text = type(value) == "table" and stook.json.encode(value) or tostring(value)
  return (text:sub(1, 300):gsub("[&<>]", marks))
end

return {
  kind = "filter",
  doc = "Writes rows as messages for Slack, each kind once in a while",
  state = "shared",
  options = {
    key = { "text", "alert", "what the alert is about" },
    also = { "text", "", "another key by which alerts are told apart" },
    cool_down = { "duration", "10m", "how long the next ones of the same kind wait" },
    most = { "integer", 10000, "kinds that are remembered" },
  },
  setup = function(opt)
    local now, cool_down, most = stook.time.now, opt.cool_down, opt.most
    local sent, waiting, count = {}, {}, 0      -- by kind: when one was sent, and how many were not since
    local old_sent, old_waiting = {}, {}

    local function may_send(kind)
      local at, last = now(), sent[kind] or old_sent[kind]
      local silent = waiting[kind] or old_waiting[kind] or 0
      if last and at - last < cool_down then
        waiting[kind] = silent + 1
        return false
      end
      if count >= most then
        old_sent, old_waiting, sent, waiting, count = sent, waiting, {}, {}, 0
      end
      count = count + (sent[kind] and 0 or 1)
      sent[kind], waiting[kind], old_waiting[kind] = at, nil, nil
      return true, silent
    end

    return {
      filter = function(rec)
        local what = rec[opt.key]
        if what == nil then
          return false
        end
        local also = opt.also ~= "" and rec[opt.also]
        local is_due, silent = may_send(tostring(what) .. "\0" .. tostring(also))
        if not is_due then
          return false
        end
        local details = {}
        local keys = {}
        for key, value in pairs(rec) do
          keys[#keys + 1] = key
          if key ~= opt.key then
            details[#details + 1] = "• " .. shown(key) .. ": " .. shown(value)
          end
        end
        table.sort(details)
        if silent > 0 then
          details[#details + 1] = "_and " .. silent .. " more since the last message_"
        end
        for _, key in ipairs(keys) do
          rec[key] = nil
        end
        local text = "*" .. shown(what) .. "*" .. (#details > 0 and "\n" or "") .. table.concat(details, "\n")
        rec.message = stook.json.encode { text = text }
      end,
    }
  end,
}
