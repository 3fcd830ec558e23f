// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.hh"

#include <fcntl.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/base/clock.hh"
#include "core/base/log_ear.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"

namespace stook {

namespace {
constexpr int to_syslog = -2;

struct Target {
  // Written by main at start, reload and reopening, read by any thread that logs. The descriptor's number never changes
  // while it is in use (a reopened file is put there by dup2), so relaxed suffices.
  std::atomic<int> fd{STDERR_FILENO};
  std::atomic<Level> least{Level::Notice};
  // Main only.
  std::string path;
  int file = -1;  // the number that a log file keeps once there was one
};

Target& target() {
  static Target* the = new Target;  // outlives every thread and every destructor that logs
  return *the;
}

constexpr const char* level_names[] = {"debug", "info", "notice", "warning", "error", "fatal"};

void open_log(Target& log) {
  int fd = ::open(log.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
  if (fd < 0) {
    int code = errno;
    throw SetupError("log file " + log.path + ": " + std::strerror(code), code);
  }
  if (log.file < 0) {
    log.file = fd;
  } else {
    ::dup3(fd, log.file, O_CLOEXEC);
    ::close(fd);
  }
}

bool needs_quotes(std::string_view value) {
  if (value.empty()) {
    return true;
  }
  for (char c : value) {
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) {
      return true;
    }
  }
  return false;
}
}  // namespace

Fields& Fields::operator()(std::string_view name, std::string_view value) {
  text_ += ' ';
  text_ += name;
  text_ += '=';
  value = value.substr(0, 512);
  if (!needs_quotes(value)) {
    text_ += printable(value);
    return *this;
  }
  text_ += '"';
  for (char c : value) {
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else {
      text_ += printable({&c, 1});
    }
  }
  text_ += '"';
  return *this;
}

Fields& Fields::operator()(std::string_view name, int64_t value) {
  return (*this)(name, std::string_view(std::to_string(value)));
}

Fields& Fields::operator()(std::string_view name, uint64_t value) {
  return (*this)(name, std::string_view(std::to_string(value)));
}

void log_event(Level level, std::string_view event, const Fields& fields) {
  if (!is_logged(level)) {
    return;
  }
  tell_log_ears(level, event, fields.text());
  std::string line = "level=";
  line += level_names[static_cast<size_t>(level)];
  line += " event=";
  line += event;
  line += fields.text();
  int fd = target().fd.load(std::memory_order_relaxed);
  if (fd == to_syslog) {
    constexpr int priorities[] = {LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING, LOG_ERR, LOG_CRIT};
    ::syslog(priorities[static_cast<size_t>(level)], "%s", line.c_str());
    return;
  }
  char stamp[64];
  int64_t now = wall_ns();
  time_t seconds = now / 1'000'000'000;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  size_t size = ::strftime(stamp, sizeof stamp, "time=%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(stamp + size, sizeof stamp - size, ".%03dZ ", static_cast<int>(now / 1'000'000 % 1000));
  line.insert(0, stamp);
  line += '\n';
  // What cannot be logged is gone: the counters tell the same story.
  [[maybe_unused]] ssize_t written = ::write(fd, line.data(), line.size());
}

void set_log_level(Level level) {
  target().least.store(level, std::memory_order_relaxed);
}

bool is_logged(Level level) {
  return level >= target().least.load(std::memory_order_relaxed);
}

void set_log_file(const std::string& path) {
  Target& log = target();
  if (path == "stderr" || path == "stdout") {
    log.path.clear();
    log.fd.store(path == "stderr" ? STDERR_FILENO : STDOUT_FILENO, std::memory_order_relaxed);
    return;
  }
  if (path == "syslog") {
    log.path.clear();
    ::openlog("stookd", LOG_PID, LOG_DAEMON);
    log.fd.store(to_syslog, std::memory_order_relaxed);
    return;
  }
  std::string before = log.path;
  log.path = path;
  try {
    open_log(log);
  } catch (...) {
    log.path = before;
    throw;
  }
  log.fd.store(log.file, std::memory_order_relaxed);
}

void reopen_log() {
  if (!target().path.empty()) {
    open_log(target());
  }
}

LogLimit::Pass LogLimit::pass() {
  constexpr int64_t minute = 60'000'000'000;
  int64_t now = monotonic_ns();
  int64_t window = window_.load(std::memory_order_relaxed);
  if (now - window >= minute && window_.compare_exchange_strong(window, now, std::memory_order_relaxed)) {
    spoken_.store(0, std::memory_order_relaxed);
  }
  if (spoken_.fetch_add(1, std::memory_order_relaxed) < burst_) {
    return {true, suppressed_.exchange(0, std::memory_order_relaxed)};
  }
  suppressed_.fetch_add(1, std::memory_order_relaxed);
  return {false, 0};
}

}  // namespace stook
