// SPDX-License-Identifier: Apache-2.0
#include "core/lua/library/keeper.hh"

#include <unistd.h>

#include <stdexcept>

#include "core/api/kept_text.hh"
#include "core/base/clock.hh"
#include "core/base/log.hh"
#include "core/lua/library/tables.hh"

namespace stook {

void add_sums(KeptSums& to, const KeptSums& later) {
  for (const auto& [kept, changes] : later) {
    add_changes(to[kept], changes);
  }
}

Keeper& Keeper::the() {
  static Keeper keeper;
  return keeper;
}

void Keeper::begin(std::string_view source, const std::string& file) {
  std::lock_guard guard(lock);
  places[std::string(source)] = file;
}

// On the source's front: nothing of it is settled meanwhile.
std::string Keeper::precede(const std::string& file, uint64_t generation) {
  if (!has_kept_values.load(std::memory_order_acquire)) {
    return {};
  }
  std::lock_guard guard(files);
  KeptSums taken;
  {
    std::lock_guard inner(lock);
    for (auto& [source, place] : places) {
      auto found = place == file ? settled.find(source) : settled.end();
      if (found != settled.end()) {
        add_sums(taken, found->second.sums);
        settled.erase(found);
      }
    }
  }
  std::string reason;
  for (auto& [kept, changes] : taken) {
    store(*kept, changes, file, generation);
  }
  for (auto& [name, kept] : all) {
    std::string failed = kept->is_dirty_ ? write(*kept) : "";
    reason = reason.empty() ? failed : reason;
  }
  return reason;
}

// Puts changes of the generation behind those that are there, and lets go of what is two generations old.
void Keeper::store(KeptValues& kept, const KeptChanges& changes, const std::string& place, uint64_t generation) {
  std::vector<KeptGroup>& groups = kept.file_->groups;
  std::vector<KeptGroup> left;
  KeptGroup* last = nullptr;
  for (KeptGroup& group : groups) {
    if (group.positions == place && group.generation + 1 < generation) {
      store_changes(group.changes, kept.file_->entries);
    } else {
      left.push_back(std::move(group));
    }
  }
  groups = std::move(left);
  for (KeptGroup& group : groups) {
    last = group.positions == place && group.generation == generation ? &group : last;
  }
  if (last == nullptr) {
    last = &groups.emplace_back(KeptGroup{place, generation, {}});
  }
  add_changes(last->changes, changes);
  kept.is_dirty_ = true;
}

void Keeper::save() {
  std::lock_guard guard(files);
  if (folder.empty()) {
    return;
  }
  std::map<std::string, SettledSums, std::less<>> taken;
  std::map<std::string, std::string, std::less<>> at;
  {
    std::lock_guard inner(lock);
    at = places;
    for (auto source = settled.begin(); source != settled.end();) {
      bool waits = source->second.has_rows && !at[source->first].empty();
      auto here = source++;
      if (!waits) {
        taken.insert(settled.extract(here));
      }
    }
  }
  for (auto& [source, of_source] : taken) {
    for (auto& [kept, changes] : of_source.sums) {
      // What is done later must be read later: behind the newest group of the same source, if there is one.
      KeptGroup* last = nullptr;
      for (KeptGroup& group : kept->file_->groups) {
        last = group.positions == at[source] ? &group : last;
      }
      last != nullptr ? add_changes(last->changes, changes) : store_changes(changes, kept->file_->entries);
      kept->is_dirty_ = true;
    }
  }
  for (auto& [name, kept] : all) {
    if (kept->is_dirty_) {
      (void)write(*kept);
    }
  }
}

std::string Keeper::write(KeptValues& kept) const {
  int64_t now = wall_ns();
  std::erase_if(kept.file_->entries,
                [&](const auto& item) { return item.second.expires != 0 && item.second.expires <= now; });
  std::string why = keep_text(folder + "/" + kept.name + ".keep", show_kept(*kept.file_, now));
  if (!why.empty() && !kept.has_failed_) {
    log_event(Level::Error, "keep_failed", Fields()("name", kept.name)("reason", why));
  }
  kept.has_failed_ = !why.empty();
  kept.is_dirty_ = kept.has_failed_;
  return why;
}

// COLD: when a script starts. What belongs to rows behind the positions is not taken: they are read again.
void Keeper::load(KeptValues& kept) const {
  std::string path = folder + "/" + kept.name + ".keep";
  bool was_there = false;
  bool is_read = false;
  for (const char* ending : {"", ".old"}) {
    if (is_read || ::access((path + ending).c_str(), F_OK) != 0) {
      continue;
    }
    was_there = true;
    KeptFile found;
    is_read = read_kept(read_table_file(path + ending), found);
    *kept.file_ = is_read ? std::move(found) : KeptFile();
  }
  if (was_there && !is_read) {
    throw std::invalid_argument(path + " is damaged; take it away to begin with nothing");
  }
  size_t before = kept.file_->groups.size();
  std::erase_if(kept.file_->groups,
                [](const KeptGroup& group) { return generation_of(group.positions) < group.generation; });
  kept.is_dirty_ = kept.file_->groups.size() != before;
  KeptEntries entries = kept.file_->entries;
  for (const KeptGroup& group : kept.file_->groups) {
    store_changes(group.changes, entries);
  }
  int64_t wall = wall_ns();
  int64_t now = monotonic_ns();
  for (const auto& [key, entry] : entries) {
    if (entry.expires == 0 || entry.expires > wall) {
      kept.values.set(key, entry.value, entry.expires == 0 ? 0 : entry.expires - wall, false, now);
    }
  }
}

std::shared_ptr<KeptValues> Keeper::open(std::string_view name) {
  std::lock_guard guard(files);
  auto found = all.find(std::string(name));
  if (found != all.end()) {
    return found->second;
  }
  if (all.size() >= SharedValues::most_dictionaries) {
    throw std::invalid_argument("there are 32 dictionaries already, and no more can be made");
  }
  auto kept = std::make_shared<KeptValues>(std::string(name));
  if (!folder.empty()) {
    load(*kept);
    kept->is_stored_ = true;
    each_second.start();
    has_kept_values.store(true, std::memory_order_release);
  }
  all.emplace(name, kept);
  return kept;
}

void Keeper::forget_all(const std::string& folder_) {
  std::lock_guard inner(lock);
  unsettled.clear();
  settled.clear();
  places.clear();
  for (auto& [name, kept] : all) {
    kept->is_stored_ = false;  // a script may still have it
  }
  all.clear();
  folder = folder_;
}

}  // namespace stook
