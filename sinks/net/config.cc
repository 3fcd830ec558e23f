// SPDX-License-Identifier: Apache-2.0
#include "sinks/net/config.hh"

#include <stdexcept>

namespace stook {

void read_target(SocketConfig& config, AddressForm form, std::optional<uint16_t> port) {
  try {
    config.endpoint = parse_endpoint(config.to, form, port);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument("to: " + std::string(error.what()));
  }
  if (config.endpoint.host == "*") {
    throw std::invalid_argument("to: `" + config.to + "` names every host; write one, as in logs.example.org:514");
  }
  if (!config.endpoint.is_unix() && config.endpoint.port == 0) {
    throw std::invalid_argument("to: `" + config.to + "` has port 0, where nobody listens; write one from 1 to 65535");
  }
}

}  // namespace stook
