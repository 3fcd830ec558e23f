// SPDX-License-Identifier: Apache-2.0
// A front reads a worker's counter without asking the worker for it.
#include "core/base/room.hh"

using namespace stook;

class Worker {
 public:
  void serve_once() ROOM(worker) { ++bundles_; }
#ifndef GOOD
  int bundles() const ROOM(front) {
    return bundles_;
  }
#else
  int bundles() const ROOM(worker) {
    return bundles_;
  }
#endif

 private:
  int bundles_ OWNED(worker) = 0;
};
