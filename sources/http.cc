// SPDX-License-Identifier: Apache-2.0
/// http: takes rows by HTTP, many in one request, and answers once they are delivered.
///
///   stack = in:HTTP, parse_json, out:FILE
///   [in]
///   listen = 0.0.0.0:8080
///   token = cred:collector
///
///   $ curl -H 'Authorization: Bearer …' --data-binary @rows.json -H 'Content-Type: application/x-ndjson' http://host:8080/
///   {"rows":1000}
///
/// Each record is a row, its text in `message`:
///
///   message="{\"status\":404}"
#include "core/net/net_config.hh"
#include "core/net/net_needs.hh"
#include "sources/http/config.hh"
#include "sources/http/server.hh"

#include <array>
#include <stdexcept>

namespace stook {

namespace {
constexpr std::array own_options = {
    option<&HttpSourceConfig::listen>("listen", required,
                                      "addresses to listen on: 0.0.0.0:8080, [::1]:8080, *:8080, /run/in.sock"),
    option<&HttpSourceConfig::mode>("mode", "0666", "permissions of the sockets' files, in octal"),
    option<&HttpSourceConfig::path>("path", "", "path at which rows are taken; empty: any"),
    option<&HttpSourceConfig::health>("health", "/health", "path at which a GET is answered 200; empty: none"),
    option<&HttpSourceConfig::format>("format", "auto", "how records stand in a body; auto: the content type says it"),
    option<&HttpSourceConfig::token>("token", "", "bearer token that requests must have: file:/path or cred:NAME"),
    option<&HttpSourceConfig::max_line>("max_line", "256KiB", "a longer record is cut here and marked as truncated",
                                        {64, 16.0 * 1024 * 1024}),
    option<&HttpSourceConfig::body>("body", "8MiB", "a longer body is refused", {1024, 1 << 30}),
    option<&HttpSourceConfig::unpacked>("unpacked", "64MiB", "so is one that is longer once it is unpacked",
                                        {1024, 1 << 30}),
    option<&HttpSourceConfig::memory>("memory", "128MiB", "bodies held at once; requests beyond are told to come later",
                                      {65536, 1e12}),
    option<&HttpSourceConfig::connections>("connections", "4096", "open connections; more are refused", {1, 1e6}),
    option<&HttpSourceConfig::connections_per_address>(
        "connections_per_address", "256", "of them from one IPv4 address, or from one /64 of IPv6", {1, 1e6}),
    option<&HttpSourceConfig::first_byte>("first_byte", "10s", "time for the handshake, and for the head of a request",
                                          {1e9, 86400e9}),
    option<&HttpSourceConfig::unfinished>("unfinished", "60s", "silence within a body, then the connection closes",
                                          {1e9, 86400e9}),
    option<&HttpSourceConfig::idle>("idle", "75s", "silence between requests, then the connection closes",
                                    {1e9, 86400e9}),
};
constexpr auto options = join_options(own_options, tls_source_options<HttpSourceConfig>);

void declare_source(void* raw, std::string_view folder, Wiring& wiring) {
  auto& config = *static_cast<HttpSourceConfig*>(raw);
  config.listenings.clear();
  unsigned mode = parse_mode(config.mode);
  for (const std::string& text : config.listen) {
    Endpoint endpoint = parse_listen("listen", text, AddressForm::Any);
    bool is_secure = config.tls && !endpoint.is_unix();
    config.listenings.push_back({std::move(endpoint), true, is_secure, false, mode});
  }
  if (!config.path.empty() && config.path[0] != '/') {
    throw std::invalid_argument("path: does not begin with /; write /" + config.path);
  }
  declare_tls(config, TlsRole::Server, folder);
  NetRows::declare(wiring, http_keys);
}

/// *Rooms:* its front.
class HttpSource final : public Source {
 public:
  explicit HttpSource(const HttpSourceConfig& config) : rows_(http_keys), server_(config, rows_) {}

  void start(Feed& feed) override ROOM(front) {
    rows_.attach(feed);
    try {
      server_.start();
    } catch (...) {
      server_.hand_back();
      throw;
    }
  }
  void pause() override ROOM(front) { server_.pause(); }
  void resume() override ROOM(front) { server_.resume(); }
  bool end() override ROOM(front) {
    server_.end();
    return false;
  }
  void stop() override ROOM(front) { server_.stop(); }
  void acknowledged(std::span<const Mark> marks) override ROOM(front) { server_.acknowledged(marks); }
  void reopen() override ROOM(front) { server_.reopen(); }
  void close() override ROOM(front) { server_.close(); }

 private:
  NetRows rows_ OWNED(front);
  HttpServer server_ OWNED(front);
};
}  // namespace

extern const Plugin source_http;
const Plugin source_http = {
    .kind = Kind::Source,
    .name = "http",
    .doc = "takes rows by HTTP and answers once they are delivered",
    .options = options,
    .primary = "listen",
    .config = config_type<HttpSourceConfig>,
    .declare = declare_source,
    .needs = net_needs<HttpSourceConfig>,
    .source = make_source<HttpSource, HttpSourceConfig>,
};

}  // namespace stook
