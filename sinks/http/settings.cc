// SPDX-License-Identifier: Apache-2.0
#include "sinks/http/settings.hh"

#include <stdexcept>
#include <utility>

#include "core/base/text.hh"

namespace stook {

namespace {
// RFC 9110, section 5.6.2.
bool is_name(std::string_view text) {
  for (char c : text) {
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_letter && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return !text.empty();
}

void check_value(const char* option, std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t') {
      throw std::invalid_argument(std::string(option) + ": holds a control character; it takes one line of text");
    }
  }
}

// A secret is not repeated in the message.
void add_header(HttpTarget& target, const char* option, const std::string& line) {
  size_t colon = line.find(':');
  if (colon == std::string::npos || !is_name(std::string_view(line).substr(0, colon))) {
    throw std::invalid_argument(std::string(option) + ": a line is no header; write \"Name: value\"");
  }
  check_value(option, line);
  std::string name = lower(std::string_view(line).substr(0, colon));
  for (const char* own : {"content-length", "content-encoding", "transfer-encoding", "connection", "expect"}) {
    if (name == own) {
      throw std::invalid_argument(std::string(option) + ": " + name + " is set by the sink itself; leave it out");
    }
  }
  target.headers.push_back(line);
}

// The scheme of the URL says whether TLS is spoken.
void check_tls(HttpSettings& settings, const HttpUrl& url, std::string_view folder) {
  settings.tls = url.is_tls;
  for (auto [option, value] : {std::pair("tls_ca", &settings.tls_ca), std::pair("tls_cert", &settings.tls_cert),
                               std::pair("tls_key", &settings.tls_key), std::pair("tls_name", &settings.tls_name)}) {
    if (!url.is_tls && !value->empty()) {
      throw std::invalid_argument(std::string(option) +
                                  ": has no use with http; write an url that begins with https://");
    }
  }
  declare_tls(settings, TlsRole::Client, folder);
}

bool has_header(const HttpTarget& target, std::string_view name) {
  for (const std::string& line : target.headers) {
    if (equal_in_any_case(std::string_view(line).substr(0, line.find(':')), name)) {
      return true;
    }
  }
  return false;
}

}  // namespace

void complete_http(HttpSettings& settings, std::string_view folder, const HttpManner& manner) {
  HttpUrl url = read_url(settings.url);
  check_tls(settings, url, folder);
  HttpTarget& target = settings.target;
  target = HttpTarget();
  target.url = url.has_path || manner.path == nullptr ? settings.url : url_with_path(settings.url, manner.path);
  target.host = url.host;
  target.method = manner.method;
  settings.shown = target.method + " " + read_url(target.url).shown;
  for (const std::string& line : settings.header) {
    add_header(target, "header", line);
  }
  for (const std::string& line : settings.header_secret) {
    add_header(target, "header_secret", line);
  }
  if (!settings.token.empty()) {
    check_value("token", settings.token);
    if (!settings.user.empty() || has_header(target, "authorization")) {
      throw std::invalid_argument("token: there is another authorization; take one of token, user and header");
    }
    target.headers.push_back(std::string("Authorization: ") + manner.scheme + " " + settings.token);
  }
  if (!has_header(target, "content-type")) {
    check_value("content_type", manner.content_type);
    target.headers.push_back("Content-Type: " + manner.content_type);
  }
  if (settings.gzip > 0) {
    target.headers.emplace_back("Content-Encoding: gzip");
  }
  target.user = settings.user;
  target.password = settings.password;
  target.timeout = settings.timeout.ns;
  target.connect_timeout = settings.connect_timeout.ns;
  target.name = settings.tls_name.empty() ? url.host : settings.tls_name;
  target.has_tls_ca = !settings.tls_ca.empty();
  target.tls_verify = settings.tls_verify;
  if (!settings.tls_name.empty()) {
    // libcurl proves the host of the URL: that becomes the name, and what it connects to stays what it was.
    HttpUrl called = read_url(target.url);
    target.connect_to = "::" + called.host + ":" + called.port;
    target.url = url_with_host(target.url, settings.tls_name);
    if (!has_header(target, "host")) {
      target.headers.push_back("Host: " + called.host + ":" + called.port);
    }
  }
  target.needs_tls13 = settings.tls_min == TlsLeast::Tls13;
  if (url.is_tls && lower(settings.proxy).starts_with("https:")) {
    throw std::invalid_argument("proxy: TLS to a proxy is not spoken; write http://host:port");
  }
  target.proxy = settings.proxy;
  target.answer_most = manner.answer_most;
}

}  // namespace stook
