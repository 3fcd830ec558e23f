-- Masks the last part of client addresses: 192.0.2.17 becomes 192.0.2.0, 2001:db8:1:2::5 becomes 2001:db8:1::.
-- SPDX-License-Identifier: Apache-2.0
--
-- Changes the keys named in `keys` below where a row has them; addresses stay addresses, texts stay texts.
-- What is no address becomes "masked", so that nothing slips through.

local keys = { "remote_addr", "client", "src.ip", "http_x_forwarded_for" }

local function mask(address)
  local net = address:match("^(%d+%.%d+%.%d+)%.%d+$")
  if net then
    return net .. ".0"
  end
  if not address:find(":", 1, true) or address:find("[^%x:.]") then
    return "masked"
  end
  local groups = {}
  for group in address:match("^[%x:]*"):gsub("::.*$", ""):gmatch("%x+") do
    groups[#groups + 1] = group
    if #groups == 3 then
      break
    end
  end
  return table.concat(groups, ":") .. "::"
end

function filter(rec)
  for _, key in ipairs(keys) do
    local address = rec[key]
    if type(address) == "string" then
      rec[key] = mask(address)
    end
  end
end
