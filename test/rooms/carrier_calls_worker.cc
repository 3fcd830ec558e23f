// SPDX-License-Identifier: Apache-2.0
// A carrier, which may block, encodes a bundle: that is a worker's business.
#include "core/base/room.hh"

using namespace stook;

class Codec {
 public:
  int encode(int rows) const ROOM(worker) { return rows; }
};

class Sink {
 public:
#ifndef GOOD
  void deliver(const Codec& codec) ROOM(carrier) {
    bytes_ += codec.encode(1);
  }
#else
  void deliver(int encoded) ROOM(carrier) {
    bytes_ += encoded;
  }
#endif

 private:
  int bytes_ OWNED(carrier) = 0;
};
