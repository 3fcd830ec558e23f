// SPDX-License-Identifier: Apache-2.0
#include "core/plan/trial.hh"

#include <algorithm>

namespace stook {

namespace {
// The beginnings of stacks that end in this instance, each once.
std::vector<std::vector<ElementDraft>> heads_of(const Draft& draft, const std::string& id) {
  std::vector<std::vector<ElementDraft>> heads;
  for (const StackDraft& stack : draft.stacks) {
    for (size_t i = 1; !stack.is_broken && i < stack.elements.size(); i++) {
      const Instance& instance = *draft.instances[stack.elements[i].instance].instance;
      if (instance.id != id || instance.plugin->kind != Kind::Filter) {
        continue;
      }
      std::vector<ElementDraft> head(stack.elements.begin(), stack.elements.begin() + static_cast<ptrdiff_t>(i) + 1);
      bool is_new = std::none_of(heads.begin(), heads.end(), [&](const auto& known) {
        return std::equal(known.begin(), known.end(), head.begin(), head.end(),
                          [](const ElementDraft& a, const ElementDraft& b) { return a.instance == b.instance; });
      });
      if (is_new) {
        heads.push_back(std::move(head));
      }
    }
  }
  return heads;
}
}  // namespace

std::string tap_id(const std::string& filter) {
  return filter + ".out";
}

void add_taps(Draft& draft, const Trial& trial) {
  std::vector<StackDraft> stacks;
  for (const std::string& id : trial.taps) {
    std::vector<std::vector<ElementDraft>> heads = heads_of(draft, id);
    if (heads.empty()) {
      continue;
    }
    Place place = heads.front().back().place;
    size_t tap = draft.instances.size();
    draft.instances.push_back(draft_instance(nullptr, tap_id(id), *trial.tap, place));
    for (std::vector<ElementDraft>& head : heads) {
      head.push_back({tap, place});
      stacks.push_back({std::move(head), place, false});
    }
  }
  // In front of the others: a sink before the last of several branches costs no copy, and nothing behind it changes.
  draft.stacks.insert(draft.stacks.begin(), std::make_move_iterator(stacks.begin()),
                      std::make_move_iterator(stacks.end()));
}

void open_sources(Draft& draft) {
  for (InstanceDraft& one : draft.instances) {
    if (one.instance->plugin->kind == Kind::Source) {
      one.instance->wiring.opens = true;
    }
  }
}

}  // namespace stook
