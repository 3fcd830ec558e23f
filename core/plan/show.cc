// SPDX-License-Identifier: Apache-2.0
/// `stook plan`: a plan as people read it.
#include <algorithm>

#include "core/base/text.hh"
#include "core/plan/placement.hh"
#include "core/plan/plan.hh"
#include "core/plan/registry.hh"

namespace stook {

namespace {
using Names = std::vector<std::string>;

void add_once(Names& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    names.push_back(name);
  }
}

bool is_sink(const Instance& instance) {
  return instance.plugin->kind == Kind::Sink;
}
const Wiring& wiring_of(const Instance& instance) {
  return is_sink(instance) ? instance.codec_wiring : instance.wiring;
}

std::string show_element(const Instance& instance) {
  std::string text = instance.id + ":" + instance.plugin->name;
  if (is_sink(instance) && instance.codec != nullptr) {
    text += "(" + std::string(instance.codec->name) + ")";
  }
  if (wiring_of(instance).state == State::Lane) {
    text += " [per lane]";
  } else if (wiring_of(instance).state == State::Shared) {
    text += " [shared]";
  }
  return text;
}

void show_stacks(const Route& route, const std::vector<size_t>& nodes, const std::string& head, std::string& out) {
  for (size_t at : nodes) {
    const Node& node = route.nodes[at];
    std::string chain = head + " -> " + show_element(*node.instance);
    if (is_sink(*node.instance)) {
      out += chain + "\n";
    }
    show_stacks(route, node.children, chain, out);
    show_stacks(route, node.error_children, "    failed in " + node.instance->id, out);
  }
}

std::string show_lanes(const Plan& plan, const Route& route) {
  std::string out;
  if (route.is_dealt) {
    return "  lanes are dealt: any worker takes any bundle, and sinks put them in order\n";
  }
  out += "  lanes are pinned: " + route.pinned_by + "\n";
  for (size_t i = 0; i < route.lane_worker.size(); i++) {
    out += "    lane " + route.source->id + "/" + std::to_string(i) + " -> worker " +
           std::to_string(route.lane_worker[i]) + "\n";
  }
  bool is_one = std::all_of(route.lane_worker.begin(), route.lane_worker.end(),
                            [&](size_t worker) { return worker == route.lane_worker.front(); });
  if (is_one && plan.settings.threads > 1) {
    out += "    note: all its lanes run on worker " + std::to_string(route.lane_worker.front()) +
           ", the other workers do nothing for this route\n";
  }
  return out;
}

// Who writes and who reads one key, as `(writers) -> readers`.
std::string show_flow(const Route& route, KeyId id, const std::string& name) {
  Names writers;
  Names readers;
  bool is_made = false;
  const Wiring& source = route.source->wiring;
  for (size_t j = 0; j < source.writes.size(); j++) {
    if (source.writes[j].name == name) {
      add_once(writers, route.source->id);
      is_made = is_made || route.source_out[j] == id;
    }
  }
  bool is_meta = route.schema.key(id).is_meta;
  for (const Node& node : route.nodes) {
    const Wiring& wiring = wiring_of(*node.instance);
    for (size_t j = 0; j < node.out.size(); j++) {
      if (wiring.writes[j].name == name) {
        add_once(writers, node.instance->id);
        is_made = is_made || node.out[j] == id;
      }
    }
    bool renames = false;
    for (const Wiring::Rename& one : wiring.renames) {
      renames = renames || one.from == name;
      if (one.to == name) {
        add_once(writers, node.instance->id);
        is_made = true;
      }
    }
    bool reads = renames || std::find(node.in.begin(), node.in.end(), id) != node.in.end() ||
                 std::find(node.address.begin(), node.address.end(), id) != node.address.end();
    if (reads || (wiring.reads_all && !is_meta)) {
      add_once(readers, node.instance->id);
    }
  }
  std::string out = writers.empty() ? " (only the data knows)" : " (" + show_names(writers) + ")";
  if (!writers.empty() && !is_made) {
    return out + ": nobody reads it, not produced";
  }
  return readers.empty() ? out : out + " -> " + show_names(readers);
}

std::string show_keys(const Route& route) {
  std::string out;
  for (size_t i = 0; i < route.schema.size(); i++) {
    auto id = static_cast<KeyId>(i);
    const Key& key = route.schema.key(id);
    out += i == 0 ? "  keys:\n" : "";
    out += "    " + key.name + " " + std::string(type_name(key.type)) + (key.unit.empty() ? "" : " " + key.unit) +
           show_flow(route, id, key.name) + "\n";
  }
  if (route.open_keys > 0) {
    out += "    and up to " + show_count(route.open_keys) + " keys that only the data knows\n";
  }
  return out;
}

std::string show_sinks(const Plan& plan, const Route& route) {
  std::string out;
  for (const Instance* sink : route.sinks) {
    out += out.empty() ? "  sinks:\n" : "";
    out += "    " + sink->id + " " + sink->plugin->name + ", format " +
           (sink->codec == nullptr ? "none" : sink->codec->name) + ", " + std::to_string(plan.settings.slots) +
           " slots for each worker, full = " + (sink->full == Full::Wait ? "wait" : "drop") + "\n";
    for (const auto& member : sink->members) {
      out += "      member " + member->id + " " + member->plugin->name + "\n";
    }
  }
  return out;
}

std::string plural(size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}
}  // namespace

std::string Plan::show() const {
  std::string out;
  size_t carriers = 0;
  size_t fronts = 0;
  for (const auto& instance : instances) {
    carriers += is_sink(*instance) ? 1 : 0;
    fronts += instance->has_own_front ? 1 : 0;
  }
  for (const auto& route : routes) {
    out += "route " + route->source->id + ": " + plural(route->source->lanes, "lane") + ", " +
           plural(route->bundles, "bundle") + " of " + plural(route->capacity, "row") + ", at most " +
           show_size(bundle_bound(*route)) + "\n";
    out += show_lanes(*this, *route);
    out += "  stacks:\n";
    show_stacks(*route, route->roots, "    " + show_element(*route->source), out);
    out += show_keys(*route) + show_sinks(*this, *route);
  }
  out += "memory: at most " + show_size(memory_bound()) + " in bundles and payloads\n";
  out += "threads: main, " + plural(settings.threads, "worker") + ", " + plural(carriers, "carrier");
  out += fronts == 0 ? "\n" : ", " + plural(fronts, "front") + "\n";
  return out;
}

}  // namespace stook
