// SPDX-License-Identifier: Apache-2.0
/// csv: chosen keys as columns (RFC 4180, lines end in a newline).
///
/// A value stands in quotes, and quotes in it twice, when it holds the delimiter, a quote, CR or LF. Other control
/// characters are escaped (`\x1b`). An absent value is nothing, an empty text is `""`. A new file begins with the names of
/// the keys.
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
#include "sinks/codecs/space.hh"

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
  explicit Csv(const CsvConfig& config)
      : size_(config.keys.size()),
        margin_(size_ + 2 * json_margin),
        delimiter_(config.delimiter[0]),
        odd_('"', delimiter_) {
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
    // Kept out of the loop: what is written may be anywhere, as far as the compiler knows.
    const Column* const* columns = columns_.data();
    size_t size = size_;
    Space space = more(payload, payload.room(0), 0);
    for (Row row : batch.rows()) {
      for (size_t i = 0; i < size; i++) {
        if (const Cell* cell = columns[i] == nullptr ? nullptr : columns[i]->find(row)) {
          space = put_value(payload, space, *cell);
        }
        *space.to++ = delimiter_;
      }
      space.to[-1] = '\n';
      payload.end_row(space.to);
      if (space.left() < margin_) {
        space = more(payload, space.to, 0);
      }
    }
    payload.commit(space.to);
  }
  std::string_view header() const override { return header_; }

 private:
  Space more(Payload& out, char* to, size_t need) const { return next_space(out, to, need + margin_); }

  // Most texts have nothing to quote and nothing to escape: they are copied while they are looked at.
  Space put_value(Payload& out, Space space, const Cell& cell) {
    bool is_text = cell.type == Type::Text || cell.type == Type::Bytes;
    size_t size = is_text ? cell.size : 0;
    if (space.left() < size + margin_) {
      space = more(out, space.to, size);
    }
    if (is_text && size == 0) {
      space.to[0] = space.to[1] = '"';
      return {space.to + 2, space.end};
    }
    if (is_text) {
      size_t plain = copy_plain(space.to, cell.data, size, odd_);
      return plain == size ? Space{space.to + size, space.end} : put_odd(out, space, cell.bytes(), plain);
    }
    if (cell.type == Type::Integer) {
      return {put_integer(space.to, cell.integer), space.end};
    }
    if (cell.type == Type::Time) {
      return {time_.put(space.to, cell.integer), space.end};
    }
    object_.reset();
    append_text(object_, cell);
    out.commit(space.to);
    put_text(out, object_.bytes());
    return more(out, out.room(0), 0);
  }

  // A text of which the first `plain` bytes are written, and the next one needs a look. With a delimiter or a quote, as
  // most browsers' names have them, it is copied between quotes; what has more to it goes the slow way.
  Space put_odd(Payload& out, Space space, std::string_view text, size_t plain) {
    if (text[plain] == delimiter_ || text[plain] == '"') {
      if (space.left() < 2 * text.size() + margin_) {
        space = more(out, space.to, 2 * text.size());
        plain = 0;
      }
      if (char* to = put_quoted(space.to, text, plain)) {
        return {to, space.end};
      }
    }
    out.commit(space.to);
    put_text(out, text);
    return more(out, out.room(0), 0);
  }

  // Null when there is anything to escape. REQUIRES: twice the text and json_margin at `to`.
  static char* put_quoted(char* to, std::string_view text, size_t plain) {
    move_on(to, plain);
    *to = '"';
    to += 1 + plain;
    const char* end = text.data() + text.size();
    for (const char* from = text.data() + plain; from < end;) {
      size_t size = copy_plain(to, from, static_cast<size_t>(end - from), OddBytes('"'));
      to += size;
      from += size;
      if (from == end) {
        break;
      }
      if (*from == '"') {
        *to++ = '"';
      } else if (*from != '\n' && *from != '\r' && *from != '\t') {
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
  // What is free before each value: for a number or a time, and for the delimiters of all columns, absent ones too.
  size_t margin_;
  char delimiter_;
  OddBytes odd_;
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
