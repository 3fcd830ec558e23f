// SPDX-License-Identifier: Apache-2.0
/// A library to be preloaded: one call on a file of state fails.
///
/// FAULT=KIND:N:HOW with KIND write, sync, rename, link, unlink, reserve, truncate or open (of a new file); N counts the
/// calls of that kind from 1, on paths that end in one of FAULT_PATHS (words between colons); HOW is
///     short   the call writes half of its bytes and says so; the next one says ENOSPC
///     nospace, io   the call does nothing and says ENOSPC or EIO
///     crash   the call is done, and the process is killed behind it
///     torn    a write puts half of its bytes, and the process is killed behind it
///     broken  as io, and so does every later call of any kind
/// The programs are built with 64-bit offsets, so some of the names end in 64.
/// FAULT_DONE=FILE is made when the call was met. FAULT_CALLS=FILE gets a line for each call: its kind and path.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

namespace {

enum class Verdict { Pass, Short, Fail, Crash, Torn };

struct Fault {
  std::string kind;
  long nth = -1;
  std::string how;
  std::string paths;
  const char* done = nullptr;
  const char* calls = nullptr;
  std::mutex lock;
  long met = 0;
  bool is_short = false;  // the next write says ENOSPC
  bool is_broken = false;

  Fault() {
    const char* wish = getenv("FAULT");
    const char* ends = getenv("FAULT_PATHS");
    paths = ends == nullptr ? "" : ends;
    done = getenv("FAULT_DONE");
    calls = getenv("FAULT_CALLS");
    if (wish == nullptr) {
      return;
    }
    std::string text = wish;
    size_t first = text.find(':');
    size_t second = text.find(':', first + 1);
    kind = text.substr(0, first);
    nth = atol(text.c_str() + first + 1);
    how = text.substr(second + 1);
  }
};

Fault& fault() {
  static Fault all;
  return all;
}

template <class F>
F next(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

// By system calls, so that nothing here is counted.
void put(const char* path, const std::string& text) {
  int fd = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0644));
  if (fd >= 0) {
    syscall(SYS_write, fd, text.data(), text.size());
    syscall(SYS_close, fd);
  }
}

bool is_of_state(std::string_view path) {
  std::string_view rest = fault().paths;
  while (!rest.empty()) {
    size_t colon = rest.find(':');
    std::string_view end = rest.substr(0, colon);
    if (!end.empty() && path.size() >= end.size() && path.substr(path.size() - end.size()) == end) {
      return true;
    }
    rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
  }
  return false;
}

std::string path_of(int fd) {
  char name[64];
  char path[4096];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(name, path, sizeof path);
  return size < 0 ? std::string() : std::string(path, static_cast<size_t>(size));
}

// What is to become of this call; errno is set when it fails.
Verdict judge(const char* kind, const std::string& path) {
  Fault& all = fault();
  if ((all.nth < 0 && all.calls == nullptr) || !is_of_state(path)) {
    return Verdict::Pass;
  }
  std::lock_guard guard(all.lock);
  if (all.calls != nullptr) {
    put(all.calls, std::string(kind) + " " + path + "\n");
  }
  if (all.is_broken) {
    errno = EIO;
    return Verdict::Fail;
  }
  if (all.is_short && strcmp(kind, "write") == 0) {
    all.is_short = false;
    errno = ENOSPC;
    return Verdict::Fail;
  }
  if (all.kind != kind || ++all.met != all.nth) {
    return Verdict::Pass;
  }
  if (all.done != nullptr) {
    put(all.done, std::string(kind) + " " + path + "\n");
  }
  bool is_write = strcmp(kind, "write") == 0;
  if (all.how == "crash") {
    return Verdict::Crash;
  }
  if (is_write && all.how == "torn") {
    return Verdict::Torn;
  }
  if (is_write && all.how == "short") {
    all.is_short = true;
    return Verdict::Short;
  }
  all.is_broken = all.how == "broken";
  errno = all.how == "nospace" || all.how == "short" ? ENOSPC : EIO;
  return Verdict::Fail;
}

[[noreturn]] void crash() {
  kill(getpid(), SIGKILL);
  for (;;) {
    pause();
  }
}

// `call` does it, with so many bytes of `size`.
template <class Call>
ssize_t write_by(int fd, size_t size, Call call) {
  Verdict verdict = judge("write", path_of(fd));
  if (verdict == Verdict::Fail) {
    return -1;
  }
  ssize_t done = call(verdict == Verdict::Pass || verdict == Verdict::Crash ? size : size / 2);
  if (verdict == Verdict::Crash || verdict == Verdict::Torn) {
    crash();
  }
  return done;
}

template <class Call>
int call_by(const char* kind, const std::string& path, Call call) {
  Verdict verdict = judge(kind, path);
  if (verdict == Verdict::Fail) {
    return -1;
  }
  int result = call();
  if (verdict != Verdict::Pass) {
    crash();
  }
  return result;
}

}  // namespace

extern "C" ssize_t write(int fd, const void* from, size_t size) {
  static auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  return write_by(fd, size, [&](size_t part) { return real(fd, from, part); });
}

extern "C" ssize_t pwrite64(int fd, const void* from, size_t size, off64_t offset) {
  static auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return write_by(fd, size, [&](size_t part) { return real(fd, from, part, offset); });
}

extern "C" int fsync(int fd) {
  static auto real = next<int (*)(int)>("fsync");
  return call_by("sync", path_of(fd), [&] { return real(fd); });
}

extern "C" int fdatasync(int fd) {
  static auto real = next<int (*)(int)>("fdatasync");
  return call_by("sync", path_of(fd), [&] { return real(fd); });
}

extern "C" int rename(const char* from, const char* to) noexcept {
  static auto real = next<int (*)(const char*, const char*)>("rename");
  return call_by("rename", to, [&] { return real(from, to); });
}

extern "C" int link(const char* from, const char* to) noexcept {
  static auto real = next<int (*)(const char*, const char*)>("link");
  return call_by("link", to, [&] { return real(from, to); });
}

extern "C" int unlink(const char* path) noexcept {
  static auto real = next<int (*)(const char*)>("unlink");
  return call_by("unlink", path, [&] { return real(path); });
}

extern "C" int ftruncate64(int fd, off64_t size) noexcept {
  static auto real = next<int (*)(int, off64_t)>("ftruncate64");
  return call_by("truncate", path_of(fd), [&] { return real(fd, size); });
}

extern "C" int posix_fallocate64(int fd, off64_t offset, off64_t size) {
  static auto real = next<int (*)(int, off64_t, off64_t)>("posix_fallocate64");
  int result = call_by("reserve", path_of(fd), [&] { return real(fd, offset, size); });
  return result < 0 ? errno : result;
}

extern "C" int open64(const char* path, int flags, ...) {
  static auto real = next<int (*)(const char*, int, ...)>("open64");
  va_list rest;
  va_start(rest, flags);
  int mode = (flags & O_CREAT) != 0 ? va_arg(rest, int) : 0;
  va_end(rest);
  if ((flags & O_CREAT) == 0 || access(path, F_OK) == 0) {
    return real(path, flags, mode);
  }
  return call_by("open", path, [&] { return real(path, flags, mode); });
}
