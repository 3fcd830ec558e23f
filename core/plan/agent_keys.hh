// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. The keys of one of the agent's sections: read in any case, checked against a table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan/draft.hh"

namespace stook {

/// What the value of a key is, and where a number may lie.
struct AgentKey {
  enum class Kind : uint8_t { Text, Number, Truth };
  const char* name;
  Kind kind = Kind::Text;
  /// Null: the key must be there. Empty: it need not be.
  const char* fallback = "";
  double low = 0;
  double high = 0;
};

/// The values of one section. *Invariants:* each key of the table has one, be it its fallback.
class AgentValues {
 public:
  /// Reads a section, which may be null; what is wrong is noted. `allows_others`: keys that the table has not.
  AgentValues(Draft& draft, const Section* section, std::span<const AgentKey> table, bool allows_others);

  const std::string& text(std::string_view name) const;
  double number(std::string_view name) const;
  bool truth(std::string_view name) const;
  bool is_given(std::string_view name) const { return find(name) != nullptr; }
  /// What stands in the section by that name, or null.
  const Pair* find(std::string_view name) const;
  /// Everything that stands in the section, in order.
  const std::vector<Pair>& pairs() const;
  bool is_right() const { return is_right_; }

 private:
  void read(Draft& draft, const Pair& pair, std::span<const AgentKey> table, bool allows_others);
  void check(Draft& draft, const Pair& pair, const AgentKey& key);

  const Section* section_;
  struct Value {
    std::string name;
    std::string text;
  };
  std::vector<Value> values_;
  bool is_right_ = true;
};

/// Whether all lines of the section begin in the same column; else that is noted.
bool check_indent(Draft& draft, const Section& section);
/// ON, OFF, True, False, 1, 0, yes, no; false: it is none of them.
[[nodiscard]] bool read_truth(std::string_view text, bool& truth);

}  // namespace stook
