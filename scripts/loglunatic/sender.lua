-- A queue of what is to be sent, and the task that sends it, in order. Whoever adds waits while it is full, so that a slow
-- or an absent peer costs no more memory, and loses nothing.
-- SPDX-License-Identifier: Apache-2.0

local first_pause, longest_pause = 0.2, 10

-- send(item) gives true, or nil and why it has to be tried again. `most`: so many items wait. `records_of(item)`: how many
-- records one is.
local function sender(what, most, send, records_of)
  local queue, first, last, is_sending = {}, 1, 0, false

  local function work()
    while first <= last do
      local pause = first_pause
      while true do
        local is_called, is_sent, why = pcall(send, queue[first])
        if is_called and is_sent then break end
        stook.log("warning", ("%s: %s; again in %.1f s"):format(what, is_called and why or is_sent, pause))
        sleep(pause)
        pause = math.min(2 * pause, longest_pause)
      end
      queue[first] = nil
      first = first + 1
    end
    is_sending = false
  end

  local self = {}
  function self.count() return last - first + 1 end
  function self.records()
    local count = 0
    for i = first, last do count = count + records_of(queue[i]) end
    return count
  end
  function self.add(item)
    while self.count() >= most do sleep(0.01) end
    last = last + 1
    queue[last] = item
    if not is_sending then
      is_sending = true
      spawn(work)
    end
  end
  return self
end

-- The address that connect takes. Names are not looked up, but for localhost.
local function address(host, port)
  return ("tcp:%s:%d"):format(host:find(":", 1, true) and "[" .. host .. "]" or host, port)
end

return { sender = sender, address = address }
