// SPDX-License-Identifier: Apache-2.0
/// Floor 5. What a daemon gives up before it reads its first row, computed from its configuration.
///
/// In this order: sockets are bound; groups, group and user are changed (`user`, `group`, `-u`); capabilities are those that
/// plugins have named, the bounding set is empty; PR_SET_NO_NEW_PRIVS; files are fenced in; system calls are filtered. Then
/// each is looked at or tried. Whatever fails ends the process.
#pragma once

#include <memory>
#include <string>

#include "core/base/room.hh"
#include "core/daemon/file_fence.hh"
#include "core/daemon/monitor.hh"
#include "core/daemon/plan_needs.hh"
#include "core/daemon/privileges.hh"
#include "core/net/reserved.hh"
#include "core/run/supervision.hh"

namespace stook {

/// *Rooms:* main.
class Confinement {
 public:
  /// `user`: of the command line, or empty. `is_trusting`: files are not asked whose they are. Throws SetupError when there
  /// is no such user.
  Confinement(const Plan& plan, const std::string& user, bool is_trusting = false);
  /// What is wrong with owners and modes of files, as owner_faults says it.
  std::vector<std::string> unsafe_files(const Plan& plan) const;

  /// Leaves a process behind that keeps root for what a reload or a rotation needs, where there is root to be given up and
  /// files have been asked whose they are. `config`: its file. REQUIRES: one thread.
  void keep_monitor(const std::string& config, bool is_background);
  /// Null: there is none.
  Monitor* monitor() const { return monitor_.get(); }

  /// Gives up what the configuration does not need. The sockets of control and of pages go to the user. Throws SetupError
  /// where a socket cannot be bound, PrivilegeError where a right stays. REQUIRES: one thread.
  void enter(Supervision& supervision) ROOM(front);
  /// All threads have started: sockets that nobody took are closed, and every thread is looked at. Throws PrivilegeError.
  void verify() ROOM(front);
  /// Why a next configuration cannot run without a restart, one sentence; empty: it can.
  std::string refusal(const Plan& next) const;

 private:
  void change_user(Supervision& supervision) ROOM(front);
  void enter_sandbox();
  void tell() const;

  Settings settings_;
  PlanNeeds needs_;
  std::vector<Listening> bound_;  // copies: the plan may be replaced
  Reach reach_;
  Expected expected_;
  ReservedSockets reserved_;
  std::unique_ptr<Monitor> monitor_;
  std::string unreadable_;  // the file because of which CAP_DAC_READ_SEARCH stays
  std::string open_files_;  // why files are not fenced in; empty: they are
  bool checks_owners_ = false;
  bool is_fenced_ = false;
  bool is_filtered_ = false;
};

}  // namespace stook
