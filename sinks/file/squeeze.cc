// SPDX-License-Identifier: Apache-2.0
#include "sinks/file/squeeze.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/base/log.hh"
#include "core/base/status.hh"

namespace stook {

namespace {
constexpr size_t step_size = 256 * 1024;
constexpr int gzip_window = 15 + 16;  // zlib's way to ask for a gzip head
constexpr int gzip_level = 6;
constexpr int zstd_level = 3;
}  // namespace

const char* suffix_of(Compression how) {
  return how == Compression::Gzip ? ".gz" : how == Compression::Zstd ? ".zst" : "";
}

Squeeze::Squeeze(const std::string& path, Compression how)
    : path_(path), made_(path + suffix_of(how) + ".tmp"), how_(how), in_(step_size), out_(step_size) {
  from_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat about {};
  if (!from_ || ::fstat(from_.get(), &about) != 0) {
    throw SetupError("cannot compress " + path + ": " + std::strerror(errno), errno);
  }
  to_.reset(::open(made_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!to_) {
    throw SetupError("cannot write " + made_ + ": " + std::strerror(errno), errno);
  }
  is_made_ = true;
  (void)::fchmod(to_.get(), about.st_mode & 0777);
  if (how == Compression::Gzip) {
    deflateInit2(&gzip_, gzip_level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY);
  } else {
    zstd_.reset(ZSTD_createCCtx());
    ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_compressionLevel, zstd_level);
    ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_checksumFlag, 1);
  }
}

Squeeze::~Squeeze() {
  if (how_ == Compression::Gzip) {
    deflateEnd(&gzip_);
  }
  if (is_made_) {
    ::unlink(made_.c_str());
  }
}

bool Squeeze::fail(const char* what) {
  static LogLimit limit(1);
  if (auto pass = limit.pass()) {
    log_event(Level::Warning, "compress_failed",
              Fields()("path", path_)("reason", std::string(what) + ": " + std::strerror(errno))("suppressed",
                                                                                                 pass.suppressed));
  }
  return true;
}

bool Squeeze::put(size_t size) {
  for (size_t at = 0; at < size;) {
    ssize_t wrote = ::write(to_.get(), out_.data() + at, size - at);
    if (wrote < 0 && errno != EINTR) {
      return false;
    }
    at += wrote > 0 ? static_cast<size_t>(wrote) : 0;
  }
  return true;
}

bool Squeeze::take_gzip(size_t size, bool is_last) {
  gzip_.next_in = reinterpret_cast<Bytef*>(in_.data());
  gzip_.avail_in = static_cast<uInt>(size);
  int result = Z_OK;
  do {
    gzip_.next_out = reinterpret_cast<Bytef*>(out_.data());
    gzip_.avail_out = static_cast<uInt>(out_.size());
    result = deflate(&gzip_, is_last ? Z_FINISH : Z_NO_FLUSH);
    if (!put(out_.size() - gzip_.avail_out)) {
      return false;
    }
  } while (is_last ? result == Z_OK : gzip_.avail_out == 0);
  return true;
}

bool Squeeze::take_zstd(size_t size, bool is_last) {
  ZSTD_inBuffer in{in_.data(), size, 0};
  size_t left = 0;
  do {
    ZSTD_outBuffer out{out_.data(), out_.size(), 0};
    left = ZSTD_compressStream2(zstd_.get(), &out, &in, is_last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0 || !put(out.pos)) {
      return false;
    }
  } while (is_last ? left > 0 : in.pos < in.size);
  return true;
}

bool Squeeze::take(size_t size, bool is_last) {
  return how_ == Compression::Gzip ? take_gzip(size, is_last) : take_zstd(size, is_last);
}

// Only what is on the disk may take the plain file's place.
bool Squeeze::finish() {
  std::string target = path_ + suffix_of(how_);
  if (::fdatasync(to_.get()) != 0 || std::rename(made_.c_str(), target.c_str()) != 0) {
    return fail("cannot finish the compressed file");
  }
  is_made_ = false;
  if (::unlink(path_.c_str()) != 0) {
    return fail("cannot remove the plain file");
  }
  return true;
}

bool Squeeze::step() {
  ssize_t got = ::read(from_.get(), in_.data(), in_.size());
  if (got < 0) {
    return errno == EINTR ? false : fail("cannot read");
  }
  if (!take(static_cast<size_t>(got), got == 0)) {
    return fail("cannot write the compressed file");
  }
  return got == 0 ? finish() : false;
}

}  // namespace stook
