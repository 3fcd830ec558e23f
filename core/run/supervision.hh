// SPDX-License-Identifier: Apache-2.0
/// Floor 4. Supervision: tells those who watch the process how it is: the service manager, and callers at the socket.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "core/api/loop.hh"
#include "core/base/notify.hh"
#include "core/base/room.hh"
#include "core/plan/plan.hh"
#include "core/run/control.hh"
#include "core/run/engine.hh"
#include "core/run/http_pages.hh"
#include "core/run/live/live_page.hh"
#include "core/run/metrics.hh"

namespace stook {

/// The manager's watchdog is fed while this process does its own part: main's loop turns, which it shows by feeding, and no
/// worker has been in one bundle for as long as the watchdog waits. A sink that is down, a peer that is slow, a full disk
/// are no reason to withhold: a restart would mend none of them, would give up every connection and what is under way,
/// and would go on doing so until the manager gives the service up. Those are unhealthy by name, at the control socket
/// and in the status, and the process goes on trying.
/// A worker that does not come back is different: only code of this process can hold it, and all rows behind it.
/// *Rooms:* main.
class Supervision {
 public:
  /// All outlive it.
  Supervision(Engine& engine, Loop& loop, const Settings& settings);

  /// What the verb `reload` does; it gives back what is wrong with the configuration, or nothing. Before `open`.
  void on_reload(std::function<std::string()> reload);
  /// Opens the control socket and the pages if the configuration names them. Throws SetupError.
  void open() ROOM(front);
  /// Everything runs.
  void started() ROOM(front);
  /// Around a reload, be it that it fails: `reloaded` says to the manager that it is over, and keeps for `health` why it
  /// failed, empty when it did not.
  void reloading() ROOM(front);
  void reloaded(const std::string& failure) ROOM(front);
  void stopping() ROOM(front);

  Control& control() { return control_; }
  /// The sockets that it has opened are to belong to the user that the process becomes. Throws SetupError.
  void give_to(uid_t user, gid_t group) ROOM(front);

 private:
  void on_watchdog() ROOM(front);
  void tell(const Standings& standings) ROOM(front);
  std::string health_text() const;
  std::string health_json() const;

  Engine& engine_;
  Loop& loop_;
  const std::string path_;
  const std::optional<Endpoint> pages_at_;
  const std::optional<Endpoint> live_at_;
  Notify notify_;
  Control control_;
  Metrics metrics_;
  HttpPages pages_;
  HttpPages live_pages_;
  LivePage live_;
  Watcher watchdog_;
  std::string told_;
  std::string reload_failure_;  // of the last reload
  bool is_stopping_ = false;
};

}  // namespace stook
