// SPDX-License-Identifier: Apache-2.0
// A source's callback runs a filter through its base class, past the worker.
#include "core/base/room.hh"

using namespace stook;

class Filter {
 public:
  virtual ~Filter() = default;
  virtual void run(int rows) ROOM(worker) = 0;
};

class Keep final : public Filter {
 public:
  void run(int rows) ROOM(worker) override { seen_ += rows; }

 private:
  int seen_ OWNED(worker) = 0;
};

#ifndef GOOD
void on_readable(Filter& filter) ROOM(front) {
  filter.run(1);
}
#else
void on_readable(Filter& filter) ROOM(worker) {
  filter.run(1);
}
#endif

void use() {
  Keep keep;
  room::enter(room::front);
  (void)&on_readable;
  (void)keep;
}
