// SPDX-License-Identifier: Apache-2.0
/// What comes to the monitor from a stookd out of its mind, and what comes back from a monitor: it is what the writer gives,
/// to the byte, or nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/daemon/monitor_message.hh"

using namespace stook;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (auto request = read_request(bytes)) {
    bool is_open = request->deed == MonitorRequest::Deed::Open;
    bool is_right = is_open ? request->id.empty() && request->target.front() == '/' : !request->id.empty();
    if (!is_right || request->target.find('\0') != std::string::npos || write_request(*request) != bytes) {
      std::abort();
    }
  }
  if (auto reason = read_answer(bytes); reason && write_answer(reason->empty(), *reason) != bytes) {
    std::abort();
  }
  return 0;
}
