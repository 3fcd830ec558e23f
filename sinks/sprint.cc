// SPDX-License-Identifier: Apache-2.0
/// sprint: rows in a form of one's own, to a file, the standard output, or by UDP or TCP; SPRINT of ulogd's child with
/// rings.
///
/// What is written of a row is the codec's, `sprint`. By UDP a row is a datagram; by TCP a row that ends without a
/// newline gets one.
///
///     stack=ct1:NFCT,sp1:SPRINT
///     [sp1]
///     form=<orig.ip.saddr> <orig.ip.daddr> (<orig.l4.dport>|-)\n
///     dest=file:///var/log/flows.txt
#include <stdexcept>

#include "core/api/plugin.hh"
#include "sinks/file/config.hh"
#include "sinks/net/config.hh"

namespace stook {

extern const Plugin sink_stdout;

namespace {

enum class SprintTarget : uint8_t { File, Stdout, Udp, Tcp };

struct SprintConfig : SocketConfig {
  FileConfig file;
  std::string dest;
  std::string mode;

  // Completed by declare.
  SprintTarget target = SprintTarget::File;
};

constexpr Option options[] = {
    option<&SprintConfig::dest>("dest", required,
                                "file://PATH, file:// for the standard output, udp://HOST:PORT or tcp://HOST:PORT"),
    option<&SprintConfig::mode>("mode", "0640", "permissions of new files, in octal"),
    connect_timeout_option<SprintConfig>,
};

void declare(void* raw, std::string_view folder, Wiring& wiring) {
  auto& config = *static_cast<SprintConfig*>(raw);
  constexpr std::string_view file = "file://";
  constexpr std::string_view udp = "udp://";
  std::string_view dest = config.dest;
  if (dest.starts_with(file)) {
    config.file.path = dest.substr(file.size());
    config.file.mode = config.mode;
    config.file.sync = "never";
    config.target = config.file.path.empty() ? SprintTarget::Stdout : SprintTarget::File;
    if (config.target == SprintTarget::File) {
      declare_file(&config.file, folder, wiring);
    }
    return;
  }
  if (!dest.starts_with(udp) && !dest.starts_with("tcp://")) {
    throw std::invalid_argument(
        "dest is '" + config.dest +
        "', which begins with none of file://, udp:// and tcp://; write file:///var/log/flows.txt");
  }
  config.target = dest.starts_with(udp) ? SprintTarget::Udp : SprintTarget::Tcp;
  config.to = dest.substr(udp.size());
  read_target(config, AddressForm::Network);
}

std::unique_ptr<Sink> make(const Make& make) {
  const auto& config = *static_cast<const SprintConfig*>(make.config);
  switch (config.target) {
    case SprintTarget::Stdout:
      return sink_stdout.sink(make);
    case SprintTarget::Udp:
      return make_datagram_sink(config, make);
    case SprintTarget::Tcp:
      return make_stream_sink(config, make);
    case SprintTarget::File:
      break;
  }
  return make_file_sink(config.file, make.header, make.is_binary);
}

void needs_of(const void* raw, Needs& needs) {
  const auto& config = *static_cast<const SprintConfig*>(raw);
  if (config.target == SprintTarget::File) {
    file_needs(&config.file, needs);
  }
}

}  // namespace

extern const Plugin sink_sprint;
const Plugin sink_sprint = {
    .kind = Kind::Sink,
    .name = "sprint",
    .doc = "rows in a form of one's own, to a file, UDP or TCP; ulogd's SPRINT",
    .options = options,
    .primary = "dest",
    .config = config_type<SprintConfig>,
    .declare = declare,
    .needs = needs_of,
    .sink = make,
    .format = "sprint",
};

}  // namespace stook
