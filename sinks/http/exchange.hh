// SPDX-License-Identifier: Apache-2.0
/// One HTTP request after another to one place, over connections that are kept: the one door to libcurl.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/room.hh"

namespace stook {

class TlsContext;

/// Where requests go, and how.
struct HttpTarget {
  std::string url;
  std::string host;  // that is called
  std::string method = "POST";
  /// Whole header lines.
  std::vector<std::string> headers;
  /// Basic authentication, when `user` is not empty.
  std::string user;
  std::string password;
  int64_t timeout = 0;  // ns, of the whole request
  int64_t connect_timeout = 0;
  /// With TLS; certificates are the exchange's.
  bool tls_verify = true;
  std::string name;         // whom the peer has to be
  bool has_tls_ca = false;  // the system's CAs are not believed
  bool needs_tls13 = false;
  /// Empty, or `::host:port`: where to connect to, whatever host the URL names.
  std::string connect_to;
  /// Empty: none, whatever the environment says.
  std::string proxy;
  /// More of an answer is not kept.
  size_t answer_most = 16 * 1024;
};

/// What came back.
struct HttpAnswer {
  /// 0: there was no answer, and `failure` says why.
  int status = 0;
  /// `503 Service Unavailable`.
  std::string status_text;
  std::string body;
  bool is_cut = false;
  std::string failure;
  /// Of a failure: it lasts until somebody changes a setting.
  bool is_setting = false;
  /// The name that has no address, or of which nobody could be asked.
  std::string unresolved;
  /// What the peer asks to wait, in ns, 0 when it does not say.
  int64_t retry_after = 0;
};

/// The pieces of a URL that settings are checked by.
struct HttpUrl {
  bool is_tls = false;
  bool has_path = false;
  std::string host;  // IPv6 addresses in brackets
  std::string port;
  std::string shown;  // scheme, host, port and path: what may be printed
};
/// Throws std::invalid_argument with one sentence when it is no URL of http or https, or holds a password or a fragment.
HttpUrl read_url(const std::string& url);
/// Without a user and a password; empty when it is none.
std::string host_of_proxy(const std::string& proxy);
/// The URL with another host, with another path, or with more behind its query.
std::string url_with_host(const std::string& url, const std::string& host);
std::string url_with_path(const std::string& url, const std::string& path);
std::string url_with_query(const std::string& url, const std::string& name, const std::string& value);

/// Does not follow redirects. Certificates are verified unless the target says otherwise, and TLS is 1.2 at least.
/// *Rooms:* its sink's carrier.
class HttpExchange {
 public:
  /// `tls`: its certificates, null without TLS. `hurry`: when it becomes readable, a request has one second more; -1:
  /// never. The target and the certificates outlive the exchange. Throws SetupError.
  HttpExchange(const HttpTarget& target, const TlsContext* tls, int hurry);
  ~HttpExchange();
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;

  /// `header`: one more header line, for this request; empty: none.
  /// The first failure of a name is logged.
  HttpAnswer send(std::string_view body, const std::string& header = {}) ROOM(carrier);
  /// The next request has a connection of its own: the certificates are others now.
  void renew() ROOM(carrier);

 private:
  class Curl;
  const HttpTarget& target_;
  const TlsContext* tls_;
  int hurry_;
  std::unique_ptr<Curl> curl_;
  bool is_known_bad_ = false;  // the name
};

}  // namespace stook
