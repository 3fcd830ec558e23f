// SPDX-License-Identifier: Apache-2.0
/// Compression of rotated files, in steps, so that deliveries go on in between.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/fd.hh"

namespace stook {

enum class Compression : uint8_t { None, Gzip, Zstd };
/// What is behind the name of a file compressed so: `.gz`, `.zst`, or nothing.
const char* suffix_of(Compression how);

/// Compresses one file: into `NAME.gz.tmp`, which takes its name when it is complete; then the plain file is unlinked.
/// When anything fails the plain file stays and the other one goes.
class Squeeze {
 public:
  /// Throws SetupError when one of the files cannot be opened.
  Squeeze(const std::string& path, Compression how);
  ~Squeeze();
  Squeeze(const Squeeze&) = delete;
  Squeeze& operator=(const Squeeze&) = delete;

  /// Does the next 256 KiB; true when there is no more to do. Failures are logged.
  [[nodiscard]] bool step();

 private:
  bool fail(const char* what);
  bool take(size_t size, bool is_last);
  bool take_gzip(size_t size, bool is_last);
  bool take_zstd(size_t size, bool is_last);
  bool put(size_t size);
  bool finish();

  std::string path_;
  std::string made_;
  Compression how_;
  bool is_made_ = false;
  Fd from_;
  Fd to_;
  std::vector<char> in_;
  std::vector<char> out_;
  z_stream gzip_{};
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> zstd_{nullptr, ZSTD_freeCCtx};
};

}  // namespace stook
