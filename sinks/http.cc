// SPDX-License-Identifier: Apache-2.0
/// http: sends rows to a server, many of them in one request.
///
/// Rows are delivered when the server answers 2xx. What it cannot take now is sent again; what it will never take is divided
/// until the guilty rows stand alone.
///
///   [out]
///   url = https://collector.example:8443/rows
///   tls_ca = /etc/stook/ca.pem
///   token = cred:collector
///   gzip = 1
///   hold_rows = 1000
///   hold_time = 1s
///
///   POST /rows HTTP/1.1
///   Content-Type: application/x-ndjson
///
///   {"time":"2026-11-21T03:38:00Z","status":404}
///   {"time":"2026-11-21T03:38:01Z","status":200}
///
/// `format` makes the rows. `body = array` puts commas between them and brackets around, `begin` and `end` stand around it
/// all: `{"rows":[…]}` is `body = array`, `begin = {"rows":` and `end = }`.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <stdexcept>

#include "core/api/plugin.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"
#include "core/net/net_needs.hh"
#include "sinks/http/settings.hh"
#include "sinks/http/sink.hh"

namespace stook {

/// How rows stand in a body.
enum class HttpBody : uint8_t { Lines, Array };
template <>
inline constexpr std::string_view choice_names<HttpBody>[] = {"lines", "array"};

enum class HttpMethod : uint8_t { Post, Put, Patch };
template <>
inline constexpr std::string_view choice_names<HttpMethod>[] = {"POST", "PUT", "PATCH"};

namespace {
struct HttpConfig : HttpSettings {
  HttpMethod method = HttpMethod::Post;
  HttpBody body = HttpBody::Lines;
  std::string begin;
  std::string end;
  std::string content_type;
  std::string idempotency_header;
};

constexpr std::array own_options = {
    option<&HttpConfig::method>("method", "POST", "method of requests"),
    option<&HttpConfig::body>("body", "lines", "how rows stand in a body: one after the other, or as a JSON array"),
    option<&HttpConfig::begin>("begin", "", "what stands before the rows"),
    option<&HttpConfig::end>("end", "", "what stands behind them"),
    option<&HttpConfig::content_type>("content_type", "",
                                      "empty: application/x-ndjson, or application/json for an array"),
    option<&HttpConfig::idempotency_header>(
        "idempotency_header", "",
        "name of a header whose value is the same whenever the same rows are sent again: Idempotency-Key"),
};
constexpr auto options = join_options(http_options, own_options);

void declare_sink(void* raw, std::string_view folder, Wiring&) {
  auto& config = *static_cast<HttpConfig*>(raw);
  HttpManner manner;
  manner.method = choice_names<HttpMethod>[static_cast<size_t>(config.method)].data();
  bool is_json = config.body == HttpBody::Array || !config.begin.empty();
  manner.content_type = !config.content_type.empty() ? config.content_type
                        : is_json                    ? "application/json"
                                                     : "application/x-ndjson";
  complete_http(config, folder, manner);
  const std::string& name = config.idempotency_header;
  if (name.find_first_not_of("-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != std::string::npos) {
    throw std::invalid_argument("idempotency_header: '" + printable(name, 64) + "' is no name of a header");
  }
}

/// What tells the requests of this sink from those of all others.
std::string draw_run() {
  unsigned char bytes[16];
  if (::getentropy(bytes, sizeof bytes) != 0) {
    throw SetupError("getentropy", errno);
  }
  std::string run;
  for (unsigned char byte : bytes) {
    run += "0123456789abcdef"[byte >> 4];
    run += "0123456789abcdef"[byte & 15];
  }
  return run;
}

class Http final : public HttpSink {
 public:
  Http(const HttpConfig& config, const Make& make) : HttpSink(config, make), config_(config), header_(make.header) {}

 protected:
  void compose(Shipment shipment, std::string& body) override ROOM(carrier) {
    body += config_.begin;
    body += header_;
    if (config_.body == HttpBody::Lines) {
      for (const Payload* payload : shipment) {
        body += payload->bytes();
      }
    } else {
      put_array(shipment, body);
    }
    body += config_.end;
  }

  /// A body that was answered with nothing final, and comes again, is the same request.
  std::string header_for(std::string_view body) override ROOM(carrier) {
    if (config_.idempotency_header.empty()) {
      return {};
    }
    size_t hash = std::hash<std::string_view>()(body);
    if (is_settled_ || hash != hash_) {
      number_++;
    }
    hash_ = hash;
    is_settled_ = false;
    return config_.idempotency_header + ": " + run_ + "-" + std::to_string(number_);
  }
  Outcome judge(Shipment shipment, const HttpAnswer& answer) override ROOM(carrier) {
    Outcome outcome = HttpSink::judge(shipment, answer);
    is_settled_ = outcome == Outcome::Done || outcome == Outcome::Refused;
    return outcome;
  }

 private:
  void put_array(Shipment shipment, std::string& body) ROOM(carrier) {
    char before = '[';
    for (std::string_view row : rows_of(shipment)) {
      body += before;
      body += without_newline(row);
      before = ',';
    }
    body += ']';
  }

  const HttpConfig& config_;
  std::string header_;
  std::string run_ = draw_run();
  uint64_t number_ OWNED(carrier) = 0;
  size_t hash_ OWNED(carrier) = 0;
  bool is_settled_ OWNED(carrier) = true;
};

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<Http>(*static_cast<const HttpConfig*>(make.config), make);
}
}  // namespace

extern const Plugin sink_http;
const Plugin sink_http = {
    .kind = Kind::Sink,
    .name = "http",
    .doc = "sends rows to a server by HTTP, many in one request",
    .options = options,
    .primary = "url",
    .config = config_type<HttpConfig>,
    .declare = declare_sink,
    .needs = tls_needs<HttpConfig>,
    .sink = make,
    .format = "json",
};

}  // namespace stook
