// SPDX-License-Identifier: Apache-2.0
// A worker gives an object back to its pool itself, instead of sending it home on the link.
#include "core/base/room.hh"

using namespace stook;

class Pool {
 public:
  void release() ROOM(front) { ++free_; }

 private:
  int free_ OWNED(front) = 0;
};

void serve_once(Pool& pool) ROOM(worker) {
#ifndef GOOD
  pool.release();
#endif
  (void)pool;
}
