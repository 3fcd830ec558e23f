// SPDX-License-Identifier: Apache-2.0
/// The options of the http source.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/plugin.hh"
#include "core/net/bound.hh"
#include "core/net/rows.hh"
#include "core/net/tls_config.hh"
#include "sources/http/records.hh"

namespace stook {

template <>
inline constexpr std::string_view choice_names<HttpForm>[] = {"auto", "ndjson", "json", "lines"};

struct HttpSourceConfig : TlsConfig {
  std::vector<std::string> listen;
  std::string mode;
  std::string path;
  std::string health;
  HttpForm format = HttpForm::Auto;
  std::string token;
  Size max_line;
  Size body;
  Size unpacked;
  Size memory;
  uint64_t connections = 0;
  uint64_t connections_per_address = 0;
  Duration idle;
  Duration first_byte;
  Duration unfinished;

  // Completed by declare.
  std::vector<Listening> listenings;
};

inline constexpr NetKey http_keys[] = {NetKey::Message, NetKey::Truncated, NetKey::RecvTime,
                                       NetKey::Id,      NetKey::PeerIp,    NetKey::PeerPort};

}  // namespace stook
