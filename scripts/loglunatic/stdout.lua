-- outputs.stdout{}: records for somebody to read, as Lua would have them, on the standard output of the process.
-- SPDX-License-Identifier: Apache-2.0

local escapes = { ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quoted(text)
  text = text:gsub("[\\%c]", function(byte) return escapes[byte] or ("\\%03d"):format(byte:byte()) end)
  if text:find('"', 1, true) and not text:find("'", 1, true) then return "'" .. text .. "'" end
  return '"' .. text:gsub('"', '\\"') .. '"'
end

local function sorted_names(from)
  local names = {}
  for name in pairs(from) do
    if not (math.type(name) == "integer" and name >= 1 and name <= #from) then names[#names + 1] = name end
  end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

local function show(value, indent)
  local kind = math.type(value) or type(value)
  if kind == "string" then return quoted(value) end
  if kind == "float" then return ("%.14g"):format(value) end
  if kind ~= "table" then return tostring(value) end
  local parts, inner = {}, indent .. "  "
  for _, one in ipairs(value) do parts[#parts + 1] = " " .. show(one, inner) end
  local names = sorted_names(value)
  for _, name in ipairs(names) do
    local is_word = type(name) == "string" and name:find("^[%a_][%w_]*$")
    parts[#parts + 1] = "\n" .. inner .. (is_word and name or "[" .. show(name, inner) .. "]") .. " = " .. show(value[name], inner)
  end
  local close = #names > 0 and "\n" .. indent or #parts > 0 and " " or ""
  return "{" .. table.concat(parts, ",") .. close .. "}"
end

local function stdout()
  if not put_out then error("a script in a process of its own (isolate) has no standard output", 0) end
  return {
    is_output = true,
    run = function(_, record)
      local is_written, why = put_out((type(record) == "table" and show(record, "") or tostring(record)) .. "\n")
      if not is_written then error("standard output: " .. why, 0) end
      return record
    end,
  }
end

return stdout
