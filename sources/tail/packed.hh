// SPDX-License-Identifier: Apache-2.0
/// A compressed file among followed ones: read once, as what it inflates to. Room: the source's front.
#pragma once

#include <memory>
#include <string>

#include "core/api/identity.hh"
#include "sources/inflate.hh"
#include "sources/lines.hh"

namespace stook {

/// Inflated bytes, of which the last 64 are kept.
class KeptBytes final : public Bytes {
 public:
  explicit KeptBytes(std::unique_ptr<Bytes> bytes) : bytes_(std::move(bytes)) {}
  ssize_t read(char* to, size_t size) override;
  std::string reason() const override { return bytes_->reason(); }
  uint64_t total() const { return total_; }
  /// Of up to so many bytes before the place that was read to.
  Fingerprint marker(uint64_t length = marker_length) const;

 private:
  std::unique_ptr<Bytes> bytes_;
  std::string last_;
  uint64_t total_ = 0;
};

/// How far a compressed file is read. When the begin of what it inflates to is that of a file that is known, and the
/// bytes before that one's position are the same, it is that file: it is read from there on.
/// *Invariants:* inflates at most 4 MiB in a turn. *Rooms:* the source's front.
class Packed {
 public:
  Packed(Packing packing, int fd, size_t max_line) : lines(max_line), packing_(packing), fd_(fd) {}

  /// From the begin again.
  void begin();
  /// The first up to 1024 bytes; empty when it cannot be inflated. Then `begin` is needed.
  std::string head();
  /// Inflates towards the offset, at which `marker` is to stand before it.
  enum class Skip : uint8_t { More, There, Differs };
  Skip skip(uint64_t offset, const Fingerprint& marker);

  LineReader lines;
  std::unique_ptr<KeptBytes> bytes;
  /// Where a known file stood that has the same head, and whether that is still being read.
  Identity known;
  bool is_known_open = false;
  bool is_begun = false;
  bool is_skipping = false;
  bool is_done = false;

 private:
  Packing packing_;
  int fd_;
};

/// What the file holds by its first bytes; `is_other`: something compressed that cannot be inflated (bzip2, xz).
struct Sniffed {
  Packing packing;
  bool is_other;
};
Sniffed sniff(int fd);

}  // namespace stook
