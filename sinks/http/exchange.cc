// SPDX-License-Identifier: Apache-2.0
#include "sinks/http/exchange.hh"

#include <algorithm>
#include <utility>

#include "core/base/clock.hh"
#include "core/base/log.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"
#include "core/net/tls.hh"
#include "core/net/tls_verdict.hh"
#include "sinks/http/curl.hh"

namespace stook {

namespace {
/// What a request may take from when the daemon ends.
constexpr int64_t hurried_most = 1'000'000'000;
constexpr int64_t ms = 1'000'000;

// Until somebody changes a setting these come back.
bool is_setting(CURLcode code) {
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return true;
    default:
      return false;
  }
}

// The connection ended in the midst of a request.
bool is_lost(CURLcode code) {
  return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
}
}  // namespace

/// The handles. *Invariants:* the easy handle is in the multi handle only during `send`.
class HttpExchange::Curl {
 public:
  Curl(const HttpTarget& target, const TlsContext* tls)
      : target_(target), tls_(tls), verdict_(target.name), multi_(curl().multi_init()), easy_(curl().easy_init()) {
    if (multi_ == nullptr || easy_ == nullptr) {
      throw SetupError("libcurl cannot begin", ENOMEM);
    }
    set_headers({});
    set_request();
    if (tls_ != nullptr) {
      set_tls();
    }
  }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;
  ~Curl() {
    curl().easy_cleanup(easy_);
    curl().multi_cleanup(multi_);
    curl().slist_free_all(headers_);
    curl().slist_free_all(connect_to_);
  }

  HttpAnswer send(std::string_view body, const std::string& header, int hurry) {
    answer_ = HttpAnswer();
    if (!header.empty()) {
      set_headers(header);
    }
    error_[0] = 0;
    verdict_.forget();
    set(CURLOPT_POSTFIELDS, body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl().multi_add_handle(multi_, easy_);
    CURLcode code = run(hurry);
    curl().multi_remove_handle(multi_, easy_);
    finish(code);
    return std::move(answer_);
  }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    if (CURLcode code = curl().easy_setopt(easy_, option, value); code != CURLE_OK) {
      throw SetupError(std::string("libcurl: ") + curl().easy_strerror(code));
    }
  }

  void set_headers(const std::string& more) {
    curl().slist_free_all(std::exchange(headers_, nullptr));
    auto add = [&](const char* line) {
      curl_slist* longer = curl().slist_append(headers_, line);
      headers_ = longer == nullptr ? throw SetupError("libcurl: no memory", ENOMEM) : longer;
    };
    for (const std::string& line : target_.headers) {
      add(line.c_str());
    }
    if (!more.empty()) {
      add(more.c_str());
    }
    add("Expect:");  // the body goes at once
    set(CURLOPT_HTTPHEADER, headers_);
  }

  void set_request() {
    set(CURLOPT_URL, target_.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    set(CURLOPT_POST, 1L);
    set(CURLOPT_CUSTOMREQUEST, target_.method.c_str());
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_USERAGENT, "stook/" STOOK_VERSION);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // a name that is being looked up does not hold up the end
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<int64_t>(1, target_.timeout / ms)));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::max<int64_t>(1, target_.connect_timeout / ms)));
    set(CURLOPT_PROXY, target_.proxy.c_str());
    set(CURLOPT_ERRORBUFFER, error_);
    set(CURLOPT_WRITEFUNCTION, &Curl::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &Curl::on_header);
    set(CURLOPT_HEADERDATA, this);
    if (!target_.user.empty()) {
      set(CURLOPT_HTTPAUTH, long{CURLAUTH_BASIC});
      set(CURLOPT_USERNAME, target_.user.c_str());
      set(CURLOPT_PASSWORD, target_.password.c_str());
    }
  }

  void set_tls() {
    set(CURLOPT_SSLVERSION, target_.needs_tls13 ? long{CURL_SSLVERSION_TLSv1_3} : long{CURL_SSLVERSION_TLSv1_2});
    set(CURLOPT_CA_CACHE_TIMEOUT, 60L);
    set(CURLOPT_SSL_VERIFYPEER, target_.tls_verify ? 1L : 0L);
    set(CURLOPT_SSL_VERIFYHOST, target_.tls_verify ? 2L : 0L);
    if (!target_.connect_to.empty()) {
      connect_to_ = curl().slist_append(nullptr, target_.connect_to.c_str());
      set(CURLOPT_CONNECT_TO, connect_to_);
    }
    if (target_.has_tls_ca) {
      set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));
      set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    // Named to libcurl, files would be read for each connection, and be half written at times.
    const char* library = curl().version_info(CURLVERSION_NOW)->ssl_version;
    if (library == nullptr || !std::string_view(library).starts_with("OpenSSL/")) {
      throw SetupError("libcurl speaks TLS without OpenSSL; install one with it (Debian: libcurl4)");
    }
    set(CURLOPT_SSL_CTX_FUNCTION, &Curl::on_tls);
    set(CURLOPT_SSL_CTX_DATA, this);
  }

  // A connection is about to begin.
  static CURLcode on_tls(CURL*, void* context, void* self) {
    auto& curl = *static_cast<Curl*>(self);
    curl.verdict_.watch(static_cast<ssl_ctx_st*>(context));
    return curl.tls_->lend(static_cast<ssl_ctx_st*>(context)) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
  }

  // CURLE_ABORTED_BY_CALLBACK: the daemon ends.
  CURLcode run(int hurry) {
    int64_t deadline = -1;
    for (;;) {
      int running = 0;
      if (curl().multi_perform(multi_, &running) != CURLM_OK) {
        return CURLE_FAILED_INIT;
      }
      if (running == 0) {
        return result();
      }
      int64_t left = deadline < 0 ? hurried_most : deadline - monotonic_ns();
      if (left <= 0) {
        return CURLE_ABORTED_BY_CALLBACK;
      }
      curl_waitfd waits{hurry, CURL_WAIT_POLLIN, 0};
      bool looks = hurry >= 0 && deadline < 0;
      int timeout = static_cast<int>(std::max<int64_t>(1, left / ms));
      if (curl().multi_poll(multi_, looks ? &waits : nullptr, looks ? 1 : 0, timeout, nullptr) != CURLM_OK) {
        return CURLE_FAILED_INIT;
      }
      if (looks && waits.revents != 0) {
        deadline = monotonic_ns() + hurried_most;
      }
    }
  }

  CURLcode result() {
    int left = 0;
    while (CURLMsg* message = curl().multi_info_read(multi_, &left)) {
      if (message->msg == CURLMSG_DONE) {
        return message->data.result;
      }
    }
    return CURLE_FAILED_INIT;
  }

  void finish(CURLcode code) {
    if (code != CURLE_OK) {
      answer_ = HttpAnswer();
      answer_.is_setting = is_setting(code);
      answer_.failure = code == CURLE_ABORTED_BY_CALLBACK ? "no answer before the end" : std::string(error_);
      if (answer_.failure.empty()) {
        answer_.failure = curl().easy_strerror(code);
      }
      answer_.unresolved = unresolved_name(code);
      if (TlsFault fault = verdict_.fault(is_lost(code)); !fault.words.empty()) {
        answer_.is_setting = answer_.is_setting || fault.is_refusal;
        answer_.failure = "TLS: " + fault.words;
      }
      return;
    }
    long status = 0;
    curl().easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<int>(status);
    curl_off_t seconds = 0;
    curl().easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &seconds);
    answer_.retry_after = std::clamp<curl_off_t>(seconds, 0, 86400) * 1'000'000'000;
  }

  std::string unresolved_name(CURLcode code) const {
    // Else it is the connection that took too long.
    bool is_late = code == CURLE_OPERATION_TIMEDOUT && std::string_view(error_).starts_with("Resolving");
    bool is_of_proxy = code == CURLE_COULDNT_RESOLVE_PROXY || (is_late && !target_.proxy.empty());
    bool is_of_host = code == CURLE_COULDNT_RESOLVE_HOST || is_late;
    return is_of_proxy ? host_of_proxy(target_.proxy) : is_of_host ? target_.host : std::string();
  }

  static size_t on_body(char* bytes, size_t, size_t size, void* self) {
    auto& curl = *static_cast<Curl*>(self);
    size_t room = curl.target_.answer_most - curl.answer_.body.size();
    curl.answer_.body.append(bytes, std::min(size, room));
    curl.answer_.is_cut = curl.answer_.is_cut || size > room;
    return size;
  }

  // The last status line is that of the answer: those of 1xx come before it.
  static size_t on_header(char* bytes, size_t, size_t size, void* self) {
    std::string_view line(bytes, size);
    if (line.substr(0, 5) == "HTTP/") {
      std::string_view status = line.substr(std::min(line.find(' '), line.size()));
      static_cast<Curl*>(self)->answer_.status_text = trim(status.substr(0, status.find_first_of("\r\n")));
    }
    return size;
  }

  const HttpTarget& target_;
  const TlsContext* tls_;
  TlsVerdict verdict_;
  CURLM* multi_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  curl_slist* connect_to_ = nullptr;
  char error_[CURL_ERROR_SIZE] = {};
  HttpAnswer answer_;
};

HttpExchange::HttpExchange(const HttpTarget& target, const TlsContext* tls, int hurry)
    : target_(target), tls_(tls), hurry_(hurry) {
  renew();
}

HttpExchange::~HttpExchange() = default;

HttpAnswer HttpExchange::send(std::string_view body, const std::string& header) {
  HttpAnswer answer = curl_->send(body, header, hurry_);
  bool was_known_bad = std::exchange(is_known_bad_, !answer.unresolved.empty());
  if (is_known_bad_ && !was_known_bad) {
    log_event(Level::Warning, "name_unresolved", Fields()("name", answer.unresolved)("reason", answer.failure));
  }
  return answer;
}

void HttpExchange::renew() {
  curl_ = std::make_unique<Curl>(target_, tls_);
}

}  // namespace stook
