// SPDX-License-Identifier: Apache-2.0
/// Floor 4. The control socket: a unix socket at which a running process answers one question a connection.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/loop.hh"
#include "core/base/fd.hh"
#include "core/base/room.hh"
#include "core/base/spare.hh"

namespace stook {

/// Listens at a path of mode 0600, so that only the owner and root can ask. How one speaks there is said in control.cc.
/// *Invariants:* at most `most` connections, each for at most `patience` unless its answer goes on; nothing here waits.
/// *Rooms:* the front whose loop it is on.
class Control {
 public:
  static constexpr size_t most = 16;
  static constexpr size_t longest_request = 1024;
  static constexpr int64_t patience = 5'000'000'000;
  static constexpr int64_t beat = 25'000'000;

  /// The rest of an answer that goes on for as long as the caller stays.
  class Stream {
   public:
    virtual ~Stream() = default;
    /// Appends the lines that have come since the last time. False: these were the last. Asked each `beat`, but not while
    /// the caller has not taken what came before.
    [[nodiscard]] virtual bool read(std::string& to) ROOM(front) = 0;
  };
  struct Answer {
    bool is_good = true;
    std::string text;  // whole lines; or one sentence without an end of line when it is not good
    std::unique_ptr<Stream> rest = nullptr;
  };
  /// Is called with the words behind the verb, and must return soon.
  using Verb = std::function<Answer(const std::vector<std::string_view>& words)>;

  explicit Control(Loop& loop);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// `usage`: the verb and its words, for people.
  void add(std::string_view usage, Verb verb);
  /// Binds and listens. A socket that a dead process left is replaced; one that is alive, and a file that is no socket,
  /// are refused. Throws SetupError.
  void open(const std::string& path) ROOM(front);
  /// The socket is to belong to the user that the process becomes. Throws SetupError.
  void give_to(uid_t user, gid_t group) ROOM(front);
  /// Takes the socket away, unless somebody else's is at its path by now.
  void close() ROOM(front);

  /// What a caller would get for this line.
  Answer answer(std::string_view line) const;

  size_t connections() const { return connections_.size(); }

 private:
  class Connection;
  struct Named {
    std::string usage;
    Verb verb;
  };
  void on_connect() ROOM(front);
  void listen() ROOM(front);
  std::string help() const;
  /// The connection is destroyed.
  void drop(const Connection& connection) ROOM(front);

  Loop& loop_;
  std::vector<Named> verbs_;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  Fd fd_;
  Spare spare_;  // somebody may want to know why there are no descriptors
  Watcher accept_;
  Watcher retry_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace stook
