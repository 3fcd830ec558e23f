// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook top`: what each element of a running stookd does, again and again. It asks for metrics at the control
/// socket and shows what has grown.
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "core/base/clock.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"
#include "core/tool/ask.hh"
#include "core/tool/commands.hh"
#include "core/tool/control_socket.hh"
#include "core/tool/screen.hh"
#include "core/tool/top_frame.hh"
#include "core/tool/top_view.hh"

namespace stook {

namespace {
enum Code : int { well = 0, usage_code = 2, unreachable = 3 };

constexpr const char* usage =
    "usage: stook top [-b] [-n N] [-d TIME] [-s COLUMN] [-f TEXT] [--json] [--socket PATH | -c FILE]\n"
    "  -b, --batch         prints one table after another; without a terminal, or on a dumb one, it does so by itself\n"
    "  -n N                ends after so many\n"
    "  -d, --delay TIME    between two looks: 2s, 500ms; a number alone is in seconds\n"
    "  -s, --sort COLUMN   element, kind, plugin, in, out, bytes, ns, busy, age, lost or state\n"
    "  -f, --filter TEXT   only elements that have it in their names, kinds or states\n"
    "      --json          an object a line\n"
    "On a terminal `h` shows the keys.\n";

struct Wish {
  std::string socket;
  std::string file;
  std::string column;
  std::string filter;
  uint64_t frames = UINT64_MAX;
  Duration delay{2'000'000'000};
  bool is_batch = false;
  bool as_json = false;
};

bool read_delay(const std::string& text, Duration& delay) {
  std::string why;
  bool is_number = !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
  return read_value(is_number ? text + "s" : text, delay, why) && delay.ns >= 10'000'000;
}

// False after a message when the value is off.
bool read_option(const std::string& word, const std::string& value, Wish& wish) {
  std::string why;
  if (word == "-n") {
    return read_value(value, wish.frames, why) && wish.frames > 0;
  }
  if (word == "-d" || word == "--delay") {
    return read_delay(value, wish.delay);
  }
  if (word == "-s" || word == "--sort") {
    wish.column = value;
    return TopFrame().sort(value, false);
  }
  std::string* text = word == "-f" || word == "--filter"        ? &wish.filter
                      : word == "--socket" && wish.file.empty() ? &wish.socket
                      : word == "-c" && wish.socket.empty()     ? &wish.file
                                                                : nullptr;
  if (text != nullptr) {
    *text = value;
  }
  return text != nullptr;
}

bool read_words(const std::vector<std::string>& words, Wish& wish) {
  for (size_t i = 0; i < words.size(); i++) {
    if (words[i] == "-b" || words[i] == "--batch") {
      wish.is_batch = true;
    } else if (words[i] == "--json") {
      wish.as_json = true;
    } else if (i + 1 == words.size() || !read_option(words[i], words[i + 1], wish)) {
      std::fprintf(stderr, "stook top: %s%s: no such option, or not its value\n%s", words[i].c_str(),
                   i + 1 < words.size() ? (" " + words[i + 1]).c_str() : "", usage);
      return false;
    } else {
      i++;
    }
  }
  return true;
}

std::string clock_text() {
  time_t now = ::time(nullptr);
  tm parts{};
  char text[16];
  ::localtime_r(&now, &parts);
  return std::string(text, ::strftime(text, sizeof text, "%H:%M:%S", &parts));
}

volatile sig_atomic_t is_interrupted = 0;
volatile sig_atomic_t is_suspended = 0;

void end_by_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { is_interrupted = 1; };
  for (int number : {SIGINT, SIGTERM, SIGHUP}) {
    ::sigaction(number, &action, nullptr);
  }
  action.sa_handler = [](int) {};
  ::sigaction(SIGWINCH, &action, nullptr);  // ends the wait for a key
}

// On a terminal that is drawn on: it has to be left as it was first.
void suspend_by_signal() {
  struct sigaction action {};
  action.sa_handler = [](int) { is_suspended = 1; };
  ::sigaction(SIGTSTP, &action, nullptr);
}

bool can_draw() {
  const char* terminal = std::getenv("TERM");
  bool is_dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return !is_dumb && ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
}

/// Two looks at the metrics, the older one to compare with.
class Looks {
 public:
  explicit Looks(std::string socket) : socket_(std::move(socket)) {}
  /// Throws SetupError.
  void look() {
    Scraped now(ask(socket_, "metrics"));
    int64_t at = monotonic_ns();
    former_ = std::exchange(now_, std::move(now));
    former_at_ = std::exchange(at_, at);
  }
  TopFrame frame() const { return TopFrame(former_, now_, static_cast<double>(at_ - former_at_) / 1e9); }

 private:
  std::string socket_;
  Scraped former_;
  Scraped now_;
  int64_t former_at_ = 0;
  int64_t at_ = 0;
};

void wait(int64_t until) {
  for (int64_t left = until - monotonic_ns(); left > 0 && is_interrupted == 0; left = until - monotonic_ns()) {
    timespec span{left / 1'000'000'000, left % 1'000'000'000};
    ::nanosleep(&span, nullptr);
  }
}

int run_batch(const Wish& wish, Looks& looks) {
  TopView view(wish.column, wish.filter, wish.delay.ns);
  looks.look();
  for (uint64_t i = 0; i < wish.frames; i++) {
    wait(monotonic_ns() + wish.delay.ns);
    if (is_interrupted != 0) {
      return well;
    }
    looks.look();
    TopFrame frame = view.arranged(looks.frame());
    std::string text = wish.as_json ? frame.json() + "\n" : i > 0 ? "\n" : "";
    if (!wish.as_json) {
      for (const std::string& line : frame.head(clock_text())) {
        text += line + "\n";
      }
      for (const std::string& line : frame.table()) {
        text += "\n" + line;
      }
      text += "\n";
    }
    std::fputs(text.c_str(), stdout);
    if (std::fflush(stdout) != 0) {
      return well;  // nobody reads any more
    }
  }
  return well;
}

int run_live(const Wish& wish, Looks& looks) {
  looks.look();
  TopView view(wish.column, wish.filter, wish.delay.ns);
  Screen screen;
  suspend_by_signal();
  TopFrame frame = looks.frame();
  std::string trouble = "the first figures come in a moment";
  std::string now = clock_text();
  int64_t next = monotonic_ns() + std::min<int64_t>(wish.delay.ns, 500'000'000);
  for (uint64_t i = 0; is_interrupted == 0 && i < wish.frames;) {
    if (is_suspended != 0) {
      is_suspended = 0;
      screen.suspend();
    }
    screen.draw(view.lines(view.arranged(frame), now, trouble, screen.size()));
    int key = screen.key(view.is_paused() ? wish.delay.ns : next - monotonic_ns());
    if (!view.press(key)) {
      return well;
    }
    if (view.is_paused() || monotonic_ns() < next) {
      continue;
    }
    next = monotonic_ns() + view.delay();
    now = clock_text();
    try {
      looks.look();
      frame = looks.frame();
      trouble.clear();
      i++;
    } catch (const SetupError& error) {
      trouble = error.what();
    }
  }
  return well;
}
}  // namespace

int top_command(const std::vector<std::string>& words) {
  Wish wish;
  if (words.size() == 1 && (words[0] == "-h" || words[0] == "--help")) {
    std::fputs(usage, stdout);
    return well;
  }
  if (!read_words(words, wish)) {
    return usage_code;
  }
  std::string socket = control_socket(wish.socket, wish.file);
  if (socket.empty()) {
    return usage_code;
  }
  end_by_signals();
  bool is_live = !wish.is_batch && !wish.as_json && can_draw();
  Looks looks(socket);
  try {
    return is_live ? run_live(wish, looks) : run_batch(wish, looks);
  } catch (const SetupError& error) {
    std::fprintf(stderr, "stook top: %s\n", error.what());
    return unreachable;
  }
}

}  // namespace stook
