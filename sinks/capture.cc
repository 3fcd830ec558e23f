// SPDX-License-Identifier: Apache-2.0
/// capture: keeps what it takes in memory, by instance id. For tests.
///
/// A test includes sinks/capture.hh, runs a flow into `capture` and reads the bytes. With `delay` each delivery first
/// sleeps a random time up to that long, the same for the same `seed`, so that back-pressure and order can be tried.
///
///   [out]
///   delay = 5ms
///   format = raw
#include "sinks/capture.hh"

#include <time.h>

#include <array>
#include <map>
#include <mutex>
#include <random>

#include "core/api/plugin.hh"

namespace stook {

namespace {
struct Memory {
  capture::Taken taken;
  std::vector<Outcome> answers;
  size_t answered = 0;
};

// Tests look at the bytes from other threads than the carrier. This sink is not for the data path of a real flow, so a
// lock will do.
struct Store {
  std::mutex lock;
  std::map<std::string, Memory, std::less<>> by_id;
};
Store& store() {
  static Store all;
  return all;
}

struct CaptureConfig {
  Duration delay;
  uint64_t seed = 0;
};

constexpr std::array options = {
    option<&CaptureConfig::delay>("delay", "0", "sleep a random time up to this long in each delivery"),
    option<&CaptureConfig::seed>("seed", "1", "where the random times begin"),
};

class Capture final : public Sink {
 public:
  explicit Capture(const Make& make)
      : config_(*static_cast<const CaptureConfig*>(make.config)), id_(make.id), random_(config_.seed) {}

  void open() override ROOM(carrier) {}

  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    if (config_.delay.ns > 0) {
      auto ns = static_cast<int64_t>(random_() % static_cast<uint64_t>(config_.delay.ns + 1));
      timespec pause{ns / 1'000'000'000, ns % 1'000'000'000};
      nanosleep(&pause, nullptr);
    }
    std::lock_guard guard(store().lock);
    Memory& memory = store().by_id[id_];
    memory.taken.calls++;
    Outcome answer = memory.answered < memory.answers.size() ? memory.answers[memory.answered++] : Outcome::Done;
    if (answer != Outcome::Done) {
      return answer;
    }
    for (const Payload* payload : shipment) {
      memory.taken.bytes.append(payload->bytes());
      memory.taken.rows += payload->rows();
      memory.taken.payloads++;
      for (size_t i = 0; i < payload->parts(); i++) {
        if (!payload->part(i).address.empty()) {
          memory.taken.addresses.push_back(payload->part(i).address);
        }
      }
    }
    return Outcome::Done;
  }

  std::string reason() const override ROOM(carrier) { return "the test said so"; }

 private:
  const CaptureConfig& config_;
  std::string id_;
  std::mt19937_64 random_ OWNED(carrier);
};

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<Capture>(make);
}
}  // namespace

namespace capture {
Taken taken(std::string_view id) {
  std::lock_guard guard(store().lock);
  auto found = store().by_id.find(id);
  return found == store().by_id.end() ? Taken() : found->second.taken;
}

void script(std::string_view id, std::vector<Outcome> answers) {
  std::lock_guard guard(store().lock);
  Memory& memory = store().by_id[std::string(id)];
  memory.answers = std::move(answers);
  memory.answered = 0;
}

void clear() {
  std::lock_guard guard(store().lock);
  store().by_id.clear();
}
}  // namespace capture

extern const Plugin sink_capture;
const Plugin sink_capture = {
    .kind = Kind::Sink,
    .name = "capture",
    .doc = "keeps what it takes in memory, for tests",
    .options = options,
    .config = config_type<CaptureConfig>,
    .needs = needs_nothing,
    .sink = make,
    .format = "json",
};

}  // namespace stook
