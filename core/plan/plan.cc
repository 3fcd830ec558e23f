// SPDX-License-Identifier: Apache-2.0
#include "core/plan/plan.hh"

#include <algorithm>

#include "core/base/text.hh"
#include "core/plan/agent.hh"
#include "core/plan/draft.hh"
#include "core/plan/edges.hh"
#include "core/plan/elements.hh"
#include "core/plan/groups.hh"
#include "core/plan/listeners.hh"
#include "core/plan/options.hh"
#include "core/plan/placement.hh"
#include "core/plan/resolve.hh"
#include "core/plan/settings.hh"
#include "core/plan/tree.hh"
#include "core/plan/trial.hh"

namespace stook {

namespace {
void read_configuration(const PlanRequest& request, Draft& draft) {
  if (request.file.empty()) {
    draft.ini = read_ini_text("", "", draft.errors);
    return;
  }
  draft.ini = request.trial != nullptr ? read_ini(request.file, request.trial->text, draft.errors)
                                       : read_ini(request.file, draft.errors);
  size_t slash = request.file.rfind('/');
  draft.folder = slash == std::string::npos ? "." : slash == 0 ? "/" : request.file.substr(0, slash);
}

void override_settings(const PlanRequest& request, Settings& settings) {
  settings.threads = request.threads != 0 ? request.threads : settings.threads;
  settings.threads = settings.threads != 0 ? settings.threads : processors();
  settings.keyspool = request.keyspool != 0 ? request.keyspool : settings.keyspool;
  settings.logfile = request.logfile.empty() ? settings.logfile : request.logfile;
  [[maybe_unused]] bool is_level = find_level(request.loglevel, settings.loglevel);  // else that of the file stays
}

std::vector<std::string> files_of(const Ini& ini) {
  std::vector<std::string> files;
  for (const Section& section : ini.sections) {
    for (const Pair& pair : section.pairs) {
      if (!pair.place.file.empty() && std::find(files.begin(), files.end(), pair.place.file) == files.end()) {
        files.push_back(pair.place.file);
      }
    }
  }
  return files;
}

std::vector<std::string> secret_files_of(const Ini& ini) {
  std::vector<std::string> files;
  for (const Section& section : ini.sections) {
    for (const Pair& pair : section.pairs) {
      if (is_secret(pair.name) && pair.value.starts_with("file:")) {
        files.push_back(pair.value.substr(5));
      }
    }
  }
  return files;
}

void check_memory(Draft& draft, const Plan& plan) {
  uint64_t bound = plan.memory_bound();
  if (plan.settings.memory_max.bytes == 0 || bound <= plan.settings.memory_max.bytes) {
    return;
  }
  Place place;
  for (const Pair& pair : draft.ini.sections.front().pairs) {
    place = pair.name == "memory_max" ? pair.value_place : place;
  }
  draft.refuse(place,
               "[global] memory_max: bundles and payloads may take " + show_size(bound) + ", and " +
                   show_size(plan.settings.memory_max.bytes) + " are allowed",
               "keyspool, rows, open_keys, slots and threads make it smaller");
}
}  // namespace

const Instance* Plan::find(std::string_view id) const {
  for (const auto& instance : instances) {
    if (instance->id == id) {
      return instance.get();
    }
  }
  return nullptr;
}

std::shared_ptr<const Instance> Plan::share(const Instance& instance) const {
  for (const auto& one : instances) {
    if (one.get() == &instance) {
      return one;
    }
  }
  return nullptr;
}

uint64_t Plan::memory_bound() const {
  uint64_t bytes = 0;
  for (const auto& route : routes) {
    bytes += bundle_bound(*route) + payload_bound(settings, *route);
  }
  return bytes;
}

std::unique_ptr<Plan> make_plan(const PlanRequest& request) {
  Draft draft;
  read_configuration(request, draft);
  unfold_agent(draft);
  read_settings(draft);
  bind_elements(draft, request.file.empty() ? request.stack : "");
  if (draft.stacks.empty() && draft.errors.empty()) {
    draft.refuse({request.file, 0, 0, 0, {}}, "no stack", "a stack is written stack = in:FILE, out:STDOUT");
  }
  if (request.trial != nullptr) {
    add_taps(draft, *request.trial);
  }
  join_members(draft);
  fill_instances(draft);
  fill_groups(draft);
  check_listeners(draft);
  if (request.trial != nullptr) {
    open_sources(draft);
  }
  join_refusals(draft);
  override_settings(request, draft.settings);
  auto plan = std::make_unique<Plan>();
  plan->settings = draft.settings;
  plan->files = files_of(draft.ini);
  plan->secret_files = secret_files_of(draft.ini);
  plan->routes = build_routes(draft);
  for (const auto& route : plan->routes) {
    resolve_keys(draft, *route);
    size_route(plan->settings, *route);
  }
  place_lanes(*plan);
  check_memory(draft, *plan);
  if (!draft.errors.empty()) {
    throw ConfigErrors(std::move(draft.errors));
  }
  plan->written = written(draft);
  take_members(draft);
  for (InstanceDraft& one : draft.instances) {
    if (one.instance) {
      plan->instances.push_back(std::move(one.instance));
    }
  }
  return plan;
}

}  // namespace stook
