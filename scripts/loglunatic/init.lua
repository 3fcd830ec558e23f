-- loglunatic's vocabulary: link{}, inputs, filters and outputs, for configurations written for loglunatic.
-- SPDX-License-Identifier: Apache-2.0
--
-- The parts of this folder see all that a source's script does; the configuration sees what is left of _G at the end:
-- Lua's own libraries without the ways out, the table stook, LPeg's names, and the words of the vocabulary.

local texts, put_out = ...

local world, parts = { put_out = put_out }, {}
for name, value in pairs(_G) do world[name] = value end
local globals, _ENV = _G, world

local function part(name)
  if parts[name] == nil then
    parts[name] = assert(load(texts[name], "=loglunatic/" .. name, "t", world))()
  end
  return parts[name]
end
world.part = part

local failed = stook.counter("failed", "records that a filter or an output raised an error about; they end there")
local unsent = stook.counter("unsent", "records that an output still had when the source was stopped")
local Stage = {}
local read_by = {}  -- the inputs, in order

local function fault(stage, message)
  failed:add()
  stook.log("error", ("error in %s: %s"):format(stage.name, tostring(message)))
end

-- Takes a record through a stage and all that are behind it.
local function pass(stage, record)
  while stage do
    local is_done, result = pcall(stage.run, stage, record)
    if not is_done then
      fault(stage, result)
      return
    end
    if result == nil then return end
    stage, record = stage.sink, result
  end
end

local function as_text(value)
  if value ~= nil then return tostring(value) end
end

-- A record as a row of the stack that the source stands in.
local function emit_record(_, record)
  if type(record) ~= "table" then
    emit { message = tostring(record) }
    return record
  end
  local row = {}
  for name, value in pairs(record) do row[name] = value end
  row.type, row.source, row.timestamp = as_text(row.type), as_text(row.source), as_text(row.timestamp)
  if row.tags then row.tags = stook.array(row.tags) end
  emit(row)
  return record
end

-- A word of the vocabulary: what is wrong with its options is told with the configuration's line.
local function word(name, make)
  return function(options)
    local is_made, made = pcall(make, options == nil and {} or options)
    if not is_made then error(name .. ": " .. tostring(made), 2) end
    if made == nil then return end
    made.name = name
    return setmetatable(made, Stage)
  end
end

-- A table that says so when it is asked for what it has not.
local function shelf(what, words)
  local names = {}
  for name in pairs(words) do names[#names + 1] = name end
  table.sort(names)
  return setmetatable(words, { __index = function(_, name)
    error(("there is no %s '%s'; there are %s"):format(what, tostring(name), table.concat(names, ", ")), 2)
  end })
end

local function pipeline()
  return { is_output = true, run = emit_record }
end

local function input(options)
  local made = part("pipe")(options)
  read_by[#read_by + 1] = made
  return made
end

local function as_stage(value, place)
  if getmetatable(value) == Stage then return value end
  if type(value) == "function" then
    return setmetatable({ name = "function", run = function(_, record) return value(record) end }, Stage)
  end
  error(("link: stage %d is a %s; it would be an input, a filter, an output or a function(record)"):format(place, type(value)), 3)
end

-- link{a, b, …} or link(a, b, …): each stage's records go to the one behind it.
local function link(...)
  local given = { ... }
  if #given == 1 and type(given[1]) == "table" and getmetatable(given[1]) ~= Stage then given = given[1] end
  local last, count = nil, 0
  for place in pairs(given) do count = math.max(count, math.tointeger(place) or 0) end
  for place = 1, count do  -- a name that is none is a nil among them
    local stage = as_stage(given[place], place)
    if stage.read and last then error("link: an input stands first; stage " .. place .. " is one", 2) end
    if last and last.sink and last.sink ~= stage then
      error("link: stage " .. place - 1 .. " leads to another one already; make one for each link", 2)
    end
    if last then last.sink = stage end
    last = stage
  end
  if not last then error("link: it takes stages, as in link{ inputs.pipe{ command = \"…\" }, outputs.stdout{} }", 2) end
  return last
end

-- The stages behind an input, in order; a record that comes to their end without an output is a row.
local function route_of(from, always)
  local stages, has_output, known = {}, false, {}
  local stage = from.sink
  while stage do
    if known[stage] then error("link: the stages go round in a circle", 0) end
    known[stage] = true
    stages[#stages + 1] = stage
    has_output = has_output or stage.is_output
    if stage.is_pipeline then return stages end
    stage = stage.sink
  end
  if always or not has_output then
    local row = setmetatable({ name = "pipeline", is_output = true, is_pipeline = true, run = emit_record }, Stage)
    local tail = stages[#stages] or from
    tail.sink = row
    stages[#stages + 1] = row
  end
  return stages
end

local function let_go(stages)
  for _, stage in ipairs(stages) do
    local record = stage.flush and stage.flush()
    if record then pass(stage.sink, record) end
  end
end

local function idle_of(stages)
  for _, stage in ipairs(stages) do
    if stage.is_open and stage.is_open() then return stage.idle end
  end
end

local function run_input(from, stages)
  from.read(function(record) pass(from.sink, record) end, function() let_go(stages) end, function() return idle_of(stages) end)
end

local function setup(options)
  if #read_by == 0 then
    error("it has no input; it takes link{ inputs.pipe{ command = \"…\" }, … }", 0)
  end
  local routes, outputs, running = {}, {}, 0
  for i, from in ipairs(read_by) do
    routes[i] = route_of(from, options.pipeline)
    for _, stage in ipairs(routes[i]) do
      if stage.count then outputs[stage] = true end
    end
  end

  local function send_rest()
    for output in pairs(outputs) do output.finish() end
  end

  local function run()
    running = #read_by
    for i, from in ipairs(read_by) do
      spawn(function()
        run_input(from, routes[i])
        running = running - 1
        if running == 0 then send_rest() end
      end)
    end
  end

  -- At a stop: commands end, what they have written is taken, what is held is let go, and what is queued is sent; as much
  -- of it as there is time for.
  local function finish()
    for _, from in ipairs(read_by) do from.stop() end
    while running > 0 do sleep(0.01) end
    for output in pairs(outputs) do
      while output.count() > 0 do sleep(0.01) end
    end
  end

  local function stop()
    for output in pairs(outputs) do
      local count = output.records()
      if count > 0 then
        unsent:add(count)
        stook.log("warning", ("%s: stopped with %d records that were not sent"):format(output.name, count))
      end
    end
  end

  return { run = run, finish = finish, stop = stop }
end

-- What the configuration sees.
local words, grok = part("pattern").words, part "grok"
local filters = {
  grok = word("grok", grok.grok),
  dygrok = word("dygrok", grok.dygrok),
  common_patterns = word("common_patterns", grok.common_patterns),
  date = word("date", part "date"),
  multiline = word("multiline", part "multiline"),
}
for name, make in pairs(part "filters") do filters[name] = word(name, make) end

local visible = { os = { time = os.time, date = os.date }, unpack = table.unpack, link = link, _VERSION = _VERSION }
for _, name in ipairs { "assert", "error", "getmetatable", "ipairs", "math", "next", "pairs", "pcall", "print", "rawequal", "rawget",
  "rawlen", "rawset", "select", "setmetatable", "stook", "string", "table", "tonumber", "tostring", "type", "utf8" } do
  visible[name] = world[name]
end
for name, value in pairs(words) do visible[name] = value end
for name, value in pairs(filters) do visible[name] = value end
visible.lpeg = words
visible.filters = shelf("filter", filters)
visible.inputs = shelf("input", { pipe = word("inputs.pipe", input) })
visible.outputs = shelf("output", {
  stdout = word("outputs.stdout", part "stdout"),
  pipeline = word("outputs.pipeline", pipeline),
  elasticsearch = shelf("output", { http = word("outputs.elasticsearch.http", part("elasticsearch").http) }),
  carbon = shelf("output", { plain = word("outputs.carbon.plain", part("carbon").plain) }),
})
function visible.require(name)
  error(("require: there is no module '%s' here; of LPeg there are P, S, R, V, C, Cg and Ct, by these names"):format(tostring(name)), 2)
end

visible._G = globals
for name in pairs(globals) do globals[name] = nil end
for name, value in pairs(visible) do globals[name] = value end

return {
  kind = "source",
  doc = "A configuration of loglunatic",
  options = { pipeline = { "boolean", false, "records become rows at the end of each link, whatever outputs it has" } },
  writes = { "type:text", "source:text", "timestamp:text", "tags:object", "fields:object" },
  setup = setup,
}
