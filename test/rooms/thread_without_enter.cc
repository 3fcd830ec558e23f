// SPDX-License-Identifier: Apache-2.0
// A thread's main function enters its room before it calls anything that belongs there.
#include "core/base/room.hh"

using namespace stook;

class Worker {
 public:
  void serve() ROOM(worker) { ++rounds_; }

 private:
  int rounds_ OWNED(worker) = 0;
};

void* thread_main(void* self) {
#ifdef GOOD
  room::enter(room::worker);
#endif
  static_cast<Worker*>(self)->serve();
  return nullptr;
}
