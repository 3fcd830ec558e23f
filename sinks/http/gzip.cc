// SPDX-License-Identifier: Apache-2.0
#include "sinks/http/gzip.hh"

#include <new>

namespace stook {

namespace {
constexpr int gzip_window = MAX_WBITS + 16;  // 16 asks zlib for gzip's frame
constexpr int memory_level = 8;
}  // namespace

HttpGzip::HttpGzip(int level) {
  if (deflateInit2(&stream_, level, Z_DEFLATED, gzip_window, memory_level, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
}

// A body is at most as long as a payload, far below what 32 bits count.
std::string_view HttpGzip::squeeze(std::string_view body) {
  deflateReset(&stream_);
  size_t most = deflateBound(&stream_, body.size());
  if (out_.size() < most) {
    out_.resize(most);
  }
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream_.avail_in = static_cast<uInt>(body.size());
  stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
  stream_.avail_out = static_cast<uInt>(out_.size());
  deflate(&stream_, Z_FINISH);
  return {out_.data(), out_.size() - stream_.avail_out};
}

}  // namespace stook
