-- inputs.pipe{}: the lines that a command writes, each a record.
-- SPDX-License-Identifier: Apache-2.0
--
-- At its end, and at a stop, the command and all of its group are asked to end (SIGTERM), killed after 10 ms, and waited for.

local of_line = part("record").of_line

local terminate, kill = 15, 9
local records_a_turn = 64  -- then others have theirs, and the budget begins anew
local first_pause, longest_pause, long_life = 0.1, 30, 10

local function end_program(stream)
  stream:kill(terminate)
  if not stream:wait(0.01) then
    stream:kill(kill)
    stream:wait(0.1)
  end
  stream:kill(kill)  -- others of its group may live
end

-- feed(record) is called for each line, idle() when nothing has come for as long as pause() says, and at the end.
local function pipe(options)
  local command = type(options) == "string" and options or options.command
  if type(command) ~= "string" then error("it takes command = \"…\", which sh runs", 0) end
  local restart = type(options) == "table" and options.restart
  local stream
  local holders = 0  -- of the stream: who reads, and who stops it
  local self = { command = command }

  local function end_stream()
    end_program(stream)
    holders = holders - 1
    if holders == 0 then
      stream:close()
      stream = nil
    end
  end

  local function read(feed, idle, pause)
    local count = 0
    while true do
      local line, why = stream:line(pause())
      if line then
        line = line:gsub("[\r\n]", "")
        if line ~= "" then feed(of_line(line)) end
        count = count + 1
        if count % records_a_turn == 0 then sleep(0) end
      elseif why == "late" then
        idle()
      else
        return
      end
    end
  end

  function self.read(feed, idle, pause)
    local wait = first_pause
    repeat
      local began = os.time()
      local why
      stream, why = program({ "sh", "-c", command })
      if stream then
        holders = 1
        read(feed, idle, pause)
        idle()
        end_stream()
      else
        stook.log("error", "pipe: " .. command .. ": " .. tostring(why))
      end
      if restart and not self.is_stopped then
        wait = os.time() - began >= long_life and first_pause or math.min(2 * wait, longest_pause)
        stook.log("info", "pipe: " .. command .. ": begins again")
        local left = wait
        while left > 0 and not self.is_stopped do
          sleep(0.05)
          left = left - 0.05
        end
      end
    until not restart or self.is_stopped
  end

  -- The command ends, and with it what is read of it.
  function self.stop()
    self.is_stopped = true
    if stream then
      holders = holders + 1
      end_stream()
    end
  end
  return self
end

return pipe
