// SPDX-License-Identifier: Apache-2.0
/// Reads messages of NetFlow 5, 7 and 9 and of IPFIX: takes up their templates, and finds where their records are. Nothing is
/// decoded yet. Room: the worker that runs the filter.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/arena.hh"
#include "filters/flow/domains.hh"

namespace stook {

/// Records of one template that stand one behind the other.
struct FlowRun {
  FlowTemplate* form;
  const char* data;
  uint32_t count;
  uint32_t message;
  /// One packet in so many is looked at; 0: nobody says.
  uint64_t sampling;
};

/// What all records of a message share.
struct FlowMessage {
  FlowVersion version;
  uint32_t domain;
  FlowClock clock;
  /// Which of the batch's rows it came in.
  uint32_t row;
};

/// *Invariants:* runs and messages point into the batch's arena and to templates that live until `begin`.
class FlowReader {
 public:
  FlowReader(const FlowLimits& limits, FlowCounts& counts, bool wants_options)
      : domains_(limits, counts), wants_options_(wants_options) {}

  /// Before the first message of a batch. `arena`: where data that have waited go.
  void begin(Arena& arena, int64_t now);
  /// Reads what came as one: a datagram, or a message of a stream. Null, or what is wrong with it, and then it makes no rows.
  /// `exporter`: its port and address. The bytes stay as long as the runs.
  const char* read(std::string_view bytes, std::string_view exporter, uint32_t row);

  const std::vector<FlowRun>& runs() const { return runs_; }
  const FlowMessage& message(const FlowRun& run) const { return messages_[run.message]; }
  /// Records in all runs.
  size_t records() const { return records_; }
  FlowDomains& domains() { return domains_; }

 private:
  const char* read_fixed(std::string_view bytes, FlowVersion version);
  const char* read_v9(std::string_view bytes);
  const char* read_ipfix(std::string_view bytes);
  void read_sets(FlowDomain& domain, std::string_view sets);
  void read_templates(FlowDomain& domain, bool is_options, std::string_view set);
  void read_data(FlowDomain& domain, FlowTemplate& form, std::string_view set);
  void add(FlowDomain& domain, FlowTemplate& form, std::string_view record, uint32_t count);
  void add_run(FlowTemplate& form, const char* data, uint32_t count, uint64_t sampling);
  FlowMessage& begin_message(FlowVersion version, uint32_t domain, const FlowClock& clock);

  FlowDomains domains_;
  bool wants_options_;
  Arena* arena_ = nullptr;
  int64_t now_ = 0;
  std::string_view exporter_;
  uint32_t row_ = 0;
  std::vector<FlowRun> runs_;
  std::vector<FlowMessage> messages_;
  size_t records_ = 0;
  // Of the message at hand.
  uint32_t counted_ = 0;    // records, for the sequence
  bool is_counted_ = true;  // false: data of unknown templates are among them
  FlowTemplate v5_ = fixed_flow_template(FlowVersion::V5);
  FlowTemplate v7_ = fixed_flow_template(FlowVersion::V7);
};

}  // namespace stook
