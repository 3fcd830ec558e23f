// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. A source that listens: what `tcp`, `udp`, `unix` and `syslog` are, but for their options. Room: its front.
#pragma once

#include <span>

#include "core/api/source.hh"
#include "core/net/datagrams.hh"
#include "core/net/net_config.hh"
#include "core/net/rows.hh"
#include "core/net/streams.hh"

namespace stook {

/// Reads all `listenings` of its config. *Rooms:* its front.
class NetSource : public Source, private PartEnd {
 public:
  /// `keys`: those that the plugin declares. `protocol`: who answers the peers of streams.
  NetSource(const NetConfig& config, std::span<const NetKey> keys, Protocol* protocol = nullptr);

  void start(Feed& feed) override ROOM(front);
  void pause() override ROOM(front);
  void resume() override ROOM(front);
  bool end() override ROOM(front) { return leave({}); }
  void stop() override ROOM(front);
  bool leave(std::span<const Listening* const> next) override ROOM(front);
  void stay() override ROOM(front);
  void reopen() override ROOM(front) { streams_.reopen(); }

 protected:
  NetRows rows_ OWNED(front);
  StreamServer streams_ OWNED(front);

 private:
  void part_ended() override ROOM(front);

  DatagramServer datagrams_ OWNED(front);
  int parts_to_end_ OWNED(front) = 0;
};

}  // namespace stook
