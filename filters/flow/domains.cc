// SPDX-License-Identifier: Apache-2.0
#include "filters/flow/domains.hh"

#include <algorithm>

#include "core/data/endian.hh"

namespace stook {

namespace {

/// Version and number stand before the exporter.
constexpr size_t before_exporter = 5;
/// A step forward by more, or backward by more, is a new beginning.
constexpr int64_t largest_gap = 1 << 24;
constexpr int64_t largest_delay = 1 << 16;
/// So many late messages in a row are a new beginning as well.
constexpr uint32_t most_late = 16;
constexpr uint16_t whole_template_set = 2;
constexpr uint16_t whole_options_set = 3;

std::string exporter_of(const FlowDomain& domain) {
  return domain.name.substr(before_exporter);
}

}  // namespace

uint32_t FlowDomain::number() const {
  return big<uint32_t>(name.data() + 1);
}

FlowDomain& FlowDomains::domain(FlowVersion version, uint32_t number, std::string_view exporter, int64_t now) {
  char head[before_exporter];
  head[0] = static_cast<char>(version);
  put_big(head + 1, number);
  name_.assign(head, sizeof head).append(exporter);
  auto known = by_name_.find(name_);
  if (known == by_name_.end()) {
    if (domains_.size() >= limits_.domains) {
      drop_domain(std::prev(domains_.end()));
    }
    domains_.emplace_front();
    domains_.front().name = name_;
    by_name_.emplace(name_, domains_.begin());
  } else {
    domains_.splice(domains_.begin(), domains_, known->second);
  }
  domains_.front().used = now;
  return domains_.front();
}

FlowTemplate* FlowDomains::find(FlowDomain& domain, uint16_t id, int64_t now) {
  auto found = domain.by_id.find(id);
  if (found == domain.by_id.end()) {
    return nullptr;
  }
  domain.templates.splice(domain.templates.begin(), domain.templates, found->second);
  found->second->used = now;
  return &*found->second;
}

FlowTemplate* FlowDomains::learn(FlowDomain& domain, FlowVersion version, const TemplateSpec& spec, int64_t now) {
  FlowTemplate* former = find(domain, spec.id, now);
  bool is_same = former != nullptr && former->is_options == spec.is_options && former->scopes == spec.scopes &&
                 former->spec == spec.bytes;
  if (is_same) {
    return nullptr;
  }
  std::optional<FlowTemplate> made = make_flow_template(version, spec);
  if (!made) {
    counts_.count(FlowCount::Refused);
    return nullptr;
  }
  if (former != nullptr) {
    drop_template(domain, domain.by_id.find(spec.id)->second);
  }
  make_room(domain);
  made->used = now;
  domain.templates.push_front(std::move(*made));
  domain.by_id[spec.id] = domain.templates.begin();
  templates_++;
  changes_++;
  return &domain.templates.front();
}

void FlowDomains::withdraw(FlowDomain& domain, const TemplateSpec& spec) {
  bool is_all = spec.id == whole_template_set || spec.id == whole_options_set;
  for (auto one = domain.templates.begin(); one != domain.templates.end();) {
    auto next = std::next(one);
    if (is_all ? one->is_options == (spec.id == whole_options_set) : one->id == spec.id) {
      drop_template(domain, one);
    }
    one = next;
  }
}

void FlowDomains::drop_template(FlowDomain& domain, std::list<FlowTemplate>::iterator which) {
  domain.by_id.erase(which->id);
  replaced_.splice(replaced_.end(), domain.templates, which);
  templates_--;
  changes_++;
}

void FlowDomains::drop_domain(Domain which) {
  while (!which->templates.empty()) {
    drop_template(*which, which->templates.begin());
  }
  for (const HeldSet& set : which->held) {
    give_back(*which, set);
    counts_.count(FlowCount::NoTemplate);
  }
  by_name_.erase(which->name);
  domains_.erase(which);
}

void FlowDomains::make_room(FlowDomain& domain) {
  if (domain.templates.size() >= limits_.templates_per_domain) {
    drop_template(domain, std::prev(domain.templates.end()));
    counts_.count(FlowCount::Evicted);
  }
  while (templates_ >= limits_.templates) {
    FlowDomain& last = domains_.back();
    if (last.templates.empty()) {
      drop_domain(std::prev(domains_.end()));
      continue;
    }
    drop_template(last, std::prev(last.templates.end()));
    counts_.count(FlowCount::Evicted);
  }
}

void FlowDomains::hold(FlowDomain& domain, HeldSet set) {
  size_t& of_exporter = held_by_exporter_[exporter_of(domain)];
  size_t size = set.bytes.size() + sizeof(HeldSet);
  if (of_exporter + size > limits_.held_per_exporter || held_ + size > limits_.held) {
    counts_.count(FlowCount::NoTemplate);
    if (of_exporter == 0) {
      held_by_exporter_.erase(exporter_of(domain));
    }
    return;
  }
  of_exporter += size;
  held_ += size;
  domain.held.push_back(std::move(set));
}

void FlowDomains::give_back(const FlowDomain& domain, const HeldSet& set) {
  size_t size = set.bytes.size() + sizeof(HeldSet);
  held_ -= size;
  auto of_exporter = held_by_exporter_.find(exporter_of(domain));
  of_exporter->second -= size;
  if (of_exporter->second == 0) {
    held_by_exporter_.erase(of_exporter);
  }
}

std::vector<HeldSet> FlowDomains::take_held(FlowDomain& domain, uint16_t id) {
  std::vector<HeldSet> taken;
  for (HeldSet& set : domain.held) {
    if (set.id == id) {
      give_back(domain, set);
      taken.push_back(std::move(set));
      set.id = 0;
    }
  }
  std::erase_if(domain.held, [](const HeldSet& set) { return set.id == 0; });
  return taken;
}

void FlowDomains::follow_sequence(FlowDomain& domain, uint32_t sequence, uint32_t step, FlowCount unit) {
  int64_t gap = domain.has_sequence ? static_cast<int32_t>(sequence - domain.next_sequence) : 0;
  if (gap < 0 && gap > -largest_delay && domain.late < most_late) {
    domain.late++;
    counts_.count(FlowCount::Late);
    return;
  }
  if (gap > 0 && gap <= largest_gap) {
    counts_.count(unit, static_cast<uint64_t>(gap));
  } else if (gap != 0) {
    counts_.count(FlowCount::Restarts);
  }
  domain.late = 0;
  domain.has_sequence = true;
  domain.next_sequence = sequence + step;
}

void FlowDomains::expire(int64_t now) {
  for (auto one = domains_.begin(); one != domains_.end();) {
    auto next = std::next(one);
    FlowDomain& domain = *one;
    std::erase_if(domain.held, [&](const HeldSet& set) {
      bool is_over = now - set.held_at >= limits_.held_for;
      if (is_over) {
        give_back(domain, set);
        counts_.count(FlowCount::NoTemplate);
      }
      return is_over;
    });
    while (!domain.templates.empty() && now - domain.templates.back().used >= limits_.idle) {
      drop_template(domain, std::prev(domain.templates.end()));
    }
    if (now - domain.used >= limits_.idle) {
      drop_domain(one);
    }
    one = next;
  }
}

}  // namespace stook
