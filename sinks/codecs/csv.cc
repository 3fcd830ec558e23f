// SPDX-License-Identifier: Apache-2.0
/// csv: chosen keys as columns (RFC 4180, lines end in a newline).
///
/// A value stands in quotes, and quotes in it twice, when it holds the delimiter, a quote, CR or LF. Other control
/// characters are escaped (`\x1b`). An absent value is nothing. A new file begins with the names of the keys.
///
///   [out]
///   format = csv
///   keys = time, remote_addr, status
///
///   time,remote_addr,status
///   2026-11-21T03:38:00Z,192.0.2.1,404
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/api/plugin.hh"
#include "core/data/json_text.hh"
#include "core/data/pattern.hh"
#include "core/data/plain_scan.hh"

namespace stook {

namespace {
struct CsvConfig {
  std::vector<std::string> keys;
  std::string delimiter;
  bool header = true;
};

constexpr std::array options = {
    option<&CsvConfig::keys>("keys", required, "the keys that are the columns, in order"),
    option<&CsvConfig::delimiter>("delimiter", ",", "what stands between values: one character, or \\t"),
    option<&CsvConfig::header>("header", "yes", "begin a new file with the names of the keys"),
};

class Csv final : public Codec {
 public:
  explicit Csv(const CsvConfig& config) : size_(config.keys.size()), delimiter_(config.delimiter[0]) {
    if (!config.header) {
      return;
    }
    Payload line;
    for (size_t i = 0; i < size_; i++) {
      if (i > 0) {
        line.append(delimiter_);
      }
      put_text(line, config.keys[i]);
    }
    line.append('\n');
    header_ = line.bytes();
  }

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    columns_.clear();
    for (size_t i = 0; i < size_; i++) {
      columns_.push_back(batch.read(batch.in(i)));
    }
    char* to = make_room(payload, payload.room(0), 0);
    for (Row row : batch.rows()) {
      for (const Column* column : columns_) {
        if (const Cell* cell = column == nullptr ? nullptr : column->find(row)) {
          to = put_value(payload, to, *cell);
        }
        *to++ = delimiter_;
      }
      to[-1] = '\n';
      payload.end_row(to);
      if (static_cast<size_t>(end_ - to) < json_margin) {
        to = make_room(payload, to, json_margin);
      }
    }
    payload.commit(to);
  }
  std::string_view header() const override { return header_; }

 private:
  // Commits what was written, and makes room for `need` bytes and the next few values.
  char* make_room(Payload& out, char* to, size_t need) {
    constexpr size_t ahead = 4096;
    out.commit(to);
    to = out.room(need + ahead);
    end_ = to + need + ahead;
    return to;
  }

  // Most texts have nothing to quote and nothing to escape: they are copied while they are looked at.
  // Leaves room for a delimiter. REQUIRES: json_margin bytes at `to`.
  char* put_value(Payload& out, char* to, const Cell& cell) {
    if (cell.type == Type::Integer) {
      to = put_integer(to, cell.integer);
    } else if (cell.type == Type::Time) {
      to = time_.put(to, cell.integer);
    } else if (cell.type == Type::Text || cell.type == Type::Bytes) {
      size_t size = cell.size;
      if (size + json_margin > static_cast<size_t>(end_ - to)) {
        to = make_room(out, to, size + json_margin);
      }
      size_t plain = copy_plain(to, cell.data, size, delimiter_);
      if (plain == size) {
        to += size;
      } else {
        to = put_odd(out, to, cell.bytes(), plain);
      }
    } else {
      object_.reset();
      append_text(object_, cell);
      out.commit(to);
      put_text(out, object_.bytes());
      to = out.room(0);
      end_ = to;
    }
    return static_cast<size_t>(end_ - to) < 2 * json_margin ? make_room(out, to, 2 * json_margin) : to;
  }

  // A text of which the first `plain` bytes are at `to`, and the next one needs a look. With a delimiter or a quote, as
  // most browsers' names have them, it is copied between quotes; what has more to it goes the slow way.
  char* put_odd(Payload& out, char* to, std::string_view text, size_t plain) {
    if (text[plain] == delimiter_ || text[plain] == '"') {
      size_t need = 2 * text.size() + 2 * json_margin;
      if (need > static_cast<size_t>(end_ - to)) {
        to = make_room(out, to, need);
        plain = 0;
      }
      if (char* end = put_quoted(to, text, plain)) {
        return end;
      }
    }
    out.commit(to);
    put_text(out, text);
    end_ = out.room(0);
    return end_;
  }

  // Null when there is anything to escape. REQUIRES: twice the text and json_margin at `to`.
  static char* put_quoted(char* to, std::string_view text, size_t plain) {
    move_on(to, plain);
    *to = '"';
    to += 1 + plain;
    const char* end = text.data() + text.size();
    for (const char* from = text.data() + plain; from < end;) {
      size_t size = copy_plain(to, from, static_cast<size_t>(end - from));
      to += size;
      from += size;
      if (from == end) {
        break;
      }
      if (*from == '"') {
        *to++ = '"';
      } else if (*from != '\\' && *from != '\n' && *from != '\r' && *from != '\t') {
        return nullptr;
      }
      *to++ = *from++;
    }
    *to = '"';
    return to + 1;
  }

  void put_text(Payload& out, std::string_view text) {
    size_t special = 0;
    for (char c : text) {
      special += c == delimiter_ || c == '"' || c == '\n' || c == '\r' ? 1 : 0;
    }
    constexpr std::string_view keep = "\n\r\t";
    if (special == 0) {
      append_escaped(out, text, keep);
      return;
    }
    out.append('"');
    for (size_t at = 0; at <= text.size();) {
      size_t quote = text.find('"', at);
      size_t end = quote == std::string_view::npos ? text.size() : quote + 1;
      append_escaped(out, text.substr(at, end - at), keep);
      if (quote == std::string_view::npos) {
        break;
      }
      out.append('"');
      at = end;
    }
    out.append('"');
  }

  size_t size_;
  char delimiter_;
  char* end_ = nullptr;  // of the room at hand
  std::string header_;
  Payload object_;
  TimeMemo time_;
  std::vector<const Column*> columns_;  // of the batch at hand
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<CsvConfig*>(raw);
  if (config.delimiter == "\\t") {
    config.delimiter = "\t";
  }
  if (config.delimiter.size() != 1 || config.delimiter == "\"" || config.delimiter == "\n") {
    throw std::invalid_argument("delimiter is not one character; it takes , ; | or \\t");
  }
  if (config.keys.empty()) {
    throw std::invalid_argument("keys is empty; it takes the keys that are the columns, as in time, status");
  }
  for (const std::string& key : config.keys) {
    wiring.reads.push_back({key, Type::Mixed, true});
  }
}
}  // namespace

extern const Plugin codec_csv;
const Plugin codec_csv = {
    .kind = Kind::Codec,
    .name = "csv",
    .doc = "chosen keys as columns of comma-separated values",
    .options = options,
    .primary = "keys",
    .config = config_type<CsvConfig>,
    .declare = declare,
    .codec = make_codec<Csv, CsvConfig>,
};

}  // namespace stook
