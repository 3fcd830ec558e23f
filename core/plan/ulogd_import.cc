// SPDX-License-Identifier: Apache-2.0
#include "core/plan/ulogd_import.hh"

#include <algorithm>
#include <map>
#include <vector>

#include "core/base/text.hh"
#include "core/plan/ini.hh"
#include "core/plan/line.hh"
#include "core/plan/registry.hh"
#include "core/plan/stack.hh"
#include "core/plan/ulogd.hh"

namespace stook {

namespace {

constexpr std::string_view no_effect = "accepted from old files and without effect";

std::string upper(std::string_view text) {
  std::string big(text);
  std::transform(big.begin(), big.end(), big.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return big;
}

Kind kind_at(size_t at, size_t size) {
  return at == 0 ? Kind::Source : at + 1 == size ? Kind::Sink : Kind::Filter;
}

/// The option of a plugin or of the codec that it writes with, or null.
const Option* option_of(const Plugin& plugin, std::string_view name) {
  const Plugin* codec = plugin.format == nullptr ? nullptr : find_plugin(Kind::Codec, plugin.format);
  for (const Plugin* one : {&plugin, codec}) {
    for (const Option& option : one == nullptr ? std::span<const Option>() : one->options) {
      if (option.name == name) {
        return &option;
      }
    }
  }
  return nullptr;
}

/// ulogd's numbers for levels, as words; others are empty.
std::string_view word_of_level(std::string_view number) {
  struct Word {
    std::string_view number;
    std::string_view word;
  };
  constexpr Word words[] = {{"1", "debug"}, {"3", "info"}, {"5", "notice"}, {"7", "error"}, {"8", "fatal"}};
  const auto* found =
      std::find_if(std::begin(words), std::end(words), [&](const Word& one) { return one.number == number; });
  return found == std::end(words) ? std::string_view() : found->word;
}

/// *Invariants:* what has been read of the file stands in `made_`.
class UlogdImport {
 public:
  UlogdImport(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {
    std::vector<ConfigError> errors;
    ini_ = read_ini_text(text_, file_, errors);
    for (const Pair& pair : ini_.sections.front().pairs) {
      if (pair.name == "stack") {
        learn(pair.value);
      }
    }
  }

  ImportedUlogd make() {
    made_.text = "# Made by `stook import ulogd " + printable(file_, 256) +
                 "`. Lines that begin with #: say what is different.\n";
    LineCutter lines(text_, file_);
    for (Line line; lines.next(line);) {
      read(line);
    }
    return std::move(made_);
  }

 private:
  /// Remembers which plugin each id of a stack is. Those of stacks that cannot run are none.
  void learn(std::string_view stack) {
    std::vector<ElementText> elements = parse_stack(stack);
    if (!missing(elements).empty()) {
      return;
    }
    for (size_t i = 0; i < elements.size(); i++) {
      plugin_of_[elements[i].id.empty() ? lower(elements[i].name) : elements[i].id] =
          plugin(elements[i], kind_at(i, elements.size()));
    }
  }

  const Plugin* plugin(const ElementText& element, Kind kind) const {
    const Plugin* found = find_plugin(kind, element.name);
    const Plugin* form =
        found == nullptr ? nullptr : ulogd_form(*found, ini_.find(element.id), !element.arguments.empty());
    return form == nullptr ? found : form;
  }

  /// The first plugin that this build lacks, and what to use in its place; empty: none.
  std::string missing(const std::vector<ElementText>& elements) const {
    for (size_t i = 0; i < elements.size(); i++) {
      if (plugin(elements[i], kind_at(i, elements.size())) == nullptr) {
        std::string_view instead = instead_of(elements[i].name);
        return elements[i].name + " is not there" + (instead.empty() ? "" : ": " + std::string(instead));
      }
    }
    return {};
  }

  void say(const std::string& why) { made_.text += "#: " + why + "\n"; }
  void put(std::string_view line) { made_.text.append(line) += '\n'; }
  void comment_out(std::string_view line, const std::string& why) {
    say(why);
    put("# " + std::string(line));
  }

  void read(const Line& line) {
    std::string_view text = trim(line.text);
    if (text.empty() || text[0] == '#' || text[0] == ';') {
      put(line.text);
    } else if (text[0] == '[') {
      open_section(line.text, text);
    } else if (size_t equals = text.find('='); equals != std::string_view::npos) {
      read_pair(line.text, trim(text.substr(0, equals)), text.substr(equals + 1));
    } else {
      put(line.text);
    }
  }

  void open_section(std::string_view line, std::string_view text) {
    section_ = trim(text.substr(1, text.find(']') - 1));
    bool is_global = equal_in_any_case(section_, "global") || equal_in_any_case(section_, "stookd");
    section_ = is_global ? "global" : section_;
    is_unused_ = !is_global && plugin_of_.count(section_) == 0;
    if (is_unused_) {
      comment_out(line, "no stack that runs names this section");
    } else {
      put(line);
    }
  }

  void read_pair(std::string_view line, std::string_view name, std::string_view rest) {
    std::string value(trim(rest.substr(0, value_end(rest, std::min(rest.find_first_not_of(" \t"), rest.size())))));
    bool is_verbatim = false;
    (void)take_quotes(value, is_verbatim);
    if (section_ == "global") {
      read_global(line, name, value);
    } else if (is_unused_) {
      put("# " + std::string(line));
    } else {
      read_option(line, name);
    }
  }

  void read_global(std::string_view line, std::string_view name, const std::string& value) {
    std::string_view word = name == "loglevel" ? word_of_level(value) : std::string_view();
    if (name == "plugin") {
      comment_out(line, "plugins are part of stook");
    } else if (name == "stack") {
      put_stack(line, value);
    } else if (!word.empty()) {
      say("ulogd's " + value);
      put("loglevel=" + std::string(word));
    } else {
      put(line);
    }
  }

  void put_stack(std::string_view line, const std::string& stack) {
    std::vector<ElementText> elements = parse_stack(stack);
    if (std::string why = missing(elements); !why.empty()) {
      made_.stacks_left_out++;
      comment_out(line, why);
      return;
    }
    std::string native;
    std::string changes;
    for (size_t i = 0; i < elements.size(); i++) {
      std::string name = upper(plugin(elements[i], kind_at(i, elements.size()))->name);
      if (!equal_in_any_case(name, elements[i].name)) {
        changes += (changes.empty() ? "" : ", ") + elements[i].name + " is called " + name;
      }
      std::string_view whole = std::string_view(stack).substr(elements[i].offset, elements[i].length);
      std::string_view arguments = whole.find('(') == std::string_view::npos ? "" : whole.substr(whole.find('('));
      native += (i == 0 ? "" : ",") + (elements[i].id.empty() ? "" : elements[i].id + ":") + name;
      native += arguments;
    }
    if (changes.empty()) {
      put(line);
      return;
    }
    say(changes);
    put("stack=" + native);
  }

  void read_option(std::string_view line, std::string_view name) {
    const Plugin& plugin = *plugin_of_.at(section_);
    const Option* option = option_of(plugin, name);
    if (option != nullptr && std::string_view(option->doc).starts_with(no_effect)) {
      std::string_view more = std::string_view(option->doc).substr(no_effect.size());
      comment_out(line, "has no effect" + std::string(more));
    } else {
      put(line);
    }
  }

  std::string_view text_;
  std::string file_;
  Ini ini_;
  std::map<std::string, const Plugin*, std::less<>> plugin_of_;
  std::string section_ = "global";
  bool is_unused_ = false;
  ImportedUlogd made_;
};

}  // namespace

ImportedUlogd import_ulogd(std::string_view text, const std::string& file) {
  return UlogdImport(text, file).make();
}

}  // namespace stook
