// SPDX-License-Identifier: Apache-2.0
/// The gzip members of a compressed chunk, inflated as their bytes come. Room: the source's front.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

struct z_stream_s;

namespace stook {

/// At most 16 MiB and 64 members; beyond the first MiB no more than a hundred times what came in.
class ChunkInflater {
 public:
  static constexpr uint64_t most_inflated = 16 << 20;

  /// Throws std::bad_alloc when there is no memory.
  ChunkInflater();
  ~ChunkInflater();
  ChunkInflater(const ChunkInflater&) = delete;
  ChunkInflater& operator=(const ChunkInflater&) = delete;

  /// Bytes taken and made. Neither: with `fault` they are wrong, else more have to come.
  struct Made {
    size_t taken;
    size_t made;
  };
  Made go(std::string_view bytes, char* to, size_t size);
  /// Whether what came so far are whole members.
  bool is_whole() const { return is_whole_; }
  uint64_t made() const { return made_; }
  const char* fault() const { return fault_; }

 private:
  std::unique_ptr<z_stream_s> stream_;
  uint64_t taken_ = 0;
  uint64_t made_ = 0;
  int members_ = 0;
  bool is_whole_ = false;
  const char* fault_ = nullptr;
};

}  // namespace stook
