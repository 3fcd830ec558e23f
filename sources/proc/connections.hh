// SPDX-License-Identifier: Apache-2.0
/// TCP and UDP sockets of the machine. Room: the source's front.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "sources/proc/processes.hh"
#include "sources/proc/row.hh"
#include "sources/users.hh"
#include "sources/words.hh"

namespace stook {

/// `0100007F:1F90`, or 32 digits for IPv6: an address and a port. The address is written in words of 4 bytes in the
/// machine's order, and comes out in network order. False: it is none.
struct SocketEnd {
  char bytes[16];
  size_t size = 0;
  uint64_t port = 0;
};
[[nodiscard]] bool read_socket_end(std::string_view text, SocketEnd& end);

/// A row for each line of /proc/net/tcp, tcp6, udp and udp6.
class ConnectionStage final : public ProcStage {
 public:
  /// `has_owners`: the processes that have a socket open are looked for.
  ConnectionStage(const std::string& root, bool has_owners)
      : ProcStage(root + "/net/tcp"), root_(root), has_owners_(has_owners) {}
  void begin() override ROOM(front);
  [[nodiscard]] bool step(ProcRows& rows) override ROOM(front);

 private:
  void look_at(uint64_t pid) ROOM(front);
  bool put(ProcRows& rows, std::string_view line) ROOM(front);

  std::string root_;
  bool has_owners_;
  bool is_walking_ = false;
  ProcessWalk walk_;
  Users users_;
  std::unordered_map<uint64_t, uint64_t> owners_;  // inode to process
  ProcLines lines_;
  size_t file_ = 0;
};

}  // namespace stook
