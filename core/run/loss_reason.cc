// SPDX-License-Identifier: Apache-2.0
#include "core/run/loss_reason.hh"

#include <algorithm>

#include "core/plan/registry.hh"

namespace stook {

namespace {
/// Sources that read netlink and may lose rows have an option for the size of its buffer.
bool has_netlink_buffer(std::string_view plugin) {
  constexpr std::string_view buffer = "netlink_socket_buffer_size";
  const Plugin* source = find_plugin(Kind::Source, plugin);
  return source != nullptr && std::any_of(source->options.begin(), source->options.end(),
                                          [&](const Option& row) { return buffer == row.name; });
}
}  // namespace

std::vector<std::string_view> loss_reasons(std::string_view plugin) {
  std::vector<std::string_view> reasons;
  for (size_t i = 0; i < losses; i++) {
    reasons.push_back(loss_name(static_cast<Loss>(i)));
  }
  if (has_netlink_buffer(plugin)) {
    reasons[static_cast<size_t>(Loss::Kernel)] = "overrun";
  }
  return reasons;
}

}  // namespace stook
