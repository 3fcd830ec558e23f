// SPDX-License-Identifier: Apache-2.0
/// Floor 5. A terminal as a screen: keys one by one, lines drawn over those that are there. Plain ANSI (ECMA-48).
#pragma once

#include <termios.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace stook {

/// Of a terminal that does not say: 24 rows of 80 columns.
struct ScreenSize {
  size_t rows = 24;
  size_t columns = 80;
};

/// One line, and how it looks.
struct ScreenLine {
  enum class Look : uint8_t { Plain, Title, Alarm, Bold };
  std::string text;
  Look look = Look::Plain;
};

/// *Invariants:* the terminal is as it was before once this is destroyed.
class Screen {
 public:
  /// REQUIRES: the standard input and output are a terminal.
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// Cut to the screen's size; what was there is gone.
  void draw(const std::vector<ScreenLine>& lines) const;
  /// The next key within so long, or -1; the arrows are those of `Key`.
  enum Key : int { none = -1, end = -2, up = 256, down, left, right, page_up, page_down };
  int key(int64_t wait_ns) const;
  ScreenSize size() const;
  /// Stops this process as `Ctrl-Z` does, with the terminal as it was before; returns when it goes on.
  void suspend();

 private:
  void enter();
  void leave();

  termios former_{};
  bool has_colour_ = false;
};

}  // namespace stook
