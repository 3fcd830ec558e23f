// SPDX-License-Identifier: Apache-2.0
/// loki: pushes rows to Grafana Loki, those of the same labels together.
///
///   [out]
///   url = http://loki.example:3100
///   labels = host, level
///   line = message
///   hold_time = 1s
///
///   {"streams":[{"stream":{"job":"stook","host":"a"},"values":[["1795232280120000000","cannot open it"]]}]}
#include <array>
#include <string_view>
#include <unordered_map>

#include "core/api/plugin.hh"
#include "core/net/net_needs.hh"
#include "sinks/http/settings.hh"
#include "sinks/http/sink.hh"

namespace stook {

namespace {
struct LokiConfig : HttpSettings {
  std::string tenant;
};

constexpr std::array own_options = {
    option<&LokiConfig::tenant>("tenant", "", "the tenant, sent as X-Scope-OrgID; empty: none"),
};
constexpr auto options = join_options(http_options, own_options);

void declare_sink(void* raw, std::string_view folder, Wiring&) {
  auto& config = *static_cast<LokiConfig*>(raw);
  if (!config.tenant.empty()) {
    config.header.push_back("X-Scope-OrgID: " + config.tenant);
  }
  HttpManner manner;
  manner.content_type = "application/json";
  manner.path = "/loki/api/v1/push";
  complete_http(config, folder, manner);
}

class Loki final : public HttpSink {
 public:
  Loki(const LokiConfig& config, const Make& make) : HttpSink(config, make) {}

 protected:
  // A stream's entries keep their order.
  void compose(Shipment shipment, std::string& body) override ROOM(carrier) {
    numbers_.clear();
    entries_.clear();
    for (std::string_view row : rows_of(shipment)) {
      row = without_newline(row);
      size_t tab = row.find('\t');  // JSON holds none
      if (tab == std::string_view::npos) {
        continue;
      }
      auto [at, is_new] = numbers_.try_emplace(row.substr(0, tab), entries_.size());
      if (is_new) {
        entries_.emplace_back();
      }
      entries_[at->second].push_back(row);
    }
    char before = '[';
    for (const std::vector<std::string_view>& rows : entries_) {
      body += before == '[' ? R"({"streams":[)" : ",";
      before = ',';
      put_stream(rows, body);
    }
    body += entries_.empty() ? "" : "]}";
  }

 private:
  static void put_stream(const std::vector<std::string_view>& rows, std::string& body) {
    size_t tab = rows.front().find('\t');
    body += R"({"stream":)";
    body += rows.front().substr(0, tab);
    body += R"(,"values":)";
    char before = '[';
    for (std::string_view row : rows) {
      body += before;
      body += row.substr(tab + 1);
      before = ',';
    }
    body += "]}";
  }

  std::unordered_map<std::string_view, size_t> numbers_ OWNED(carrier);  // of labels
  std::vector<std::vector<std::string_view>> entries_ OWNED(carrier);
};

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<Loki>(*static_cast<const LokiConfig*>(make.config), make);
}
}  // namespace

extern const Plugin sink_loki;
const Plugin sink_loki = {
    .kind = Kind::Sink,
    .name = "loki",
    .doc = "pushes rows to Grafana Loki",
    .options = options,
    .primary = "url",
    .config = config_type<LokiConfig>,
    .declare = declare_sink,
    .needs = tls_needs<LokiConfig>,
    .sink = make,
    .format = "loki",
    .has_one_format = true,
};

}  // namespace stook
