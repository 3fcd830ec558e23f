// SPDX-License-Identifier: Apache-2.0
/// splunk: sends rows to Splunk's HTTP Event Collector.
///
/// Rows are delivered when the collector answers that it has them; whether it has indexed them (its own acknowledgement) is
/// not asked.
///
///   [out]
///   url = https://splunk.example:8088
///   token = cred:hec
///   sourcetype = access
#include <charconv>
#include <string_view>

#include "core/api/plugin.hh"
#include "core/net/net_needs.hh"
#include "sinks/http/settings.hh"
#include "sinks/http/sink.hh"
#include "sinks/http/verdict.hh"

namespace stook {

namespace {
struct SplunkConfig : HttpSettings {};

void declare_sink(void* raw, std::string_view folder, Wiring&) {
  HttpManner manner;
  manner.content_type = "application/json";
  manner.path = "/services/collector/event";
  manner.scheme = "Splunk";
  complete_http(*static_cast<SplunkConfig*>(raw), folder, manner);
}

/// Codes of a 400 that hold for whatever is sent: the index is none of the token's, a channel is wanted or wrong,
/// acknowledgements are off.
constexpr int setting_codes[] = {7, 10, 11, 14};

// Of `{"text":"Incorrect index","code":7}`; -1: none.
int code_of(const std::string& body) {
  constexpr std::string_view name = R"("code")";
  size_t at = body.find(name);
  at = at == std::string::npos ? at : body.find_first_not_of(" \t\r\n:", at + name.size());
  int code = -1;
  if (at != std::string::npos) {
    std::from_chars(body.data() + at, body.data() + body.size(), code);
  }
  return code;
}

class Splunk final : public HttpSink {
 public:
  Splunk(const SplunkConfig& config, const Make& make) : HttpSink(config, make) {}

 protected:
  void compose(Shipment shipment, std::string& body) override ROOM(carrier) {
    for (const Payload* payload : shipment) {
      body += payload->bytes();
    }
  }

  Outcome judge(Shipment shipment, const HttpAnswer& answer) override ROOM(carrier) {
    Outcome outcome = HttpSink::judge(shipment, answer);
    if (outcome != Outcome::Refused) {
      return outcome;
    }
    int code = code_of(answer.body);
    for (int setting : setting_codes) {
      if (code == setting) {
        return Outcome::Misconfigured;
      }
    }
    return outcome;
  }
};

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<Splunk>(*static_cast<const SplunkConfig*>(make.config), make);
}
}  // namespace

extern const Plugin sink_splunk;
const Plugin sink_splunk = {
    .kind = Kind::Sink,
    .name = "splunk",
    .doc = "sends rows to Splunk's HTTP Event Collector",
    .options = http_options,
    .primary = "url",
    .config = config_type<SplunkConfig>,
    .declare = declare_sink,
    .needs = tls_needs<SplunkConfig>,
    .sink = make,
    .format = "splunk",
};

}  // namespace stook
