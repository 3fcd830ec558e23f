-- outputs.carbon.plain{}: metrics of records, as lines `name value time` to a carbon server.
-- SPDX-License-Identifier: Apache-2.0
--
-- One connection, which is opened again when it breaks. Lines wait in order while the server is slow or away; when a thousand
-- records wait the input waits, too.

local record_time = part("record").time
local sending = part "sender"

-- mapping: a function (record) that gives { metric = value }, or a table { field = metric }.
local function metrics_by(mapping)
  if type(mapping) == "function" then return mapping end
  if type(mapping) ~= "table" then error("it takes mapping, a function or a table { field = \"metric\" }", 0) end
  return function(record)
    local metrics = {}
    for field, metric in pairs(mapping) do
      local value = record.fields[field]
      if value == nil then value = record[field] end
      metrics[metric] = value
    end
    return metrics
  end
end

local function lines_of(metrics, seconds)
  local names = {}
  for name in pairs(metrics) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do names[i] = ("%s %s %d\n"):format(name, tostring(metrics[name]), seconds) end
  return table.concat(names)
end

local function plain(options)
  options = options or {}
  local metrics_of = metrics_by(options.mapping)
  local address = sending.address(options.host or "localhost", options.port or 2003)
  local stream

  local queue = sending.sender("carbon.plain " .. address, 1000, function(lines)
    local is_written, why
    if not stream then
      stream, why = connect(address, 10)
      if not stream then return nil, why end
    end
    is_written, why = stream:write(lines)
    if not is_written then
      stream:close()
      stream = nil
    end
    return is_written, why
  end, function() return 1 end)

  return {
    is_output = true,
    run = function(_, record)
      local lines = lines_of(metrics_of(record), record_time(record) // 1000000000)
      if lines ~= "" then queue.add(lines) end
      return record
    end,
    finish = function() end,
    count = queue.count,
    records = queue.records,
  }
end

return { plain = plain }
