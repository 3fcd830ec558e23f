// SPDX-License-Identifier: Apache-2.0
/// victorialogs: sends rows to VictoriaLogs, as lines of JSON.
///
///   [out]
///   url = http://logs.example:9428
///   stream_fields = host, app
///   message_field = message
#include <array>

#include "core/api/plugin.hh"
#include "core/net/net_needs.hh"
#include "sinks/http/settings.hh"
#include "sinks/http/sink.hh"

namespace stook {

namespace {
struct VictoriaConfig : HttpSettings {
  std::vector<std::string> stream_fields;
  std::string time_field;
  std::string message_field;
  std::string tenant;
};

constexpr std::array own_options = {
    option<&VictoriaConfig::stream_fields>("stream_fields", "", "keys whose values make the stream"),
    option<&VictoriaConfig::time_field>("time_field", "time", "key that is the time"),
    option<&VictoriaConfig::message_field>("message_field", "message", "key that is the message"),
    option<&VictoriaConfig::tenant>("tenant", "", "account and project, as 12:34; empty: 0:0"),
};
constexpr auto options = join_options(http_options, own_options);

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += text.empty() ? name : "," + name;
  }
  return text;
}

void declare_sink(void* raw, std::string_view folder, Wiring&) {
  auto& config = *static_cast<VictoriaConfig*>(raw);
  if (!config.tenant.empty()) {
    size_t colon = config.tenant.find(':');
    config.header.push_back("AccountID: " + config.tenant.substr(0, colon));
    config.header.push_back("ProjectID: " + (colon == std::string::npos ? "0" : config.tenant.substr(colon + 1)));
  }
  HttpManner manner;
  manner.content_type = "application/stream+json";
  manner.path = "/insert/jsonline";
  complete_http(config, folder, manner);
  std::string& url = config.target.url;
  url = url_with_query(url, "_time_field", config.time_field);
  url = url_with_query(url, "_msg_field", config.message_field);
  if (!config.stream_fields.empty()) {
    url = url_with_query(url, "_stream_fields", joined(config.stream_fields));
  }
}

class Victorialogs final : public HttpSink {
 public:
  Victorialogs(const VictoriaConfig& config, const Make& make) : HttpSink(config, make) {}

 protected:
  void compose(Shipment shipment, std::string& body) override ROOM(carrier) {
    for (const Payload* payload : shipment) {
      body += payload->bytes();
    }
  }
};

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<Victorialogs>(*static_cast<const VictoriaConfig*>(make.config), make);
}
}  // namespace

extern const Plugin sink_victorialogs;
const Plugin sink_victorialogs = {
    .kind = Kind::Sink,
    .name = "victorialogs",
    .doc = "sends rows to VictoriaLogs",
    .options = options,
    .primary = "url",
    .config = config_type<VictoriaConfig>,
    .declare = declare_sink,
    .needs = tls_needs<VictoriaConfig>,
    .sink = make,
    .format = "json",
};

}  // namespace stook
