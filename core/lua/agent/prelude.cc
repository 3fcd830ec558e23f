// SPDX-License-Identifier: Apache-2.0
/// The part of a source's library that is written in Lua: files that are followed, files that are read once, folders that
/// are watched, and the scripted agent's words for them.
///
/// What has been read of files is part of the position: `{"token": …, "files": {id: offset}, "done": {id: path}}`, where
/// `token` is what the script commits by itself. An offset is noted when the rows made of what stands before it have been
/// emitted, so it is final when they are.
#include "core/lua/agent/prelude.hh"

#include <cstring>

namespace stook {

namespace {
constexpr const char* source_text = R"lua(
local put_commit, encode, decode, section, config, call, interval = ...
local open, list, stat, inotify, spawn, sleep, emit = open, list, stat, inotify, spawn, sleep, emit
local state = { files = {}, done = {} }
local inputs, queue, is_uploading = {}, {}, false
local longest_done = 1000

local function put_state()
  local out = { token = state.token }
  if next(state.files) then out.files = state.files end
  if next(state.done) then out.done = state.done end
  if next(out) then put_commit(out) end
end

function commit(token)
  if token == nil then error("commit: nil is no token", 2) end
  state.token = token
  put_state()
end

-- The function that takes a file's lines: the script's, or process(global, data) with [stream_key, lines] in msgpack.
local function deliver_by(input)
  if input.handler then
    return function(lines) for line in lines:gmatch("([^\n]*)\n") do input.handler(line, input) end end
  end
  if type(process) ~= "function" then
    error("watch_file: it takes a function that gets each line, or the script has a function process", 3)
  end
  return function(lines) process(global, encode{ input.stream_key or input.path, lines }) end
end

-- Delivers what there is of whole lines; is_all: and what stands behind the last newline.
local function drain(file, id, deliver, is_all)
  for lines in file.lines, file do
    deliver(lines)
    state.files[id] = file:tell()
    put_state()
  end
  local rest = is_all and file:rest() or ""
  if rest ~= "" then
    deliver(rest .. "\n")
    state.files[id] = file:tell()
    put_state()
  end
end

local function follow(input)
  local path, deliver = input.path, input.deliver
  local watches = assert(inotify())
  local file, id
  local begins_at_end = input.start == "end"
  watches:add(path:match("^(.*)/[^/]*$") or ".")
  while not input.is_stopped do
    if not file then
      file = open(path)
      if file then
        local now = file:stat()
        id = now.id
        local known = state.files[id]
        if known and known <= now.size then file:seek(known)
        elseif begins_at_end and not known then file:seek(-1) end
        watches:add(path)
      end
      begins_at_end = false
    end
    local goes_on = false
    if file then
      if file:stat().size < file:tell() then file:seek(0) end
      drain(file, id, deliver)
      local now = stat(path)
      if not now or now.id ~= id then
        if now then
          drain(file, id, deliver, true)
          state.files[id], state.done[id] = nil, path
          file:close()
          file = nil
        end
        goes_on = now ~= nil
      end
    end
    if not goes_on then watches:read(input.interval or 1) end
  end
  watches:close()
  if file then file:close() end
  input.has_ended = true
end

local function prune()
  local count = 0
  for _ in pairs(state.done) do count = count + 1 end
  if count <= longest_done then return end
  for id, path in pairs(state.done) do
    local now = stat(path)
    if not now or now.id ~= id then state.done[id] = nil end
  end
end

local function upload()
  while #queue > 0 do
    local input = table.remove(queue, 1)
    local file = open(input.path)
    if file then
      local id = file:stat().id
      if not state.done[id] then
        file:seek(state.files[id] or 0)
        drain(file, id, input.deliver, true)
        state.files[id], state.done[id] = nil, input.path
        prune()
        put_state()
      end
      file:close()
    end
  end
  is_uploading = false
end

-- The files of an input's folder: the one that is followed, by the rule `priority(old, new)`, and the others.
local function choose(input)
  local config = input.config
  local rule = config.priority and config.priority ~= "" and _ENV[config.priority]
  if config.priority and config.priority ~= "" and type(rule) ~= "function" then
    error(("priority: there is no function %s; it is a function (old, new) of the script"):format(config.priority), 0)
  end
  local folder, best, others = config.log_directory, nil, {}
  for _, name in ipairs(list(folder) or {}) do
    local path = folder .. "/" .. name
    local now = stat(path)
    if now and now.kind == "file" and name:sub(1, 1) ~= "." and name:find(config.file_match or "") then
      if not best then best = path
      elseif rule and rule(best, path) == path then others[#others + 1], best = best, path
      else others[#others + 1] = path end
    end
  end
  return best, others
end

local function as_input(what, handler, options)
  local input = type(what) == "table" and what or { path = what }
  for name, value in pairs(options or {}) do input[name] = value end
  input.handler = handler or input.handler
  input.deliver = deliver_by(input)
  return input
end

-- schedule_upload(path or input [, function(line, input)]): read whole, once.
function schedule_upload(what, handler, options)
  queue[#queue + 1] = as_input(what, handler, options)
  if not is_uploading then
    is_uploading = true
    spawn(upload)
  end
end

-- Follows the file that the rule chooses, looks again each rescan_interval, and has the others read once.
local function follow_folder(input)
  local current
  while true do
    local best, others = choose(input)
    if best ~= (current and current.path) then
      if current then
        current.is_stopped = true
        while not current.has_ended do sleep(0.05) end
      end
      current = best and { path = best, stream_key = input.stream_key, handler = input.handler, deliver = input.deliver }
      if current then spawn(follow, current) end
    end
    for _, path in ipairs(#queue == 0 and others or {}) do
      local now = stat(path)
      if now and not state.done[now.id] then
        schedule_upload({ path = path, stream_key = input.stream_key, handler = input.handler })
      end
    end
    sleep(input.interval)
  end
end

-- watch_file(path or input [, function(line, input) [, { start = "end" }]]): follows it, over rotation and truncation.
function watch_file(what, handler, options)
  local input = as_input(what, handler, options)
  if input.path then
    spawn(follow, input)
  else
    choose(input)
    local seconds = tonumber(input.config.rescan_interval) or 0
    input.interval = seconds > 0 and seconds or tonumber(global and global.refresh_interval) or 5
    spawn(follow_folder, input)
  end
  return input
end

-- watch_path(folder, function(path, kind)): create, delete, move_from, move_to, modify, close, attrib, overflow.
function watch_path(folder, callback)
  local watches = assert(inotify())
  local ok, why = watches:add(folder)
  if not ok then return nil, why end
  spawn(function()
    while true do
      for _, event in ipairs(watches:read()) do
        callback(event.name and folder .. "/" .. event.name or folder, event.kind)
      end
    end
  end)
  return watches
end

function create_file_input(stream_key, config)
  inputs[stream_key] = { stream_key = stream_key, config = config, path = config.path }
  return inputs[stream_key]
end

function get_file_input(stream_key)
  return inputs[stream_key]
end

-- send_to_server(global, data): msgpack; a map is a row, [stream_key, value] the row of that stream.
function send_to_server(_, data)
  local value, why = decode(data)
  if value == nil then error("send_to_server: " .. tostring(why), 2) end
  local key
  if type(value) == "table" and type(value[1]) == "string" and #value == 2 then key, value = value[1], value[2] end
  if type(value) ~= "table" or value[1] ~= nil then value = { message = value } end
  value.stream_key = value.stream_key or key
  emit(value)
end

-- What the agent's section stands for: its config as a table of texts, handed to the script's init_… function.
local function begin_section()
  local values = {}
  for name, value in (config .. "\n"):gmatch("([^=\n]+)=([^\n]*)\n") do values[name] = value end
  local kind = section:match("^%a+"):lower()
  local init = _ENV["init_" .. kind]
  if type(init) == "function" then init(global, section, values)
  elseif kind == "file" then watch_file(create_file_input(section, values)) end
  return kind
end

-- Calls the function, and sends what it gives back: a text, or a table that is a row. What a stat gives are values.
local function call_once(kind)
  local result = _ENV[call]()
  if kind == "stat" and type(result) == "number" then result = { value = result } end
  if kind == "stat" and type(result) ~= "table" then
    stook.log("error", ("%s: %s gives a %s; a stat gives a value or a table of values"):format(section, call, type(result)))
    send_event(section, { message = "no value", error = type(result) })
  elseif result ~= nil then
    send_event(section ~= "" and section or call, type(result) == "table" and result or tostring(result))
  end
end

-- The first task of each life.
return function(run, saved)
  for name, value in pairs(saved or {}) do state[name] = value end
  global = global or {}
  local kind = section ~= "" and begin_section() or ""
  if call ~= "" then every(interval, function() call_once(kind) end) end
  if run then return run(state.token) end
end
)lua";
}  // namespace

void run_prelude(lua_State* raw, const SourceWorld& world) {
  if (luaL_loadbufferx(raw, source_text, std::strlen(source_text), "=stook", "t") != LUA_OK) {
    lua_error(raw);
  }
  lua_getfield(raw, LUA_REGISTRYINDEX, "stook.commit");
  lua_getglobal(raw, "stook");
  lua_getfield(raw, -1, "msgpack");
  lua_remove(raw, -2);
  lua_getfield(raw, -1, "encode");
  lua_getfield(raw, -2, "decode");
  lua_remove(raw, -3);
  for (const std::string* one : {&world.section, &world.config, &world.call}) {
    lua_pushlstring(raw, one->data(), one->size());
  }
  lua_pushnumber(raw, static_cast<double>(world.interval) / 1e9);
  lua_call(raw, 7, 1);
  lua_setfield(raw, LUA_REGISTRYINDEX, "stook.begin");
}

}  // namespace stook
