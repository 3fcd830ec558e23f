// SPDX-License-Identifier: Apache-2.0
#include "core/plan/agent_keys.hh"

#include <algorithm>

#include "core/base/text.hh"
#include "core/plan/registry.hh"

namespace stook {

namespace {
const std::vector<Pair> no_pairs;

std::string show_number(double number) {
  auto whole = static_cast<int64_t>(number);
  return static_cast<double>(whole) == number ? std::to_string(whole) : std::to_string(number);
}
}  // namespace

bool read_truth(std::string_view text, bool& truth) {
  std::string why;
  return read_value(trim(text), truth, why);
}

bool check_indent(Draft& draft, const Section& section) {
  bool is_right = true;
  for (const Pair& pair : section.pairs) {
    if (pair.place.column != section.pairs.front().place.column) {
      draft.refuse(pair.place,
                   "[" + section.id + "] " + pair.name + ": another indentation than the section's first line",
                   "all lines of a section begin in the same column");
      is_right = false;
    }
  }
  return is_right;
}

AgentValues::AgentValues(Draft& draft, const Section* section, std::span<const AgentKey> table, bool allows_others)
    : section_(section) {
  for (const AgentKey& key : table) {
    values_.push_back({key.name, key.fallback == nullptr ? "" : key.fallback});
  }
  if (section == nullptr) {
    return;
  }
  is_right_ = check_indent(draft, *section);
  for (const Pair& pair : section->pairs) {
    read(draft, pair, table, allows_others);
  }
  for (const AgentKey& key : table) {
    if (key.fallback == nullptr && find(key.name) == nullptr) {
      draft.refuse(section->place, "[" + section->id + "] " + key.name + " is missing", "an entry needs it");
      is_right_ = false;
    }
  }
}

void AgentValues::read(Draft& draft, const Pair& pair, std::span<const AgentKey> table, bool allows_others) {
  std::string label = "[" + section_->id + "] " + printable(pair.name, 64);
  if (trim(pair.value).empty()) {
    draft.refuse(pair.place, label + " must have a value");
    is_right_ = false;
    return;
  }
  std::vector<std::string> names;
  for (const AgentKey& key : table) {
    names.emplace_back(key.name);
    if (equal_in_any_case(pair.name, key.name)) {
      check(draft, pair, key);
      values_[names.size() - 1].text = pair.value;
      return;
    }
  }
  if (!allows_others) {
    std::string hint = did_you_mean(lower(pair.name), names);
    draft.refuse(pair.place, label + ": no such key", hint.empty() ? "there are " + show_names(names) : hint);
    is_right_ = false;
  }
}

void AgentValues::check(Draft& draft, const Pair& pair, const AgentKey& key) {
  std::string label = "[" + section_->id + "] " + key.name + ": ";
  std::string why;
  double number = 0;
  bool truth = false;
  if (key.kind == AgentKey::Kind::Truth && !read_truth(pair.value, truth)) {
    draft.refuse(pair.value_place, label + "'" + printable(pair.value, 64) + "' is neither ON nor OFF");
    is_right_ = false;
  }
  if (key.kind == AgentKey::Kind::Number &&
      (!read_value(pair.value, number, why) || number < key.low || number > key.high)) {
    draft.refuse(pair.value_place, label + "'" + printable(pair.value, 64) + "' is out of range",
                 "it takes a number from " + show_number(key.low) + " to " + show_number(key.high));
    is_right_ = false;
  }
}

const std::string& AgentValues::text(std::string_view name) const {
  return std::find_if(values_.begin(), values_.end(), [&](const Value& value) { return value.name == name; })->text;
}

double AgentValues::number(std::string_view name) const {
  double number = 0;
  std::string why;
  return read_value(text(name), number, why) ? number : 0;
}

bool AgentValues::truth(std::string_view name) const {
  bool truth = false;
  return read_truth(text(name), truth) && truth;
}

const Pair* AgentValues::find(std::string_view name) const {
  for (const Pair& pair : pairs()) {
    if (equal_in_any_case(pair.name, name)) {
      return &pair;
    }
  }
  return nullptr;
}

const std::vector<Pair>& AgentValues::pairs() const {
  return section_ == nullptr ? no_pairs : section_->pairs;
}

}  // namespace stook
