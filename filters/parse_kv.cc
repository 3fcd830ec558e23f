// SPDX-License-Identifier: Apache-2.0
/// parse_kv: makes a key of each key=value pair, as logfmt and many others write them.
///
/// Values may stand in quotes: in "…" backslashes are undone, '…' is taken as it is. A word without a value is a key with
/// true. Between pairs any number of separators may stand. All values are text, or with `types = auto` numbers and truths
/// where they look like them (007 stays text). A key that comes twice has its last value. Pairs for which the route has
/// no key left, and those whose key is longer than 255 bytes, go together into the object `rest`; a row's pairs past the
/// 1,024th are lost and counted.
///
///     stack=log:TAIL,parse:PARSE_KV,out:STDOUT
///     [parse]
///     types=auto
///
/// `level=info msg="all \"well\"" took=0.5 cached` becomes `level=info msg=all "well" took=0.5 cached=true`.
/// A row without any pair, with an open quote, or with text behind a closing one keeps its text and gets a parse_error.
#include <stdexcept>

#include "core/api/parser.hh"
#include "core/api/plugin.hh"
#include "core/data/backslash.hh"
#include "core/data/object.hh"
#include "core/data/scan.hh"
#include "core/data/typed_text.hh"

namespace stook {

enum class KvTypes : uint8_t { Text, Auto };
template <>
inline constexpr std::string_view choice_names<KvTypes>[] = {"text", "auto"};

namespace {
struct KvConfig {
  std::string key;
  std::string pair;
  std::string between;
  std::string prefix;
  KvTypes types = KvTypes::Text;
  bool keep_text = false;
};

constexpr Option kv_options[] = {
    option<&KvConfig::key>("key", "message", "where the text is"),
    option<&KvConfig::pair>("pair", " ",
                            "what separates pairs: one or two characters, each will do; a blank is a tab too"),
    option<&KvConfig::between>("between", "=", "what stands between key and value, one character"),
    option<&KvConfig::prefix>("prefix", "", "what stands before the name of each key"),
    option<&KvConfig::types>("types", "text", "whether values that look like numbers or truths become such"),
    option<&KvConfig::keep_text>("keep_text", "no", "keep the text as well"),
};

constexpr size_t max_pairs = 1024;
constexpr size_t max_name = 255;

/// Reads pairs. *Invariants:* expected_ holds only while the dictionary's stamp is stamp_, its columns only within one
/// batch. *Rooms:* a replica per worker.
class ParseKv final : public Filter {
 public:
  explicit ParseKv(const KvConfig& config)
      : config_(config),
        one_(config.pair[0]),
        other_(config.pair.size() > 1 ? config.pair[1]
               : one_ == ' '          ? '\t'
                                      : one_),
        between_(config.between[0]) {
    pairs_.reserve(max_pairs);
    expected_.reserve(64);
  }

  void run(Batch& batch) override ROOM(worker) {
    TextRows texts(batch, batch.in(0), batch.out(0), config_.keep_text);
    if (stamp_ != batch.keys().stamp()) {
      stamp_ = batch.keys().stamp();
      expected_.clear();
    }
    for (Expected& expected : expected_) {
      expected.column = nullptr;
    }
    batch_ = &batch;
    for (Row row : batch.rows()) {
      std::string_view text = texts.text(row);
      const char* reason = text.data() == nullptr ? "not key=value text: the row has no text" : read(text);
      if (reason != nullptr) {
        texts.fail(row, reason);
        continue;
      }
      texts.done(row);
      commit(row);
    }
  }

 private:
  /// What stood at this place in the row before: its key is tried first.
  struct Expected {
    std::string name;
    KeyId id;
    Column* column;
  };
  struct Pair {
    std::string_view name;
    Column* column;  // null: there is no key left for it
    Cell value;
  };

  bool is_separator(char c) const { return c == one_ || c == other_; }

  /// Fills pairs_; null, or why the text is none.
  const char* read(std::string_view text) ROOM(worker) {
    Scan scan(text);
    const char* at = scan.begin();
    bool has_value = false;
    pairs_.clear();
    has_overflow_ = false;
    size_t place = 0;
    for (;; place++) {
      while (at < scan.end() && is_separator(*at)) {
        at++;
      }
      if (at == scan.end()) {
        break;
      }
      const char* name_end = end_of_name(scan, at, place);
      if (name_end == at) {
        return "not key=value text: a value without a key";
      }
      Pair pair{{at, static_cast<size_t>(name_end - at)}, nullptr, Cell::of_boolean(true)};
      at = name_end;
      if (at < scan.end() && *at == between_) {
        has_value = true;
        at++;
        if (const char* reason = read_value(scan, at, pair.value)) {
          return reason;
        }
      }
      if (place >= max_pairs) {
        batch_->meter().keys_lost.add(1);
        continue;
      }
      pair.column = column_of(pair.name, place);
      has_overflow_ = has_overflow_ || pair.column == nullptr;
      pairs_.push_back(pair);
    }
    return has_value ? nullptr : "not key=value text: there is no pair";
  }

  const char* end_of_name(const Scan& scan, const char* at, size_t place) const {
    if (place < expected_.size()) {
      const std::string& name = expected_[place].name;
      if (static_cast<size_t>(scan.end() - at) > name.size() && at[name.size()] == between_ &&
          std::memcmp(at, name.data(), name.size()) == 0) {
        return at + name.size();
      }
    }
    while (at < scan.end() && *at != between_ && !is_separator(*at)) {
      at++;
    }
    return at;
  }

  /// Reads the value at `at`, which moves behind it.
  const char* read_value(const Scan& scan, const char*& at, Cell& value) ROOM(worker) {
    char quote = at < scan.end() ? *at : '\0';
    if (quote != '"' && quote != '\'') {
      const char* end = scan.find_either(at, one_, other_);
      std::string_view text(at, static_cast<size_t>(end - at));
      value = config_.types == KvTypes::Auto ? guess_type(text) : Cell::of_text(text);
      at = end;
      return nullptr;
    }
    const char* first = ++at;
    bool has_escape = false;
    at = scan.find_either(at, quote, quote == '"' ? '\\' : quote);
    while (at < scan.end() && *at != quote) {
      has_escape = true;
      at = scan.end() - at < 2 ? scan.end() : scan.find_either(at + 2, quote, '\\');
    }
    if (at == scan.end()) {
      return "not key=value text: no closing quote";
    }
    std::string_view text(first, static_cast<size_t>(at - first));
    if (++at < scan.end() && !is_separator(*at)) {
      return "not key=value text: text follows a closing quote";
    }
    if (has_escape) {
      char* to = batch_->arena().take(text.size());
      text = {to, static_cast<size_t>(undo_backslashes(to, text) - to)};
    }
    value = Cell::of_text(text);
    return nullptr;
  }

  Column* column_of(std::string_view name, size_t place) ROOM(worker) {
    if (place < expected_.size() && expected_[place].name == name) {
      Expected& expected = expected_[place];
      if (expected.column == nullptr) {
        expected.column = batch_->write(expected.id);
      }
      return expected.column;
    }
    if (config_.prefix.size() + name.size() > max_name) {
      return nullptr;
    }
    std::string_view whole = name;
    if (!config_.prefix.empty()) {
      prefixed_.assign(config_.prefix).append(name);
      whole = prefixed_;
    }
    KeyId id = batch_->keys().intern(whole);
    if (id == no_key) {
      return nullptr;
    }
    if (place <= expected_.size()) {
      if (place == expected_.size()) {
        expected_.emplace_back();
      }
      expected_[place].name.assign(name);
      expected_[place].id = id;
      expected_[place].column = batch_->write(id);
    }
    return batch_->write(id);
  }

  void commit(Row row) ROOM(worker) {
    Column* rest = has_overflow_ ? batch_->write(batch_->out(1)) : nullptr;
    size_t overflow = 0;
    for (Pair& pair : pairs_) {
      if (pair.column != nullptr && pair.column != rest) {
        pair.column->set(row, pair.value);
      } else {
        pairs_[overflow++] = pair;
      }
    }
    if (rest == nullptr) {
      return;
    }
    size_t room = 5;
    for (size_t i = 0; i < overflow; i++) {
      room += cell_room(Cell::of_text(pairs_[i].name)) + cell_room(pairs_[i].value);
    }
    Arena& arena = batch_->arena();
    char* begin = arena.reserve(room);
    char* to = put_map_head(begin, static_cast<uint32_t>(overflow));
    for (size_t i = 0; i < overflow; i++) {
      to = put_cell(put_cell(to, Cell::of_text(pairs_[i].name)), pairs_[i].value);
    }
    auto size = static_cast<size_t>(to - begin);
    arena.commit(size);
    Cell pairs = Cell::of_slice(Type::Object, {begin, size});
    pairs.is_number = true;  // the row's own pairs: codecs write them as keys
    rest->set(row, pairs);
  }

  const KvConfig& config_;
  char one_;
  char other_;
  char between_;
  Batch* batch_ = nullptr;
  uint64_t stamp_ = 0;
  std::vector<Expected> expected_;  // by place in the row
  std::vector<Pair> pairs_;
  bool has_overflow_ = false;
  std::string prefixed_;
};

void declare_kv(void* raw, std::string_view, Wiring& wiring) {
  const auto& config = *static_cast<const KvConfig*>(raw);
  if (config.pair.empty() || config.pair.size() > 2) {
    throw std::invalid_argument("pair: \"" + config.pair + "\" is not one or two characters");
  }
  if (config.between.size() != 1 || config.pair.find(config.between) != std::string::npos) {
    throw std::invalid_argument("between: \"" + config.between + "\" is not one character that is not in pair");
  }
  wiring.reads.push_back({config.key, Type::Text});
  wiring.writes.push_back({"parse_error", Type::Text, {}, "why the text has no pairs"});
  wiring.writes.push_back({"rest", Type::Object, {}, "pairs for which there was no key left"});
  wiring.opens = true;
}
}  // namespace

extern const Plugin filter_parse_kv;
const Plugin filter_parse_kv = {
    .kind = Kind::Filter,
    .name = "parse_kv",
    .doc = "makes a key of each key=value pair, as in logfmt",
    .options = kv_options,
    .config = config_type<KvConfig>,
    .declare = declare_kv,
    .filter = make_filter<ParseKv, KvConfig>,
};

}  // namespace stook
