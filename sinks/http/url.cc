// SPDX-License-Identifier: Apache-2.0
/// URLs as libcurl reads them.
#include <memory>
#include <stdexcept>

#include "core/base/text.hh"
#include "sinks/http/curl.hh"
#include "sinks/http/exchange.hh"

namespace stook {

namespace {
struct UrlFree {
  void operator()(CURLU* url) const { curl().url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlFree>;

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl().url_get(url, part, &text, flags) != CURLUE_OK) {
    return {};
  }
  std::string copy(text);
  curl().free(text);
  return copy;
}

Url parse(const std::string& text) {
  Url url(curl().url());
  CURLUcode code = curl().url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME);
  std::string scheme = code == CURLUE_OK ? part_of(url.get(), CURLUPART_SCHEME) : std::string();
  if (scheme != "http" && scheme != "https") {
    throw std::invalid_argument("url: '" + printable(text, 128) +
                                "' is no URL; write http://host:port/path or https://…");
  }
  return url;
}

std::string whole(CURLU* url) {
  return part_of(url, CURLUPART_URL);
}
}  // namespace

HttpUrl read_url(const std::string& text) {
  Url url = parse(text);
  if (!part_of(url.get(), CURLUPART_USER).empty() || !part_of(url.get(), CURLUPART_PASSWORD).empty()) {
    throw std::invalid_argument("url: holds a user or a password; write them as the options user and password");
  }
  if (!part_of(url.get(), CURLUPART_FRAGMENT).empty()) {
    throw std::invalid_argument("url: has a fragment, which is never sent; leave out what follows #");
  }
  HttpUrl read;
  read.is_tls = part_of(url.get(), CURLUPART_SCHEME) == "https";
  read.has_path = part_of(url.get(), CURLUPART_PATH).size() > 1;
  read.host = part_of(url.get(), CURLUPART_HOST);
  read.port = part_of(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  curl().url_set(url.get(), CURLUPART_QUERY, nullptr, 0);
  read.shown = whole(url.get());
  return read;
}

std::string host_of_proxy(const std::string& text) {
  Url url(curl().url());
  curl().url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME | CURLU_DEFAULT_SCHEME);
  return part_of(url.get(), CURLUPART_HOST);
}

std::string url_with_host(const std::string& text, const std::string& host) {
  Url url = parse(text);
  if (curl().url_set(url.get(), CURLUPART_HOST, host.c_str(), 0) != CURLUE_OK) {
    throw std::invalid_argument("tls_name: '" + printable(host, 128) + "' is no name of a host");
  }
  return whole(url.get());
}

std::string url_with_path(const std::string& text, const std::string& path) {
  Url url = parse(text);
  curl().url_set(url.get(), CURLUPART_PATH, path.c_str(), 0);
  return whole(url.get());
}

std::string url_with_query(const std::string& text, const std::string& name, const std::string& value) {
  Url url = parse(text);
  curl().url_set(url.get(), CURLUPART_QUERY, (name + "=" + value).c_str(), CURLU_APPENDQUERY | CURLU_URLENCODE);
  return whole(url.get());
}

}  // namespace stook
