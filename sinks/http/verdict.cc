// SPDX-License-Identifier: Apache-2.0
#include "sinks/http/verdict.hh"

#include "core/base/text.hh"

namespace stook {

namespace {
constexpr size_t begin_most = 200;

struct Meaning {
  int status;
  Outcome outcome;
  const char* hint;
};
constexpr Meaning meanings[] = {
    {401, Outcome::Misconfigured, "set user and password, or token"},
    {403, Outcome::Misconfigured, "the peer does not allow it: look at user, token and the rights they have"},
    {404, Outcome::Misconfigured, "there is no such place: look at the path of the url"},
    {405, Outcome::Misconfigured, "look at the path of the url, and the method"},
    {406, Outcome::Misconfigured, "look at the header options"},
    {407, Outcome::Misconfigured, "the proxy wants to know who asks"},
    {408, Outcome::Again, nullptr},
    {410, Outcome::Misconfigured, "look at the path of the url"},
    {411, Outcome::Misconfigured, "what stands between does not speak HTTP/1.1"},
    {415, Outcome::Misconfigured, "look at the format, content_type and gzip"},
    {421, Outcome::Misconfigured, "look at the host of the url"},
    {425, Outcome::Again, nullptr},
    {426, Outcome::Misconfigured, "the peer wants another protocol"},
    {429, Outcome::Again, nullptr},
    {431, Outcome::Misconfigured, "the headers are too long for the peer"},
    {501, Outcome::Misconfigured, "the peer does not know the method"},
    {505, Outcome::Misconfigured, "the peer does not speak HTTP/1.1"},
    {511, Outcome::Misconfigured, "the network wants a login"},
};

const Meaning* meaning_of(int status) {
  for (const Meaning& meaning : meanings) {
    if (meaning.status == status) {
      return &meaning;
    }
  }
  return nullptr;
}

// nginx answers 400 when the client shows no certificate, a wrong one, or no TLS at all.
bool is_about_tls(const HttpAnswer& answer) {
  return answer.status == 400 && (answer.body.find("SSL certificate") != std::string::npos ||
                                  answer.body.find("HTTP request was sent to HTTPS port") != std::string::npos);
}
}  // namespace

Outcome outcome_of_status(int status) {
  if (status >= 200 && status < 300) {
    return Outcome::Done;
  }
  if (const Meaning* meaning = meaning_of(status)) {
    return meaning->outcome;
  }
  if (status >= 300 && status < 400) {
    return Outcome::Misconfigured;
  }
  return status >= 500 ? Outcome::Again : Outcome::Refused;
}

Outcome outcome_of(const HttpAnswer& answer) {
  if (answer.status == 0) {
    return answer.is_setting ? Outcome::Misconfigured : Outcome::Again;
  }
  return is_about_tls(answer) ? Outcome::Misconfigured : outcome_of_status(answer.status);
}

std::string begin_of(std::string_view body) {
  std::string begin;
  bool was_blank = true;
  for (char c : body.substr(0, 4 * begin_most)) {
    bool is_blank = static_cast<unsigned char>(c) <= ' ';
    if (!is_blank || !was_blank) {
      begin += is_blank ? ' ' : c;
    }
    was_blank = is_blank;
    if (begin.size() >= begin_most) {
      break;
    }
  }
  return std::string(trim(begin));
}

std::string sentence_of(std::string_view shown, const HttpAnswer& answer) {
  std::string text(shown);
  if (answer.status == 0) {
    return text + ": " + answer.failure;
  }
  text += ": " + (answer.status_text.empty() ? std::to_string(answer.status) : answer.status_text);
  if (std::string begin = begin_of(answer.body); !begin.empty()) {
    text += ": " + begin;
  }
  const Meaning* meaning = meaning_of(answer.status);
  if (answer.status >= 300 && answer.status < 400) {
    text += "; redirects are not followed: set url to where it leads";
  } else if (is_about_tls(answer)) {
    text += "; look at tls_cert, tls_key and the url";
  } else if (meaning != nullptr && meaning->hint != nullptr) {
    text += std::string("; ") + meaning->hint;
  }
  return text;
}

}  // namespace stook
