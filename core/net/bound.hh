// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Sockets that are bound to an address, and how one source leaves them to the next: a source that a reload
/// replaces offers its sockets with their connections, and the source that binds the same address takes them, so that
/// nothing is cut and nothing is missed. Room: a front's; the offers are shared by all fronts.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fd.hh"
#include "core/net/address.hh"
#include "core/net/passed.hh"

namespace stook {

class Connection;

/// Where and how to listen.
struct Listening {
  Endpoint endpoint;
  bool is_stream = true;
  /// Streams: they speak TLS.
  bool is_secure = false;
  /// Several sockets may share the address, and the kernel divides what comes: by peers, or, where the thread that binds is
  /// bound to a processor itself, by the processor that takes it in.
  bool is_shared = false;
  /// Permissions of a unix socket's file.
  unsigned mode = 0666;
  /// Datagrams: bytes that the kernel is asked to keep; 0: as many as it does by itself.
  uint64_t receive_buffer = 0;
  /// The option that says so.
  const char* option = "listen";
};

/// Whether a socket at the one address is what the other asks for.
bool is_same_place(const Listening& a, const Listening& b);
/// Whether both cannot be bound at once: `*` takes all addresses of its port, 0.0.0.0 and [::] all of their kind.
bool exclude_each_other(const Listening& a, const Listening& b);

/// As parse_endpoint, for an address of this machine: an IP address, `*`, or a unix socket.
Endpoint parse_listening(std::string_view text, AddressForm form, std::optional<uint16_t> port = std::nullopt);

/// A socket that does not block, bound, and listening when it is one of streams.
/// *Invariants:* while it is offered its owner does not touch it. The file of a unix socket goes with it.
class BoundSocket {
 public:
  /// Takes what another source offers for the same use, or what the service manager has bound there, or binds. `owner` is
  /// the source's id: without a port in the address only sockets of the same source are taken. Throws SetupError.
  BoundSocket(Listening listening, std::string_view owner);
  ~BoundSocket();
  BoundSocket(const BoundSocket&) = delete;
  BoundSocket& operator=(const BoundSocket&) = delete;

  int fd() const { return fd_.get(); }
  /// Nobody else may take the socket any more, and nothing new comes.
  void close();
  /// Streams: nobody can connect any more, though the address stays taken, until `wake`, or until another source has taken it.
  /// A socket of the service manager's lets peers wait.
  void rest();
  /// Throws SetupError.
  void wake();
  bool is_resting() const { return is_resting_; }
  const Listening& listening() const { return listening_; }
  /// What it is bound to, with the port that the kernel chose.
  std::string text() const;
  /// Offers the socket and these connections to the next source, until this is destroyed.
  void offer(std::vector<std::unique_ptr<Connection>> connections);
  /// The source that this was for does not start. What it took from another one is offered on, with the connections that
  /// nobody has taken from it yet, for a minute at most: the way back to the former configuration takes it. Others close.
  static void hand_back(std::unique_ptr<BoundSocket> socket);
  /// Connections that came with the socket; given away once.
  std::vector<std::unique_ptr<Connection>> take_connections();

 private:
  bool take_offer();
  bool take_passed();
  void bind_ip();
  void bind_unix();
  void open_socket(int family);
  void prefer_own_processor();
  bool is_same_use(const BoundSocket& other) const;

  Listening listening_;
  std::string owner_;
  Fd fd_;
  PassedUse passed_;     // of a socket of the service manager's
  struct stat file_ {};  // of a unix socket that this made
  bool has_file_ = false;
  bool is_taken_over_ = false;  // from another source
  bool is_resting_ = false;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace stook
