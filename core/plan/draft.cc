// SPDX-License-Identifier: Apache-2.0
#include "core/plan/draft.hh"

#include <algorithm>

namespace stook {

Pair pair_of(const Given& given) {
  Pair pair;
  pair.value = given.value;
  pair.value_place = given.value_place;
  size_t column = static_cast<size_t>(std::max(pair.value_place.column, 1)) - 1;
  if (pair.value_place.text.compare(std::min(column, pair.value_place.text.size()), pair.value.size(), pair.value) ==
      0) {
    pair.runs.push_back({0, pair.value_place});
  }
  return pair;
}

InstanceDraft draft_instance(const Section* section, const std::string& id, const Plugin& plugin, const Place& place) {
  InstanceDraft draft;
  draft.instance = std::make_unique<Instance>();
  draft.instance->id = id;
  draft.instance->plugin = &plugin;
  draft.instance->place = place;
  for (size_t i = 0; section != nullptr && id != "global" && i < section->pairs.size(); i++) {
    const Pair& pair = section->pairs[i];
    if (pair.name != "plugin") {
      draft.given.push_back({pair.name, pair.value, pair.is_verbatim, false, pair.place, pair.value_place, {}, {}});
    }
  }
  return draft;
}

}  // namespace stook
