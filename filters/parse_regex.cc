// SPDX-License-Identifier: Apache-2.0
/// parse_regex: the named groups of a regular expression into keys.
///
/// Searches the text under `key` with a PCRE2 expression. Each named group that took part becomes a key; `types` says of
/// what type it is, text without. A group of another type than text that is empty or `-` is absent.
///
///   [door]
///   regex = ^(?<who>\w+) (?:came|left) after (?<stay>\d+) min
///   types = stay:integer
///
///   anna left after 12 min   →   who=anna stay=12
///
/// A text that does not match stays as it is and gets `parse_error`: "no match", or "match limit" when the search took
/// more steps than `match_limit`. So does one with a group that is not of its type. Expressions match bytes.
#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/api/literal.hh"
#include "core/api/plugin.hh"
#include "core/api/regex.hh"

namespace stook {

namespace {

struct ParseRegexConfig {
  std::string key;
  std::string regex;
  std::vector<std::string> types;
  int64_t match_limit = 0;
  int64_t depth_limit = 0;
  bool keep_text = false;

  /// A group that is a key. `fault` is what parse_error says of a text that is not of the type.
  struct Group {
    int number;
    Type type;
    std::string fault;
  };
  std::unique_ptr<Regex> compiled;
  std::vector<Group> groups;
};

constexpr std::array options = {
    option<&ParseRegexConfig::regex>("regex", required, "the expression, with a named group for each key: (?<name>…)"),
    option<&ParseRegexConfig::types>("types", "", "types of groups as name:type, the others are text"),
    option<&ParseRegexConfig::key>("key", "message", "the key whose text is read"),
    option<&ParseRegexConfig::keep_text>("keep_text", "no", "keep that text where it could be parsed"),
    option<&ParseRegexConfig::match_limit>("match_limit", "1000000", "steps after which a search is given up",
                                           {1, 1e9}),
    option<&ParseRegexConfig::depth_limit>("depth_limit", "10000",
                                           "nested steps after which a search without JIT is given up", {1, 1e6}),
};

/// *Rooms:* one replica, its worker.
class ParseRegex final : public Filter {
 public:
  explicit ParseRegex(const ParseRegexConfig& config)
      : config_(config),
        matcher_(*config.compiled,
                 {static_cast<uint32_t>(config.match_limit), static_cast<uint32_t>(config.depth_limit)}),
        columns_(config.groups.size()),
        cells_(config.groups.size()) {}

  void run(Batch& batch) override ROOM(worker) {
    Column* spent = config_.keep_text ? nullptr : batch.write(batch.in(0));
    const Column* source = batch.read(batch.in(0));
    for (size_t i = 0; i < columns_.size(); i++) {
      columns_[i] = batch.write(batch.out(i + 1));
    }
    for (Row row : batch.rows()) {
      const Cell* text = source == nullptr ? nullptr : source->find(row);
      const char* reason = parse(text);
      if (reason != nullptr) {
        if (Column* error = batch.write(batch.out(0))) {
          error->set(row, Cell::of_text(reason));
        }
        batch.fault(row);
        continue;
      }
      keep(spent, row);
    }
  }

 private:
  /// Reads the groups into cells_; null, or why the row is none.
  const char* parse(const Cell* text) ROOM(worker) {
    if (text == nullptr || (text->type != Type::Text && text->type != Type::Bytes)) {
      return "no match: the row has no text";
    }
    switch (matcher_.match(text->bytes())) {
      case Matched::No:
        return "no match";
      case Matched::Limit:
        return "match limit";
      case Matched::Yes:
        break;
    }
    for (size_t i = 0; i < config_.groups.size(); i++) {
      const ParseRegexConfig::Group& group = config_.groups[i];
      std::string_view bytes;
      cells_[i].type = Type::Mixed;
      if (columns_[i] == nullptr || !matcher_.find_group(text->bytes(), group.number, bytes)) {
        continue;
      }
      if (group.type == Type::Text) {
        cells_[i] = Cell::of_text(bytes);
      } else if (!bytes.empty() && bytes != "-" && !read_cell(group.type, bytes, cells_[i])) {
        return group.fault.c_str();
      }
    }
    return nullptr;
  }

  /// Takes over the cells that have been set; the text goes first, as a group may bear its name.
  void keep(Column* spent, Row row) ROOM(worker) {
    if (spent != nullptr) {
      spent->clear(row);
    }
    for (size_t i = 0; i < cells_.size(); i++) {
      if (cells_[i].type != Type::Mixed) {
        columns_[i]->set(row, cells_[i]);
      }
    }
  }

  const ParseRegexConfig& config_;
  Matcher matcher_;
  std::vector<Column*> columns_;  // of the batch at hand
  std::vector<Cell> cells_;       // of the row at hand; Mixed: absent
};

Type type_of(const ParseRegexConfig& config, std::string_view name) {
  Type type = Type::Text;
  for (const std::string& entry : config.types) {
    size_t colon = entry.rfind(':');
    if (colon == std::string::npos || trim(std::string_view(entry).substr(0, colon)) != name) {
      continue;
    }
    std::string_view word = trim(std::string_view(entry).substr(colon + 1));
    if (!find_type(word, type) || !is_readable(type)) {
      throw std::invalid_argument("types: " + std::string(word) + " is no type of a group; it takes " + readable_types);
    }
  }
  return type;
}

/// Each entry of `types` must name a group.
void check_types(const ParseRegexConfig& config, const std::vector<std::string>& names) {
  for (const std::string& entry : config.types) {
    size_t colon = entry.rfind(':');
    if (colon == std::string::npos) {
      throw std::invalid_argument("types: " + entry + " has no type; write name:type, as in status:integer");
    }
    std::string_view name = trim(std::string_view(entry).substr(0, colon));
    bool is_known = false;
    for (const std::string& known : names) {
      is_known = is_known || known == name;
    }
    if (!is_known) {
      std::string_view near = nearest_name(name, names);
      throw std::invalid_argument("types: the expression has no group " + std::string(name) +
                                  (near.empty() ? "" : "; did you mean " + std::string(near) + "?"));
    }
  }
}

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<ParseRegexConfig*>(raw);
  config.compiled = std::make_unique<Regex>(config.regex);
  std::vector<std::string> names;
  for (const Regex::Group& group : config.compiled->groups()) {
    names.push_back(group.name);
  }
  if (names.empty()) {
    throw std::invalid_argument(
        "regex: the expression has no named group; write (?<name>…) around what is to be a key");
  }
  check_types(config, names);
  wiring.reads = {{config.key}};
  wiring.writes = {{"parse_error", Type::Text, "", "why the text could not be parsed"}};
  config.groups.clear();
  for (const Regex::Group& group : config.compiled->groups()) {
    Type type = type_of(config, group.name);
    config.groups.push_back({group.number, type, "no " + std::string(type_name(type)) + " in group " + group.name});
    wiring.writes.push_back({group.name, type, "", "group " + group.name});
  }
}

}  // namespace

extern const Plugin filter_parse_regex;
const Plugin filter_parse_regex = {
    .kind = Kind::Filter,
    .name = "parse_regex",
    .doc = "searches a text by a regular expression and makes a key of each named group",
    .options = options,
    .primary = "regex",
    .config = config_type<ParseRegexConfig>,
    .declare = declare,
    .filter = make_filter<ParseRegex, ParseRegexConfig>,
};

}  // namespace stook
