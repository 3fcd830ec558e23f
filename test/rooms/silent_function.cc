// SPDX-License-Identifier: Apache-2.0
// A function that says no room is pure: it may not reach into one.
#include "core/base/room.hh"

using namespace stook;

class Feed {
 public:
  void seal() ROOM(front) { rows_ = 0; }

 private:
  int rows_ OWNED(front) = 0;
};

#ifndef GOOD
void finish(Feed& feed) {
  feed.seal();
}
#else
void finish(Feed& feed) ROOM(front) {
  feed.seal();
}
#endif
