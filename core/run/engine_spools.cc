// SPDX-License-Identifier: Apache-2.0
/// What becomes of spools when a reload takes them from a sink, or gives them to another.
#include <algorithm>
#include <utility>

#include "core/run/engine.hh"

namespace stook {

bool has_opened(const Carrier& carrier, const std::string& folder) {
  return std::any_of(carrier.spools().begin(), carrier.spools().end(),
                     [&](auto& one) { return one->settings().folder == folder && one->spool() != nullptr; });
}

std::vector<SpoolSettings> Engine::spools_to_leave(const Instance& sink, const Plan& next) const {
  std::vector<SpoolSettings> all;
  for (auto& carrier : carriers_) {
    if (carrier->instance.id == sink.id) {
      all = carrier->spools_ahead();
    }
  }
  std::erase_if(all, [&](const SpoolSettings& one) {
    return std::any_of(next.instances.begin(), next.instances.end(),
                       [&](auto& instance) { return instance->spool.folder == one.folder; });
  });
  return all;
}

bool Engine::is_spool_in_use(const std::string& folder) const {
  for (auto* carriers : {&carriers_, &former_carriers_}) {
    for (auto& carrier : *carriers) {
      std::vector<SpoolSettings> ahead = carrier->spools_ahead();
      if (std::any_of(ahead.begin(), ahead.end(), [&](const SpoolSettings& one) { return one.folder == folder; })) {
        return true;
      }
    }
  }
  return false;
}

Carrier* Engine::heir_of(const Carrier& former) const {
  const Spooled* left = former.spooled();
  auto heir = std::find_if(carriers_.begin(), carriers_.end(), [&](auto& carrier) {
    return left != nullptr && std::any_of(carrier->spools().begin(), carrier->spools().end(),
                                          [&](auto& one) { return one->settings().folder == left->settings().folder; });
  });
  return heir == carriers_.end() ? nullptr : heir->get();
}

void Engine::pass_on_rows(const Carrier& former, std::vector<ReportLine>& lines) {
  const Carrier* heir = heir_of(former);
  for (ReportLine& line : lines) {
    if (line.spooled == 0) {
      continue;
    }
    if (heir == nullptr) {
      former.say_left(*former.spooled());
      left_rows_.push_back({former.spooled()->settings().folder, former.instance.id, line.spooled});
    } else if (heir->instance.id == former.instance.id) {
      line.appended -= line.spooled;
      line.spooled = 0;
    }
  }
}

// A sink that was about to take over a spool may end before its former carrier has let go of it.
void Engine::say_left_spools() const {
  for (auto& carrier : carriers_) {
    if (!carrier->is_leaving()) {
      continue;
    }
    const std::string& folder = carrier->spooled()->settings().folder;
    for (auto* carriers : {&carriers_, &former_carriers_}) {
      for (auto& holder : *carriers) {
        const Spooled* held = holder->spooled();
        if (held != nullptr && held->spool() != nullptr && held->settings().folder == folder) {
          holder->say_left(*held);
        }
      }
    }
  }
}

void Engine::count_found_again() {
  std::erase_if(left_rows_, [&](const LeftRows& left) {
    bool is_found = std::any_of(carriers_.begin(), carriers_.end(), [&](auto& carrier) {
      return carrier->instance.id == left.sink && has_opened(*carrier, left.folder);
    });
    for (ReportLine& line : former_) {
      if (is_found && line.kind == "spool" && line.id == left.sink) {
        line.appended -= left.rows;
        line.spooled -= left.rows;
      }
    }
    return is_found;
  });
}

void Engine::end_former_carriers() {
  for (auto& carrier : former_carriers_) {
    const Carrier* heir = heir_of(*carrier);
    const Spooled* spool = carrier->spooled();
    bool can_read = heir == nullptr || spool->settings().is_recoded == heir->instance.is_recoded;
    carrier->ask_end(false, can_read);
  }
}

}  // namespace stook
