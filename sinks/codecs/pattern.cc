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

class PatternCodec final : public Codec {
 public:
  explicit PatternCodec(const PatternConfig& config) : pattern_(config.compiled) {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const std::vector<Pattern::Piece>& pieces = pattern_.pieces();
    columns_.clear();
    for (size_t i = 0; i < pieces.size(); i++) {
      columns_.push_back(pieces[i].key.empty() ? nullptr
                                               : batch.read(batch.in(static_cast<size_t>(pattern_.key_of(i)))));
    }
    for (Row row : batch.rows()) {
      for (size_t i = 0; i < pieces.size(); i++) {
        if (pieces[i].key.empty()) {
          payload.append(std::string_view(pieces[i].text));
        } else {
          put_value(i, columns_[i] == nullptr ? nullptr : columns_[i]->find(row), payload);
        }
      }
      payload.end_row();
    }
  }

 private:
  void put_value(size_t piece, const Cell* cell, Payload& payload) ROOM(worker) {
    if (cell == nullptr || (cell->type != Type::Text && cell->type != Type::Bytes)) {
      pattern_.expand_piece(piece, cell, payload);
      return;
    }
    std::string_view text = cell->bytes();
    char* to = payload.room(text.size() + json_margin);
    if (copy_plain(to, text.data(), text.size()) == text.size()) {
      payload.commit(to + text.size());
    } else {
      append_escaped(payload, text);
    }
  }

  const Pattern& pattern_;
  std::vector<const Column*> columns_;  // by piece, of the batch at hand
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
