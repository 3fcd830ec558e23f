// SPDX-License-Identifier: Apache-2.0
/// pattern: text with keys in it, as often as there are rows.
///
/// `$name` and `${name}` stand for a key's value, `${name:-text}` says what stands for an absent one,
/// `${time:%Y-%m-%d %H:%M:%S}` formats a time in UTC, `$$` is a dollar. A newline is written as `\n`. Control characters in
/// values are escaped (`\n`, `\x1b`, `\u0085`), those of the pattern itself are written as they are.
///
///   [out]
///   format = pattern
///   pattern = "$remote_addr ${status:-?} $path\n"
///
///   192.0.2.1 404 /favicon.ico
#include "core/data/pattern.hh"
#include "core/data/plain_scan.hh"
#include "sinks/codecs/space.hh"

#include <array>
#include <memory>
#include <string>

#include "core/api/plugin.hh"
#include "core/data/json_text.hh"

namespace stook {

namespace {
struct PatternConfig {
  std::string pattern;
  Pattern compiled;
};

constexpr std::array options = {option<&PatternConfig::pattern>("pattern", required, "the text, with $keys in it")};

/// *Rooms:* one replica, its worker.
class PatternCodec final : public Codec {
 public:
  explicit PatternCodec(const PatternConfig& config) : pattern_(config.compiled) {
    for (const Pattern::Piece& piece : pattern_.pieces()) {
      parts_.push_back({nullptr, piece.key.empty(), literals_.size(), piece.text.size()});
      literals_ += piece.text;
    }
    literals_.append(16, '\0');
  }

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    for (size_t i = 0; i < parts_.size(); i++) {
      if (!parts_[i].is_literal) {
        parts_[i].column = batch.read(batch.in(static_cast<size_t>(pattern_.key_of(i))));
      }
    }
    Space space = next_space(payload, payload.room(0), 0);
    const Part* parts = parts_.data();
    const char* literals = literals_.data();
    for (Row row : batch.rows()) {
      for (size_t i = 0, size = parts_.size(); i < size; i++) {
        const Cell* cell = parts[i].column == nullptr ? nullptr : parts[i].column->find(row);
        if (cell != nullptr) {
          space = put_value(payload, space, i, *cell);
          continue;
        }
        if (space.left() < parts[i].size + json_margin) {
          space = next_space(payload, space.to, parts[i].size);
        }
        space.to = put_padded(space.to, literals + parts[i].at, parts[i].size);
      }
      payload.end_row(space.to);
    }
    payload.commit(space.to);
  }

 private:
  /// One piece: a literal, or a key's column with the literal that stands for an absent value.
  struct Part {
    const Column* column;  // of the batch at hand
    bool is_literal;
    size_t at;  // in literals_
    size_t size;
  };

  Space put_value(Payload& out, Space space, size_t piece, const Cell& cell) ROOM(worker) {
    bool is_text = cell.type == Type::Text || cell.type == Type::Bytes;
    size_t size = is_text ? cell.size : 0;
    if (space.left() < size + json_margin) {
      space = next_space(out, space.to, size);
    }
    if (is_text && copy_plain(space.to, cell.data, size, OddBytes()) == size) {
      return {space.to + size, space.end};
    }
    if (cell.type == Type::Integer) {
      return {put_integer(space.to, cell.integer), space.end};
    }
    out.commit(space.to);
    if (is_text) {
      append_escaped(out, cell.bytes());
    } else {
      pattern_.expand_piece(piece, &cell, out);
    }
    return next_space(out, out.room(0), 0);
  }

  const Pattern& pattern_;
  std::vector<Part> parts_;
  std::string literals_;  // all texts of the pattern, and 16 bytes more
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<PatternConfig*>(raw);
  config.compiled = Pattern(config.pattern);
  for (const std::string& key : config.compiled.keys()) {
    wiring.reads.push_back({key, Type::Mixed, true});
  }
}
}  // namespace

extern const Plugin codec_pattern;
const Plugin codec_pattern = {
    .kind = Kind::Codec,
    .name = "pattern",
    .doc = "text with keys in it",
    .options = options,
    .primary = "pattern",
    .config = config_type<PatternConfig>,
    .declare = declare,
    .codec = make_codec<PatternCodec, PatternConfig>,
};

}  // namespace stook
