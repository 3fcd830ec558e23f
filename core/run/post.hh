// SPDX-License-Identifier: Apache-2.0
/// Floor 4. A post: what a witness on one worker has seen, on its way to main.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/link.hh"
#include "core/base/meter.hh"
#include "core/base/room.hh"
#include "core/data/payload.hh"
#include "core/run/witness.hh"

namespace stook {

/// How many rows have passed a tap, and what became of them. One writer: the worker.
struct TapMeter {
  Counter passed;   // at the element
  Counter looked;   // of those: looked at, as there was time
  Counter matched;  // of those: the expression holds
  Counter shown;    // of those: sent to main
};

/// A witness that sends what it writes to main. Main's payloads are lent to the worker, which fills one at a time; when all
/// are on their way, or hold as much as they may, the worker has none and shows nothing, so it never waits.
/// *Rooms:* the worker fills, main reads; main makes and destroys it, and the worker holds it as long as it is in its list.
class Post : public Witness {
 public:
  Post();
  Post(const Post&) = delete;
  Post& operator=(const Post&) = delete;

  /// Main: appends what has come, each line behind `> `; at most `most` rows. Returns how many.
  virtual size_t read(std::string& to, size_t most) ROOM(front);

  TapMeter meter;

 protected:
  /// An empty payload, or null; filled by what follows until it is given back by `hand_over`.
  [[nodiscard]] Payload* take() ROOM(worker);
  void hand_over() ROOM(worker);

 private:
  static constexpr size_t payloads = 256;
  /// Bytes that may be on their way.
  static constexpr uint64_t most_bytes = 4 << 20;

  std::vector<std::unique_ptr<Payload>> all_;
  Link<Payload> link_{payloads};
  Payload* open_ OWNED(worker) = nullptr;
  Payload* reading_ OWNED(front) = nullptr;
  size_t read_rows_ OWNED(front) = 0;
  Counter given_;  // bytes, by the worker
  Counter taken_;  // bytes, by main
};

}  // namespace stook
