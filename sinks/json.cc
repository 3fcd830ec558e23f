// SPDX-License-Identifier: Apache-2.0
/// json: rows as JSON to a file, or to a program by TCP, UDP or a unix socket; JSON of ulogd.
///
/// What stands in an object is the codec's, `ulogd_json`: ulogd's names and members. The sinks `file`, `tcp`, `udp` and `unix`
/// write what stook itself calls JSON.
///
///     stack=log2:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR,mac2str1:HWHDR,json1:JSON
///     [json1]
///     file="/var/log/ulog/ulogd.json"
///
///     {"timestamp": "2026-11-22T01:57:42.447707", "dvc": "Netfilter", "raw.pktlen": 33, "src_ip": "192.0.2.1", …}
#include <array>

#include "sinks/file/ulogd_options.hh"
#include "sinks/net/config.hh"

namespace stook {

namespace {
enum class JsonMode : uint8_t { File, Tcp, Udp, Unix };

struct JsonSinkConfig {
  FileConfig file;
  SocketConfig socket;
  JsonMode mode = JsonMode::File;
  std::string host;
  std::string port;
};
}  // namespace

template <>
inline constexpr std::string_view choice_names<JsonMode>[] = {"file", "tcp", "udp", "unix"};

namespace {
constexpr auto file_rows = file_options("/var/log/ulogd.json");

/// `mode` is where rows go; the file's own is called otherwise here.
constexpr const char* name_of(const Option& row) {
  return std::string_view(row.name) == "mode" ? "file_mode" : row.name;
}

/// The option of the sinks with files of that name, put into the file's part.
bool assign_file(void* config, std::string_view text, const Option& self, std::string& why) {
  for (const Option& row : file_rows) {
    if (std::string_view(name_of(row)) == self.name) {
      return row.assign(&static_cast<JsonSinkConfig*>(config)->file, text, row, why);
    }
  }
  return false;
}

constexpr auto options = [] {
  std::array<Option, file_rows.size() + 4> all{};
  for (size_t i = 0; i < file_rows.size(); i++) {
    all[i] = file_rows[i];
    all[i].name = name_of(file_rows[i]);
    all[i].assign = assign_file;
  }
  all[0].doc = "the file; with mode = unix the socket";
  all[file_rows.size()] = option<&JsonSinkConfig::mode>("mode", "file", "where rows go");
  all[file_rows.size() + 1] = option<&JsonSinkConfig::host>("host", "127.0.0.1", "with mode = tcp or udp: to whom");
  all[file_rows.size() + 2] = option<&JsonSinkConfig::port>("port", "12345", "and its port");
  Option wait = connect_timeout_option<SocketConfig>;
  wait.assign = [](void* config, std::string_view text, const Option& self, std::string& why) {
    return detail::assign_value(static_cast<JsonSinkConfig*>(config)->socket.connect_timeout, text, self, why);
  };
  all[file_rows.size() + 3] = wait;
  return all;
}();

void declare(void* raw, std::string_view folder, Wiring& wiring) {
  auto& config = *static_cast<JsonSinkConfig*>(raw);
  switch (config.mode) {
    case JsonMode::File:
      declare_file(&config.file, folder, wiring);
      return;
    case JsonMode::Unix:
      config.socket.to = config.file.path;
      read_target(config.socket, AddressForm::Unix);
      return;
    case JsonMode::Tcp:
    case JsonMode::Udp:
      bool is_six = config.host.find(':') != std::string::npos && config.host.front() != '[';
      config.socket.to = (is_six ? "[" + config.host + "]" : config.host) + ":" + config.port;
      read_target(config.socket, AddressForm::Network);
      return;
  }
}

std::unique_ptr<Sink> make(const Make& make) {
  const auto& config = *static_cast<const JsonSinkConfig*>(make.config);
  switch (config.mode) {
    case JsonMode::Udp:
      return make_datagram_sink(config.socket, make);
    case JsonMode::Tcp:
    case JsonMode::Unix:
      return make_stream_sink(config.socket, make);
    case JsonMode::File:
      break;
  }
  return make_file_sink(config.file, make.header, make.is_binary);
}

void needs_of(const void* raw, Needs& needs) {
  const auto& config = *static_cast<const JsonSinkConfig*>(raw);
  if (config.mode == JsonMode::File) {
    file_needs(&config.file, needs);
  }
}

}  // namespace

extern const Plugin sink_json;
const Plugin sink_json = {
    .kind = Kind::Sink,
    .name = "json",
    .doc = "rows as ulogd's JSON, to a file, TCP, UDP or a unix socket",
    .options = options,
    .primary = "file",
    .config = config_type<JsonSinkConfig>,
    .declare = declare,
    .needs = needs_of,
    .sink = make,
    .format = "ulogd_json",
};

}  // namespace stook
