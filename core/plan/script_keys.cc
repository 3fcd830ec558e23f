// SPDX-License-Identifier: Apache-2.0
#include "core/plan/script_keys.hh"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "core/plan/registry.hh"

namespace stook {

namespace {
struct Token {
  enum class Kind : uint8_t { Name, Text, Other };
  Kind kind;
  std::string_view text;  // of a text: what is between its quotes
  size_t offset;
};

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Behind a long bracket that begins at `at`, as [[…]] or [==[…]==]; npos: none begins there.
size_t behind_long(std::string_view text, size_t at) {
  size_t open = text.find_first_not_of('=', at + 1);
  if (text[at] != '[' || open == std::string_view::npos || text[open] != '[') {
    return std::string_view::npos;
  }
  std::string close = "]" + std::string(open - at - 1, '=') + "]";
  size_t end = text.find(close, open);
  return end == std::string_view::npos ? text.size() : end + close.size();
}

size_t behind_quotes(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && text[end] != text[at] && text[end] != '\n') {
    end += text[end] == '\\' ? 2 : 1;
  }
  return std::min(end + 1, text.size());
}

size_t behind_comment(std::string_view text, size_t at) {
  size_t end = at + 2 < text.size() ? behind_long(text, at + 2) : std::string_view::npos;
  return end != std::string_view::npos ? end : std::min(text.find('\n', at), text.size());
}

// Symbols of two characters that must not be taken for `=` or `.`.
bool is_pair(std::string_view text, size_t at) {
  std::string_view two = text.substr(at, 2);
  return two == "==" || two == "~=" || two == "<=" || two == ">=" || two == "..";
}

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  for (size_t at = 0; at < text.size();) {
    char c = text[at];
    size_t end = at + 1;
    Token::Kind kind = Token::Kind::Other;
    if (text.substr(at, 2) == "--") {
      at = behind_comment(text, at);
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      at++;
      continue;
    }
    if (is_name_start(c) || is_digit(c)) {
      while (end < text.size() && (is_name_start(text[end]) || is_digit(text[end]))) {
        end++;
      }
      kind = is_digit(c) ? Token::Kind::Other : Token::Kind::Name;
    } else if (c == '"' || c == '\'') {
      end = behind_quotes(text, at);
      tokens.push_back({Token::Kind::Text, text.substr(at + 1, end - at - 2), at + 1});
      at = end;
      continue;
    } else if (c == '[' && behind_long(text, at) != std::string_view::npos) {
      end = behind_long(text, at);
    } else if (is_pair(text, at)) {
      end = at + 2;
    }
    tokens.push_back({kind, text.substr(at, end - at), at});
    at = end;
  }
  return tokens;
}

/// Reads the tokens of one function.
class AccessReader {
 public:
  explicit AccessReader(std::string_view text) : tokens_(tokens_of(text)) {}

  std::vector<KeyAccess> read() {
    size_t at = body();
    int depth = 1;    // of blocks
    int nesting = 0;  // of parentheses and braces
    for (; at < tokens_.size() && depth > 0; at++) {
      std::string_view word = tokens_[at].kind == Token::Kind::Text ? std::string_view() : tokens_[at].text;
      depth += word == "function" || word == "if" || word == "do" || word == "repeat" ? 1 : 0;
      depth -= word == "end" || word == "until" ? 1 : 0;
      nesting += word == "(" || word == "{" ? 1 : word == ")" || word == "}" ? -1 : 0;
      if (word == record_ && tokens_[at].kind == Token::Kind::Name && !is(at - 1, ".") && !is(at - 1, ":")) {
        if (!take(at, nesting)) {
          return {};
        }
      }
    }
    return std::move(found_);
  }

 private:
  bool is(size_t at, std::string_view word) const {
    return at < tokens_.size() && tokens_[at].kind != Token::Kind::Text && tokens_[at].text == word;
  }

  // Behind `function filter(NAME)` or `filter = function(NAME)`; notes the name.
  size_t body() {
    for (size_t at = 0; at + 4 < tokens_.size(); at++) {
      bool is_named = is(at, "function") && is(at + 1, "filter") && is(at + 2, "(") && is(at + 4, ")");
      bool is_given =
          is(at, "filter") && is(at + 1, "=") && is(at + 2, "function") && is(at + 3, "(") && is(at + 5, ")");
      if (is_named || is_given) {
        record_ = tokens_[at + (is_named ? 3 : 4)].text;
        return at + (is_named ? 5 : 6);
      }
    }
    return tokens_.size();
  }

  // The record's name at `at`. False: from here on it may mean something else.
  bool take(size_t at, int nesting) {
    if (is(at + 1, "=") || is(at - 1, "local") || is(at - 1, "function") || is(at - 1, "for") || is_parameter(at)) {
      return false;
    }
    bool is_member = is(at + 1, ".") && at + 2 < tokens_.size() && tokens_[at + 2].kind == Token::Kind::Name;
    bool is_index = is(at + 1, "[") && is(at + 3, "]") && tokens_[at + 2].kind == Token::Kind::Text;
    if (is_member || is_index) {
      const Token& key = tokens_[at + 2];
      size_t next = at + (is_member ? 3 : 4);
      // In a list, as in `a, rec.b = 1, 2`, it may be either.
      bool is_write = is(next, "=") || (nesting == 0 && is(next, ","));
      if (key.text.find('\\') == std::string_view::npos) {
        found_.push_back({std::string(key.text), key.offset, is_write});
      }
      return true;
    }
    // With `rec[name] = …`, and in a function that is given the record, any key may be written.
    return is(at - 1, "(") && (is(at - 2, "pairs") || is(at - 2, "emit"));
  }

  // Whether the name stands among the parameters of another function.
  bool is_parameter(size_t at) const {
    while (at > 0 && (is(at - 1, ",") || (tokens_[at - 1].kind == Token::Kind::Name && is(at, ",")))) {
      at--;
    }
    return at > 1 && is(at - 1, "(") && (is(at - 2, "function") || (at > 2 && is(at - 3, "function")));
  }

  std::vector<Token> tokens_;
  std::string_view record_ = "\n";
  std::vector<KeyAccess> found_;
};

// The value of an option in the text that says everything of an instance (instance_text.hh); empty: it has none.
std::string_view option_in(std::string_view text, std::string_view name) {
  std::string begin = std::to_string(name.size()) + ":" + std::string(name);
  for (size_t at = text.find(begin); at != std::string_view::npos; at = text.find(begin, at + 1)) {
    const char* number = text.data() + at + begin.size();
    size_t size = 0;
    auto [end, error] = std::from_chars(number, text.data() + text.size(), size);
    size_t value = static_cast<size_t>(end - text.data()) + 1;
    if ((at == 0 || text[at - 1] == '\n') && error == std::errc() && value + size <= text.size()) {
      return text.substr(value, size);
    }
  }
  return {};
}

Place place_at(std::string_view text, size_t offset, size_t length, std::string file) {
  size_t begin = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;
  size_t end = std::min(text.find('\n', offset), text.size());
  auto line = 1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(begin), '\n');
  return {std::move(file), static_cast<int>(line), static_cast<int>(offset - begin) + 1, static_cast<int>(length),
          std::string(text.substr(begin, end - begin))};
}

/// Goes from a route's source to its sinks and notes which keys there can be.
class UnwrittenKeys {
 public:
  UnwrittenKeys(const Plan& plan, std::string folder) : plan_(plan), folder_(std::move(folder)) {}

  std::vector<ConfigError> find() {
    for (const auto& route : plan_.routes) {
      const Wiring& wiring = route->source->wiring;
      std::set<std::string> known;
      add(wiring, known);
      if (!wiring.opens) {
        walk(*route, route->roots, known);
      }
    }
    return std::move(found_);
  }

 private:
  static void add(const Wiring& wiring, std::set<std::string>& known) {
    for (const Key& key : wiring.writes) {
      known.insert(key.name);
    }
    for (const Wiring::Rename& rename : wiring.renames) {
      known.insert(rename.to);
    }
  }

  void walk(const Route& route, const std::vector<size_t>& nodes, const std::set<std::string>& known) {
    for (size_t at : nodes) {
      const Node& node = route.nodes[at];
      const Instance& one = *node.instance;
      if (one.plugin->kind != Kind::Filter) {
        continue;
      }
      if (std::string_view(one.plugin->name) == "lua" && one.wiring.reads_all) {
        look(one, known);
      }
      if (!one.wiring.opens) {
        std::set<std::string> more = known;
        add(one.wiring, more);
        walk(route, node.children, more);
        walk(route, node.error_children, more);
      }
    }
  }

  void look(const Instance& script, std::set<std::string> known) {
    const std::string& text = script.wiring.content;
    std::vector<KeyAccess> accesses =
        option_in(script.text, "call").empty() ? key_accesses(text) : std::vector<KeyAccess>();
    for (const auto& read : script.wiring.reads) {
      known.insert(read.key);
    }
    for (const KeyAccess& access : accesses) {
      if (access.is_write) {
        known.insert(access.key);
      }
    }
    std::string file(option_in(script.text, "script"));
    file = file.empty() || file[0] == '/' ? file : folder_ + file;
    for (const KeyAccess& access : accesses) {
      if (known.count(access.key) == 0 && said_.insert({&script, access.key}).second) {
        found_.emplace_back(place_at(text, access.offset, access.key.size(), file),
                            "[" + script.id + "] reads '" + access.key + "', which no element before it writes",
                            did_you_mean(access.key, std::vector<std::string>(known.begin(), known.end())));
      }
    }
  }

  const Plan& plan_;
  std::string folder_;
  std::set<std::pair<const Instance*, std::string>> said_;
  std::vector<ConfigError> found_;
};
}  // namespace

std::vector<KeyAccess> key_accesses(std::string_view script) {
  return AccessReader(script).read();
}

std::vector<ConfigError> find_unwritten_keys(const Plan& plan, const std::string& config_file) {
  size_t slash = config_file.rfind('/');
  return UnwrittenKeys(plan, slash == std::string::npos ? "" : config_file.substr(0, slash + 1)).find();
}

}  // namespace stook
