// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. The binder: gives every element of a stack's text its id, its plugin and its instance.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "core/plan/draft.hh"
#include "core/plan/stack.hh"

namespace stook {

/// What a list of elements is: a stack, the elements that failed or refused rows go to, or the members of a group.
enum class Shape : uint8_t { Stack, Failed, Members };

/// Whether an option of a group names members; the empty name is the primary one.
bool names_members(std::string_view option);

/// Turns texts into instances of the draft, each id once. A lone name is the id of a section with `plugin = NAME`, else an
/// id that any stack binds, else a plugin or a script, whose id is then fresh: `keep`, `keep2`, …
class Binder {
 public:
  explicit Binder(Draft& draft);

  /// Notes the ids that a stack's text binds by `id:PLUGIN`, within a group's parentheses too. Before anything is bound.
  void collect(std::string_view text);
  /// Binds all elements of a text. What is wrong is said, behind `label`; then the stack is broken.
  StackDraft bind(const Pair& pair, const std::string& label, Shape shape);
  /// An instance that no text names; no_instance, and a mistake, when its id is taken.
  size_t add(const std::string& id, const Plugin& plugin, const Place& place, const std::string& label);
  /// Whether this is the name of a group's plugin, or the id of a group.
  bool is_group(const std::string& name) const;
  /// At the end: sections that nothing named.
  void refuse_unknown_sections();

 private:
  size_t bind_one(const ElementText& text, Kind kind, const Pair& pair, const Place& place, const std::string& label);
  const Pair* section_plugin(const std::string& id) const;
  std::string fresh_id(const std::string& name) const;
  size_t instance(const std::string& named_id, const Plugin& plugin, const Place& place, const std::string& label,
                  const std::string& script = {});
  void give(InstanceDraft& draft, const ElementText& text, const Pair& pair);
  void refuse_plugin(const std::string& name, Kind kind, const Place& place, const std::string& label);

  Draft& draft_;
  const char* shape_;  // of what is being bound
  std::map<std::string, std::string> bound_;
  std::map<std::string, size_t> ids_;
  std::set<std::string> mentioned_;
  bool is_ulogd_ = false;  // a stack begins as those of ulogd's files
};

}  // namespace stook
