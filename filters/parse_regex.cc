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

#include "core/api/group_cells.hh"
#include "core/api/parser.hh"
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
        cells_(config.groups.size()) {}

  void run(Batch& batch) override ROOM(worker) {
    TextRows texts(batch, batch.in(0), batch.out(0), config_.keep_text);
    cells_.begin(batch, 1);
    for (Row row : batch.rows()) {
      if (const char* reason = parse(texts.text(row))) {
        texts.fail(row, reason);
        continue;
      }
      texts.done(row);
      cells_.put(row);
    }
  }

 private:
  /// Reads the groups into cells_; null, or why the row is none.
  const char* parse(std::string_view text) ROOM(worker) {
    if (text.data() == nullptr) {
      return "no match: the row has no text";
    }
    switch (matcher_.match(text)) {
      case Matched::No:
        return "no match";
      case Matched::Limit:
        return "match limit";
      case Matched::Yes:
        break;
    }
    cells_.clear();
    for (size_t i = 0; i < config_.groups.size(); i++) {
      const ParseRegexConfig::Group& group = config_.groups[i];
      std::string_view bytes;
      if (cells_.lacks(i) && matcher_.find_group(text, group.number, bytes) && !cells_.take(i, group.type, bytes)) {
        return group.fault.c_str();
      }
    }
    return nullptr;
  }

  const ParseRegexConfig& config_;
  Matcher matcher_;
  GroupCells cells_;
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
