// SPDX-License-Identifier: Apache-2.0
#include "core/plan/tree.hh"

#include <algorithm>

namespace stook {

namespace {
constexpr size_t most_nodes = 4096;

using Chain = const std::vector<ElementDraft>*;

class Tree {
 public:
  Tree(Draft& draft, Route& route) : draft_(draft), route_(route) {}

  // Grows the nodes at depth `depth` of chains that are equal up to there; the positions of the new siblings.
  std::vector<size_t> grow(const std::vector<Chain>& chains, size_t depth) {
    std::vector<size_t> siblings;
    std::vector<bool> is_done(chains.size(), false);
    for (size_t i = 0; i < chains.size(); i++) {
      if (is_done[i] || depth >= chains[i]->size()) {
        continue;
      }
      const ElementDraft& element = (*chains[i])[depth];
      std::vector<Chain> same;
      for (size_t j = i; j < chains.size(); j++) {
        if (depth < chains[j]->size() && (*chains[j])[depth].instance == element.instance) {
          is_done[j] = true;
          same.push_back(chains[j]);
        }
      }
      if (same.size() > 1 && depth + 1 == chains[i]->size()) {
        draft_.refuse((*same[1])[depth].place, "[global] stack: the same stack a second time",
                      "it is first at " + show_place(element.place));
      }
      if (route_.nodes.size() >= most_nodes) {
        draft_.refuse(element.place, "[global] stack: too many elements",
                      "a source's stacks have at most " + std::to_string(most_nodes));
        return siblings;
      }
      siblings.push_back(add(element, same, depth));
    }
    return siblings;
  }

 private:
  size_t add(const ElementDraft& element, const std::vector<Chain>& chains, size_t depth) {
    const InstanceDraft& draft = draft_.instances[element.instance];
    size_t at = route_.nodes.size();
    route_.nodes.emplace_back();
    route_.nodes[at].instance = draft.instance.get();
    if (draft.instance->plugin->kind == Kind::Sink) {
      route_.nodes[at].sink = sink(draft.instance.get());
    }
    std::vector<size_t> children = grow(chains, depth + 1);
    route_.nodes[at].children = std::move(children);
    if (!draft.on_error.empty()) {
      if (std::find(expanding_.begin(), expanding_.end(), element.instance) != expanding_.end()) {
        draft_.refuse(element.place, "[" + draft.instance->id + "] on_error: leads back to itself",
                      "failed rows go to elements that have another on_error");
        return at;
      }
      expanding_.push_back(element.instance);
      std::vector<size_t> errors = grow({&draft.on_error}, 0);
      route_.nodes[at].error_children = std::move(errors);
      expanding_.pop_back();
    }
    return at;
  }

  size_t sink(const Instance* instance) {
    auto found = std::find(route_.sinks.begin(), route_.sinks.end(), instance);
    size_t at = static_cast<size_t>(found - route_.sinks.begin());
    if (found == route_.sinks.end()) {
      route_.sinks.push_back(instance);
    }
    return at;
  }

  Draft& draft_;
  Route& route_;
  std::vector<size_t> expanding_;  // the instances whose on_error stacks are being grown
};

// A stack can be planned when it and everything that it leads to is without mistakes.
bool is_sound(const Draft& draft, const std::vector<ElementDraft>& elements, std::vector<bool>& seen) {
  for (const ElementDraft& element : elements) {
    if (element.instance == no_instance || draft.instances[element.instance].is_broken) {
      return false;
    }
    if (!seen[element.instance]) {
      seen[element.instance] = true;
      if (!is_sound(draft, draft.instances[element.instance].on_error, seen)) {
        return false;
      }
    }
  }
  return true;
}
}  // namespace

std::vector<std::unique_ptr<Route>> build_routes(Draft& draft) {
  struct Origin {
    size_t instance;
    std::vector<Chain> chains;
  };
  std::vector<Origin> sources;
  for (const StackDraft& stack : draft.stacks) {
    std::vector<bool> seen(draft.instances.size(), false);
    if (stack.is_broken || !is_sound(draft, stack.elements, seen)) {
      continue;
    }
    size_t first = stack.elements.front().instance;
    auto known = std::find_if(sources.begin(), sources.end(), [&](const Origin& s) { return s.instance == first; });
    if (known == sources.end()) {
      sources.push_back({first, {}});
      known = sources.end() - 1;
    }
    known->chains.push_back(&stack.elements);
  }
  std::vector<std::unique_ptr<Route>> routes;
  for (const Origin& source : sources) {
    auto route = std::make_unique<Route>();
    route->source = draft.instances[source.instance].instance.get();
    route->roots = Tree(draft, *route).grow(source.chains, 1);
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace stook
