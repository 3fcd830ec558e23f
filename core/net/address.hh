// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Addresses, written one way everywhere: `0.0.0.0:514`, `[::]:514`, `logs.example.org:514`, `*:514` (all
/// addresses of this machine, to listen on), `/run/stook.sock` (a unix socket), `@stook` (an abstract one). Pure.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stook {

/// An address as it was written. Either `path` is set, or `host` and `port` are.
struct Endpoint {
  /// A name, an address of IPv4 or IPv6 without brackets, or `*`.
  std::string host;
  uint16_t port = 0;
  /// Of a unix socket; begins with `/`, or with `@` when it is abstract.
  std::string path;

  bool is_unix() const { return !path.empty(); }
  /// Only this machine can reach it.
  bool is_local() const { return is_unix() || host == "localhost" || host == "::1" || host.starts_with("127."); }
  /// As it is written: `[::1]:514`, `/run/stook.sock`.
  std::string text() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Which of the two forms is meant where only one can be.
enum class AddressForm : uint8_t { Any, Network, Unix };

/// Whose address it is. Own: where this machine listens, so no name; its port may be 0, any that is free.
enum class AddressOf : uint8_t { Peer, Own };

/// Reads an address. `port` is what a text without one means; none: it has to say one. Throws std::invalid_argument with
/// one sentence: what is wrong; what would be right, for that form and `whose`.
Endpoint parse_endpoint(std::string_view text, AddressForm form = AddressForm::Any,
                        std::optional<uint16_t> port = std::nullopt, AddressOf whose = AddressOf::Peer);

/// The address of a socket, as the kernel has it.
class SocketAddress {
 public:
  SocketAddress() = default;
  SocketAddress(const sockaddr* address, socklen_t length);
  /// None when the host is a name, which has to be resolved first, or `*`.
  static std::optional<SocketAddress> of(const Endpoint& endpoint);
  /// What a descriptor is bound to, or connected to; empty when the kernel does not say.
  static SocketAddress of_socket(int fd);
  static SocketAddress of_peer(int fd);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const { return length_; }
  int family() const { return length_ == 0 ? AF_UNSPEC : storage_.ss_family; }
  bool is_unix() const { return family() == AF_UNIX; }

  /// As an Endpoint is written; `unix` for a unix socket without a name. An IPv4 address mapped into IPv6 shows as IPv4.
  std::string text() const;
  /// The bytes of the IP address, 4 or 16 in network order, IPv4 mapped into IPv6 as 4; they live as long as this does.
  /// Empty when it is none.
  std::string_view ip() const;
  /// 0 when there is none.
  uint16_t port() const;
  /// Those whose bytes are equal are one peer to limits: an IPv4 address, or the first 64 bits of an IPv6 one.
  std::string_view peer_group() const { return ip().substr(0, 8); }

 private:
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

}  // namespace stook
