// SPDX-License-Identifier: Apache-2.0
#include "core/tool/control_socket.hh"

#include <cstdio>

#include "core/plan/plan.hh"

namespace stook {

namespace {
/// Where etc/stook.conf and etc/systemd/stookd.service.in have it.
constexpr const char* usual_socket = "/run/stook/control";
}  // namespace

std::string control_socket(const std::string& path, const std::string& file) {
  if (file.empty()) {
    return path.empty() ? usual_socket : path;
  }
  try {
    std::string socket = make_plan({file, {}})->settings.control;
    if (socket.empty()) {
      std::fprintf(stderr, "%s: [global] has no control=; add control=%s and start stookd again\n", file.c_str(),
                   usual_socket);
    }
    return socket;
  } catch (const ConfigErrors& errors) {
    std::fputs(show_errors(errors).c_str(), stderr);
    std::fputs("a running stookd can be asked all the same, by --socket PATH\n", stderr);
    return {};
  }
}

}  // namespace stook
