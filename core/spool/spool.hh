// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. A queue of payloads on the disk: one thread appends, one reads, both in one process. README.md is the user's page.
#pragma once

#include <memory>

#include "core/spool/reader.hh"
#include "core/spool/shared.hh"
#include "core/spool/writer.hh"

namespace stook {

/// What waits in a spool, as seen from any thread: right to the record when writer and reader rest.
struct SpoolWaiting {
  uint64_t records = 0;
  uint64_t rows = 0;
  uint64_t disk_bytes = 0;
};

/// An open spool, locked against other processes.
/// *Rooms:* opened and destroyed by one thread while neither half is in use; then each half belongs to one carrier.
class Spool {
 public:
  /// Locks the folder and recovers what a crash left; what is read does not grow with the spool. Damage does not keep it
  /// from opening.
  /// The bells are rung when there is something to read and when there is room again; either may be null, both outlive it.
  /// Throws SetupError when the folder cannot be made or read, or is locked by somebody else.
  static std::unique_ptr<Spool> open(SpoolSettings settings, Doorbell* reader_bell, Doorbell* writer_bell,
                                     SpoolIo& io = system_io());
  explicit Spool(std::unique_ptr<SpoolShared> shared);

  /// Lets go of the lock; what was counted can still be read. REQUIRES: both halves are closed.
  void unlock() { shared_->lock = {}; }

  SpoolWriter& writer() { return writer_; }
  SpoolReader& reader() { return reader_; }
  const SpoolWriterMeter& written() const { return shared_->written; }
  const SpoolReaderMeter& read() const { return shared_->read; }
  const SpoolSettings& settings() const { return shared_->settings; }
  /// Bytes behind the last whole record that opening cut off: appends that a crash interrupted.
  uint64_t torn_bytes() const { return shared_->torn_bytes; }
  SpoolWaiting waiting() const;
  /// When it was opened there were payloads in it that are recoded where its settings are not, or the other way round.
  bool has_foreign() const { return shared_->has_foreign; }

 private:
  std::unique_ptr<SpoolShared> shared_;
  SpoolWriter writer_;
  SpoolReader reader_;
};

}  // namespace stook
