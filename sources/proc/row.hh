// SPDX-License-Identifier: Apache-2.0
/// The keys of `proc`, and how its rows are written. Room: the source's front.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/api/plugin.hh"

namespace stook {

enum class ProcKey : uint8_t {
  Kind,
  Name,
  Pid,
  Ppid,
  User,
  State,
  Cpu,
  Mem,
  Threads,
  Started,
  Command,
  Proto,
  LocalIp,
  LocalPort,
  RemoteIp,
  RemotePort,
  Inode,
  CpuUser,
  CpuSystem,
  CpuIowait,
  CpuSteal,
  MemTotal,
  MemFree,
  MemAvailable,
  MemBuffers,
  MemCached,
  SwapTotal,
  SwapFree,
  DiskReads,
  DiskReadBytes,
  DiskWrites,
  DiskWrittenBytes,
  DiskBusy,
  NetReceivedBytes,
  NetReceivedPackets,
  NetReceiveErrors,
  NetReceiveDrops,
  NetSentBytes,
  NetSentPackets,
  NetSendErrors,
  NetSendDrops,
  RecvTime,
};
void declare_proc_keys(Wiring& wiring);

/// Writes one row after the other.
/// *Rooms:* its source's front.
class ProcRows {
 public:
  explicit ProcRows(Feed& feed) : feed_(feed) {}
  /// A new row of that kind; false: the pool is empty.
  [[nodiscard]] bool begin(std::string_view kind) ROOM(front);
  void text(ProcKey key, std::string_view value) ROOM(front);
  void number(ProcKey key, uint64_t value) ROOM(front) { set(key, Cell::of_unsigned(value)); }
  void real(ProcKey key, double value) ROOM(front) { set(key, Cell::of_real(value)); }
  void time(ProcKey key, int64_t ns) ROOM(front) { set(key, Cell::of_time(ns)); }
  /// 4 or 16 bytes in network order.
  void address(ProcKey key, std::string_view bytes) ROOM(front);
  bool wants(ProcKey key) const ROOM(front) { return feed_.out(static_cast<size_t>(key)) != no_key; }

 private:
  void set(ProcKey key, const Cell& cell) ROOM(front) {
    if (KeyId id = feed_.out(static_cast<size_t>(key)); id != no_key) {
      bundle_->put(id, row_, cell);
    }
  }
  Feed& feed_;
  Bundle* bundle_ = nullptr;
  Row row_ = 0;
};

/// One kind of rows, written in steps so that others get their turn.
/// *Rooms:* its source's front.
class ProcStage {
 public:
  /// The most rows, or things looked at, of one step.
  static constexpr int items_a_step = 64;
  /// `needed`: the file, or folder, without which there are no rows.
  explicit ProcStage(std::string needed) : needed_(std::move(needed)) {}
  virtual ~ProcStage() = default;
  const std::string& needed() const { return needed_; }
  /// The errno that says why that cannot be opened, or 0. COLD.
  int fault() const ROOM(front);
  /// A new round begins.
  virtual void begin() ROOM(front) = 0;
  /// True: the round is over. False: there is more, or the pool is empty.
  [[nodiscard]] virtual bool step(ProcRows& rows) ROOM(front) = 0;

 private:
  std::string needed_;
};

}  // namespace stook
