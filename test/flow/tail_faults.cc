// SPDX-License-Identifier: Apache-2.0
/// A library to be preloaded: file systems and kernels as tail may meet them.
/// TAIL_WATCHES=n: inotify gives n watches and then says ENOSPC. TAIL_NFS=1: every file system says it is NFS.
/// TAIL_STALE=n: the n-th preadv(2) says ESTALE. TAIL_OPENS=FILE: counts open(2) calls of files named *.log there, at the end.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <atomic>

namespace {

std::atomic<long> watches{0};
std::atomic<long> reads{0};
std::atomic<long> opens{0};

long setting(const char* name) {
  const char* text = getenv(name);
  return text == nullptr ? -1 : atol(text);
}

template <class F>
F next(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

struct Report {
  ~Report() {
    const char* path = getenv("TAIL_OPENS");
    int fd =
        path == nullptr ? -1 : next<int (*)(const char*, int, ...)>("open")(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd >= 0) {
      dprintf(fd, "%ld\n", opens.load());
      close(fd);
    }
  }
} report;

}  // namespace

extern "C" int inotify_add_watch(int fd, const char* path, uint32_t mask) {
  static auto real = next<int (*)(int, const char*, uint32_t)>("inotify_add_watch");
  long most = setting("TAIL_WATCHES");
  if (most >= 0 && watches++ >= most) {
    errno = ENOSPC;
    return -1;
  }
  return real(fd, path, mask);
}

extern "C" int statfs(const char* path, struct statfs* status) {
  static auto real = next<int (*)(const char*, struct statfs*)>("statfs");
  int result = real(path, status);
  if (setting("TAIL_NFS") == 1) {
    status->f_type = 0x6969;
  }
  return result;
}

extern "C" ssize_t preadv(int fd, const struct iovec* parts, int count, off_t offset) {
  static auto real = next<ssize_t (*)(int, const struct iovec*, int, off_t)>("preadv");
  if (++reads == setting("TAIL_STALE")) {
    errno = ESTALE;
    return -1;
  }
  return real(fd, parts, count, offset);
}

extern "C" int open(const char* path, int flags, ...) {
  static auto real = next<int (*)(const char*, int, ...)>("open");
  va_list rest;
  va_start(rest, flags);
  int mode = (flags & O_CREAT) != 0 ? va_arg(rest, int) : 0;
  va_end(rest);
  size_t size = strlen(path);
  opens += size > 4 && strcmp(path + size - 4, ".log") == 0 ? 1 : 0;
  return real(path, flags, mode);
}
