// SPDX-License-Identifier: Apache-2.0
/// What sources have in common that ask the kernel for lists each interval. Room: the source's front.
#pragma once

#include <cstddef>
#include <string>

#include "core/base/text.hh"
#include "sources/netfilter/netlink_source.hh"

namespace stook {

/// *Invariants:* one list is on its way at a time. *Rooms:* its front.
class PollingSource : public NetlinkSource {
 public:
  void start(Feed& feed) override ROOM(front);
  void stop() override ROOM(front);

 protected:
  /// What is asked. `probe`: a question with an answer that those who may not ask are refused.
  struct Rules {
    const std::string& netns;
    int64_t interval;     // ns
    const char* subject;  // for messages: `netfilter's counters`
    const char* lacking;  // what a kernel that does not know the question lacks
    uint16_t answer;      // type of the messages that are rows
    size_t lists = 1;     // asked one after the other
  };
  explicit PollingSource(const Rules& rules);

  virtual NetlinkRequest probe() const ROOM(front) = 0;
  virtual NetlinkRequest question(size_t list) const ROOM(front) = 0;
  /// Makes a row of an answer, or none where it is not wanted. False: it cannot be read.
  [[nodiscard]] virtual bool put(Bundle& bundle, std::string_view body) ROOM(front) = 0;

  bool take(const NetlinkMessage& message) final ROOM(front);
  void overrun() final ROOM(front);
  void failed(int error) final ROOM(front);
  bool is_row(const NetlinkMessage& message) const final ROOM(front) { return message.type == rules_.answer; }

 private:
  void begin_round() ROOM(front);
  void ask_next() ROOM(front);

  const Rules rules_;
  Watcher timer_ OWNED(front);
  LogLimit limit_;
  size_t next_list_ OWNED(front) = 0;
  bool is_asking_ OWNED(front) = false;
};

}  // namespace stook
