-- Drops requests that nobody wants to read about: health checks, robots.txt, favicons and answers "not modified".
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   path, status, http_user_agent   from parse_access
-- A row without a path is a line that did not parse: it stays, for somebody should see it.

local noise = {
  ["/healthz"] = true,
  ["/ping"] = true,
  ["/robots.txt"] = true,
  ["/favicon.ico"] = true,
}

function filter(rec)
  local path = rec.path
  if not path then
    return
  end
  if noise[path] or rec.status == 304 then
    return false
  end
  local agent = rec.http_user_agent
  if agent and agent:find("kube-probe", 1, true) then
    return false
  end
end
