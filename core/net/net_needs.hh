// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What listeners, and whoever speaks TLS, need of the system.
#pragma once

#include <vector>

#include "core/api/needs.hh"
#include "core/net/bound.hh"
#include "core/net/tls_config.hh"

namespace stook {

/// Its files, where they are given.
void add_tls_needs(const TlsConfig& config, Needs& needs);
/// Where it listens. They live as long as what is asked.
void add_listenings(const std::vector<Listening>& listenings, Needs& needs);

/// As Plugin::needs, for a config that derives from TlsConfig; and for one that has `listenings` besides.
template <class C>
void tls_needs(const void* config, Needs& needs) {
  add_tls_needs(*static_cast<const C*>(config), needs);
}
template <class C>
void net_needs(const void* config, Needs& needs) {
  const C& net = *static_cast<const C*>(config);
  add_tls_needs(net, needs);
  add_listenings(net.listenings, needs);
}

}  // namespace stook
