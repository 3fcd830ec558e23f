-- grok{}, dygrok{} and common_patterns{}: fields by patterns such as `%{hostname:client} %{number:bytes:int}`.
-- SPDX-License-Identifier: Apache-2.0
--
-- What stands outside of %{…} is meant as it is, whatever its bytes are.

local pattern = part "pattern"
local library = part "library"
local text_of = part("record").text_of

local number_types = { int = true, integer = true, float = true, number = true }

-- A pattern that is written as text.
local function read(text)
  local all = pattern.words.P(true)
  local at = 1
  while at <= #text do
    local open = text:find("%{", at, true) or #text + 1
    if open > at then all = all * text:sub(at, open - 1) end
    if open > #text then break end
    local close = text:find("}", open, true)
    if not close then error("'%{' has no '}' behind it", 0) end
    local inside = text:sub(open + 2, close - 1)
    local name, field, kind = inside:match("^([^:]+):?([^:]*):?(.*)$")
    if not name then error("'%{" .. inside .. "}' names no pattern", 0) end
    if kind ~= "" and not number_types[kind] then
      error("'%{" .. inside .. "}': '" .. kind .. "' is no type; it takes int, integer, float or number", 0)
    end
    local one = pattern.words.V(name)
    if field ~= "" then one = pattern.new("field", { one, name = field, type = kind ~= "" and kind or nil }) end
    all = all * one
    at = close + 1
  end
  return all
end

local function as_pattern(value, what)
  if type(value) == "string" then return read(value) end
  if pattern.is_pattern(value) then return value end
  error(("%s is a %s; it would be a text such as \"%%{word:name}\", or a pattern"):format(what, type(value)), 0)
end

-- The field's value as it is kept. A number that is none stays the text it is.
local function value_of(text, kind)
  if not kind then return text end
  local number = tonumber(text)
  if not number then return text end
  return kind == "float" and number + 0.0 or number
end

-- A function that gives the fields of a text, or nil. `options` as grok{} has them, or what its `pattern` may be.
local function compile(options, is_anchored)
  local is_table = type(options) == "table" and not pattern.is_pattern(options)
  local given = is_table and options.pattern or options
  local own = {}
  if type(given) == "table" and not pattern.is_pattern(given) then own, given = given, given[1] end
  if is_table and options.anywhere ~= nil then
    is_anchored = not options.anywhere
  elseif is_table and options.anchor ~= nil then
    is_anchored = options.anchor
  end
  local function find(name)
    local found = own[name] or library[name]
    if not found then error("there is no pattern '" .. name .. "'; name it beside the pattern, or in common_patterns{}", 0) end
    return as_pattern(found, "'" .. name .. "'")
  end
  local text, fields = pattern.write(as_pattern(given, "pattern"), find)
  local is_made, regex = pcall(stook.regex, (is_anchored and "(?m:^)[\\r\\n]*+" or "") .. text)
  if not is_made then error("no expression can be made of it: " .. regex:gsub("^.-stook%.regex: ", ""), 0) end
  return function(subject)
    local groups = regex:named(subject)
    if not groups then return nil end
    local found = {}
    for _, field in ipairs(fields) do
      local value = groups[field.group]
      if value then found[field.name] = value_of(value, field.type) end
    end
    return found
  end, regex
end

local function grok(options)
  if type(options) == "string" then options = { pattern = options } end
  local match = compile(options, true)
  local field, set_type, add_tags = options.field, options.set_type, options.add_tags
  return {
    run = function(_, record)
      local subject = text_of(record, field)
      local found = subject and match(subject)
      if not found then return record end
      record.type = set_type or record.type
      if add_tags then
        record.tags = record.tags or {}
        for _, tag in ipairs(add_tags) do table.insert(record.tags, tag) end
      end
      for name, value in pairs(found) do record.fields[name] = value end
      return record
    end,
  }
end

-- Each match gives one field: what is captured as `field` is its name, what is captured as `value` its value.
local function dygrok(options)
  if type(options) == "string" then options = { pattern = options } end
  local match, regex = compile(options, false)
  local is_multiple = options.multiple ~= false
  return {
    run = function(_, record)
      local rest = text_of(record, options.field)
      while rest and rest ~= "" do
        local found = match(rest)
        local name = found and (found.field or found.name)
        if not name then break end
        record.fields[tostring(name)] = found.value
        local _, last = regex:find(rest)
        rest = is_multiple and rest:sub(math.max(last, 1) + 1)
      end
      return record
    end,
  }
end

local function common_patterns(patterns)
  for name, one in pairs(patterns) do library[name] = as_pattern(one, "'" .. name .. "'") end
end

return { compile = compile, grok = grok, dygrok = dygrok, common_patterns = common_patterns }
