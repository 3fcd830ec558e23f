// SPDX-License-Identifier: Apache-2.0
/// Apache's LogFormat directives under nginx's names.
/// Source: https://httpd.apache.org/docs/2.4/mod/mod_log_config.html and mod_logio.
#include <stdexcept>

#include "core/data/access_format.hh"

namespace stook {

namespace {
/// A directive without an argument, as `%h`.
struct Directive {
  char letter;
  std::string_view name;
};
constexpr Directive directives[] = {
    {'a', "remote_addr"},
    {'A', "server_addr"},
    {'b', "body_bytes_sent"},
    {'B', "body_bytes_sent"},
    {'D', "request_time_us"},
    {'f', "request_filename"},
    {'h', "remote_addr"},
    {'H', "server_protocol"},
    {'I', "request_length"},
    {'k', "keepalive_requests"},
    {'l', "ident"},
    {'L', "request_log_id"},
    {'m', "request_method"},
    {'O', "bytes_sent"},
    {'p', "server_port"},
    {'P', "pid"},
    {'q', "query_string"},
    {'r', "request"},
    {'R', "handler"},
    {'s', "status"},
    {'S', "bytes_total"},
    {'T', "request_time"},
    {'u', "remote_user"},
    {'U', "uri"},
    {'v', "server_name"},
    {'V', "server_name"},
    {'X', "connection_status"},
};

/// A directive whose argument becomes part of the name, as `%{Referer}i`.
constexpr Directive families[] = {
    {'i', "http_"}, {'o', "sent_http_"}, {'C', "cookie_"}, {'e', "env_"}, {'n', "note_"},
};

/// Directives with one of a few arguments.
struct Special {
  char letter;
  std::string_view argument;
  std::string_view name;
  std::string_view time_format;
};
constexpr Special specials[] = {
    {'a', "c", "peer_addr", {}},
    {'p', "canonical", "server_port", {}},
    {'p', "local", "server_port", {}},
    {'p', "remote", "remote_port", {}},
    {'P', "pid", "pid", {}},
    {'P', "tid", "tid", {}},
    {'T', "s", "request_time", {}},
    {'T', "ms", "request_time_ms", {}},
    {'T', "us", "request_time_us", {}},
    {'h', "c", "peer_addr", {}},
    {'t', "sec", "time", "epoch"},
    {'t', "msec", "time", "epoch_ms"},
    {'t', "usec", "time", "epoch_us"},
    {'t', "msec_frac", "msec_frac", {}},
    {'t', "usec_frac", "usec_frac", {}},
};

template <size_t N>
std::string_view find(const Directive (&table)[N], char letter) {
  for (const Directive& row : table) {
    if (row.letter == letter) {
      return row.name;
    }
  }
  return {};
}

[[noreturn]] void refuse(std::string_view directive) {
  throw std::invalid_argument("\"" + std::string(directive) + "\" is no directive of Apache's LogFormat");
}

/// A header's name as nginx spells it: lower case, _ for -.
std::string header_name(std::string_view prefix, std::string_view header) {
  std::string name(prefix);
  for (char c : header) {
    name += c == '-' ? '_' : c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return name;
}

void read_directive(std::string_view whole, char letter, std::string_view argument, detail::AccessBuilder& builder) {
  if (argument.empty()) {
    if (letter == 't') {
      builder.literal("[");
      builder.field("time", "clf");
      builder.literal("]");
      return;
    }
    std::string_view name = find(directives, letter);
    if (name.empty()) {
      refuse(whole);
    }
    builder.field(name);
    return;
  }
  if (letter == 't' && (argument.substr(0, 6) == "begin:" || argument.substr(0, 4) == "end:")) {
    argument.remove_prefix(argument.find(':') + 1);
  }
  for (const Special& special : specials) {
    if (special.letter == letter && special.argument == argument) {
      builder.field(special.name, special.time_format);
      return;
    }
  }
  if (letter == 't' && argument.find('%') != std::string_view::npos) {
    builder.field("time", argument);
    return;
  }
  std::string_view prefix = find(families, letter);
  if (prefix.empty()) {
    refuse(whole);
  }
  builder.field(header_name(prefix, argument));
}
}  // namespace

namespace detail {

void read_apache_format(std::string_view format, AccessBuilder& builder) {
  for (size_t i = 0; i < format.size();) {
    if (format[i] != '%') {
      builder.literal(format.substr(i++, 1));
      continue;
    }
    size_t first = i++;
    if (i < format.size() && format[i] == '%') {
      builder.literal("%");
      i++;
      continue;
    }
    // `%!200,304>{Referer}i`: for which status, of which request, the argument, the letter
    while (i < format.size() && (format[i] == '!' || format[i] == ',' || format[i] == '<' || format[i] == '>' ||
                                 (format[i] >= '0' && format[i] <= '9'))) {
      i++;
    }
    std::string_view argument;
    if (i < format.size() && format[i] == '{') {
      size_t close = format.find('}', i);
      if (close == std::string_view::npos) {
        refuse(format.substr(first, 24));
      }
      argument = format.substr(i + 1, close - i - 1);
      i = close + 1;
    }
    while (i < format.size() && (format[i] == '<' || format[i] == '>')) {
      i++;
    }
    if (i == format.size()) {
      refuse(format.substr(first, 24));
    }
    read_directive(format.substr(first, i + 1 - first), format[i], argument, builder);
    i++;
  }
}

}  // namespace detail

}  // namespace stook
