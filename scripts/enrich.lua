-- Adds the columns of a table to rows, found by the value of a key.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   key     rows without it, and values that the table has not, stay as they are
-- Writes  each other column of the table, behind `prefix`
-- Options table   the file, .csv or .msgpack, in the folder of this script or below (copy it to a folder of yours)
--         column  of a .csv: the column that the key is looked up in; without it the first one
--         key, prefix
--
-- A file that changes is read again by itself; one that cannot be read leaves the former in use.
--
--   [global]
--   scripts = /etc/stook/scripts            # has enrich.lua and hosts.csv
--   stack = in:TAIL, parse:PARSE_ACCESS, enrich(table=hosts.csv, key=remote_addr, prefix=client_), out:FILE

return {
  kind = "filter",
  doc = "Adds the columns of a table to rows",
  state = "none",
  options = {
    table = { "text", nil, "the file with the table" },
    column = { "text", "", "the column that is looked up in" },
    key = { "text", nil, "the key whose value is looked up" },
    prefix = { "text", "", "what stands before the names of the columns" },
  },
  setup = function(opt)
    local rows = stook.lookup(opt.table, opt.column ~= "" and opt.column or nil)
    local key, prefix = opt.key, opt.prefix
    return {
      filter = function(rec)
        local value = rec[key]
        local found = value ~= nil and rows:get(tostring(value))
        if type(found) ~= "table" then
          return
        end
        for column, cell in pairs(found) do
          if cell ~= value then
            rec[prefix .. column] = cell
          end
        end
      end,
    }
  end,
}
