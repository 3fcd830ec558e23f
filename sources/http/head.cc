// SPDX-License-Identifier: Apache-2.0
#include "sources/http/head.hh"

#include "core/base/text.hh"

namespace stook {

namespace {
bool is_token(std::string_view text) {
  for (char c : text) {
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_letter && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return !text.empty();
}

// Tabs and what is printable, bytes above 0x7f included.
bool is_value(std::string_view text) {
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) {
      return false;
    }
  }
  return true;
}

// The path of a target, RFC 9112 section 3.2; empty: it is none. `*` is one for OPTIONS only.
std::string_view path_of(std::string_view target, std::string_view method) {
  for (char c : target) {
    auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f) {
      return {};
    }
  }
  if (target == "*") {
    return method == "OPTIONS" ? target : std::string_view();
  }
  // As to a proxy: what stands before the path is not looked at, but that there is a host and no user.
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!equal_in_any_case(target.substr(0, scheme.size()), scheme)) {
      continue;
    }
    target.remove_prefix(scheme.size());
    std::string_view host = target.substr(0, target.find_first_of("/?#"));
    target.remove_prefix(host.size());
    if (host.empty() || host[0] == ':' || host.find('@') != std::string_view::npos) {
      return {};
    }
    if (target.empty() || target[0] != '/') {
      return "/";
    }
    break;
  }
  return !target.empty() && target[0] == '/' ? target.substr(0, target.find('?')) : std::string_view();
}

/// Reads one head. *Invariants:* what `refuse` says first stays.
class HeadReader {
 public:
  HeadReader(std::string_view text, HttpHead& head, HttpRefusal& refusal)
      : text_(text), head_(head), refusal_(refusal) {}

  bool read() {
    std::string_view line;
    if (!next_line(line) || !read_request_line(line)) {
      return false;
    }
    for (size_t count = 0; next_line(line); count++) {
      if (line.empty()) {
        return check();
      }
      if (count == http_headers_most) {
        return refuse(431, "there are more than 100 headers");
      }
      if (!read_header(line)) {
        return false;
      }
    }
    return false;
  }

 private:
  bool refuse(int status, const char* reason) {
    if (refusal_.status == 0) {
      refusal_ = {status, reason};
    }
    return false;
  }

  // A line ends with CR LF; neither stands alone.
  bool next_line(std::string_view& line) {
    size_t end = text_.find_first_of("\r\n");
    if (end == std::string_view::npos || text_.substr(end, 2) != "\r\n") {
      return refuse(400, "a line does not end with CR LF");
    }
    line = text_.substr(0, end);
    text_.remove_prefix(end + 2);
    return true;
  }

  bool read_request_line(std::string_view line) {
    size_t first = line.find(' ');
    size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
      return refuse(400, "the request line is not METHOD TARGET VERSION");
    }
    head_.method = line.substr(0, first);
    head_.path = path_of(line.substr(first + 1, last - first - 1), head_.method);
    std::string_view version = line.substr(last + 1);
    if (!is_token(head_.method) || head_.path.empty()) {
      return refuse(400, "the request line is not METHOD TARGET VERSION");
    }
    is_old_ = version == "HTTP/1.0";
    head_.keeps_alive = !is_old_;
    return is_old_ || version == "HTTP/1.1" || refuse(505, "the version is none of HTTP/1.0 and HTTP/1.1");
  }

  bool read_header(std::string_view line) {
    size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
      return refuse(400, "a header is not NAME: VALUE");
    }
    std::string_view name = line.substr(0, colon);
    std::string_view value = trim(line.substr(colon + 1));
    if (!is_value(value)) {
      return refuse(400, "a header has control characters");
    }
    using Read = bool (HeadReader::*)(std::string_view);
    static constexpr struct {
      const char* name;
      Read read;
    } known[] = {
        {"content-length", &HeadReader::read_length},   {"transfer-encoding", &HeadReader::read_transfer},
        {"content-encoding", &HeadReader::read_coding}, {"content-type", &HeadReader::read_type},
        {"connection", &HeadReader::read_connection},   {"host", &HeadReader::read_host},
        {"expect", &HeadReader::read_expect},           {"authorization", &HeadReader::read_authorization},
    };
    for (const auto& header : known) {
      if (equal_in_any_case(name, header.name)) {
        return (this->*header.read)(value);
      }
    }
    return true;
  }

  bool read_length(std::string_view value) {
    if (head_.has_length) {
      return refuse(400, "there are two content lengths");
    }
    if (value.empty() || value.size() > 18) {
      return refuse(400, "the content length is no number");
    }
    for (char c : value) {
      if (c < '0' || c > '9') {
        return refuse(400, "the content length is no number");
      }
      head_.length = head_.length * 10 + static_cast<uint64_t>(c - '0');
    }
    head_.has_length = true;
    return true;
  }
  bool read_transfer(std::string_view value) {
    if (head_.is_chunked) {
      return refuse(400, "there are two transfer encodings");
    }
    head_.is_chunked = true;
    return equal_in_any_case(value, "chunked") || refuse(501, "the only transfer encoding is chunked");
  }
  bool read_coding(std::string_view value) {
    if (has_coding_) {
      return refuse(415, "the body is packed twice");
    }
    has_coding_ = true;
    if (equal_in_any_case(value, "gzip") || equal_in_any_case(value, "x-gzip")) {
      head_.coding = HttpCoding::Gzip;
    } else if (equal_in_any_case(value, "zstd")) {
      head_.coding = HttpCoding::Zstd;
    } else if (!equal_in_any_case(value, "identity")) {
      return refuse(415, "the body is packed by something else than gzip and zstd");
    }
    return true;
  }
  bool read_type(std::string_view value) {
    head_.content_type = trim(value.substr(0, value.find(';')));
    return true;
  }
  bool read_connection(std::string_view value) {
    for (std::string_view option : split_list(value)) {
      if (equal_in_any_case(option, "close")) {
        closes_ = true;
      } else if (equal_in_any_case(option, "keep-alive") && is_old_) {
        head_.keeps_alive = true;
      }
    }
    return true;
  }
  bool read_host(std::string_view) { return hosts_++ == 0 || refuse(400, "there are two hosts"); }
  bool read_expect(std::string_view value) {
    head_.expects_continue = true;
    return equal_in_any_case(value, "100-continue") || refuse(417, "the only expectation is 100-continue");
  }
  bool read_authorization(std::string_view value) {
    if (!head_.authorization.empty()) {
      return refuse(400, "there are two authorizations");
    }
    head_.authorization = value;
    return true;
  }

  // What no header says alone.
  bool check() {
    if (!text_.empty()) {
      return refuse(400, "there is something behind the head");
    }
    if (head_.is_chunked && (head_.has_length || is_old_)) {
      return refuse(400, is_old_ ? "HTTP/1.0 has no chunks" : "there are a content length and a transfer encoding");
    }
    if (hosts_ == 0 && !is_old_) {
      return refuse(400, "there is no host");
    }
    head_.keeps_alive = head_.keeps_alive && !closes_;
    return true;
  }

  std::string_view text_;
  HttpHead& head_;
  HttpRefusal& refusal_;
  bool is_old_ = false;
  bool has_coding_ = false;
  bool closes_ = false;
  int hosts_ = 0;
};
}  // namespace

size_t http_head_size(std::string_view bytes, size_t scanned) {
  constexpr std::string_view end = "\r\n\r\n";
  size_t at = bytes.find(end, scanned < end.size() ? 0 : scanned - (end.size() - 1));
  return at == std::string_view::npos ? 0 : at + end.size();
}

bool read_http_head(std::string_view head, HttpHead& read, HttpRefusal& refusal) {
  read = HttpHead();
  refusal = HttpRefusal();
  if (HeadReader(head, read, refusal).read()) {
    return true;
  }
  if (refusal.status == 0) {
    refusal = {400, "the head is not complete"};
  }
  return false;
}

}  // namespace stook
