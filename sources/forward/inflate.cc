// SPDX-License-Identifier: Apache-2.0
#include "sources/forward/inflate.hh"

#include <zlib.h>

#include <new>

namespace stook {

namespace {
constexpr int gzip_alone = 15 + 16;
constexpr int most_members = 64;
constexpr uint64_t free_of_ratio = 1 << 20;
constexpr uint64_t most_ratio = 100;
}  // namespace

ChunkInflater::ChunkInflater() : stream_(std::make_unique<z_stream_s>()) {
  if (inflateInit2(stream_.get(), gzip_alone) != Z_OK) {
    throw std::bad_alloc();
  }
}

ChunkInflater::~ChunkInflater() {
  inflateEnd(stream_.get());
}

ChunkInflater::Made ChunkInflater::go(std::string_view bytes, char* to, size_t size) {
  if (is_whole_ && !bytes.empty()) {
    is_whole_ = false;
    inflateReset(stream_.get());
  }
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib only reads it
  stream_->avail_in = static_cast<uInt>(bytes.size());
  stream_->next_out = reinterpret_cast<Bytef*>(to);
  stream_->avail_out = static_cast<uInt>(size);
  int code = is_whole_ ? Z_OK : inflate(stream_.get(), Z_NO_FLUSH);
  Made made{bytes.size() - stream_->avail_in, size - stream_->avail_out};
  taken_ += made.taken;
  made_ += made.made;
  if (code == Z_STREAM_END) {
    is_whole_ = true;
    fault_ = ++members_ > most_members ? "a chunk of more than 64 members of gzip" : fault_;
  } else if (code != Z_OK && code != Z_BUF_ERROR) {
    fault_ = "a chunk that is no gzip";
  }
  if (made_ > most_inflated) {
    fault_ = "a chunk that inflates to more than 16 MiB";
  } else if (made_ > free_of_ratio && made_ / most_ratio > taken_) {
    fault_ = "a chunk that inflates to more than a hundred times its size";
  }
  return made;
}

}  // namespace stook
