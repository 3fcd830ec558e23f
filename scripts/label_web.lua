-- Labels requests of an access log by what they are for, and says when one was large.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   status, path, body_bytes_sent   from parse_access
-- Writes  label   one of api, asset, page, probe
--         is_large   true when the body reaches `large`
-- Options large   smallest body that counts as large, e.g. set = large=4MiB

local assets = { css = true, js = true, png = true, jpg = true, gif = true, svg = true, ico = true, woff2 = true }

return {
  kind = "filter",
  doc = "Labels requests by what they are for",
  state = "none",
  options = { large = { "size", "1MiB", "smallest body that counts as large" } },
  reads = { "status:integer", "path:text", "?body_bytes_sent:integer" },
  writes = { "label:text", "is_large:boolean" },
  setup = function(opt)
    local large = opt.large
    return {
      row = function(status, path, bytes)
        local label
        if path:find("^/api/") then
          label = "api"
        elseif status == 404 and path:find("%.php$") then
          label = "probe"
        else
          local ending = path:match("%.(%w+)$")
          label = ending and assets[ending] and "asset" or "page"
        end
        if bytes and bytes >= large then
          return true, label, true
        end
        return true, label
      end,
    }
  end,
}
