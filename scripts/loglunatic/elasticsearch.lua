-- outputs.elasticsearch.http{}: records by POST /_bulk, so many at a time or after so long.
-- SPDX-License-Identifier: Apache-2.0
--
-- A server that is away, or that answers 429 or 5xx, is asked again until it takes the records; meanwhile the input waits.
-- Records that it refuses are counted and gone.

local record_json = part("record").json
local sending = part "sender"
local refused = stook.counter("refused", "records that elasticsearch would not take")

local connect_within, answer_within, longest_answer = 10, 60, 4 << 20

-- The status and the body of what the server answers; nil and why.
local function read_answer(stream)
  local pieces, size = {}, 0
  while size < longest_answer do
    local piece, why = stream:read(answer_within)
    if not piece and why == "end" then break end
    if not piece then return nil, "no answer in time" end
    pieces[#pieces + 1], size = piece, size + #piece
  end
  local text = table.concat(pieces)
  local status = tonumber(text:match("^HTTP/1%.%d (%d%d%d)"))
  if not status then return nil, "no answer" end
  return status, text:match("\r\n\r\n(.*)$") or ""
end

local function post(address, host, body)
  local stream, why = connect(address, connect_within)
  if not stream then return nil, why end
  local head = ("POST /_bulk HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Type: application/x-ndjson\r\n" ..
    "Content-Length: %d\r\n\r\n"):format(host, #body)
  local status, answer
  local is_written
  is_written, why = stream:write(head .. body, answer_within)
  if is_written then
    status, answer = read_answer(stream)
    why = answer
  end
  stream:close()
  return status, status and answer or why
end

-- How many items of the answer are refusals.
local function count_refused(answer)
  local result = stook.json.decode(answer:match("{.*}") or "")
  if type(result) ~= "table" or result.errors ~= true then return 0 end
  local count = 0
  for _, item in ipairs(result.items or {}) do
    for _, one in pairs(item) do
      if type(one) == "table" and (tonumber(one.status) or 0) >= 300 then count = count + 1 end
    end
  end
  return count
end

local function http(options)
  options = options or {}
  local host, port = options.host or "localhost", options.port or 9200
  local bucket = options.bucket or "logstash-%Y.%m.%d"
  local threshold = options.threshold or {}
  local most_time, most_records = threshold.time or 7, threshold.reqs or 100
  local action = options.doc_type and ',"_type":"' .. options.doc_type .. '"' or ""
  local address = sending.address(host, port)
  local texts, began, is_timed = {}, 0, false

  local queue = sending.sender("elasticsearch.http " .. host .. ":" .. port, 4, function(batch)
    local index = stook.time.format(stook.time.now(), bucket)
    local line = ('{"index":{"_index":"%s"%s}}\n'):format(index, action)
    local body = line .. table.concat(batch, "\n" .. line) .. "\n"
    local status, answer = post(address, host, body)
    if not status then return nil, answer end
    if status == 429 or status >= 500 then return nil, "answer " .. status end
    local lost = status >= 300 and #batch or count_refused(answer)
    if lost > 0 then
      refused:add(lost)
      stook.log("error", ("elasticsearch.http: answer %d, %d records refused: %s"):format(status, lost, answer:sub(1, 200)))
    end
    return true
  end, function(batch) return #batch end)

  local self = { is_output = true }

  local function let_go()
    local batch = texts
    texts = {}
    if #batch > 0 then queue.add(batch) end
  end

  -- One task while records wait: lets go of those that have waited long enough. In short sleeps, as it ends with the input.
  local function watch()
    while #texts > 0 do
      local left = began + most_time * 1000000000 - stook.time.now()
      if left <= 0 then let_go() else sleep(math.min(left / 1e9, 0.2)) end
    end
    is_timed = false
  end

  function self.run(_, record)
    texts[#texts + 1] = record_json(record)
    if #texts == 1 then began = stook.time.now() end
    if #texts >= most_records then
      let_go()
    elseif not is_timed then
      is_timed = true
      spawn(watch)
    end
    return record
  end

  function self.finish()
    let_go()
  end
  function self.count() return queue.count() end
  function self.records() return queue.records() + #texts end
  return self
end

return { http = http }
