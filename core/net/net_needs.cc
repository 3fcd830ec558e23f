// SPDX-License-Identifier: Apache-2.0
#include "core/net/net_needs.hh"

namespace stook {

void add_tls_needs(const TlsConfig& config, Needs& needs) {
  for (const std::string* file : {&config.tls_ca, &config.tls_cert, &config.tls_key, &config.tls_client_ca}) {
    if (!file->empty()) {
      needs.trusted.push_back(*file);
    }
  }
}

void add_listenings(const std::vector<Listening>& listenings, Needs& needs) {
  for (const Listening& listening : listenings) {
    needs.listens.push_back(&listening);
    if (listening.endpoint.is_unix() && listening.endpoint.path.front() == '/') {
      needs.writes.push_back(listening.endpoint.path);  // it is removed at the end
    }
  }
}

}  // namespace stook
