// SPDX-License-Identifier: Apache-2.0
/// The last lines of the log, in memory that is always there.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "core/base/log_form.hh"

namespace stook {

namespace {
constexpr size_t most_lines = 32;

/// Cut, and each ends with a newline.
struct LastLines {
  char text[most_lines][400];
  // Written under the log's lock; read by a signal handler, too, to whom a torn line is better than none. A size is 0 while
  // its line is replaced, and released behind it.
  std::atomic<size_t> sizes[most_lines];
  std::atomic<size_t> count;
};
LastLines last_lines;
}  // namespace

void remember_event(std::string_view line) {
  size_t number = last_lines.count.load(std::memory_order_relaxed);
  size_t at = number % most_lines;
  size_t size = std::min(line.size(), sizeof last_lines.text[at] - 1);
  last_lines.sizes[at].store(0, std::memory_order_relaxed);
  std::memcpy(last_lines.text[at], line.data(), size);
  last_lines.text[at][size] = '\n';
  last_lines.sizes[at].store(size + 1, std::memory_order_release);
  last_lines.count.store(number + 1, std::memory_order_release);
}

void write_last_events(int fd) {
  size_t count = last_lines.count.load(std::memory_order_acquire);
  for (size_t i = count > most_lines ? count - most_lines : 0; i < count; i++) {
    size_t at = i % most_lines;
    size_t size = last_lines.sizes[at].load(std::memory_order_acquire);
    [[maybe_unused]] ssize_t written = ::write(fd, last_lines.text[at], size);
  }
}

}  // namespace stook
