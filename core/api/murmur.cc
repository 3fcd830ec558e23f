// SPDX-License-Identifier: Apache-2.0
#include "core/api/murmur.hh"

#include <errno.h>

#include <algorithm>
#include <utility>

#include "core/base/log.hh"

namespace stook {

namespace {

constexpr size_t line_most = 512;
constexpr int reads_most = 16;

}  // namespace

void Murmur::open(Fd fd, int64_t pid) {
  fd_ = std::move(fd);
  pid_ = pid;
  line_.clear();
}

void Murmur::say(int64_t now) {
  constexpr int64_t second = 1'000'000'000;
  if (now - second_ >= second) {
    second_ = now;
    spoken_ = 0;
  }
  if (spoken_ == lines_a_second) {
    suppressed_++;
  } else {
    spoken_++;
    log_event(Level::Notice, "program_stderr",
              Fields()("instance", id_)("pid", pid_)("text", line_)("suppressed", std::exchange(suppressed_, 0)));
  }
  line_.clear();
}

void Murmur::add(std::string_view bytes, int64_t now) {
  while (!bytes.empty()) {
    size_t newline = bytes.find('\n');
    line_.append(bytes.substr(0, std::min(newline, line_most - std::min(line_most, line_.size()))));
    if (newline == std::string_view::npos) {
      return;
    }
    bytes.remove_prefix(newline + 1);
    say(now);
  }
}

void Murmur::read(int64_t now) {
  char piece[4096];
  for (int i = 0; fd_ && i < reads_most; i++) {
    ssize_t got = ::read(fd_.get(), piece, sizeof piece);
    if (got > 0) {
      add({piece, static_cast<size_t>(got)}, now);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      close(now);
    } else {
      return;
    }
  }
}

void Murmur::close(int64_t now) {
  if (!line_.empty()) {
    say(now);
  }
  if (suppressed_ > 0) {
    log_event(Level::Notice, "program_stderr",
              Fields()("instance", id_)("pid", pid_)("text", "")("suppressed", std::exchange(suppressed_, 0)));
  }
  fd_.reset();
}

}  // namespace stook
