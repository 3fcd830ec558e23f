// SPDX-License-Identifier: Apache-2.0
/// Floor 0. The daemon's own log: one logfmt line an event, one write(2) each, limited in rate per call site.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace stook {

enum class Level : uint8_t { Debug, Info, Notice, Warning, Error, Fatal };

/// What a log line says beside its event: `field("path", path)("rows", 12)`.
/// Values are escaped to printable ASCII and cut to 512 bytes.
class Fields {
 public:
  Fields& operator()(std::string_view name, std::string_view value);
  Fields& operator()(std::string_view name, const char* value) { return (*this)(name, std::string_view(value)); }
  Fields& operator()(std::string_view name, const std::string& value) { return (*this)(name, std::string_view(value)); }
  Fields& operator()(std::string_view name, int64_t value);
  Fields& operator()(std::string_view name, uint64_t value);
  Fields& operator()(std::string_view name, int value) { return (*this)(name, int64_t{value}); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Writes one event. `event` is stable and listed in core/README.md. Any thread; does not block for long; COLD.
void log_event(Level level, std::string_view event, const Fields& fields = {});

/// Events below this level are not written. Default: Notice.
void set_log_level(Level level);
bool is_logged(Level level);
/// Where lines go: a path, `stderr` (the default), `stdout` or `syslog`. Opened at once; reopened by `reopen_log`.
/// Throws SetupError.
void set_log_file(const std::string& path);
void reopen_log();

/// Lets a call site speak at most `burst` times a minute and counts the rest:
/// `static LogLimit limit; if (auto pass = limit.pass()) log_event(…, Fields()("suppressed", pass.suppressed))`.
class LogLimit {
 public:
  explicit LogLimit(uint32_t burst = 10) : burst_(burst) {}
  struct Pass {
    bool may_speak;
    uint64_t suppressed;
    explicit operator bool() const { return may_speak; }
  };
  /// Any thread.
  [[nodiscard]] Pass pass();

 private:
  // Written and read by any thread that logs at this site; the counts are for people, so relaxed.
  std::atomic<int64_t> window_{0};
  std::atomic<uint32_t> spoken_{0};
  std::atomic<uint64_t> suppressed_{0};
  uint32_t burst_;
};

}  // namespace stook
