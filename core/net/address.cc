// SPDX-License-Identifier: Apache-2.0
#include "core/net/address.hh"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <stdexcept>

namespace stook {

namespace {

constexpr size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;
constexpr size_t longest_name = 253;  // RFC 1035, section 2.3.4

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw std::invalid_argument("`" + std::string(text) + "` " + why);
}

bool is_ip6(const std::string& host) {
  in6_addr ignored;
  return inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &ignored) == 1;
}

/// A name of hosts, an IPv4 address, or `*`.
bool is_host(std::string_view host) {
  if (host == "*") {
    return true;
  }
  return !host.empty() && host.size() <= longest_name && host.front() != '-' &&
         std::all_of(host.begin(), host.end(), [](unsigned char c) {
           return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' || c == '-' ||
                  c == '_';
         });
}

/// Only digits and dots: meant as IPv4, so that `10.1.2.300` is not taken for a name.
bool looks_like_ip4(std::string_view host) {
  return host.find_first_not_of("0123456789.") == std::string_view::npos;
}

/// What is right in that place.
std::string examples(AddressForm form, AddressOf whose) {
  std::string network = std::string("10.0.0.1:514, [::1]:514") + (whose == AddressOf::Own ? ", *:514" : ", host:514");
  std::string local = "/run/stook.sock or @stook";
  return form == AddressForm::Network ? network.replace(network.rfind(", "), 2, " or ")
         : form == AddressForm::Unix  ? local
                                      : network + ", " + local;
}

uint16_t read_port(std::string_view digits, std::string_view text, AddressOf whose) {
  unsigned port = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  bool is_number = !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
  if (error != std::errc() || end != digits.data() + digits.size() || port > 65535) {
    refuse(text, std::string(is_number ? "has a port above 65535" : "has no port behind its last colon") +
                     "; a port is a number from 1 to 65535" +
                     (whose == AddressOf::Own ? ", or 0 for any that is free" : ", as in 10.0.0.1:514"));
  }
  return static_cast<uint16_t>(port);
}

/// An IPv6 address without brackets as it was meant: behind its last colon is a port, if the rest is an address.
std::string with_brackets(std::string_view text, uint16_t port) {
  size_t colon = text.rfind(':');
  std::string_view last = text.substr(colon + 1);
  bool has_port =
      last.find_first_not_of("0123456789") == std::string_view::npos && is_ip6(std::string(text.substr(0, colon)));
  return has_port ? "[" + std::string(text.substr(0, colon)) + "]:" + std::string(last)
                  : "[" + std::string(text) + "]:" + std::to_string(port);
}

Endpoint parse_path(std::string_view text) {
  if (text.size() < 2) {
    refuse(text, "names no unix socket; write /run/stook.sock, or @stook for an abstract one");
  }
  if (text.size() > longest_path) {
    refuse(text, "is too long for a unix socket; the kernel takes " + std::to_string(longest_path) + " bytes");
  }
  return {{}, 0, std::string(text)};
}

Endpoint parse_network(std::string_view text, AddressForm form, std::optional<uint16_t> port, AddressOf whose) {
  std::string_view host = text;
  std::string_view rest;
  bool is_bracketed = text.starts_with('[');
  if (is_bracketed) {
    size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ip6(std::string(text.substr(1, end - 1)))) {
      refuse(text, "has no IPv6 address in its brackets; write [::1]:514");
    }
    host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else if (is_ip6(std::string(text))) {
    refuse(text, "is an IPv6 address without brackets; write " + with_brackets(text, port.value_or(514)));
  } else if (size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (!is_bracketed && host.empty()) {
    refuse(text, "names no host; write *" + std::string(text) + " for all addresses of this machine");
  }
  bool is_address = is_bracketed || !looks_like_ip4(host);
  in_addr ignored;
  if (!is_bracketed &&
      (!is_host(host) || (!is_address && inet_pton(AF_INET, std::string(host).c_str(), &ignored) != 1))) {
    refuse(text, "is no address; write " + examples(form, whose));
  }
  if (rest.empty() && !port) {
    refuse(text, "has no port; write " + std::string(text) + ":514");
  }
  if (!rest.empty() && rest.front() != ':') {
    refuse(text, "goes on behind its bracket; write [::1]:514");
  }
  return {std::string(host), rest.empty() ? *port : read_port(rest.substr(1), text, whose), {}};
}

}  // namespace

std::string Endpoint::text() const {
  if (is_unix()) {
    return path;
  }
  bool is_bracketed = host.find(':') != std::string::npos;
  return (is_bracketed ? "[" + host + "]:" : host + ":") + std::to_string(port);
}

Endpoint parse_endpoint(std::string_view text, AddressForm form, std::optional<uint16_t> port, AddressOf whose) {
  bool is_path = text.starts_with('/') || text.starts_with('@');
  if (text.empty()) {
    refuse(text, "is no address; write " + examples(form, whose));
  }
  if (text.find('\0') != std::string_view::npos) {
    refuse(text.substr(0, text.find('\0')), "has a NUL byte; addresses have none");
  }
  if (is_path && form == AddressForm::Network) {
    refuse(text, "is a unix socket; here it has to be an address and a port, as 10.0.0.1:514");
  }
  if (!is_path && form == AddressForm::Unix) {
    refuse(text, "is no unix socket; write /run/stook.sock, or @stook for an abstract one");
  }
  return is_path ? parse_path(text) : parse_network(text, form, port, whose);
}

SocketAddress::SocketAddress(const sockaddr* address, socklen_t length)
    : length_(std::min<socklen_t>(length, sizeof storage_)) {
  std::memcpy(&storage_, address, length_);
}

std::optional<SocketAddress> SocketAddress::of(const Endpoint& endpoint) {
  if (endpoint.is_unix()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    size_t size = std::min(endpoint.path.size(), longest_path);
    std::memcpy(address.sun_path, endpoint.path.data(), size);
    bool is_abstract = endpoint.path.front() == '@';
    address.sun_path[0] = is_abstract ? '\0' : '/';
    // An abstract name has its length and no end; the name of a file ends with a NUL that counts.
    auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size + (is_abstract ? 0 : 1));
    return SocketAddress(reinterpret_cast<const sockaddr*>(&address), length);
  }
  sockaddr_in ip4{};
  if (inet_pton(AF_INET, endpoint.host.c_str(), &ip4.sin_addr) == 1) {
    ip4.sin_family = AF_INET;
    ip4.sin_port = htons(endpoint.port);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&ip4), sizeof ip4);
  }
  sockaddr_in6 ip6{};
  size_t scope = endpoint.host.find('%');
  if (inet_pton(AF_INET6, endpoint.host.substr(0, scope).c_str(), &ip6.sin6_addr) == 1) {
    ip6.sin6_family = AF_INET6;
    ip6.sin6_port = htons(endpoint.port);
    ip6.sin6_scope_id = scope == std::string::npos ? 0 : if_nametoindex(endpoint.host.c_str() + scope + 1);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&ip6), sizeof ip6);
  }
  return std::nullopt;
}

SocketAddress SocketAddress::of_socket(int fd) {
  SocketAddress made;
  socklen_t length = sizeof made.storage_;
  bool is_told = getsockname(fd, reinterpret_cast<sockaddr*>(&made.storage_), &length) == 0;
  made.length_ = is_told ? length : 0;
  return made;
}

SocketAddress SocketAddress::of_peer(int fd) {
  SocketAddress made;
  socklen_t length = sizeof made.storage_;
  bool is_told = getpeername(fd, reinterpret_cast<sockaddr*>(&made.storage_), &length) == 0;
  made.length_ = is_told ? length : 0;
  return made;
}

std::string_view SocketAddress::ip() const {
  if (family() == AF_INET) {
    return {reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr), 4};
  }
  if (family() == AF_INET6) {
    const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr;
    std::string_view bytes(reinterpret_cast<const char*>(&address), 16);
    return IN6_IS_ADDR_V4MAPPED(&address) ? bytes.substr(12) : bytes;
  }
  return {};
}

uint16_t SocketAddress::port() const {
  if (family() == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
  }
  return family() == AF_INET6 ? ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port) : uint16_t{0};
}

std::string SocketAddress::text() const {
  if (is_unix()) {
    const char* path = reinterpret_cast<const sockaddr_un*>(&storage_)->sun_path;
    size_t size = length_ - std::min<size_t>(length_, offsetof(sockaddr_un, sun_path));
    if (size == 0) {
      return "unix";
    }
    return *path == '\0' ? "@" + std::string(path + 1, size - 1) : std::string(path, strnlen(path, size));
  }
  char text[INET6_ADDRSTRLEN];
  std::string_view address = ip();
  if (address.empty() ||
      inet_ntop(address.size() == 4 ? AF_INET : AF_INET6, address.data(), text, sizeof text) == nullptr) {
    return "unknown";
  }
  uint32_t scope = family() == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_scope_id : 0;
  char name[IF_NAMESIZE];
  std::string host = text;
  if (scope != 0 && address.size() == 16 && if_indextoname(scope, name) != nullptr) {
    host += "%" + std::string(name);
  }
  return Endpoint{host, port(), {}}.text();
}

}  // namespace stook
