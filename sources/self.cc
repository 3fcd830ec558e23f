// SPDX-License-Identifier: Apache-2.0
/// self: what the daemon says of itself: the events of its log, and its meters.
///
///     stack=me:self,out:file
///     [me]
///     what=events, meters
///     interval=60s
///
/// The row of an event, and of a meter:
///
///     self=event time=2026-11-21T03:38:00.120Z level=warning event=sink_waits instance=out message="level=warning event=…"
///     self=meter time=2026-11-21T03:38:00.121Z instance=out kind=sink plugin=file rows.in=812 rows.out=800 …
#include <algorithm>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/base/log_ear.hh"
#include "core/base/status.hh"
#include "sources/self/row.hh"

namespace stook {

namespace {

struct SelfConfig {
  std::vector<std::string> what;
  Duration interval;
  Level level;
  std::vector<std::string> exclude;
  uint64_t rate;
};

constexpr int64_t second = 1'000'000'000;
/// Events that wait for a bundle.
constexpr size_t events_most = 1024;

constexpr Option options[] = {
    option<&SelfConfig::what>("what", "events, meters", "events of the log, meters, or both"),
    option<&SelfConfig::interval>("interval", "10s", "how often meters are looked at", {1e7, 1e18}),
    option<&SelfConfig::level>("level", "notice",
                               "events below this level are no rows; what is not logged is none either"),
    option<&SelfConfig::exclude>("exclude", "script_log", "events that are no rows"),
    option<&SelfConfig::rate>("rate", "100", "so many events a second at the most become rows; others are counted",
                              {1, 1e9}),
};

bool has(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

void declare(void* config, std::string_view, Wiring& wiring) {
  const SelfConfig& self = *static_cast<SelfConfig*>(config);
  if (self.what.empty()) {
    throw std::invalid_argument("what is empty; it takes events and meters");
  }
  for (const std::string& what : self.what) {
    if (what != "events" && what != "meters") {
      throw std::invalid_argument("what has '" + what + "'; it takes events and meters");
    }
  }
  declare_self_keys(wiring);
}

/// *Invariants:* what is in `heard_` and `lost_` is touched under the lock only.
/// *Rooms:* its front; `hear` is called by whoever logs.
class Self final : public Source, private LogEar {
 public:
  explicit Self(const SelfConfig& config) : config_(config) {}
  ~Self() override { remove_log_ear(*this); }

  void start(Feed& feed) override ROOM(front);
  void pause() override ROOM(front) { is_paused_ = true; }
  void resume() override ROOM(front) {
    is_paused_ = false;
    turn();
  }
  void stop() override ROOM(front) {
    remove_log_ear(*this);
    is_done_ = true;
    woken_.stop();
    due_.stop();
  }

 private:
  void hear(Level level, std::string_view event, std::string_view fields) override;
  void on_due() ROOM(front);
  void turn() ROOM(front);
  void take_events() ROOM(front);

  const SelfConfig& config_;
  Feed* feed_ OWNED(front) = nullptr;
  Watcher woken_;
  Watcher due_ OWNED(front);
  std::string own_;  // how fields begin that name this source
  std::deque<SelfEvent> events_ OWNED(front);
  std::deque<OwnMeter> meters_ OWNED(front);
  std::deque<std::shared_ptr<const ScriptMeter>> script_meters_ OWNED(front);
  std::mutex lock_;
  std::deque<SelfEvent> heard_;
  uint64_t lost_ = 0;
  int64_t second_ = 0;
  uint64_t in_second_ = 0;
  bool is_paused_ OWNED(front) = false;
  bool is_done_ OWNED(front) = false;
};

void Self::start(Feed& feed) {
  feed_ = &feed;
  own_ = " instance=" + std::string(feed.id());
  if (has(config_.what, "meters")) {
    if (!may_ask_own_meters()) {
      throw SetupError("self cannot read meters on a front of its own; leave front=own away");
    }
    due_.on_time<&Self::on_due>(feed.loop(), this, config_.interval.ns, config_.interval.ns);
  }
  if (has(config_.what, "events")) {
    woken_.on_wake<&Self::turn>(feed.loop(), this);
    add_log_ear(*this);
  }
}

/// Runs in the thread that logs.
void Self::hear(Level level, std::string_view event, std::string_view fields) {
  // What is said of this very source would make a row, and that row perhaps the next event.
  bool is_own = fields.substr(0, own_.size()) == own_ && (fields.size() == own_.size() || fields[own_.size()] == ' ');
  if (level < config_.level || is_own || has(config_.exclude, event)) {
    return;
  }
  int64_t now = monotonic_ns();
  {
    std::lock_guard guard(lock_);
    if (now - second_ >= second) {
      second_ = now;
      in_second_ = 0;
    }
    if (++in_second_ > config_.rate || heard_.size() >= events_most) {
      lost_++;
    } else {
      heard_.push_back({wall_ns(), level, std::string(event), std::string(fields)});
    }
  }
  woken_.wake();
}

void Self::on_due() {
  if (meters_.empty()) {
    std::vector<OwnMeter> meters = own_meters();
    meters_.assign(meters.begin(), meters.end());
  }
  if (script_meters_.empty()) {
    std::vector<std::shared_ptr<const ScriptMeter>> meters = script_meters();
    script_meters_.assign(meters.begin(), meters.end());
  }
  turn();
}

void Self::take_events() {
  uint64_t lost = 0;
  {
    std::lock_guard guard(lock_);
    if (events_.empty()) {
      events_.swap(heard_);
    }
    lost = std::exchange(lost_, 0);
  }
  if (lost > 0) {
    feed_->lose(Loss::Pool, lost);
  }
}

void Self::turn() {
  if (is_done_ || is_paused_) {
    return;
  }
  take_events();
  while (!events_.empty() && put_self_event(*feed_, events_.front())) {
    events_.pop_front();
  }
  while (!meters_.empty() && put_self_meter(*feed_, meters_.front())) {
    meters_.pop_front();
  }
  while (!script_meters_.empty() && put_script_meter(*feed_, *script_meters_.front())) {
    script_meters_.pop_front();
  }
  feed_->seal();
}

}  // namespace

extern const Plugin source_self;
const Plugin source_self = {
    .kind = Kind::Source,
    .name = "self",
    .doc = "The daemon's own log events and meters",
    .options = options,
    .primary = "what",
    .config = config_type<SelfConfig>,
    .declare = declare,
    .needs = needs_nothing,
    .source = make_source<Self, SelfConfig>,
};

}  // namespace stook
