// SPDX-License-Identifier: Apache-2.0
#include "core/plan/options.hh"

#include <map>
#include <set>

#include "core/base/text.hh"
#include "core/plan/registry.hh"
#include "core/plan/variables.hh"

namespace stook {

bool substitute_value(Draft& draft, Given& given, const std::string& label) {
  std::string why;
  std::string hint;
  if (!given.is_verbatim && !expand_variables(given.value, why, hint)) {
    draft.refuse(given.value_place, label + given.name + ": " + why, hint);
    return false;
  }
  if (is_secret(given.name) && !read_secret(given.value, why)) {
    draft.refuse(given.value_place, label + given.name + ": " + why);
    return false;
  }
  return true;
}

namespace {
class Filler {
 public:
  Filler(Draft& draft, std::span<const OptionTable> tables, const std::string& label, const std::string& owner)
      : draft_(draft), tables_(tables), label_(label), owner_(owner) {}

  // The value that the option got.
  std::string give(Given given) {
    const Option* known = nullptr;
    for (const OptionTable& table : tables_) {
      for (const Option& row : table.rows) {
        known = known == nullptr && given.name == row.name ? &row : known;
      }
    }
    if (known == nullptr) {
      refuse_unknown(given);
      return {};
    }
    auto [former, is_new] = seen_.emplace(given.name, given);
    bool may_repeat = known->kind == OptionKind::List && former->second.is_inline == given.is_inline;
    if (!is_new && !may_repeat) {
      fail(given.place, given.name + ": given twice", "it is first at " + show_place(former->second.place));
      return {};
    }
    if (!substitute_value(draft_, given, label_)) {
      filled_.insert(given.name);  // what is wrong has been said
      is_right_ = false;
      return {};
    }
    if (!(known->kind == OptionKind::List ? trim(given.value) : std::string_view(given.value)).empty()) {
      filled_.insert(given.name);
    }
    assign(given);
    return given.value;
  }

  void complete(const Place& place) {
    for (const OptionTable& table : tables_) {
      for (const Option& row : table.rows) {
        std::string why;
        if (auto seen = seen_.find(row.name); seen != seen_.end()) {
          if (row.fallback == nullptr && filled_.count(row.name) == 0) {
            fail(seen->second.value_place, row.name + std::string(": is empty, and ") + owner_ + " needs it",
                 std::string("it is: ") + row.doc);
          }
          continue;
        }
        if (row.fallback == nullptr) {
          fail(place, row.name + std::string(": ") + owner_ + " needs this option", std::string("it is: ") + row.doc);
        } else if (!row.assign(table.config, row.fallback, row, why)) {
          fail(place, row.name + std::string(": its default is wrong: ") + why, "");
        }
      }
    }
  }

  bool is_right() const { return is_right_; }

 private:
  void fail(const Place& place, const std::string& what, const std::string& hint) {
    draft_.refuse(place, label_ + what, hint);
    is_right_ = false;
  }

  void assign(const Given& given) {
    for (const OptionTable& table : tables_) {
      for (const Option& row : table.rows) {
        std::string why;
        if (given.name == row.name && !row.assign(table.config, given.value, row, why)) {
          draft_.refuse_both(given.value_place, label_ + given.name + ": ", why);
          is_right_ = false;
          return;
        }
      }
    }
  }

  void refuse_unknown(const Given& given) {
    std::vector<std::string> names;
    for (const OptionTable& table : tables_) {
      for (const Option& row : table.rows) {
        names.emplace_back(row.name);
      }
    }
    std::string hint = did_you_mean(given.name, names);
    fail(given.place, given.name + ": no such option in " + owner_,
         hint.empty() ? "it has " + show_names(names) : hint);
  }

  Draft& draft_;
  std::span<const OptionTable> tables_;
  const std::string& label_;
  const std::string& owner_;
  std::map<std::string, Given> seen_;
  std::set<std::string> filled_;  // those with a value that is not empty
  bool is_right_ = true;
};

}  // namespace

bool fill_options(Draft& draft, std::vector<Given>& given, std::span<const OptionTable> tables,
                  const std::string& label, const std::string& owner, const Place& place) {
  Filler filler(draft, tables, label, owner);
  for (Given& one : given) {
    one.meant = filler.give(one);
  }
  filler.complete(place);
  return filler.is_right();
}

}  // namespace stook
