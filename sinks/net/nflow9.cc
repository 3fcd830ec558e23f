// SPDX-License-Identifier: Apache-2.0
/// nflow9: rows as flow records of NetFlow 9 (RFC 3954), to a collector.
///
/// A flow with bytes both ways becomes two records, the second one with its ends exchanged. A template is made for each set of
/// keys that rows have, and sent again every `nth_template` messages and every `template_every`.
///
///     [out]
///     dest = udp://192.0.2.7:9996
///
///     orig.ip.saddr=192.0.2.1 orig.ip.daddr=192.0.2.2 orig.raw.pktlen=120 reply.raw.pktlen=977   as   192.0.2.1 to 192.0.2.2
///     with 120 bytes, and 192.0.2.2 to 192.0.2.1 with 977
#include "core/net/net_needs.hh"
#include "sinks/net/flow_exporter.hh"

namespace stook {

namespace {

constexpr uint16_t nflow9_port = 9996;

struct Nflow9Config : ExporterConfig {
  uint64_t domain_id = 0;
  uint64_t mtu = 1400;
  uint64_t nth_template = 16;
  uint64_t corksets_max = 3;
  Duration template_every{60'000'000'000};
};

void declare(void* raw, std::string_view, Wiring&) {
  auto& config = *static_cast<Nflow9Config*>(raw);
  read_flow_target(config, config.dest, nflow9_port);
  config.packing = {false,
                    static_cast<uint32_t>(config.domain_id),
                    config.mtu,
                    config.corksets_max,
                    SendTemplate::Once,
                    config.nth_template,
                    config.template_every.ns};
}

std::unique_ptr<Sink> make(const Make& make) {
  return make_exporter(*static_cast<const Nflow9Config*>(make.config), make);
}

constexpr Option dest_option() {
  Option row = option<&ExporterConfig::dest>("dest", "udp://localhost:9996", "the collector: udp://HOST:PORT");
  row.assign = [](void* config, std::string_view text, const Option& self, std::string& why) {
    ExporterConfig& part = *static_cast<Nflow9Config*>(config);
    return detail::assign_value(part.dest, text, self, why);
  };
  return row;
}

constexpr Option options[] = {
    dest_option(),
    option<&Nflow9Config::domain_id>("domain_id", "0", "the source id", {0, 4294967295.0}),
    option<&Nflow9Config::mtu>("mtu", "1400", "bytes of a message; one record alone may be longer", {128, 65507}),
    option<&Nflow9Config::nth_template>("nth_template", "16", "templates are sent again after so many messages; 0: not",
                                        {0, 1e9}),
    option<&Nflow9Config::template_every>("template_every", "60s", "and after so long; 0: not", {0, 86400e9}),
    option<&Nflow9Config::corksets_max>("corksets_max", "3", "sets of a message", {3, 10000}),
};

}  // namespace

extern const Plugin sink_nflow9;
const Plugin sink_nflow9 = {
    .kind = Kind::Sink,
    .name = "nflow9",
    .doc = "rows as flow records of NetFlow 9, to a collector",
    .options = options,
    .primary = "dest",
    .config = config_type<Nflow9Config>,
    .declare = declare,
    .needs = tls_needs<Nflow9Config>,
    .sink = make,
    .format = "netflow9",
    .has_one_format = true,
};

}  // namespace stook
