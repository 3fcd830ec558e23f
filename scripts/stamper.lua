-- Says of rows what they are and where they are from: type, and source = scheme://this host/path.
-- SPDX-License-Identifier: Apache-2.0
--
-- Writes  type    what the option says
--         source  scheme://host/path
-- Options type    what the rows are
--         scheme  how they came here, e.g. tail
--         path    where they stood, without a slash at its begin
--         host    the name of this machine, if it is to be another one
--
--   stack = in:TAIL, stamper(type=nginx_access, scheme=tail, path=var/log/nginx/access.log), out:FILE

return {
  kind = "filter",
  doc = "Says of rows what they are and where they are from",
  state = "none",
  options = {
    type = { "text", "", "what the rows are" },
    scheme = { "text", "file", "how they came here" },
    path = { "text", "", "where they stood" },
    host = { "text", "", "the name of this machine, if it is to be another one" },
  },
  writes = { "type:text", "source:text" },
  setup = function(opt)
    local source = ("%s://%s/%s"):format(opt.scheme, opt.host ~= "" and opt.host or stook.hostname, opt.path)
    local kind = opt.type ~= "" and opt.type or nil
    return { row = function() return true, kind, source end }
  end,
}
