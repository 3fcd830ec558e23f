// SPDX-License-Identifier: Apache-2.0
// A lambda does not inherit the room of the function around it: it may be called elsewhere, so it says its own.
#include "core/base/room.hh"

using namespace stook;

class Sum {
 public:
  void run(int rows) ROOM(worker) {
#ifndef GOOD
    auto add = [this](int more) { total_ += more; };
#else
    auto add = [this](int more) ROOM(worker) { total_ += more; };
#endif
    add(rows);
  }

 private:
  int total_ OWNED(worker) = 0;
};
