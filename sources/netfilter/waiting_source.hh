// SPDX-License-Identifier: Apache-2.0
/// What sources have in common whose place in the kernel may be taken, or whose network namespace may not be there: they ask
/// again, and other stacks run meanwhile. Room: the source's front.
#pragma once

#include <cstddef>
#include <string>

#include "sources/netfilter/netlink_source.hh"
#include "sources/restarts.hh"

namespace stook {

/// *Invariants:* either the socket is open, or `again_` waits, or it has ended. *Rooms:* its front.
class WaitingSource : public NetlinkSource {
 public:
  void stop() override ROOM(front);

 protected:
  /// `netns` outlives the source; empty: the process's own. `most`: bytes of the largest datagram.
  WaitingSource(size_t most, const std::string& netns) : NetlinkSource(most), netns_(netns) {}

  /// COLD: opens the socket and asks for what it is to give. Throws SetupError.
  virtual void open() ROOM(front) = 0;
  /// The socket is about to be closed, as it gives nothing any more.
  virtual void given_up() ROOM(front) {}

  /// At the start. Throws what the first `open` throws; only a namespace that is not there is waited for.
  void begin() ROOM(front);
  /// COLD: closes the socket, says why, and opens it again after a pause.
  void close_and_wait(bool is_namespace, const std::string& reason) ROOM(front);
  void failed(int error) override ROOM(front);
  /// The end has come: nothing is opened again.
  void wait_no_more() ROOM(front);
  /// COLD: the size that the configuration asks for; logged when the kernel gives less. 0 leaves the system's.
  void ask_buffer(uint64_t bytes) ROOM(front);

 private:
  void open_here() ROOM(front);
  void open_again() ROOM(front);
  void look_at_namespace() ROOM(front);

  const std::string& netns_;
  Watcher again_ OWNED(front);
  Watcher namespace_watch_ OWNED(front);
  Restarts restarts_ OWNED(front);
  NamespaceId namespace_ OWNED(front);
  LogLimit wait_limit_;
};

}  // namespace stook
