// SPDX-License-Identifier: Apache-2.0
/// Floor 5. What the monitor does with its rights: it looks at the configuration itself, and gives what that names.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "core/daemon/config_names.hh"
#include "core/daemon/monitor_message.hh"
#include "core/daemon/privileges.hh"

namespace stook {

/// *Invariants:* each request reads the configuration anew; nothing is remembered. A configuration that anybody but `owner`
/// may write, that user included whom stookd has become, names nothing.
class MonitorDeeds {
 public:
  /// `config`: absolute. `account`: to whom new files are given. `owner`: who may write the configuration, root.
  MonitorDeeds(std::string config, Account account, uid_t owner)
      : config_(std::move(config)), account_(std::move(account)), owner_(owner) {}

  /// What is asked for, or why not. Throws nothing but std::bad_alloc.
  Granted grant(const MonitorRequest& request) const;
  /// Whether this is stookd's own log.
  bool is_log(const std::string& path) const;

 private:
  ConfigNames read() const;
  Granted open_output(const std::string& path) const;

  std::string config_;
  Account account_;
  uid_t owner_;
};

}  // namespace stook
