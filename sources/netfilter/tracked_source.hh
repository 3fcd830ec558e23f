// SPDX-License-Identifier: Apache-2.0
/// The source of tracked connections and its options, but for their rows. Room: its front.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/text.hh"
#include "sources/netfilter/flow_choice.hh"
#include "sources/netfilter/known_flows.hh"
#include "sources/netfilter/netlink_source.hh"
#include "sources/netfilter/tracked_rows.hh"

namespace stook {

struct NfctConfig {
  Duration pollinterval;
  bool hash_enable = true;
  uint64_t hash_buckets = 0;
  uint64_t hash_max_entries = 0;
  uint64_t event_mask = 0;
  uint64_t buffer = 0;
  uint64_t buffer_most = 0;
  Duration resync_timeout;
  bool reliable = false;
  std::vector<std::string> sources;
  std::vector<std::string> destinations;
  std::vector<std::string> protocols;
  std::string mark_filter;
  Duration active_timeout;
  std::string netns;

  // Completed by declare.
  FlowChoice choice;
};

/// By events: with memory the begin of a connection is kept and a row made at its end; without, each event is a row. By lists:
/// the kernel's table is asked each interval, and a row made of what is no longer in it.
/// *Rooms:* its front.
class Nfct final : public NetlinkSource {
 public:
  explicit Nfct(const NfctConfig& config);

  void start(Feed& feed) override ROOM(front);
  void stop() override ROOM(front);

 protected:
  bool take(const NetlinkMessage& message) override ROOM(front);
  void overrun() override ROOM(front);
  void failed(int error) override ROOM(front);
  bool is_row(const NetlinkMessage& message) const override ROOM(front);

 private:
  bool has_memory() const { return config_.hash_enable || config_.pollinterval.ns > 0; }
  void join() ROOM(front);
  void ask_list() ROOM(front);
  bool end_list() ROOM(front);
  void look_for_lost() ROOM(front);
  bool take_listed(const NetlinkMessage& message, const TrackedFlow& flow) ROOM(front);
  void hear(const NetlinkMessage& message, const TrackedFlow& flow) ROOM(front);
  bool take_event(const NetlinkMessage& message, const TrackedFlow& flow, FlowEvent event) ROOM(front);

  const NfctConfig& config_;
  KnownFlows known_ OWNED(front);
  TrackedRows rows_ OWNED(front);
  Watcher list_timer_ OWNED(front);
  LogLimit full_limit_;
  Watcher active_timer_ OWNED(front);
  bool is_listing_ OWNED(front) = false;
  bool has_listed_ OWNED(front) = false;  // so that what connections carried before the start is known
  bool has_lost_ OWNED(front) = false;    // messages, since a list was asked last
  bool is_resync_ OWNED(front) = false;   // the list was asked when messages had been lost
};

}  // namespace stook
