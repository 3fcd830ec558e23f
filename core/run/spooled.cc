// SPDX-License-Identifier: Apache-2.0
#include "core/run/spooled.hh"

#include <cerrno>
#include <string>
#include <utility>

#include "core/base/clock.hh"
#include "core/run/fate.hh"
#include "core/run/reading.hh"

namespace stook {

namespace {
/// After a full or failing disk said no, without anybody ringing.
constexpr int64_t retry_pause = 1'000'000'000;
/// Between two looks at whether another carrier has let go of the spool.
constexpr int64_t take_over_pause = 10'000'000;
/// The error number of a spool whose rows this sink could not read.
constexpr int foreign = EILSEQ;

[[noreturn]] void refuse_foreign(const SpoolSettings& settings, uint64_t rows) {
  throw SetupError(
      "the spool " + settings.folder + " holds " + std::to_string(rows) + " rows " +
          (settings.is_recoded ? "in the format of one sink, and the members of this group have different ones"
                               : "of a group whose members have different formats, and this sink has one") +
          "; let those it was filled for deliver them, or take them out with stook spool export",
      foreign);
}
}  // namespace

Spooled::Spooled(const Instance& instance, SpoolSettings settings, SinkMeter& meter, Doorbell& bell, GiveBack give_back,
                 Settle settle)
    : instance_(instance),
      settings_(std::move(settings)),
      bell_(bell),
      give_back_(std::move(give_back)),
      settle_(std::move(settle)),
      meter_(meter) {}

Spooled::~Spooled() = default;

void Spooled::open(Refusals* refusals) {
  if (!reading_) {
    reading_ = std::make_unique<Reading>(instance_, meter_, vigil_, refusals);
  }
  if (!takes_over_ && !spool_) {
    open_spool();
  }
  reading_->launch();
  if (spool_) {
    reading_->read_from(spool_->reader());
  }
}

void Spooled::open_spool() {
  std::unique_ptr<Spool> spool = Spool::open(settings_, &reading_->bell, &bell_);
  if (spool->has_foreign()) {
    refuse_foreign(settings_, spool->waiting().rows);
  }
  spool_ = std::move(spool);
  written.found_rows.set(spool_->waiting().rows);
  shown_.store(spool_.get(), std::memory_order_release);
}

// The spool of a carrier that ends: true once it is ours.
bool Spooled::try_to_open() {
  try {
    open_spool();
  } catch (const SetupError& error) {
    if (auto pass = wait_limit_.pass()) {
      Level level = error.code == foreign ? Level::Error : Level::Info;
      log_event(level, "spool_waits",
                Fields()("instance", instance_.id)("reason", error.what())("suppressed", pass.suppressed));
    }
    retry_at_ = monotonic_ns() + take_over_pause;
    return false;
  }
  retry_at_ = -1;
  reading_->read_from(spool_->reader());
  return true;
}

void Spooled::reopen() {
  reading_->ask_reopen();
}

void Spooled::close(bool abandon) {
  if (!spool_) {
    reading_->end(true);
    return;
  }
  flush();
  reading_->end(abandon);
  (void)spool_->writer().close();  // a failure is in the log; nothing of it was settled
  spool_->unlock();
}

bool Spooled::append(Payload* payload) {
  size_t rows = payload->rows();
  switch (spool_->writer().append(*payload)) {
    case SpoolAnswer::Full:
    case SpoolAnswer::Failed:
      retry_at_ = monotonic_ns() + retry_pause;
      return false;
    case SpoolAnswer::Refused:
      written.refused_rows.add(rows);
      tell_fate(*payload, "dropped", "it is longer than a record of the spool may be");
      settle_(payload->receipts, Fate::Dropped);
      give_back_(payload);
      return true;
    case SpoolAnswer::Dropped:
      written.rows.add(rows);
      tell_fate(*payload, "dropped", "the spool is full");
      settle_(payload->receipts, Fate::Dropped);
      give_back_(payload);
      return true;
    case SpoolAnswer::Taken:
      break;
  }
  written.rows.add(rows);
  Appended& entry = appended_.emplace_back();
  entry.sequence = spool_->writer().last();
  if (!spare_.empty()) {
    entry.receipts = std::move(spare_.back());
    spare_.pop_back();
  }
  entry.receipts.swap(payload->receipts);
  give_back_(payload);
  return true;
}

void Spooled::settle_durable() {
  while (!appended_.empty() && appended_.front().sequence <= spool_->writer().durable()) {
    std::vector<Receipt*> receipts = std::move(appended_.front().receipts);
    appended_.pop_front();
    tell_fate(receipts, "spooled", {});
    settle_(receipts, Fate::Done);
    receipts.clear();
    spare_.push_back(std::move(receipts));
  }
}

bool Spooled::serve() {
  if (!spool_ && (!has_begun_ || monotonic_ns() < retry_at_ || !try_to_open())) {
    return false;
  }
  int64_t timer = spool_->writer().next_time();
  if (timer >= 0 && monotonic_ns() >= timer) {
    (void)spool_->writer().on_time(monotonic_ns());
  }
  bool has_moved = false;
  if (retry_at_ < 0 || monotonic_ns() >= retry_at_) {
    retry_at_ = -1;
    while (!waiting_.empty() && append(waiting_.front())) {
      waiting_.pop_front();
      has_moved = true;
    }
  }
  spool_->writer().announce();
  settle_durable();
  return has_moved;
}

bool Spooled::drop() {
  bool has_any = !waiting_.empty();
  for (; !waiting_.empty(); waiting_.pop_front()) {
    Payload* payload = waiting_.front();
    written.abandoned_rows.add(payload->rows());
    tell_fate(*payload, "dropped", "its sink went away");
    settle_(payload->receipts, Fate::Dropped);
    give_back_(payload);
  }
  return has_any;
}

void Spooled::flush() {
  if (!spool_) {
    return;
  }
  (void)spool_->writer().sync();
  settle_durable();
}

int64_t Spooled::wake_at() {
  if (!spool_) {
    return retry_at_;
  }
  int64_t timer = spool_->writer().next_time();
  int64_t again = waiting_.empty() ? -1 : retry_at_;
  return timer < 0 ? again : again < 0 ? timer : std::min(timer, again);
}

}  // namespace stook
