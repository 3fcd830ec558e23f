// SPDX-License-Identifier: Apache-2.0
/// Floor 5. What a configuration names that may take rights: addresses of sources and files of sinks. It is found without
/// running anything: no script is loaded, no plugin is asked, no key or secret is read. So a process with all rights may look.
#pragma once

#include <string>
#include <vector>

#include "core/net/bound.hh"

namespace stook {

/// What a source listens at.
struct NamedSocket {
  std::string id;
  Listening listening;
};

struct ConfigNames {
  /// The configuration file and those that it includes.
  std::vector<std::string> files;
  /// IP addresses only.
  std::vector<NamedSocket> sockets;
  /// Absolute, and without keys; the log is among them.
  std::vector<std::string> outputs;
  /// Its own log; empty: it is no file.
  std::string log;
};

/// Throws std::runtime_error with one sentence when the configuration is not right.
ConfigNames names_of(const std::string& file);

/// The path as both sides of a comparison write it: absolute, without `.` and `..`. Links stay.
std::string plain_path(const std::string& path);

}  // namespace stook
