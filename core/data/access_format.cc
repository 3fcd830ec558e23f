// SPDX-License-Identifier: Apache-2.0
#include "core/data/access_format.hh"

#include <stdexcept>

namespace stook {

namespace {
/// The variables whose values are not text. Sources: nginx's ngx_http_variables.c and ngx_http_log_module.c.
struct Known {
  std::string_view name;
  AccessKind kind;
  std::string_view time_format;
};
constexpr Known known_names[] = {
    {"time_local", AccessKind::Time, "clf"},
    {"time_iso8601", AccessKind::Time, "iso8601"},
    {"msec", AccessKind::Time, "epoch"},
    {"request", AccessKind::Request, {}},
    {"status", AccessKind::Integer, {}},
    {"body_bytes_sent", AccessKind::Integer, {}},
    {"bytes_sent", AccessKind::Integer, {}},
    {"bytes_received", AccessKind::Integer, {}},
    {"bytes_total", AccessKind::Integer, {}},
    {"request_length", AccessKind::Integer, {}},
    {"content_length", AccessKind::Integer, {}},
    {"connection", AccessKind::Integer, {}},
    {"connection_requests", AccessKind::Integer, {}},
    {"keepalive_requests", AccessKind::Integer, {}},
    {"remote_port", AccessKind::Integer, {}},
    {"server_port", AccessKind::Integer, {}},
    {"pid", AccessKind::Integer, {}},
    {"tcpinfo_rtt", AccessKind::Integer, {}},
    {"tcpinfo_rttvar", AccessKind::Integer, {}},
    {"tcpinfo_snd_cwnd", AccessKind::Integer, {}},
    {"tcpinfo_rcv_space", AccessKind::Integer, {}},
    {"request_time", AccessKind::Real, {}},
    {"request_time_ms", AccessKind::Integer, {}},
    {"request_time_us", AccessKind::Integer, {}},
    {"connection_time", AccessKind::Real, {}},
    {"session_time", AccessKind::Real, {}},
    {"gzip_ratio", AccessKind::Real, {}},
    {"upstream_status", AccessKind::Counts, {}},
    {"upstream_bytes_received", AccessKind::Counts, {}},
    {"upstream_bytes_sent", AccessKind::Counts, {}},
    {"upstream_response_length", AccessKind::Counts, {}},
    {"upstream_response_time", AccessKind::Numbers, {}},
    {"upstream_connect_time", AccessKind::Numbers, {}},
    {"upstream_header_time", AccessKind::Numbers, {}},
    {"upstream_queue_time", AccessKind::Numbers, {}},
};

struct Named {
  std::string_view name;
  std::string_view format;
};
constexpr Named named_formats[] = {
    {"common", R"(%h %l %u %t "%r" %>s %b)"},
    {"combined", R"(%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i")"},
    {"vhost_combined", R"(%v:%p %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i")"},
};

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Whether nginx would read a variable at this dollar.
bool is_variable(std::string_view format, size_t dollar) {
  return dollar + 1 < format.size() && (format[dollar + 1] == '{' || is_name(format[dollar + 1]));
}

bool has_variable(std::string_view format) {
  for (size_t i = format.find('$'); i != std::string_view::npos; i = format.find('$', i + 1)) {
    if (is_variable(format, i)) {
      return true;
    }
  }
  return false;
}

void read_nginx_format(std::string_view format, detail::AccessBuilder& builder) {
  for (size_t i = 0; i < format.size();) {
    if (format[i] != '$' || !is_variable(format, i)) {
      builder.literal(format.substr(i++, 1));
      continue;
    }
    bool has_brace = format[i + 1] == '{';
    size_t first = i + (has_brace ? 2 : 1);
    size_t last = first;
    while (last < format.size() && is_name(format[last])) {
      last++;
    }
    if (last == first || (has_brace && (last == format.size() || format[last] != '}'))) {
      throw std::invalid_argument("\"" + std::string(format.substr(i, 24)) + "\" is no variable; ${name} needs its }");
    }
    builder.field(format.substr(first, last - first));
    i = last + (has_brace ? 1 : 0);
  }
}

/// Servers' configurations put quotes behind backslashes.
std::string without_backslashes(std::string_view format) {
  std::string plain;
  for (size_t i = 0; i < format.size(); i++) {
    char next = i + 1 < format.size() ? format[i + 1] : '\0';
    if (format[i] == '\\' && (next == '"' || next == '\'' || next == '\\' || next == 't')) {
      plain += next == 't' ? '\t' : next;
      i++;
    } else {
      plain += format[i];
    }
  }
  return plain;
}
}  // namespace

namespace detail {

void AccessBuilder::close_field() {
  AccessField& field = format_.fields.back();
  field.stop = literal_;
  std::string name = "not an access line: " + (field.key.empty() ? "a field" : "`" + field.key + "`");
  char first = literal_.empty() ? '\0' : literal_[0];
  field.no_end = name + (first == '"'   ? " has no closing quote"
                         : first == ']' ? " has no closing bracket"
                                        : " is not followed by what the format says");
}

void AccessBuilder::field(std::string_view name, std::string_view time_format) {
  if (format_.fields.empty()) {
    format_.head = literal_;
  } else {
    if (literal_.empty()) {
      throw std::invalid_argument("the field before `" + std::string(name) +
                                  "` has no end; fields need text between them");
    }
    close_field();
  }
  literal_.clear();
  if (format_.fields.size() == AccessFormat::max_fields) {
    throw std::invalid_argument("too many fields; it takes at most " + std::to_string(AccessFormat::max_fields));
  }
  AccessField field;
  field.key = name;
  for (const Known& known : known_names) {
    if (known.name == name) {
      field.kind = known.kind;
      field.time_format = known.time_format;
    }
  }
  if (!time_format.empty()) {
    field.kind = AccessKind::Time;
    field.time_format = time_format;
  }
  if (field.kind == AccessKind::Time && name != "msec" && !has_time_) {
    field.key = "time";
    has_time_ = true;
  }
  field.is_list = name.substr(0, 9) == "upstream_" || name.find("x_forwarded_for") != std::string_view::npos;
  for (const AccessField& earlier : format_.fields) {
    if (earlier.key == field.key) {
      field.key.clear();
      field.kind = AccessKind::Text;
      break;
    }
  }
  set_access_type(field, {});
  format_.fields.push_back(std::move(field));
}

AccessFormat AccessBuilder::finish() {
  if (format_.fields.empty()) {
    throw std::invalid_argument("the format names no field; it takes common, combined, or a format with $names or %h");
  }
  close_field();
  return std::move(format_);
}

}  // namespace detail

bool set_access_type(AccessField& field, std::string_view type) {
  if (!type.empty()) {
    if (type == "integer") {
      field.kind = AccessKind::Integer;
    } else if (type == "real") {
      field.kind = AccessKind::Real;
    } else if (type == "mixed") {
      field.kind = AccessKind::Numbers;
    } else if (type == "text") {
      field.kind = AccessKind::Text;
    } else {
      return false;
    }
  }
  std::string_view what = field.kind == AccessKind::Time      ? "is no time"
                          : field.kind == AccessKind::Integer ? "is no integer"
                                                              : "is no number";
  field.wrong = "not an access line: `" + field.key + "` " + std::string(what);
  return true;
}

Type access_type(AccessKind kind) {
  constexpr Type types[] = {Type::Text, Type::Integer, Type::Real, Type::Mixed, Type::Mixed, Type::Time, Type::Text};
  return types[static_cast<size_t>(kind)];
}

AccessFormat compile_access_format(std::string_view format) {
  for (const Named& named : named_formats) {
    if (named.name == format) {
      format = named.format;
    }
  }
  std::string plain = without_backslashes(format);
  detail::AccessBuilder builder;
  if (has_variable(plain)) {
    read_nginx_format(plain, builder);
  } else {
    detail::read_apache_format(plain, builder);
  }
  return builder.finish();
}

}  // namespace stook
