// SPDX-License-Identifier: Apache-2.0
/// One capture file after another: bytes through a bounded buffer into the reader. Room: the source's front.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/fd.hh"
#include "sources/lines.hh"
#include "sources/pcap/reader.hh"

namespace stook {

/// *Invariants:* holds at most `room` bytes; nothing is read before what was read is used up. *Rooms:* its front.
class PcapFile {
 public:
  /// Packet: `packet()`, which stays the next one until `take`. Blocked: a pipe has no more for now. End: all is read.
  /// Failed: see `reason()`; nothing more can be read.
  enum class Step : uint8_t { Packet, Blocked, End, Failed };

  /// Opens a file, packed or not, or a pipe. False: see `reason()`.
  [[nodiscard]] bool open(const std::string& path);
  void close();
  bool is_open() const { return bytes_ != nullptr; }
  /// Whether it is a pipe or the like, whose bytes come later.
  bool is_polled() const { return is_polled_; }
  int fd() const { return fd_.get(); }

  [[nodiscard]] Step next();
  const CapturedPacket& packet() const { return reader_.packet(); }
  /// The packet has been used.
  void take() { drop(reader_.used()); }
  /// Where in the file, unpacked, the next packet begins.
  uint64_t position() const { return position_; }
  /// Bytes read since the last call.
  uint64_t take_count() {
    uint64_t count = count_;
    count_ = 0;
    return count;
  }
  const std::string& reason() const { return reason_; }
  /// What rows' ids begin with, after the source's own.
  const Inode& inode() const { return inode_; }

 private:
  enum class Fill : uint8_t { Some, Blocked, End, Failed };
  static constexpr size_t room = 512 * 1024;
  static constexpr size_t most_read = 128 * 1024;
  static_assert(PcapReader::most_wanted + most_read <= room);

  void drop(size_t size);
  Fill fill();
  Step fail(std::string reason);

  Fd fd_;
  std::unique_ptr<Bytes> bytes_;
  Inode inode_;
  bool is_polled_ = false;
  std::unique_ptr<char[]> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t skip_ = 0;  // bytes to be stepped over that are not read yet
  uint64_t position_ = 0;
  uint64_t count_ = 0;
  PcapReader reader_;
  std::string reason_;
};

}  // namespace stook
