// SPDX-License-Identifier: Apache-2.0
#include "core/spool/spool.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/base/status.hh"
#include "core/spool/recovery.hh"

namespace stook {

namespace {
constexpr uint64_t sync_bytes_most = uint64_t{32} << 20;

[[noreturn]] void refuse(const std::string& sentence, int error) {
  throw SetupError(sentence + ": " + std::strerror(-error), -error);
}
}  // namespace

Spool::Spool(std::unique_ptr<SpoolShared> shared) : shared_(std::move(shared)), writer_(*shared_), reader_(*shared_) {}

std::unique_ptr<Spool> Spool::open(SpoolSettings settings, Doorbell* reader_bell, Doorbell* writer_bell, SpoolIo& io) {
  settings.sync_bytes = std::min(settings.sync_bytes, sync_bytes_most);
  settings.size = std::max<uint64_t>(settings.size, uint64_t{4} * settings.segment_size);
  auto shared = std::make_unique<SpoolShared>(io, std::move(settings));
  shared->reader_bell = reader_bell;
  shared->writer_bell = writer_bell;
  const std::string& folder = shared->settings.folder;
  int error = io.make_folder(folder);
  if (error < 0) {
    refuse("cannot make the spool " + folder, error);
  }
  const int lock = io.open(folder + "/lock", SpoolIo::How::Write);
  if (lock < 0) {
    refuse("cannot open the spool " + folder, lock);
  }
  shared->lock = SpoolFile(io, lock);
  error = io.lock(lock);
  if (error == -EAGAIN || error == -EACCES) {
    throw SetupError("the spool " + folder + " is in use by another process; each sink needs a spool of its own",
                     -error);
  }
  if (error < 0) {
    refuse("cannot lock the spool " + folder, error);
  }
  SpoolRecovery(*shared).run();
  return std::make_unique<Spool>(std::move(shared));
}

SpoolWaiting Spool::waiting() const {
  const auto less = [](uint64_t all, uint64_t part) { return all > part ? all - part : 0; };
  const SpoolWriterMeter& in = shared_->written;
  const SpoolReaderMeter& out = shared_->read;
  SpoolWaiting waiting;
  const uint64_t dropped = less(shared_->dropped_ahead + in.evicted_records.read(), out.passed_dropped.read());
  const uint64_t dropped_rows =
      less(shared_->dropped_rows_ahead + in.evicted_rows.read(), out.passed_dropped_rows.read());
  waiting.records = less(static_cast<uint64_t>(in.last_sequence.read()),
                         static_cast<uint64_t>(out.acknowledged_sequence.read()) + dropped);
  waiting.rows = less(static_cast<uint64_t>(in.rows_ever.read()),
                      static_cast<uint64_t>(out.acknowledged_rows.read()) + dropped_rows);
  waiting.disk_bytes = shared_->disk_bytes.load(std::memory_order_relaxed);
  return waiting;
}

}  // namespace stook
