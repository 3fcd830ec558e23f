// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.hh"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "core/base/clock.hh"
#include "core/base/link_rule.hh"
#include "core/base/log_ear.hh"
#include "core/base/log_form.hh"
#include "core/base/root_door.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"

namespace stook {

namespace {
constexpr int to_syslog = -2;
constexpr int to_journald = -3;
constexpr const char* journal_socket = "/run/systemd/journal/socket";

struct Target {
  // Written by main at start, reload and reopening, read by any thread that logs. The descriptor's number never changes
  // while it is in use (a reopened file is put there by dup2), so relaxed suffices.
  std::atomic<int> fd{STDERR_FILENO};
  std::atomic<Level> least{Level::Notice};  // of the log's own level and those of instances
  std::atomic<bool> is_json{false};
  std::atomic<int> journal{-1};
  // Main only.
  std::string path;
  int file = -1;  // the number that a log file keeps once there was one
  sockaddr_un journal_address{};

  // Taken by whoever logs, for as long as a name is compared or a line copied; an event is cold.
  std::mutex lock;
  Level own = Level::Notice;
  std::vector<std::pair<std::string, Level>> instances;
};

Target& target() {
  static Target* the = new Target;  // outlives every thread and every destructor that logs
  return *the;
}

constexpr const char* level_names[] = {"debug", "info", "notice", "warning", "error", "fatal"};

void open_log(Target& log) {
  int fd = ::open(log.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | link_rule(log.path), 0640);
  if (fd < 0) {
    fd = open_by_door(log.path, 0640).release();
  }
  if (fd < 0) {
    int code = errno;
    throw SetupError("log file " + log.path + ": " + std::strerror(code) +
                         (code == ELOOP ? "; it is a symbolic link in a folder that others may write to" : ""),
                     code);
  }
  if (log.file < 0) {
    log.file = fd;
  } else {
    ::dup3(fd, log.file, O_CLOEXEC);
    ::close(fd);
  }
}

// REQUIRES: the lock. The level from which on what names this instance is written.
Level level_of(const Target& log, std::string_view fields) {
  for (LogField field; !log.instances.empty() && take_field(fields, field);) {
    for (const auto& [instance, level] : log.instances) {
      if (field.name == "instance" && field.value == instance) {
        return level;
      }
    }
  }
  return log.own;
}

bool send_to_journald(Level level, std::string_view event, const std::string& message, const Fields& fields) {
  constexpr int priorities[] = {LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING, LOG_ERR, LOG_CRIT};
  std::string entry = journal_entry(priorities[static_cast<size_t>(level)], event, message, fields.text());
  const sockaddr_un& address = target().journal_address;
  return ::sendto(target().journal.load(std::memory_order_relaxed), entry.data(), entry.size(),
                  MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&address), sizeof address) >= 0;
}

std::string time_text() {
  char stamp[64];
  int64_t now = wall_ns();
  time_t seconds = now / 1'000'000'000;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  size_t size = ::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(stamp + size, sizeof stamp - size, ".%03dZ", static_cast<int>(now / 1'000'000 % 1000));
  return stamp;
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
  Target& log = target();
  std::string name = level_names[static_cast<size_t>(level)];
  std::string line = "level=" + name + " event=" + std::string(event) + fields.text();
  std::string time = time_text();
  {
    std::lock_guard guard(log.lock);
    if (level < level_of(log, fields.text())) {
      return;
    }
    remember_event("time=" + time + " " + line);
  }
  tell_log_ears(level, event, fields.text());
  int fd = log.fd.load(std::memory_order_relaxed);
  if (fd == to_journald) {
    if (send_to_journald(level, event, line.substr(line.find("event=")), fields)) {
      return;
    }
    fd = STDERR_FILENO;  // journald is not there; what starts stookd may keep this
  }
  bool is_json = log.is_json.load(std::memory_order_relaxed);
  if (fd == to_syslog) {
    constexpr int priorities[] = {LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING, LOG_ERR, LOG_CRIT};
    ::syslog(priorities[static_cast<size_t>(level)], "%s",
             is_json ? json_log_line({}, name, event, fields.text()).c_str() : line.c_str());
    return;
  }
  line = is_json ? json_log_line(time, name, event, fields.text()) : "time=" + time + " " + line;
  line += '\n';
  // What cannot be logged is gone: the counters tell the same story.
  [[maybe_unused]] ssize_t written = ::write(fd, line.data(), line.size());
}

void set_log_level(Level level) {
  std::lock_guard guard(target().lock);
  target().own = level;
  for (const auto& [instance, of_instance] : target().instances) {
    level = std::min(level, of_instance);
  }
  target().least.store(level, std::memory_order_relaxed);
}

void set_instance_levels(std::vector<std::pair<std::string, Level>> levels) {
  Level own{};
  {
    std::lock_guard guard(target().lock);
    target().instances = std::move(levels);
    own = target().own;
  }
  set_log_level(own);
}

void set_log_json(bool is_json) {
  target().is_json.store(is_json, std::memory_order_relaxed);
}

bool is_log_json() {
  return target().is_json.load(std::memory_order_relaxed);
}

int log_descriptor() {
  int fd = target().fd.load(std::memory_order_relaxed);
  return fd >= 0 ? fd : STDERR_FILENO;
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
  if (path == "journald" || path.starts_with("journald:")) {
    log.path.clear();
    std::string socket = path == "journald" ? journal_socket : path.substr(9);
    if (socket.size() >= sizeof log.journal_address.sun_path) {
      throw SetupError("log " + path + ": the socket's path is too long", ENAMETOOLONG);
    }
    log.journal_address = {};
    log.journal_address.sun_family = AF_UNIX;
    std::memcpy(log.journal_address.sun_path, socket.data(), socket.size());
    if (log.journal.load(std::memory_order_relaxed) < 0) {
      log.journal.store(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), std::memory_order_relaxed);
    }
    log.fd.store(to_journald, std::memory_order_relaxed);
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
