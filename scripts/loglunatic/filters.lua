-- The small filters: stamper{}, multitail{}, unfold_fields{}, map{} and jsonify{}.
-- SPDX-License-Identifier: Apache-2.0

local record_json = part("record").json

local filters = {}

-- Says what a record is and where it is from: scheme://<this host>/path.
function filters.stamper(options)
  local source = ("%s://%s/%s"):format(options.scheme or "file", stook.hostname, options.path or "")
  return {
    run = function(_, record)
      record.type, record.source = options.type, source
      return record
    end,
  }
end

-- Takes out the `==> path <==` that `tail -f a b` writes, and says of the records behind it which file they are of.
function filters.multitail()
  local source
  return {
    run = function(_, record)
      local path = record.message:match("^[=-]+>%s+(.-)%s+<[=-]+$")
      if path then
        source = "tail://" .. stook.hostname .. (path:sub(1, 1) == "/" and path or "/" .. path)
        return nil
      end
      record.source = source or record.source
      return record
    end,
  }
end

local function unfold(from, to, prefix)
  for name, value in pairs(from) do
    if type(value) == "table" then
      unfold(value, to, prefix .. name .. "_")
    else
      to[prefix .. name] = value
    end
  end
  return to
end

function filters.unfold_fields()
  return {
    run = function(_, record)
      record.fields = unfold(record.fields, {}, "")
      return record
    end,
  }
end

-- Changes a field, or a member of the record, by a function or by a table, whose [1] stands for what is not in it.
function filters.map(options)
  local field, change = options.field, options.func
  if type(field) ~= "string" then error("it takes field = \"name\"", 0) end
  if not change and type(options.lookup) ~= "table" then error("it takes func, a function, or lookup, a table", 0) end
  if not change then
    change = function(value)
      local found = options.lookup[value]
      if found == nil then found = options.lookup[1] end
      return found
    end
  end
  return {
    run = function(_, record)
      local place = record.fields[field] ~= nil and record.fields or record
      if place[field] ~= nil then place[field] = change(place[field]) end
      return record
    end,
  }
end

-- The record as a text, in logstash's JSON.
function filters.jsonify()
  return { run = function(_, record) return record_json(record) end }
end

return filters
