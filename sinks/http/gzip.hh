// SPDX-License-Identifier: Apache-2.0
/// Bodies as one member of gzip (RFC 1952).
#pragma once

#include <zlib.h>

#include <string>
#include <string_view>

namespace stook {

/// Keeps its buffers between bodies. *Rooms:* its sink's carrier.
class HttpGzip {
 public:
  /// Level 1 to 9. Throws std::bad_alloc.
  explicit HttpGzip(int level);
  ~HttpGzip() { deflateEnd(&stream_); }
  HttpGzip(const HttpGzip&) = delete;
  HttpGzip& operator=(const HttpGzip&) = delete;

  /// The compressed bytes, valid until the next call.
  std::string_view squeeze(std::string_view body);

 private:
  z_stream stream_{};
  std::string out_;
};

}  // namespace stook
