// SPDX-License-Identifier: Apache-2.0
// A thread that says it is a carrier may not run what workers run.
#include "core/base/room.hh"

using namespace stook;

class Runner {
 public:
  void run() ROOM(worker) { ++bundles_; }

 private:
  int bundles_ OWNED(worker) = 0;
};

void thread_main(Runner& runner) {
#ifndef GOOD
  room::enter(room::carrier);
#else
  room::enter(room::worker);
#endif
  runner.run();
}
