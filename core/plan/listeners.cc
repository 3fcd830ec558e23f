// SPDX-License-Identifier: Apache-2.0
#include "core/plan/listeners.hh"

#include <algorithm>

#include "core/net/bound.hh"

namespace stook {

namespace {
/// Where a source listens.
struct Listener {
  const InstanceDraft* one;
  const Listening* listening;
};

std::vector<Listener> listeners_of(const Draft& draft) {
  std::vector<Listener> all;
  for (const InstanceDraft& one : draft.instances) {
    const Plugin& plugin = *one.instance->plugin;
    if (plugin.kind != Kind::Source || plugin.needs == nullptr || one.is_broken) {
      continue;
    }
    Needs needs;
    plugin.needs(one.instance->config.get(), needs);
    for (const Listening* listening : needs.listens) {
      all.push_back({&one, listening});
    }
  }
  return all;
}

// Where the option stands: of several lines of it, the one that writes the address as it is shown.
Place place_of(const Listener& listener, const std::string& address) {
  const Given* found = listener.one->find(listener.listening->option);
  for (const Given& given : listener.one->given) {
    if (given.name == listener.listening->option && given.meant.find(address) != std::string::npos) {
      found = &given;
    }
  }
  return found == nullptr ? listener.one->instance->place : found->value_place;
}

bool has_reuseport(const Listener& listener) {
  std::span<const Option> options = listener.one->instance->plugin->options;
  return !listener.listening->endpoint.is_unix() &&
         std::any_of(options.begin(), options.end(),
                     [](const Option& option) { return std::string_view(option.name) == "reuseport"; });
}
}  // namespace

void check_listeners(Draft& draft) {
  std::vector<Listener> all = listeners_of(draft);
  for (auto later = all.begin(); later != all.end(); ++later) {
    auto former = std::find_if(
        all.begin(), later, [&](const Listener& one) { return exclude_each_other(*one.listening, *later->listening); });
    if (former == later) {
      continue;
    }
    std::string address = later->listening->endpoint.text();
    bool may_share = has_reuseport(*former) && has_reuseport(*later) && former->one != later->one;
    draft.refuse(place_of(*later, address),
                 "[" + later->one->instance->id + "] " + later->listening->option + ": `" + address +
                     "` cannot be bound beside `" + former->listening->endpoint.text() + "` of [" +
                     former->one->instance->id + "]",
                 may_share ? "take another address, or set reuseport = yes and front = own for both"
                           : "take another address, or leave one of them out");
  }
}

}  // namespace stook
