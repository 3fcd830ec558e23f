// SPDX-License-Identifier: Apache-2.0
#include "core/tool/progress.hh"

#include <cstdio>

#include "core/base/text.hh"

namespace stook {

namespace {
constexpr int64_t period = 1'000'000'000;
}

void Progress::start(Loop& loop) {
  last_ = engine_.report();
  timer_.on_time<&Progress::on_time>(loop, this, period, period);
}

void Progress::on_time() {
  Report now = engine_.report();
  Report step = now;
  step.elapsed_ns = now.elapsed_ns - last_.elapsed_ns;
  for (size_t i = 0; i < step.lines.size() && i < last_.lines.size(); i++) {
    step.lines[i].ns -= last_.lines[i].ns;
  }
  double seconds = static_cast<double>(step.elapsed_ns) / 1e9;
  double rows = static_cast<double>(now.rows_read() - last_.rows_read()) / seconds;
  double bytes = static_cast<double>(now.bytes_read() - last_.bytes_read()) / seconds;
  std::fprintf(stderr, "\r\033[K%s rows  %s rows/s  %.1f MB/s  dropped %s  busiest: %s",
               show_count(now.rows_read()).c_str(), show_count(static_cast<uint64_t>(rows)).c_str(), bytes / 1e6,
               show_count(now.rows_dropped()).c_str(), step.busiest().c_str());
  std::fflush(stderr);
  last_ = now;
}

void Progress::stop() {
  timer_.stop();
  std::fputs("\r\033[K", stderr);
}

}  // namespace stook
