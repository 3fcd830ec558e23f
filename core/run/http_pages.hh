// SPDX-License-Identifier: Apache-2.0
/// Floor 4. A small HTTP server for pages that the process has to show of itself: a table of paths, GET and HEAD alone.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/loop.hh"
#include "core/base/room.hh"
#include "core/base/spare.hh"
#include "core/net/address.hh"

namespace stook {

class BoundSocket;

/// What a client asks. The texts live as long as the call.
struct HttpQuestion {
  std::string_view path;   // begins with `/`
  std::string_view query;  // behind `?`
  std::string_view accept;
};
struct HttpPage {
  int status = 200;
  std::string type;
  std::string body;
};

/// Listens at one address. How it speaks is said in http_pages.cc.
/// *Invariants:* at most `most` connections, each for at most `patience`; nothing here waits.
/// *Rooms:* the front whose loop it is on.
class HttpPages {
 public:
  static constexpr size_t most = 16;
  static constexpr size_t longest_head = 8192;
  static constexpr int64_t patience = 5'000'000'000;
  /// Must return soon.
  using Page = std::function<HttpPage(const HttpQuestion&)>;

  explicit HttpPages(Loop& loop);
  ~HttpPages();
  HttpPages(const HttpPages&) = delete;
  HttpPages& operator=(const HttpPages&) = delete;

  /// `doc`: one line for people, who find it at `/`.
  void add(std::string_view path, std::string_view doc, Page page);
  /// Binds and listens; says so in the log, and warns of an address that other machines reach. Throws SetupError.
  void open(const Endpoint& where) ROOM(front);
  void close() ROOM(front);
  /// The file of a unix socket goes to the user that the process becomes. Throws SetupError.
  void give_to(uid_t user, gid_t group) ROOM(front);
  /// Where it listens, with the port that the kernel chose.
  std::string text() const;

 private:
  class Connection;
  struct Named {
    std::string path;
    std::string doc;
    Page page;
  };
  void on_connect() ROOM(front);
  void listen() ROOM(front);
  HttpPage answer(const HttpQuestion& question) const;
  HttpPage index() const;
  /// The connection is destroyed.
  void drop(const Connection& connection) ROOM(front);

  Loop& loop_;
  std::vector<Named> pages_;
  std::unique_ptr<BoundSocket> socket_;
  Spare spare_;  // figures of a process without descriptors are the ones that matter
  bool is_local_ = false;
  Watcher accept_;
  Watcher retry_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace stook
