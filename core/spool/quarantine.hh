// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The folder `bad` of a spool: copies of damaged bytes, for people.
#pragma once

#include <cstdint>
#include <string>

#include "core/spool/io.hh"

namespace stook {

/// Keeps 16 MiB at most. Failures are nothing to the reader: a copy that cannot be made is not made.
class Quarantine {
 public:
  static constexpr uint64_t most = uint64_t{16} << 20;
  Quarantine(SpoolIo& io, std::string folder) : io_(io), folder_(std::move(folder)) {}
  /// Copies bytes of a segment to bad/SEGMENT-OFFSET.bad. One that is there already stays. COLD.
  void keep(int file, uint64_t segment, uint64_t begin, uint64_t end);

 private:
  void look();

  SpoolIo& io_;
  std::string folder_;
  bool has_looked_ = false;
  uint64_t kept_ = 0;
};

}  // namespace stook
