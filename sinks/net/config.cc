// SPDX-License-Identifier: Apache-2.0
#include "sinks/net/config.hh"

#include <stdexcept>

namespace stook {

void read_target(SocketConfig& config, AddressForm form, std::optional<uint16_t> port, const char* option) {
  config.endpoint = read_option(option, [&] { return parse_endpoint(config.to, form, port); });
  std::string begin = std::string(option) + ": `" + config.to;
  if (config.endpoint.host == "*") {
    throw std::invalid_argument(begin + "` names every host; write one, as in logs.example.org:514");
  }
  if (!config.endpoint.is_unix() && config.endpoint.port == 0) {
    throw std::invalid_argument(begin + "` has port 0, where nobody listens; write one from 1 to 65535");
  }
}

}  // namespace stook
