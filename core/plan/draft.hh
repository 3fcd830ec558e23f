// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. What the steps of planning hand on to each other: text → bound elements → filled instances → routes.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/plan/ini.hh"
#include "core/plan/plan.hh"

namespace stook {

inline constexpr size_t no_instance = static_cast<size_t>(-1);

/// One option as somebody wrote it: in a section, or within a stack.
struct Given {
  std::string name;  // empty: the plugin's primary option
  std::string value;
  bool is_verbatim = false;
  bool is_inline = false;
  Place place;
  Place value_place;
  std::string text;   // inline: the whole piece as it is written
  std::string meant;  // the value with variables and secrets put in, once the options have been filled
};

/// An instance at one position of a stack; no_instance when its text is wrong.
struct ElementDraft {
  size_t instance = no_instance;
  Place place;
};

struct InstanceDraft {
  std::unique_ptr<Instance> instance;
  std::vector<Given> given;
  /// The option `script` of one that was bound by a script's name, else empty.
  std::string script;
  /// The elements that failed rows go to.
  std::vector<ElementDraft> on_error;
  /// Sinks: the elements that refused rows go to.
  std::vector<ElementDraft> on_refused;
  /// Groups: their sinks, `last` behind the others.
  std::vector<ElementDraft> members;
  /// The group that it is a member of.
  size_t group = no_instance;
  /// Something about it is wrong and has been said: keys are not worth looking at.
  bool is_broken = false;

  /// The option of that name, or null.
  const Given* find(std::string_view name) const {
    for (const Given& one : given) {
      if (one.name == name) {
        return &one;
      }
    }
    return nullptr;
  }
};

/// An option's value, to be read as a stack is.
Pair pair_of(const Given& given);

/// A new instance with the options of its section, which may be null.
InstanceDraft draft_instance(const Section* section, const std::string& id, const Plugin& plugin, const Place& place);

struct StackDraft {
  std::vector<ElementDraft> elements;
  Place place;
  bool is_broken = false;
};

/// A configuration on its way to a plan.
struct Draft {
  Ini ini;
  /// The folder that relative paths are relative to.
  std::string folder = ".";
  Settings settings;
  /// Folders of scripts that stand in stacks by their names.
  std::vector<std::string> scripts;
  std::vector<InstanceDraft> instances;
  std::vector<StackDraft> stacks;
  std::vector<ConfigError> errors;

  /// Notes a mistake; planning goes on.
  void refuse(const Place& place, const std::string& what, std::string hint = {}) {
    errors.emplace_back(place, what, std::move(hint));
  }
  /// The same with a sentence of the form `what is wrong; what would be right`.
  void refuse_both(const Place& place, const std::string& label, const std::string& sentence) {
    size_t cut = sentence.find("; ");
    refuse(place, label + sentence.substr(0, cut), cut == std::string::npos ? "" : sentence.substr(cut + 2));
  }
};

}  // namespace stook
