// SPDX-License-Identifier: Apache-2.0
#include "sources/http/unpack.hh"

#include <algorithm>

#include "core/base/status.hh"
#include "sources/zstd_frame.hh"

namespace stook {

namespace {
constexpr size_t window_size = 64 * 1024;
constexpr int gzip_only = MAX_WBITS + 16;
constexpr int zstd_window_log = 23;  // 8 MiB
}  // namespace

HttpUnpacker::HttpUnpacker(HttpCoding coding, size_t packed_most, size_t unpacked_most)
    : coding_(coding), packed_most_(packed_most), unpacked_most_(unpacked_most) {
  if (coding == HttpCoding::Gzip) {
    has_gzip_ = inflateInit2(&gzip_, gzip_only) == Z_OK;
  } else if (coding == HttpCoding::Zstd) {
    zstd_ = ZSTD_createDCtx();
  }
  if (coding != HttpCoding::None) {
    if (!has_gzip_ && zstd_ == nullptr) {
      throw SetupError("no memory to unpack a body", ENOMEM);
    }
    window_ = std::make_unique<char[]>(window_size);
  }
  if (zstd_ != nullptr) {
    ZSTD_DCtx_setParameter(zstd_, ZSTD_d_windowLogMax, zstd_window_log);
  }
}

HttpUnpacker::~HttpUnpacker() {
  if (has_gzip_) {
    inflateEnd(&gzip_);
  }
  ZSTD_freeDCtx(zstd_);
}

bool HttpUnpacker::refuse(int status, const char* reason) {
  refusal_ = {status, reason};
  return false;
}

bool HttpUnpacker::take(std::string_view packed, std::string& body) {
  packed_ += packed.size();
  if (packed_ > packed_most_) {
    return refuse(413, "the body is too long");
  }
  if (coding_ == HttpCoding::None) {
    body += packed;
    return true;
  }
  return coding_ == HttpCoding::Gzip ? take_gzip(packed, body) : take_zstd(packed, body);
}

bool HttpUnpacker::keep(size_t size, std::string& body) {
  size_t most = std::min<uint64_t>(unpacked_most_, packed_ * ratio_most + free_size);
  if (size > most - std::min(most, body.size())) {
    return refuse(413, "the body is too long once it is unpacked");
  }
  body.append(window_.get(), size);
  return true;
}

bool HttpUnpacker::take_gzip(std::string_view packed, std::string& body) {
  gzip_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  gzip_.avail_in = static_cast<uInt>(packed.size());
  bool is_full = false;  // there may be more than the window took
  while (gzip_.avail_in > 0 || is_full) {
    if (!is_within_) {
      if (members_++ == members_most || inflateReset(&gzip_) != Z_OK) {
        return refuse(400, "the body has more than 64 members of gzip");
      }
      is_within_ = true;
    }
    gzip_.next_out = reinterpret_cast<Bytef*>(window_.get());
    gzip_.avail_out = window_size;
    int result = inflate(&gzip_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return refuse(400, "the body is no gzip");
    }
    if (!keep(window_size - gzip_.avail_out, body)) {
      return false;
    }
    is_within_ = result != Z_STREAM_END;
    is_full = is_within_ && gzip_.avail_out == 0;
  }
  return true;
}

bool HttpUnpacker::take_zstd(std::string_view packed, std::string& body) {
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  bool is_full = false;
  while (in.pos < in.size || is_full) {
    if (!is_within_ && members_++ == members_most) {
      return refuse(400, "the body has more than 64 frames of zstd");
    }
    if (!is_within_ && !may_begin_zstd_frame(packed[in.pos])) {
      return refuse(400, "the body is no zstd");
    }
    ZSTD_outBuffer out{window_.get(), window_size, 0};
    size_t left = ZSTD_decompressStream(zstd_, &out, &in);
    if (ZSTD_isError(left) != 0) {
      return refuse(400, "the body is no zstd, or wants a window of more than 8 MiB");
    }
    if (!keep(out.pos, body)) {
      return false;
    }
    is_within_ = left != 0;
    is_full = is_within_ && out.pos == out.size;
  }
  return true;
}

bool HttpUnpacker::end() {
  return (coding_ == HttpCoding::None || (members_ > 0 && !is_within_)) ||
         refuse(400, "the packed body ends too early");
}

}  // namespace stook
