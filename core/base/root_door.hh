// SPDX-License-Identifier: Apache-2.0
/// Floor 0. A way to descriptors that take rights which this process has given up. Room: any.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "core/base/fd.hh"

namespace stook {

/// A descriptor, or one sentence that says why there is none.
struct Granted {
  Fd fd;
  std::string why;
};

/// Whoever has kept rights, and gives descriptors for what the configuration names and for nothing else.
class RootDoor {
 public:
  virtual ~RootDoor() = default;
  /// The socket that the source `id` listens at: bound, and listening when it is one of streams.
  virtual Granted listen(std::string_view id, const std::string& address, bool is_stream) = 0;
  /// A file that is written, for append; made when there was none.
  virtual Granted open(const std::string& path) = 0;
};

/// From here on `door` is asked; null: nobody. It outlives every thread that may ask. Main, before threads start and after
/// they have ended.
void set_root_door(RootDoor* door);
/// Null: nobody has kept any right.
RootDoor* root_door();

/// After an open that has failed: the file by way of the door, where `errno` says that rights were missing. A new one gets
/// these permissions. Empty: there is none; `errno` is as it was.
Fd open_by_door(const std::string& path, mode_t mode);

}  // namespace stook
