// SPDX-License-Identifier: Apache-2.0
#include "core/plan/describe_table.hh"

#include <algorithm>
#include <cstdio>
#include <tuple>

#include "core/base/text.hh"

namespace stook {

namespace {
constexpr std::string_view kind_names[] = {"text", "integer",  "number", "yes or no",
                                           "size", "duration", "choice", "list"};

// Letters, not bytes: docs have dashes and dots of three bytes.
size_t width(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::vector<size_t> widths(const Cells& head, const std::vector<Cells>& rows) {
  std::vector<size_t> wide(rows.empty() ? 0 : rows.front().size(), 0);
  for (const Cells& row : rows) {
    for (size_t i = 0; i < row.size() && i < wide.size(); i++) {
      wide[i] = std::max(wide[i], width(row[i]));
    }
  }
  for (size_t i = 0; i < wide.size() && i < head.size(); i++) {
    wide[i] = wide[i] == 0 ? 0 : std::max(wide[i], width(head[i]));
  }
  return wide;
}

std::string escape_markdown(std::string_view text) {
  std::string out;
  for (char c : text) {
    out += c == '|' ? "\\|" : c == '\n' ? "\\n" : std::string(1, c);
  }
  return out;
}

std::string show_row(const Cells& row, const std::vector<size_t>& wide, Layout layout) {
  std::string out = layout == Layout::Markdown ? "|" : "";
  for (size_t i = 0; i < row.size(); i++) {
    if (wide[i] == 0) {
      continue;
    }
    if (layout == Layout::Markdown) {
      out += " " + escape_markdown(row[i]) + " |";
    } else {
      out += (out.empty() ? "" : "  ") + row[i] + std::string(wide[i] - width(row[i]), ' ');
    }
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out + "\n";
}

std::string show_bound(const Option& row, double bound) {
  char buffer[32];
  switch (row.kind) {
    case OptionKind::Size:
      return show_size(static_cast<uint64_t>(bound));
    case OptionKind::Duration:
      return show_duration(static_cast<int64_t>(bound));
    default:
      std::snprintf(buffer, sizeof buffer, "%.15g", bound);
      return buffer;
  }
}

std::string show_kind(const Option& row) {
  if (row.kind == OptionKind::Choice) {
    std::string out;
    for (size_t i = 0; i < row.choices.size(); i++) {
      out += (i == 0 ? "" : i + 1 == row.choices.size() ? " or " : ", ") + std::string(row.choices[i]);
    }
    return out;
  }
  std::string out(kind_names[static_cast<size_t>(row.kind)]);
  bool has_least = row.range.least > -1e300;
  bool has_most = row.range.most < 1e300;
  if (has_least && has_most) {
    return out + ", " + show_bound(row, row.range.least) + " to " + show_bound(row, row.range.most);
  }
  out += has_least ? ", at least " + show_bound(row, row.range.least) : "";
  return out + (has_most ? ", at most " + show_bound(row, row.range.most) : "");
}
}  // namespace

std::string show_rows(const Cells& head, const std::vector<Cells>& rows, Layout layout) {
  std::vector<size_t> wide = widths(head, rows);
  std::string out = head.empty() ? "" : show_row(head, wide, layout);
  if (layout == Layout::Markdown) {
    out += "|";
    for (size_t one : wide) {
      out += one == 0 ? "" : "---|";
    }
    out += "\n";
  }
  for (const Cells& row : rows) {
    out += show_row(row, wide, layout);
  }
  return out;
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    char buffer[8];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::snprintf(buffer, sizeof buffer, "\\u%04x", c);
      out += buffer;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string json_rows(const Cells& head, const std::vector<Cells>& rows) {
  std::string out = "[";
  for (const Cells& row : rows) {
    out += out.size() > 1 ? ",\n  {" : "\n  {";
    bool is_first = true;
    for (size_t i = 0; i < row.size(); i++) {
      if (!row[i].empty()) {
        out += (is_first ? "" : ", ") + json_text(head[i]) + ": " + json_text(row[i]);
        is_first = false;
      }
    }
    out += "}";
  }
  return out + "]";
}

const Cells& option_head() {
  static const Cells head = {"option", "kind", "default", "what"};
  return head;
}

std::vector<Cells> option_rows(std::span<const Option> options) {
  std::vector<Cells> rows;
  for (const Option& row : options) {
    std::string fallback = row.fallback == nullptr ? "mandatory" : printable(row.fallback);
    rows.push_back({row.name, show_kind(row), fallback, row.doc});
  }
  return rows;
}

std::string json_options(std::span<const Option> options) {
  std::string out = "[";
  for (const Option& row : options) {
    out += out.size() > 1 ? ",\n  {" : "\n  {";
    out += "\"name\": " + json_text(row.name) + ", \"kind\": " +
           json_text(row.kind == OptionKind::Boolean ? "boolean" : kind_names[static_cast<size_t>(row.kind)]);
    out += row.fallback == nullptr ? ", \"is_mandatory\": true" : ", \"default\": " + json_text(row.fallback);
    char buffer[40];
    for (auto [name, bound, is_set] : {std::tuple("least", row.range.least, row.range.least > -1e300),
                                       std::tuple("most", row.range.most, row.range.most < 1e300)}) {
      std::snprintf(buffer, sizeof buffer, ", \"%s\": %.17g", name, bound);
      out += is_set ? buffer : "";
    }
    for (size_t i = 0; i < row.choices.size(); i++) {
      out += (i == 0 ? ", \"choices\": [" : ", ") + json_text(row.choices[i]);
    }
    out += row.choices.empty() ? "" : "]";
    out += ", \"doc\": " + json_text(row.doc) + "}";
  }
  return out + "]";
}

}  // namespace stook
