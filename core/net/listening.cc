// SPDX-License-Identifier: Apache-2.0
/// Addresses to listen on: how they are read, and which of them cannot be bound at once.
#include <cstring>
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

bool exclude_each_other(const Listening& a, const Listening& b) {
  const Endpoint& one = a.endpoint;
  const Endpoint& other = b.endpoint;
  if (one.is_unix() || other.is_unix()) {
    // Two kinds of sockets may have one abstract name, and not one file.
    return one.path == other.path && (a.is_stream == b.is_stream || one.path.front() == '/');
  }
  if (one.port != other.port || one.port == 0 || a.is_stream != b.is_stream || (a.is_shared && b.is_shared)) {
    return false;
  }
  std::optional<SocketAddress> first = SocketAddress::of(one);
  std::optional<SocketAddress> second = SocketAddress::of(other);
  if (!first || !second) {  // `*`
    return true;
  }
  auto is_all = [](const SocketAddress& address) {
    return address.ip().find_first_not_of('\0') == std::string_view::npos;
  };
  bool is_same = first->length() == second->length() && std::memcmp(first->get(), second->get(), first->length()) == 0;
  return first->family() == second->family() && (is_same || is_all(*first) || is_all(*second));
}

}  // namespace stook
