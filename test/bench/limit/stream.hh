// SPDX-License-Identifier: Apache-2.0
//
// Lines in, blocks out: read(2) of 256 KiB, lines cut by memchr, write(2) of blocks of about 256 KiB. Every line
// handed out may be read PAD bytes past its end, which is what lets the scans of text.hh load whole vectors.
// Any error of the system ends the program with a message: there is nothing a bench could do about it.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace limit {

/// Bytes that may be read past the end of a line; simdjson asks for 64.
constexpr size_t PAD = 64;
/// Bytes asked of one read(2), and the size from which an output block is made.
constexpr size_t CHUNK = 256 * 1024;

/// Ends the program with a message that names the file and the error of the last system call.
[[noreturn]] inline void fail(const std::string& name) {
  std::fprintf(stderr, "limit: %s: %s\n", name.c_str(), std::strerror(errno));
  std::exit(1);
}

/// An open file, closed at the end of its scope.
class Descriptor {
 public:
  Descriptor(const std::string& name, int mode) : name_(name), number_(::open(name.c_str(), mode | O_CLOEXEC, 0644)) {
    if (number_ < 0) {
      fail(name_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(number_); }

  /// Reads at most `size` bytes and returns how many; 0 at the end of the file.
  size_t read(char* into, size_t size) const {
    for (;;) {
      const ssize_t got = ::read(number_, into, size);
      if (got >= 0) {
        return static_cast<size_t>(got);
      }
      if (errno != EINTR) {
        fail(name_);
      }
    }
  }

  /// Writes all of the bytes.
  void write(const char* from, size_t size) const {
    while (size > 0) {
      const ssize_t done = ::write(number_, from, size);
      if (done < 0 && errno != EINTR) {
        fail(name_);
      }
      if (done > 0) {
        from += done;
        size -= static_cast<size_t>(done);
      }
    }
  }

 private:
  std::string name_;
  int number_;
};

/// Calls `row(std::string_view)` for each line of a file, without its newline.
/// A last line without a newline counts. The view is valid, with PAD readable bytes behind it, during the call only.
template <class Row>
void each_line(const std::string& name, Row row) {
  const Descriptor file(name, O_RDONLY);
  size_t capacity = 2 * CHUNK;
  auto buffer = std::make_unique<char[]>(capacity + PAD);
  size_t kept = 0;
  for (;;) {
    if (capacity - kept < CHUNK) {
      auto larger = std::make_unique<char[]>(2 * capacity + PAD);
      std::memcpy(larger.get(), buffer.get(), kept);
      buffer = std::move(larger);
      capacity *= 2;
    }
    const size_t got = file.read(buffer.get() + kept, CHUNK);
    const char* start = buffer.get();
    const char* end = start + kept + got;
    const char* seek = start + kept;
    while (const void* hit = std::memchr(seek, '\n', static_cast<size_t>(end - seek))) {
      const char* stop = static_cast<const char*>(hit);
      row(std::string_view(start, static_cast<size_t>(stop - start)));
      start = seek = stop + 1;
    }
    kept = static_cast<size_t>(end - start);
    if (got == 0) {
      if (kept > 0) {
        row(std::string_view(start, kept));
      }
      return;
    }
    std::memmove(buffer.get(), start, kept);
  }
}

/// A file written in blocks of about CHUNK bytes.
/// Invariant: `used_` bytes of the block are complete text; `room` and `filled` come in pairs.
class Output {
 public:
  explicit Output(const std::string& name)
      : file_(name, O_WRONLY | O_CREAT | O_TRUNC), block_(std::make_unique<char[]>(CHUNK)) {}
  ~Output() { flush(); }

  /// A place to write at least `size` bytes to. Valid until the next call.
  char* room(size_t size) {
    if (capacity_ - used_ < size) {
      make_room(size);
    }
    return block_.get() + used_;
  }

  /// Says where the text written into `room` ends.
  void filled(const char* end) { used_ = static_cast<size_t>(end - block_.get()); }

 private:
  void flush() {
    file_.write(block_.get(), used_);
    used_ = 0;
  }

  void make_room(size_t size) {
    flush();
    if (capacity_ < size) {
      capacity_ = size;
      block_ = std::make_unique<char[]>(capacity_);
    }
  }

  Descriptor file_;
  std::unique_ptr<char[]> block_;
  size_t capacity_ = CHUNK;
  size_t used_ = 0;
};

}  // namespace limit
