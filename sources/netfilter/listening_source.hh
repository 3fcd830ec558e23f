// SPDX-License-Identifier: Apache-2.0
/// What sources have in common that hear what the kernel tells to a group of listeners. Room: the source's front.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "sources/netfilter/waiting_source.hh"

namespace stook {

struct ListeningConfig {
  uint64_t buffer = 0;
  uint64_t buffer_most = 0;
  std::string netns;
};

/// *Invariants:* a message that makes several rows is offered again until all of them are made. *Rooms:* its front.
class ListeningSource : public WaitingSource {
 public:
  void start(Feed& feed) final ROOM(front);

 protected:
  /// `group`: NFNLGRP_*. `subject`: for messages, `changes of nftables`.
  ListeningSource(const ListeningConfig& config, int group, const char* subject);

  /// Makes the next row of a message. The first one of it is `row` 0.
  enum class Made : uint8_t { One, Nothing, Unreadable };
  [[nodiscard]] virtual Made put(Bundle& bundle, const NetlinkMessage& message, size_t row) ROOM(front) = 0;

  void open() final ROOM(front);
  bool take(const NetlinkMessage& message) final ROOM(front);
  void overrun() final ROOM(front);

 private:
  const ListeningConfig& config_;
  const int group_;
  const char* const subject_;
  size_t next_row_ OWNED(front) = 0;
};

}  // namespace stook
