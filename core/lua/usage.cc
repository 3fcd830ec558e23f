// SPDX-License-Identifier: Apache-2.0
#include "core/lua/usage.hh"

#include <map>
#include <mutex>

namespace stook {

namespace {
struct Uses {
  // Taken when a state is made or goes, and when somebody reports.
  std::mutex lock;
  std::vector<const LuaUsage*> living;
  std::map<std::string, LuaUse, std::less<>> gone;  // by instance
};

Uses& uses() {
  static Uses the;
  return the;
}

void add_counts(LuaUse& use, const LuaUsage& one) {
  use.ns += one.ns.read();
  use.errors += one.errors.read();
  use.kills += one.kills.read();
}
}  // namespace

LuaUsage::LuaUsage(std::string_view instance_, uint64_t memory_most_) : instance(instance_), memory_most(memory_most_) {
  std::lock_guard guard(uses().lock);
  uses().living.push_back(this);
}

LuaUsage::~LuaUsage() {
  std::lock_guard guard(uses().lock);
  std::erase(uses().living, this);
  add_counts(uses().gone[instance], *this);
}

std::vector<LuaUse> lua_uses() {
  std::lock_guard guard(uses().lock);
  std::map<std::string, LuaUse, std::less<>> all = uses().gone;
  for (const LuaUsage* one : uses().living) {
    LuaUse& use = all[one->instance];
    use.states++;
    use.memory += static_cast<uint64_t>(one->memory.read());
    use.memory_most += one->memory_most;
    add_counts(use, *one);
  }
  std::vector<LuaUse> list;
  for (auto& [instance, use] : all) {
    use.instance = instance;
    list.push_back(std::move(use));
  }
  return list;
}

}  // namespace stook
