// SPDX-License-Identifier: Apache-2.0
/// A sink that sends flows to a collector, by UDP, TCP or TLS. Room: its carrier.
#pragma once

#include <memory>
#include <string>

#include "core/api/plugin.hh"
#include "core/net/address.hh"
#include "core/net/tls_config.hh"
#include "sinks/net/flow_packer.hh"

namespace stook {

/// What an exporter needs to know, however its options are called.
struct ExporterConfig : TlsConfig {
  std::string dest;
  Duration connect_timeout{10'000'000'000};

  // Completed by declare.
  Endpoint endpoint;
  bool is_udp = false;
  FlowPacking packing;
};

/// Reads `udp://HOST:PORT`, `tcp://…` or `tls://…`. Throws std::invalid_argument with one sentence.
void read_flow_target(ExporterConfig& config, const std::string& target, uint16_t port);

/// The config lives as long as the sink.
std::unique_ptr<Sink> make_exporter(const ExporterConfig& config, const Make& make);

}  // namespace stook
