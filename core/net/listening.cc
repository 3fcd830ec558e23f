// SPDX-License-Identifier: Apache-2.0
/// Addresses to listen on: how they are read.
#include <stdexcept>

#include "core/net/bound.hh"

namespace stook {

Endpoint parse_listening(std::string_view text, AddressForm form, std::optional<uint16_t> port) {
  Endpoint endpoint = parse_endpoint(text, form, port, AddressOf::Own);
  std::optional<SocketAddress> address = SocketAddress::of(endpoint);
  if (address && address->family() == AF_INET6 && address->ip().size() == 4) {
    std::string plain = address->text();
    throw std::invalid_argument("`" + std::string(text) + "` is an IPv4 address in IPv6; write " + plain);
  }
  if (!endpoint.is_unix() && endpoint.host != "*" && !address) {
    std::string digits = std::to_string(endpoint.port);
    throw std::invalid_argument("`" + std::string(text) +
                                "` is a name; what listens needs an address of this machine: 127.0.0.1:" + digits +
                                ", [::1]:" + digits + ", or *:" + digits + " for all");
  }
  return endpoint;
}

}  // namespace stook
