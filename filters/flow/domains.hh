// SPDX-License-Identifier: Apache-2.0
/// What is remembered of exporters: templates, sequence numbers, sampling, and data whose template has not come yet.
/// Room: the worker that runs the filter.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "filters/flow/counts.hh"
#include "filters/flow/template.hh"

namespace stook {

/// How much is remembered.
struct FlowLimits {
  size_t templates_per_domain = 1024;
  size_t templates = 65536;
  size_t domains = 16384;
  size_t held_per_exporter = 64 * 1024;
  size_t held = 16 * 1024 * 1024;
  int64_t held_for = 60'000'000'000;
  int64_t idle = 1'800'000'000'000;
};

/// When a message was sent, and what its times count from.
struct FlowClock {
  static constexpr int64_t unknown = INT64_MIN;
  /// ns since 1970.
  int64_t sent = 0;
  /// Milliseconds since the exporter's start, or unknown.
  int64_t uptime = unknown;
  /// The exporter's start, ns since 1970, or unknown.
  int64_t start = unknown;
};

/// A set of data that waits for its template.
struct HeldSet {
  uint16_t id;
  FlowClock clock;
  int64_t held_at;
  std::string bytes;
};

/// One exporter's observation domain.
struct FlowDomain {
  /// Version, number, port and address.
  std::string name;
  /// The one used last comes first.
  std::list<FlowTemplate> templates;
  std::unordered_map<uint16_t, std::list<FlowTemplate>::iterator> by_id;
  std::vector<HeldSet> held;
  bool has_sequence = false;
  uint32_t next_sequence = 0;
  uint32_t late = 0;  // messages in a row
  /// One packet in so many is looked at; 0: the exporter does not say.
  uint64_t sampling = 0;
  /// The same by sampler.
  std::vector<std::pair<uint64_t, uint64_t>> samplers;
  /// The exporter's start, as its options data say.
  int64_t start = FlowClock::unknown;
  int64_t used = 0;

  uint32_t number() const;
};

/// All domains of a replica. *Invariants:* both lists are in order of use, the latest first; nobody's data is larger than
/// its limit; a template that was replaced stays until `forget_replaced`, as rows are still to be made by it.
class FlowDomains {
 public:
  FlowDomains(const FlowLimits& limits, FlowCounts& counts) : limits_(limits), counts_(counts) {}

  /// `exporter`: port and address. The domain stays at least until the next call.
  FlowDomain& domain(FlowVersion version, uint32_t number, std::string_view exporter, int64_t now);
  /// The template of that number, or null.
  FlowTemplate* find(FlowDomain& domain, uint16_t id, int64_t now);
  /// Takes a template. Null: it is refused, or is known already.
  FlowTemplate* learn(FlowDomain& domain, FlowVersion version, const TemplateSpec& spec, int64_t now);
  void withdraw(FlowDomain& domain, const TemplateSpec& spec);
  /// Keeps data until their template comes; what there is no room for is given up.
  void hold(FlowDomain& domain, HeldSet set);
  /// The data that wait for this template.
  std::vector<HeldSet> take_held(FlowDomain& domain, uint16_t id);
  /// Counts what is missing between two messages, and says where the next one begins.
  void follow_sequence(FlowDomain& domain, uint32_t sequence, uint32_t step, FlowCount unit);
  /// Gives up what has waited too long, and forgets who is silent.
  void expire(int64_t now);
  void forget_replaced() { replaced_.clear(); }
  /// Counts a template that is none.
  void refuse() { counts_.count(FlowCount::Refused); }

  /// Grows with each template that comes, changes or goes.
  uint64_t changes() const { return changes_; }
  size_t templates() const { return templates_; }
  size_t held_bytes() const { return held_; }
  const std::list<FlowDomain>& all() const { return domains_; }

 private:
  using Domain = std::list<FlowDomain>::iterator;

  void drop_template(FlowDomain& domain, std::list<FlowTemplate>::iterator which);
  void drop_domain(Domain which);
  void make_room(FlowDomain& domain);
  void give_back(const FlowDomain& domain, const HeldSet& set);

  const FlowLimits limits_;
  FlowCounts& counts_;
  std::list<FlowDomain> domains_;
  std::unordered_map<std::string, Domain> by_name_;
  std::unordered_map<std::string, size_t> held_by_exporter_;
  std::list<FlowTemplate> replaced_;
  std::string name_;
  size_t templates_ = 0;
  size_t held_ = 0;
  uint64_t changes_ = 0;
};

}  // namespace stook
