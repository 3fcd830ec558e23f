// SPDX-License-Identifier: Apache-2.0
#include "sources/inflate.hh"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "core/base/status.hh"
#include "sources/zstd_frame.hh"

namespace stook {

namespace {

constexpr size_t input_size = 32 * 1024;
/// log2 of the largest zstd window: 8 MiB, the most that `zstd` asks for without --ultra or --long.
constexpr int most_window_log = 23;

/// What both kinds share: the compressed bytes, and the end.
class PackedBytes : public Bytes {
 public:
  explicit PackedBytes(int fd) : plain_(fd), input_(new char[input_size]) {}

  ssize_t read(char* to, size_t size) final {
    while (true) {
      if (next_ == end_ && !is_at_end_ && !refill()) {
        return -1;
      }
      if (next_ == end_ && is_at_end_ && !is_inside_ && !has_more_) {
        return 0;
      }
      size_t before = next_;
      size_t made = 0;
      if (!inflate_some(to, size, made)) {
        errno = EBADMSG;
        return -1;
      }
      if (made > 0) {
        return static_cast<ssize_t>(made);
      }
      if (is_at_end_ && next_ == before) {
        return is_inside_ ? fail("it ends in the middle of its compressed data") : 0;
      }
    }
  }
  std::string reason() const override { return reason_.empty() ? plain_.reason() : reason_; }

 protected:
  /// Inflates from input_[next_, end_) and moves next_. Says false after `fail`.
  virtual bool inflate_some(char* to, size_t size, size_t& made) = 0;

  ssize_t fail(std::string why) {
    reason_ = std::move(why);
    errno = EBADMSG;
    return -1;
  }

  PlainBytes plain_;
  std::unique_ptr<char[]> input_;
  size_t next_ = 0;
  size_t end_ = 0;
  bool is_at_end_ = false;  // of the file
  bool is_inside_ = false;  // a member or frame
  bool has_more_ = false;   // output is waiting without more input

 private:
  bool refill() {
    ssize_t got = plain_.read(input_.get(), input_size);
    if (got < 0) {
      return false;
    }
    next_ = 0;
    end_ = static_cast<size_t>(got);
    is_at_end_ = got == 0;
    return true;
  }
  std::string reason_;
};

class GzipBytes final : public PackedBytes {
 public:
  explicit GzipBytes(int fd) : PackedBytes(fd) {
    if (inflateInit2(&stream_, MAX_WBITS + 16) != Z_OK) {
      throw SetupError("no memory to inflate gzip", ENOMEM);
    }
  }
  ~GzipBytes() override { inflateEnd(&stream_); }

 private:
  bool inflate_some(char* to, size_t size, size_t& made) override {
    if (!is_inside_ && had_member_) {
      while (next_ < end_ && input_[next_] == 0) {
        next_++;
      }
      if (next_ == end_) {
        return true;
      }
      inflateReset(&stream_);
    }
    stream_.next_in = reinterpret_cast<Bytef*>(input_.get() + next_);
    stream_.avail_in = static_cast<uInt>(end_ - next_);
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(size, 1 << 30));
    uInt room = stream_.avail_out;
    int code = inflate(&stream_, Z_NO_FLUSH);
    next_ = end_ - stream_.avail_in;
    made = room - stream_.avail_out;
    is_inside_ = code != Z_STREAM_END;
    has_more_ = is_inside_ && stream_.avail_out == 0;
    had_member_ = had_member_ || !is_inside_;
    if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR) {
      return true;
    }
    const char* what = stream_.msg == nullptr ? "unknown error" : stream_.msg;
    fail(std::string("its gzip data is damaged: ") + what);
    return false;
  }

  z_stream stream_{};
  bool had_member_ = false;
};

class ZstdBytes final : public PackedBytes {
 public:
  explicit ZstdBytes(int fd) : PackedBytes(fd), stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) {
      throw SetupError("no memory to inflate zstd", ENOMEM);
    }
    ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, most_window_log);
  }
  ~ZstdBytes() override { ZSTD_freeDStream(stream_); }

 private:
  bool inflate_some(char* to, size_t size, size_t& made) override {
    if (next_ == end_ && !has_more_) {
      return true;
    }
    if (!is_inside_ && !may_begin_zstd_frame(input_[next_])) {
      fail("its zstd data is damaged: no frame begins where one has ended");
      return false;
    }
    ZSTD_inBuffer in{input_.get(), end_, next_};
    ZSTD_outBuffer out{to, size, 0};
    size_t code = ZSTD_decompressStream(stream_, &out, &in);
    next_ = in.pos;
    made = out.pos;
    if (ZSTD_isError(code)) {
      fail(std::string("its zstd data is damaged: ") + ZSTD_getErrorName(code));
      return false;
    }
    is_inside_ = code != 0;
    has_more_ = is_inside_ && out.pos == out.size;
    return true;
  }

  ZSTD_DStream* stream_;
};

}  // namespace

Packing packing_of(std::string_view head) {
  auto byte = [&](size_t i) { return i < head.size() ? static_cast<unsigned char>(head[i]) : 0; };
  if (byte(0) == 0x1f && byte(1) == 0x8b) {
    return Packing::Gzip;
  }
  bool is_frame = byte(0) == 0x28 && byte(1) == 0xb5 && byte(2) == 0x2f && byte(3) == 0xfd;
  bool is_skippable = (byte(0) & 0xf0) == 0x50 && byte(1) == 0x2a && byte(2) == 0x4d && byte(3) == 0x18;
  return is_frame || is_skippable ? Packing::Zstd : Packing::None;
}

std::unique_ptr<Bytes> make_bytes(Packing packing, int fd) {
  switch (packing) {
    case Packing::Gzip:
      return std::make_unique<GzipBytes>(fd);
    case Packing::Zstd:
      return std::make_unique<ZstdBytes>(fd);
    default:
      return std::make_unique<PlainBytes>(fd);
  }
}

std::unique_ptr<Bytes> bytes_of_file(int fd) {
  char head[4];
  ssize_t size = pread(fd, head, sizeof head, 0);
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return make_bytes(packing_of({head, size > 0 ? static_cast<size_t>(size) : 0}), fd);
}

}  // namespace stook
