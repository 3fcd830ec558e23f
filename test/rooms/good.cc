// SPDX-License-Identifier: Apache-2.0
// Each form of annotation that stook uses, used rightly: clang must have nothing to say.
#include "core/base/room.hh"

using namespace stook;

namespace {

class Pool {
 public:
  [[nodiscard]] bool take() ROOM(front) { return free_-- > 0; }
  void release() ROOM(front) { ++free_; }

 private:
  int free_ OWNED(front) = 4;
};

class Filter {
 public:
  virtual ~Filter() = default;
  virtual void run(int rows) ROOM(worker) = 0;
};

class Keep final : public Filter {
 public:
  void run(int rows) ROOM(worker) override {
    auto count = [this](int more) ROOM(worker) { seen_ += more; };
    count(rows);
  }

 private:
  int seen_ OWNED(worker) = 0;
};

class Sink {
 public:
  void deliver() ROOM(carrier) { ++delivered_; }

 private:
  int delivered_ OWNED(carrier) = 0;
};

// Silence means pure: callable from any room.
int twice(int value) {
  return 2 * value;
}

void worker_main(Filter& filter) {
  room::enter(room::worker);
  filter.run(twice(128));
}

void carrier_main(Sink& sink) {
  room::enter(room::carrier);
  sink.deliver();
  (void)twice(2);
}

}  // namespace

int main() {
  room::enter(room::front);
  Pool pool;
  Keep keep;
  Sink sink;
  if (pool.take()) {
    pool.release();
  }
  (void)&worker_main;
  (void)&carrier_main;
  (void)keep;
  (void)sink;
}
