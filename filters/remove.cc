// SPDX-License-Identifier: Apache-2.0
/// remove: takes keys away.
///
///   [less]
///   keys = message, debug.*
///
///   {"message":"…","status":200,"debug.a":1,"debug.b":2}   →   {"status":200}
///
/// A name that ends in `*` stands for all keys that begin so, those included that only the data knows.
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/plugin.hh"

namespace stook {

namespace {

struct RemoveConfig {
  std::vector<std::string> keys;
};

constexpr std::array options = {
    option<&RemoveConfig::keys>("keys", required, "the keys that go; a trailing * stands for all that begin so"),
};

bool is_prefix(std::string_view name) {
  return !name.empty() && name.back() == '*';
}

/// *Invariants:* ids_ are the keys to remove among the first `seen_` of the dictionary whose stamp is stamp_.
/// *Rooms:* one replica, its worker.
class Remove final : public Filter {
 public:
  explicit Remove(const RemoveConfig& config) : config_(config) {}

  void run(Batch& batch) override ROOM(worker) {
    learn(batch.keys());
    for (KeyId id : ids_) {
      batch.bundle().remove(id);
    }
  }

 private:
  void learn(const OpenKeys& keys) ROOM(worker) {
    if (stamp_ != keys.stamp()) {
      stamp_ = keys.stamp();
      ids_.clear();
      seen_ = 0;
    }
    for (; seen_ < keys.size(); seen_++) {
      KeyId id = static_cast<KeyId>(seen_);
      if (is_meant(keys.name(id))) {
        ids_.push_back(id);
      }
    }
  }

  bool is_meant(std::string_view name) const ROOM(worker) {
    for (std::string_view wanted : config_.keys) {
      if (is_prefix(wanted) ? name.substr(0, wanted.size() - 1) == wanted.substr(0, wanted.size() - 1)
                            : name == wanted) {
        return true;
      }
    }
    return false;
  }

  const RemoveConfig& config_;
  std::vector<KeyId> ids_;
  size_t seen_ = 0;
  uint64_t stamp_ = 0;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<RemoveConfig*>(raw);
  if (config.keys.empty()) {
    throw std::invalid_argument("keys: nothing is removed; write names, as in message, debug.*");
  }
  for (const std::string& name : config.keys) {
    size_t star = name.find('*');
    if (name.empty() || (star != std::string::npos && star + 1 != name.size())) {
      throw std::invalid_argument("keys: " + (name.empty() ? "an empty name" : name) +
                                  " names no keys; a * stands at the end only, as in debug.*");
    }
    if (!is_prefix(name)) {
      wiring.removes.push_back(name);
    }
  }
}

}  // namespace

extern const Plugin filter_remove;
const Plugin filter_remove = {
    .kind = Kind::Filter,
    .name = "remove",
    .doc = "takes keys away",
    .options = options,
    .primary = "keys",
    .config = config_type<RemoveConfig>,
    .declare = declare,
    .filter = make_filter<Remove, RemoveConfig>,
};

}  // namespace stook
