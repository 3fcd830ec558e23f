// SPDX-License-Identifier: Apache-2.0
#include "core/lua/library/kept_values.hh"

#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/base/clock.hh"
#include "core/data/receipt.hh"
#include "core/lua/library/keeper.hh"

namespace stook {

KeptValues::KeptValues(std::string name_) : name(std::move(name_)), file_(std::make_unique<KeptFile>()) {}
KeptValues::~KeptValues() = default;

bool KeptValues::set(std::string_view key, const SharedValue& value, int64_t lives, bool only_new) {
  std::vector<std::string> gone;
  bool is_put = values.set(key, value, lives, only_new, monotonic_ns(), &gone);
  if (is_put && is_stored_) {
    int64_t now = wall_ns();
    bool is_none = value.kind == SharedValue::Kind::None;
    KeptJournal::of_thread().put(
        *this, key,
        {is_none ? KeptChange::Kind::Take : KeptChange::Kind::Set, value, lives == 0 ? 0 : now + lives, now});
    for (const std::string& evicted : gone) {
      KeptJournal::of_thread().put(*this, evicted, {KeptChange::Kind::Take, {}, 0, now});
    }
  }
  return is_put;
}

SharedValue KeptValues::add(std::string_view key, const SharedValue& by, int64_t lives) {
  std::vector<std::string> gone;
  SharedValue sum = values.add(key, by, lives, monotonic_ns(), &gone);
  if (sum.kind != SharedValue::Kind::None && is_stored_) {
    int64_t now = wall_ns();
    KeptJournal::of_thread().put(*this, key, {KeptChange::Kind::Add, by, lives == 0 ? 0 : now + lives, now});
    for (const std::string& evicted : gone) {
      KeptJournal::of_thread().put(*this, evicted, {KeptChange::Kind::Take, {}, 0, now});
    }
  }
  return sum;
}

KeptJournal& KeptJournal::of_thread() {
  thread_local KeptJournal journal;
  return journal;
}

void KeptJournal::put(KeptValues& kept, std::string_view key, const KeptChange& change) {
  add_change(changes_[&kept], key, change);
  if (!is_open_) {
    close(nullptr);
  }
}

void KeptJournal::close(const Receipt* receipt) {
  is_open_ = false;
  if (changes_.empty()) {
    return;
  }
  std::lock_guard lock(Keeper::the().lock);
  KeptSums& to = receipt == nullptr ? Keeper::the().settled[""].sums
                                    : Keeper::the().unsettled[{receipt->ledger, receipt->sequence}];
  add_sums(to, changes_);
  changes_.clear();
}

void kept_begins(const void* ledger, std::string_view source) {
  Keeper& keeper = Keeper::the();
  std::lock_guard lock(keeper.lock);
  std::erase_if(keeper.unsettled, [&](const auto& item) { return item.first.first == ledger; });
  keeper.sources[ledger] = source;
}

void kept_settled(const void* ledger, uint64_t sequence, bool has_rows) {
  Keeper& keeper = Keeper::the();
  std::lock_guard lock(keeper.lock);
  auto found = keeper.unsettled.find({ledger, sequence});
  if (found == keeper.unsettled.end()) {
    return;
  }
  SettledSums& to = keeper.settled[keeper.sources[ledger]];
  to.has_rows = to.has_rows || has_rows;
  add_sums(to.sums, found->second);
  keeper.unsettled.erase(found);
}

void kept_joined(const void* ledger, uint64_t sequence) {
  std::lock_guard lock(Keeper::the().lock);
  auto found = Keeper::the().unsettled.find({ledger, sequence});
  if (found != Keeper::the().unsettled.end()) {
    add_sums(Keeper::the().unsettled[{ledger, sequence - 1}], found->second);
    Keeper::the().unsettled.erase({ledger, sequence});
  }
}

namespace {
bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
             std::string_view::npos;
}
}  // namespace

void forget_kept_values() {
  Keeper::the().forget("");
}

void keep_values_in(const std::string& folder) {
  std::lock_guard lock(Keeper::the().files);
  if (Keeper::the().folder != folder) {
    Keeper::the().forget_all(folder);
  }
  set_beside_positions(folder.empty() ? nullptr : &Keeper::the());
}

std::shared_ptr<KeptValues> kept_values(std::string_view name) {
  if (!is_file_name(name)) {
    throw std::invalid_argument("'" + std::string(name) +
                                "' is no name; it has letters, digits, _ and -, 64 at the most");
  }
  return Keeper::the().open(name);
}

void save_kept_values() {
  Keeper::the().save();
}

}  // namespace stook
