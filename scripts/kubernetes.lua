-- Unwraps lines of containers under Kubernetes (CRI), and says of which namespace, pod and container they are.
-- SPDX-License-Identifier: Apache-2.0
--
-- Reads   message     "2026-11-21T03:38:00.123456789Z stdout F text"; others stay as they are
--         file.path   /var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log or /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log
-- Writes  message (the text), time, stream, is_partial (true for a part that goes on in the next line), namespace, pod,
--         container
--
-- Parts are joined by `multiline` with rule = cri in front of it, which also takes the head of the lines off.
--
--   stack = pods:TAIL, whole:MULTILINE, who:kubernetes, out:FILE
--   [pods]
--   path = /var/log/pods/*/*/*.log
--   [whole]
--   rule = cri

local parse = stook.time.parse
local last_path, namespace, pod, container       -- rows of one file come one after the other

local function look_at(path)
  last_path = path
  namespace, pod, container = path:match("/([^/_]+)_([^/_]+)_[^/_]+/([^/]+)/[^/]*$")
  if not namespace then
    pod, namespace, container = path:match("/([^/_]+)_([^/_]+)_([^/_]+)%-%x+%.log$")
  end
end

return {
  kind = "filter",
  doc = "Unwraps lines of containers under Kubernetes",
  state = "none",
  reads = { "message:text", "?file.path:text" },
  writes = {
    "message:text", "time:time", "stream:text", "is_partial:boolean", "namespace:text", "pod:text", "container:text",
  },
  row = function(message, path)
    if path and path ~= last_path then
      look_at(path)
    elseif not path then
      last_path, namespace, pod, container = nil, nil, nil, nil
    end
    local time, stream, mark, text = message:match("^(%d%d%d%d%-%S+) (std%a+) ([FP])%S* ?(.*)$")
    time = time and parse(time)
    if not time then
      return true, nil, nil, nil, nil, namespace, pod, container
    end
    return true, text, time, stream, mark == "P" or nil, namespace, pod, container
  end,
}
