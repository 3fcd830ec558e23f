// SPDX-License-Identifier: Apache-2.0
/// Floor 5. The shell of `stook run --debug`: it opens where a script stands still, and shows what is there.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "core/lua/stops.hh"
#include "core/tool/repl/typed_lines.hh"

namespace stook {

/// *Rooms:* those of the scripts that stop; one at a time has the shell.
class StopShell final : public ScriptStops {
 public:
  /// From here on scripts stop; before, in the check of the configuration, they do not.
  void open() { is_open_ = true; }
  void stopped(StoppedScript& script) override;

 private:
  // False: the script goes on.
  [[nodiscard]] bool take(StoppedScript& script, const std::string& line);
  void leave();

  bool is_open_ = false;  // constant once scripts run
  std::mutex shell_;      // of two scripts on two threads the second one waits until the first one goes on
  std::unique_ptr<TypedLines> lines_;
  bool has_left_ = false;
};

}  // namespace stook
