// SPDX-License-Identifier: Apache-2.0
/// The options that all sinks by HTTP have.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/plugin.hh"
#include "core/net/tls_config.hh"
#include "sinks/http/exchange.hh"

namespace stook {

/// The options of the peer and of requests, and what becomes of them.
struct HttpSettings : TlsConfig {
  std::string url;
  std::vector<std::string> header;
  std::vector<std::string> header_secret;
  std::string user;
  std::string password;
  std::string token;
  int64_t gzip = 0;
  Duration timeout;
  Duration connect_timeout;
  Size request_size;
  std::string proxy;

  // Completed by complete_http.
  HttpTarget target;
  std::string shown;  // the method and the URL, as messages name them
};

inline constexpr std::array http_options = {
    option<&HttpSettings::url>("url", required, "where requests go: https://host:port/path"),
    option<&HttpSettings::header>("header", "", "more header lines: \"X-Scope: a\""),
    option<&HttpSettings::header_secret>("header_secret", "", "the same, never printed: file:/path or cred:NAME"),
    option<&HttpSettings::user>("user", "", "basic authentication: the user"),
    option<&HttpSettings::password>("password", "", "and the password: file:/path or cred:NAME"),
    option<&HttpSettings::token>("token", "", "token of the Authorization header: file:/path or cred:NAME"),
    option<&HttpSettings::gzip>("gzip", "0", "compress bodies: 1 is quick, 9 is small, 0 is not at all", {0, 9}),
    option<&HttpSettings::timeout>("timeout", "30s", "how long a request may take", {1e6, 3.6e12}),
    option<&HttpSettings::connect_timeout>("connect_timeout", "10s", "how long a connection may take to be made",
                                           {1e6, 3.6e12}),
    option<&HttpSettings::request_size>("request_size", "4MiB", "rows of one request, before they are compressed",
                                        {1024, 1 << 30}),
    option<&HttpSettings::proxy>("proxy", "", "proxy: http://host:port; empty: none, whatever the environment says"),
    tls_sink_options<HttpSettings>[1],  // all but `tls`, which the URL says
    tls_sink_options<HttpSettings>[2],
    tls_sink_options<HttpSettings>[3],
    tls_sink_options<HttpSettings>[4],
    tls_sink_options<HttpSettings>[5],
    tls_sink_options<HttpSettings>[6],
};

/// How one kind of peer is spoken to.
struct HttpManner {
  const char* method = "POST";
  std::string content_type;
  /// Taken when the URL has no path.
  const char* path = nullptr;
  /// What stands before the token.
  const char* scheme = "Bearer";
  size_t answer_most = 16 * 1024;
};

/// Checks the settings and completes them. Throws std::invalid_argument with one sentence.
void complete_http(HttpSettings& settings, std::string_view folder, const HttpManner& manner);

}  // namespace stook
