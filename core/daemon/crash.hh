// SPDX-License-Identifier: Apache-2.0
/// Floor 5. What is left of a crash: a report of the process's state, written by the signal handler.
///
/// A report is text: version, signal, thread, what each thread is at, the last lines of the log, and return addresses, to be
/// read with addr2line. It holds no rows. It goes to `crash.PID.SECONDS.new` in the state folder, mode 0600, and where there
/// is no such folder to the log. The next start says that it is there, and takes `.new` off its name.
#pragma once

#include <string>

#include "core/run/engine.hh"

namespace stook {

/// From here on SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT leave a report, before they end the process as they always do.
/// `folder`: the state folder or empty. The engine is described for as long as this lives. One at a time.
/// *Rooms:* main.
class CrashReports {
 public:
  CrashReports(const Engine& engine, const std::string& folder);
  ~CrashReports();
  CrashReports(const CrashReports&) = delete;
  CrashReports& operator=(const CrashReports&) = delete;
};

}  // namespace stook
