// SPDX-License-Identifier: Apache-2.0
#include "core/tool/screen.hh"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace stook {

namespace {
void put(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    ssize_t written = ::write(STDOUT_FILENO, text.data() + at, text.size() - at);
    if (written <= 0) {
      return;
    }
    at += static_cast<size_t>(written);
  }
}

// What is behind an escape, if it has come with it.
int read_escape() {
  char bytes[8] = {};
  pollfd input{STDIN_FILENO, POLLIN, 0};
  ssize_t got = ::poll(&input, 1, 0) > 0 ? ::read(STDIN_FILENO, bytes, sizeof bytes - 1) : 0;
  if (got < 2 || (bytes[0] != '[' && bytes[0] != 'O')) {
    return 27;
  }
  switch (bytes[1]) {
    case 'A':
      return Screen::up;
    case 'B':
      return Screen::down;
    case 'C':
      return Screen::right;
    case 'D':
      return Screen::left;
    case '5':
      return Screen::page_up;
    case '6':
      return Screen::page_down;
    default:
      return Screen::none;
  }
}
}  // namespace

Screen::Screen() {
  ::tcgetattr(STDIN_FILENO, &former_);
  enter();
}

Screen::~Screen() {
  leave();
}

void Screen::enter() {
  termios raw = former_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  has_colour_ = std::getenv("NO_COLOR") == nullptr;
  put("\033[?1049h\033[?25l");
}

void Screen::leave() {
  put("\033[?25h\033[?1049l");
  ::tcsetattr(STDIN_FILENO, TCSANOW, &former_);
}

void Screen::suspend() {
  leave();
  ::raise(SIGSTOP);
  ::tcgetattr(STDIN_FILENO, &former_);
  enter();
}

ScreenSize Screen::size() const {
  winsize found{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &found) != 0 || found.ws_row == 0 || found.ws_col == 0) {
    return {};
  }
  return {found.ws_row, found.ws_col};
}

void Screen::draw(const std::vector<ScreenLine>& lines) const {
  ScreenSize room = size();
  std::string text = "\033[H";
  for (size_t i = 0; i < std::min(lines.size(), room.rows); i++) {
    const ScreenLine& line = lines[i];
    std::string shown = line.text.substr(0, room.columns);
    bool is_title = line.look == ScreenLine::Look::Title;
    shown.resize(is_title ? room.columns : shown.size(), ' ');
    const char* begin = is_title                                              ? "\033[7m"
                        : line.look == ScreenLine::Look::Alarm && has_colour_ ? "\033[1;31m"
                        : line.look != ScreenLine::Look::Plain                ? "\033[1m"
                                                                              : "";
    text += (i > 0 ? "\r\n" : "") + std::string(begin) + shown + (*begin != 0 ? "\033[0m" : "") + "\033[K";
  }
  put(text + "\033[J");
}

int Screen::key(int64_t wait_ns) const {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  int ready = ::poll(&input, 1, static_cast<int>(std::clamp<int64_t>(wait_ns / 1'000'000, 0, 3'600'000)));
  if (ready <= 0) {
    return none;
  }
  char byte = 0;
  if (::read(STDIN_FILENO, &byte, 1) != 1) {
    return end;
  }
  return byte == 27 ? read_escape() : static_cast<unsigned char>(byte);
}

}  // namespace stook
