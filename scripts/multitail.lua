-- Takes out the lines ==> path <== that `tail -f a b` writes, and says of the rows behind each which file they are of.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   message  lines
-- Writes  source   tail://host/path, of the header before; absent where there was none yet
-- Options host     the name of this machine, if it is to be another one
--
--   stack = in:EXEC, multitail, out:FILE
--   [in]
--   command = tail -F /var/log/a.log /var/log/b.log

return {
  kind = "filter",
  doc = "Says of lines that `tail -f a b` writes which file they are of",
  state = "lane",
  options = { host = { "text", "", "the name of this machine, if it is to be another one" } },
  reads = { "message:text" },
  writes = { "source:text" },
  setup = function(opt)
    local begin = "tail://" .. (opt.host ~= "" and opt.host or stook.hostname)
    local source
    return {
      row = function(line)
        local first = line:byte()
        if first ~= 0x3d and first ~= 0x2d then return true, source end  -- neither = nor -
        local path = line:match("^[=-]+> (.+) <[=-]+$")
        if not path then return true, source end
        source = begin .. (path:sub(1, 1) == "/" and "" or "/") .. path
        return false
      end,
    }
  end,
}
