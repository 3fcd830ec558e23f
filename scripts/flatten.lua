-- Makes keys of what is inside of objects: user = {"id": 7} becomes user_id = 7.
-- SPDX-License-Identifier: Apache-2.0
--
-- Changes keys that are objects; arrays stay unless `arrays` is set, and so do empty objects
-- Options between  what stands between names
--         arrays   whether elements of arrays become keys, too, numbered from 0
--         depth    objects deeper than that stay
--
--   stack = in:TAIL, parse:PARSE_JSON, flatten(between=.), out:FILE

return {
  kind = "filter",
  doc = "Makes keys of what is inside of objects",
  state = "none",
  options = {
    between = { "text", "_", "what stands between names" },
    arrays = { "boolean", false, "whether elements of arrays become keys" },
    depth = { "integer", 10, "objects deeper than that stay" },
  },
  setup = function(opt)
    local between, arrays = opt.between, opt.arrays

    local function spread(rec, name, object, depth)
      for key, value in pairs(object) do
        local inner = name .. between .. (math.type(key) and math.tointeger(key - 1) or key)
        local is_open = type(value) == "table" and next(value) ~= nil and depth > 1 and (arrays or #value == 0)
        if is_open then
          spread(rec, inner, value, depth - 1)
        else
          rec[inner] = value
        end
      end
    end

    return {
      filter = function(rec)
        local objects
        for key, value in pairs(rec) do
          if type(value) == "table" and next(value) ~= nil and (arrays or #value == 0) then
            objects = objects or {}
            objects[key] = value
          end
        end
        for key, value in pairs(objects or {}) do
          rec[key] = nil
          spread(rec, key, value, opt.depth)
        end
      end,
    }
  end,
}
