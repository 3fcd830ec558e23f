// SPDX-License-Identifier: Apache-2.0
/// Packed bodies, unpacked as they come. Room: the source's front.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sources/http/head.hh"

namespace stook {

/// Unpacks gzip (at most 64 members) and zstd (windows of at most 8 MiB), or passes bytes on as they are. A body that grows
/// beyond `unpacked_most`, or beyond a hundred times what came of it and 1 MiB, is refused before it is held.
class HttpUnpacker {
 public:
  /// Throws SetupError when there is no memory.
  HttpUnpacker(HttpCoding coding, size_t packed_most, size_t unpacked_most);
  ~HttpUnpacker();
  HttpUnpacker(const HttpUnpacker&) = delete;
  HttpUnpacker& operator=(const HttpUnpacker&) = delete;

  /// Appends what these bytes are to the body. False: see `refusal`.
  [[nodiscard]] bool take(std::string_view packed, std::string& body);
  /// Nothing more comes: false when the body is not whole.
  [[nodiscard]] bool end();
  const HttpRefusal& refusal() const { return refusal_; }

  static constexpr size_t members_most = 64;
  static constexpr size_t ratio_most = 100;
  static constexpr size_t free_size = 1 << 20;

 private:
  bool take_gzip(std::string_view packed, std::string& body);
  bool take_zstd(std::string_view packed, std::string& body);
  bool keep(size_t size, std::string& body);
  bool refuse(int status, const char* reason);

  HttpCoding coding_;
  size_t packed_most_;
  size_t unpacked_most_;
  uint64_t packed_ = 0;
  size_t members_ = 0;
  bool is_within_ = false;  // a member or frame
  bool has_gzip_ = false;
  z_stream gzip_{};
  ZSTD_DCtx* zstd_ = nullptr;
  std::unique_ptr<char[]> window_;
  HttpRefusal refusal_;
};

}  // namespace stook
