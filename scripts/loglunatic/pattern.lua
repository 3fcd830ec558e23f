-- Patterns in LPeg's notation, written as regular expressions: P, S, R, V, C, Cg, Ct and the operators * + - ^ #.
-- SPDX-License-Identifier: Apache-2.0
--
-- A pattern is a table with the metatable Pattern; its `kind` says what the other members are. The expression matches what
-- LPeg would: repetitions and choices are atomic, as LPeg tries no other way through what it has passed. Unlike LPeg it
-- is bounded in steps (scripts/README.md).

local Pattern = {}

local function is_pattern(value)
  return getmetatable(value) == Pattern
end

local function new(kind, members)
  members = members or {}
  members.kind = kind
  return setmetatable(members, Pattern)
end

-- Bytes as they stand in an expression, within a class or outside.
local function quote(text)
  return (text:gsub("[^%w]", function(byte) return ("\\x%02x"):format(byte:byte()) end))
end

-- The value as a pattern, as LPeg's P has it. `word`: who asks; its caller is told of what is none.
local function as_pattern(value, word)
  if is_pattern(value) then return value end
  local kind = type(value)
  if kind == "string" then return new("text", { text = value }) end
  if kind == "boolean" then return new(value and "empty" or "fail") end
  if kind == "number" and value >= 0 then return new("any", { count = math.tointeger(value) or 1 }) end
  if kind == "number" then return new("not", { new("any", { count = math.tointeger(-value) or 1 }) }) end
  if kind == "table" then
    error(word .. ": a grammar, which only LPeg has; name patterns in the table that grok takes, and use %{name} or V(name)", 3)
  end
  error(word .. ": a " .. kind .. " is no pattern; it would be a text, a number or a pattern", 3)
end

-- A pattern of one byte as a set, or nil.
local function as_set(pattern)
  if pattern.kind == "set" then return pattern end
  if pattern.kind == "text" and #pattern.text == 1 then return new("set", { chars = quote(pattern.text) }) end
end

function Pattern.__mul(a, b)
  return new("sequence", { as_pattern(a, "*"), as_pattern(b, "*") })
end

function Pattern.__add(a, b)
  a, b = as_pattern(a, "+"), as_pattern(b, "+")
  local left, right = as_set(a), as_set(b)
  if left and right and not left.is_not and not right.is_not then
    return new("set", { chars = left.chars .. right.chars })
  end
  return new("choice", { a, b })
end

function Pattern.__sub(a, b)
  a, b = as_pattern(a, "-"), as_pattern(b, "-")
  local right = as_set(b)
  local is_any = a.kind == "any" and a.count == 1
  if right and not right.is_not and (is_any or a.is_not) then
    return new("set", { chars = (a.chars or "") .. right.chars, is_not = true })
  end
  return new("sequence", { new("not", { b }), a })
end

function Pattern.__pow(a, count)
  if type(count) ~= "number" then error("^: a " .. type(count) .. " is no number of times", 2) end
  return new("repeat", { as_pattern(a, "^"), count = math.tointeger(count) or 0 })
end

function Pattern.__unm(a)
  return new("not", { a })
end

function Pattern.__len(a)
  return new("ahead", { a })
end

function Pattern.__div()
  error("/: no function takes a pattern's captures here; map{} changes a field, and %{name:field:int} makes numbers", 2)
end

local write

-- Each gives the expression of a pattern. `to` has `find(name)`, the `fields` so far, and the names that it is `within`.
local writers = {
  text = function(pattern) return quote(pattern.text) end,
  raw = function(pattern) return pattern.text end,
  any = function(pattern) return "[\\s\\S]{" .. pattern.count .. "}" end,
  empty = function() return "" end,
  fail = function() return "(?!)" end,
  set = function(pattern)
    if pattern.chars == "" then return pattern.is_not and "[\\s\\S]" or "(?!)" end
    return (pattern.is_not and "[^" or "[") .. pattern.chars .. "]"
  end,
  sequence = function(pattern, to) return write(pattern[1], to) .. write(pattern[2], to) end,
  choice = function(pattern, to) return "(?>" .. write(pattern[1], to) .. "|" .. write(pattern[2], to) .. ")" end,
  ["repeat"] = function(pattern, to)
    local count = pattern.count
    local times = count == 0 and "*+" or count == 1 and "++" or count > 0 and "{" .. count .. ",}+" or "{0," .. -count .. "}+"
    return "(?:" .. write(pattern[1], to) .. ")" .. times
  end,
  ["not"] = function(pattern, to) return "(?!" .. write(pattern[1], to) .. ")" end,
  ahead = function(pattern, to) return "(?=" .. write(pattern[1], to) .. ")" end,
  -- A capture without a name is what the field around it is about, as the inside of quotes is of %{qs:field}.
  capture = function(pattern, to)
    local group = to.pending
    to.pending = nil
    local text = write(pattern[1], to)
    return group and "(?<" .. group .. ">" .. text .. ")" or "(?:" .. text .. ")"
  end,
  field = function(pattern, to)
    local around = to.pending
    local group = "g" .. #to.fields + 1
    to.fields[#to.fields + 1] = { group = group, name = pattern.name, type = pattern.type }
    to.pending = group
    local text = write(pattern[1], to)
    if to.pending then text = "(?<" .. group .. ">" .. text .. ")" end
    to.pending = around
    return text
  end,
  name = function(pattern, to)
    local name = pattern.name
    for _, one in ipairs(to.within) do
      if one == name then
        error("the pattern '" .. name .. "' refers to itself: " .. table.concat(to.within, " → ") .. " → " .. name, 0)
      end
    end
    table.insert(to.within, name)
    local text = write(to.find(name), to)
    table.remove(to.within)
    return "(?:" .. text .. ")"
  end,
}

function write(pattern, to)
  return writers[pattern.kind](pattern, to)
end

-- What a configuration finds under LPeg's names.
local words = {}

function words.P(value) return (as_pattern(value, "P")) end

function words.S(chars)
  if type(chars) ~= "string" then error("S: a " .. type(chars) .. " is no set; it would be a text with its bytes", 2) end
  return new("set", { chars = quote(chars) })
end

function words.R(...)
  local chars = {}
  for _, range in ipairs { ... } do
    if type(range) ~= "string" or #range ~= 2 then error("R: a range is a text of two bytes, such as \"az\"", 2) end
    chars[#chars + 1] = quote(range:sub(1, 1)) .. "-" .. quote(range:sub(2))
  end
  return new("set", { chars = table.concat(chars) })
end

function words.V(name)
  if type(name) ~= "string" then error("V: a " .. type(name) .. " is no pattern's name", 2) end
  return new("name", { name = name })
end

function words.C(value) return new("capture", { as_pattern(value, "C") }) end
function words.Ct(value) return (as_pattern(value, "Ct")) end

function words.Cg(value, name)
  local pattern = as_pattern(value, "Cg")
  return type(name) == "string" and new("field", { pattern, name = name }) or new("capture", { pattern })
end

for _, name in ipairs { "B", "Carg", "Cb", "Cc", "Cf", "Cmt", "Cp", "Cs", "locale", "match", "setmaxstack", "version" } do
  words[name] = function()
    error(name .. ": LPeg is no part of stook; there are P, S, R, V, C, Cg and Ct, which make regular expressions", 2)
  end
end

return {
  words = words,
  is_pattern = is_pattern,
  new = new,
  -- The expression of a pattern, and its fields: { group, name, type }.
  write = function(pattern, find)
    local to = { find = find, fields = {}, within = {} }
    return write(pattern, to), to.fields
  end,
}
