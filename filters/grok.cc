// SPDX-License-Identifier: Apache-2.0
/// grok: lines taken apart by patterns with names.
///
/// Searches the text under `key` for the first of the patterns in `match` that is found in it. `%{NAME}` stands for a
/// pattern of the library, `%{NAME:key}` makes a key of what it matches, `%{NAME:key:int}` one of a type; all else is a
/// regular expression (PCRE2), whose named groups are keys, too.
///
///   [door]
///   define = STAY \d+
///   match = ^%{USER:who} (?:came|left) after %{STAY:stay:int} min
///   match = ^%{USER:who} knocked
///
///   anna left after 12 min   →   who=anna stay=12
///
/// A text that does not match stays as it is and gets `parse_error`: "no match", or "match limit" when the searches took
/// more steps than `match_limit`. So does one with a part that is not of its type.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/api/grok.hh"
#include "core/api/group_cells.hh"
#include "core/api/parser.hh"
#include "core/api/plugin.hh"
#include "core/base/text.hh"

namespace stook {

namespace {

struct GrokConfig {
  std::string key;
  std::vector<std::string> match;
  std::vector<std::string> define;
  std::vector<std::string> patterns;
  int64_t match_limit = 0;
  bool keep_text = false;

  /// A key; several parts of the patterns may bear its name. `fault` is what parse_error says of a part not of the type.
  struct Target {
    std::string name;
    Type type;
    std::string fault;
  };
  /// A group, and which target it fills.
  struct Part {
    int number;
    size_t target;
  };
  struct Compiled {
    Regex regex;
    std::vector<Part> parts;
  };
  /// The files in `patterns`, by their paths.
  std::vector<std::string> files;
  std::vector<Compiled> compiled;
  std::vector<Target> targets;
  /// What files and definitions came to.
  std::string expressions;
};

// Patterns have commas in them, so that each value is one, as it stands.
template <auto P>
bool add_whole(void* config, std::string_view text, const Option&, std::string&) {
  if (!trim(text).empty()) {
    (static_cast<GrokConfig*>(config)->*P).emplace_back(text);
  }
  return true;
}

template <auto P>
constexpr Option whole(Option row) {
  row.assign = &add_whole<P>;
  return row;
}

constexpr std::array options = {
    whole<&GrokConfig::match>(option<&GrokConfig::match>(
        "match", required, "a pattern, all of the value; given several times they are tried in order")),
    whole<&GrokConfig::define>(
        option<&GrokConfig::define>("define", "", "a pattern of your own, as NAME pattern; may be given many times")),
    option<&GrokConfig::patterns>("patterns", "", "files of such patterns, one a line, beside the configuration"),
    option<&GrokConfig::key>("key", "message", "the key whose text is read"),
    option<&GrokConfig::keep_text>("keep_text", "no", "keep that text where it could be parsed"),
    option<&GrokConfig::match_limit>("match_limit", "1000000", "steps after which the search for a pattern is given up",
                                     {1, 1e9}),
};

/// *Rooms:* one replica, its worker.
class GrokFilter final : public Filter {
 public:
  explicit GrokFilter(const GrokConfig& config) : config_(config), cells_(config.targets.size()) {
    matchers_.reserve(config.compiled.size());
    for (const GrokConfig::Compiled& one : config.compiled) {
      matchers_.emplace_back(one.regex, MatchLimits{static_cast<uint32_t>(config.match_limit)});
    }
  }

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
  /// Reads the parts into cells_; null, or why the row is none.
  const char* parse(std::string_view text) ROOM(worker) {
    if (text.data() == nullptr) {
      return "no match: the row has no text";
    }
    bool is_given_up = false;
    for (size_t i = 0; i < matchers_.size(); i++) {
      Matched matched = matchers_[i].match(text);
      if (matched == Matched::Yes) {
        return take(text, matchers_[i], config_.compiled[i].parts);
      }
      is_given_up = is_given_up || matched == Matched::Limit;
    }
    return is_given_up ? "match limit" : "no match";
  }

  /// Of parts with one key the first that took part has it.
  const char* take(std::string_view text, const Matcher& matcher, const std::vector<GrokConfig::Part>& parts)
      ROOM(worker) {
    cells_.clear();
    for (const GrokConfig::Part& part : parts) {
      const GrokConfig::Target& target = config_.targets[part.target];
      std::string_view bytes;
      if (cells_.lacks(part.target) && matcher.find_group(text, part.number, bytes) &&
          !cells_.take(part.target, target.type, bytes)) {
        return target.fault.c_str();
      }
    }
    return nullptr;
  }

  const GrokConfig& config_;
  std::vector<Matcher> matchers_;
  GroupCells cells_;
};

void read_file(const std::string& path, GrokShelf& shelf) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.is_open() || in.bad()) {
    throw std::invalid_argument("patterns: " + path + " cannot be read: " + std::strerror(errno));
  }
  try {
    shelf.read(text);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument("patterns: " + path + ", " + error.what());
  }
}

GrokShelf shelf_of(const GrokConfig& config) {
  GrokShelf shelf;
  shelf.remedy = "define = NAME pattern makes one";
  for (const std::string& file : config.files) {
    read_file(file, shelf);
  }
  for (const std::string& one : config.define) {
    try {
      shelf.read(one);
    } catch (const std::invalid_argument&) {
      throw std::invalid_argument("define: '" + printable(one, 64) + "' has no pattern; it is written NAME pattern");
    }
  }
  return shelf;
}

// The place of a key among the targets, which is new or has this type already.
size_t target_of(GrokConfig& config, const GrokField& field) {
  for (size_t i = 0; i < config.targets.size(); i++) {
    const GrokConfig::Target& known = config.targets[i];
    if (known.name == field.name && known.type != field.type) {
      throw std::invalid_argument("match: '" + field.name + "' is " + std::string(type_name(known.type)) +
                                  " in one place and " + std::string(type_name(field.type)) +
                                  " in another; a key has one type");
    }
    if (known.name == field.name) {
      return i;
    }
  }
  config.targets.push_back({field.name, field.type, "no " + std::string(type_name(field.type)) + " in " + field.name});
  return config.targets.size() - 1;
}

void compile(GrokConfig& config, std::string_view pattern, const GrokShelf& shelf) {
  GrokExpression expression(pattern, shelf);
  GrokConfig::Compiled compiled{Regex(expression.text), {}};
  expression.number(compiled.regex);
  config.expressions += expression.text + "\n";
  for (const GrokField& field : expression.fields) {
    compiled.parts.push_back({field.number, target_of(config, field)});
  }
  if (compiled.parts.empty()) {
    throw std::invalid_argument("it makes no key; write %{NAME:key} for what is to be one");
  }
  config.compiled.push_back(std::move(compiled));
}

void declare(void* raw, std::string_view folder, Wiring& wiring) {
  auto& config = *static_cast<GrokConfig*>(raw);
  config.files.clear();
  for (const std::string& file : config.patterns) {
    config.files.push_back(file.starts_with('/') ? file : std::string(folder) + "/" + file);
  }
  GrokShelf shelf = shelf_of(config);
  config.compiled.clear();
  config.targets.clear();
  config.expressions.clear();
  for (const std::string& pattern : config.match) {
    try {
      compile(config, pattern, shelf);
    } catch (const std::invalid_argument& error) {
      std::string what = error.what();
      throw std::invalid_argument(what.rfind("match: ", 0) == 0 ? what : "match: " + what);
    }
  }
  if (config.compiled.empty()) {
    throw std::invalid_argument("match: there is no pattern; %{COMBINEDAPACHELOG} is one");
  }
  wiring.reads = {{config.key}};
  wiring.writes = {{"parse_error", Type::Text, "", "why the text could not be parsed"}};
  for (const GrokConfig::Target& target : config.targets) {
    wiring.writes.push_back({target.name, target.type, "", "what %{NAME:" + target.name + "} matched"});
  }
  wiring.content = config.expressions;
}

void needs_of(const void* config, Needs& needs) {
  needs.trusted = static_cast<const GrokConfig*>(config)->files;
}

}  // namespace

extern const Plugin filter_grok;
const Plugin filter_grok = {
    .kind = Kind::Filter,
    .name = "grok",
    .doc = "takes lines apart by patterns with names, such as %{IP:client} %{NUMBER:bytes:int}",
    .options = options,
    .primary = "match",
    .config = config_type<GrokConfig>,
    .declare = declare,
    .needs = needs_of,
    .filter = make_filter<GrokFilter, GrokConfig>,
};

}  // namespace stook
