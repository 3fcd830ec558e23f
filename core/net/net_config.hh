// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The options of every source that listens, said once. A source's config derives from NetConfig, its table
/// joins the groups that it offers, and its `declare` turns the addresses into `listenings`.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/net/bound.hh"
#include "core/net/framing.hh"
#include "core/net/tls_config.hh"

namespace stook {

struct NetConfig : TlsConfig {
  Framing framing = Framing::Lf;
  Size max_line{256 * 1024};
  uint64_t connections = 4096;
  uint64_t connections_per_address = 256;
  Duration first_byte{10'000'000'000};
  Duration unfinished{60'000'000'000};
  Duration idle{0};
  Size rcvbuf{0};
  bool reuseport = false;
  /// Octal, as chmod(1) takes it.
  std::string mode = "0666";
  std::vector<Listening> listenings;
};

/// The number that the option `mode` writes. Throws std::invalid_argument.
unsigned parse_mode(std::string_view text);
/// As parse_listening, for an element of that option, whose name the sentence begins with.
Endpoint parse_listen(const char* option, std::string_view text, AddressForm form,
                      std::optional<uint16_t> port = std::nullopt);

namespace detail {
template <class C, auto P>
bool assign_of_net(void* config, std::string_view text, const Option& self, std::string& why) {
  NetConfig& group = *static_cast<C*>(config);
  return assign_value(group.*P, text, self, why);
}
}  // namespace detail

/// A row for a member of NetConfig, in the table of a source whose config is C.
template <class C, auto P>
constexpr Option net_option(const char* name, const char* fallback, const char* doc, Range range = {}) {
  Option row = option<P>(name, fallback, doc, range);
  row.assign = &detail::assign_of_net<C, P>;
  return row;
}

template <class C>
inline constexpr std::array record_options = {
    net_option<C, &NetConfig::max_line>("max_line", "256KiB", "a longer record is cut here and marked as truncated",
                                        {64, 16.0 * 1024 * 1024}),
};

template <class C>
inline constexpr std::array connection_options = {
    net_option<C, &NetConfig::connections>("connections", "4096", "open connections; more are refused", {1, 1e6}),
    net_option<C, &NetConfig::first_byte>("first_byte", "10s",
                                          "a connection has to send something, and to shake hands, within this time",
                                          {1e9, 86400e9}),
    net_option<C, &NetConfig::unfinished>(
        "unfinished", "60s", "silence within a record; then its begin is a row with partial, and the connection closes",
        {1e9, 86400e9}),
    net_option<C, &NetConfig::idle>("idle", "0", "silence between records, then the connection closes; 0 is for ever",
                                    {0, 1e9 * 86400 * 365}),
};

template <class C>
inline constexpr std::array peer_options = {
    net_option<C, &NetConfig::connections_per_address>(
        "connections_per_address", "256", "of them from one IPv4 address, or from one /64 of IPv6", {1, 1e6}),
};

template <class C>
inline constexpr std::array datagram_options = {
    net_option<C, &NetConfig::rcvbuf>(
        "rcvbuf", "0", "bytes that the kernel keeps for datagrams not yet read; 0 is the system's default",
        {0, 1024.0 * 1024 * 1024}),
};

template <class C>
inline constexpr std::array reuseport_options = {
    net_option<C, &NetConfig::reuseport>(
        "reuseport", "no",
        "several sources may listen on the address, each with front = own; the kernel divides the peers, or, with cpu, "
        "gives each source what its processor takes in"),
};

template <class C>
inline constexpr std::array mode_options = {
    net_option<C, &NetConfig::mode>("mode", "0666", "permissions of the sockets' files, in octal"),
};

}  // namespace stook
