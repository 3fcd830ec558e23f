// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook verify`: whether all numbered lines of `stook gen --id` have come, each once, and how long they took.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "core/base/clock.hh"
#include "core/base/fd.hh"
#include "core/base/text.hh"
#include "core/tool/commands.hh"
#include "core/tool/gen_wish.hh"
#include "core/tool/verify_tally.hh"
#include "core/tool/verify_text.hh"

namespace stook {

namespace {
enum Code : int { well = 0, faulty = 1, usage_error = 2, unreadable = 3 };

constexpr const char* usage =
    "usage: stook verify FILE… | - | --listen ADDRESS [--framing lf|octet] [--count N] [--for TIME] [--idle TIME] "
    "[--json]\n"
    "Whether the lines that `stook gen` has numbered are all there: largest number, lines, missing, repeated and out "
    "of\n"
    "order ones of each stream; and, of `-` and --listen, how long they took.\n"
    "  --listen  tcp:HOST:PORT, udp:HOST:PORT, unix:PATH, forward:HOST:PORT or http:HOST:PORT\n"
    "  --count   of each stream so many are wanted; --listen ends when there are so many lines and then none for "
    "--idle\n"
    "  --idle    1s by itself\n"
    "  --for     --listen and - end after so long\n"
    "exit codes: 0 none is missing or repeated, 1 some are, or no line has a number, 2 bad usage, 3 unreadable\n";

struct VerifyWish {
  std::vector<std::string> files;
  GenTarget from;
  std::string framing;
  double count = 0;
  int64_t span = 0;
  int64_t idle = 1'000'000'000;
  bool as_json = false;
  bool is_live() const { return !from.plugin.empty() || (files.size() == 1 && files[0] == "-"); }
};

volatile sig_atomic_t is_interrupted = 0;

// False after a message.
bool read_words(const std::vector<std::string>& words, VerifyWish& wish) {
  for (size_t i = 0; i < words.size(); i++) {
    const std::string& word = words[i];
    if (word == "--json") {
      wish.as_json = true;
      continue;
    }
    if (word.empty() || word[0] != '-' || word == "-") {
      wish.files.push_back(word);
      continue;
    }
    if (i + 1 == words.size()) {
      return false;
    }
    const std::string& value = words[++i];
    std::string why;
    Duration span;
    bool is_good = false;
    if (word == "--listen") {
      wish.from = target_of(value, true);
      is_good = !wish.from.plugin.empty();
    } else if (word == "--framing") {
      wish.framing = framing_of(value);
      is_good = !wish.framing.empty();
    } else if (word == "--count") {
      is_good = read_many(value, wish.count);
    } else if (word == "--for" || word == "--idle") {
      is_good = read_value(value, span, why) && span.ns > 0;
      (word == "--for" ? wish.span : wish.idle) = span.ns;
    }
    if (!is_good) {
      std::fprintf(stderr, "stook verify: %s %s: %s\n", word.c_str(), printable(value).c_str(),
                   why.empty() ? "that is not what it takes" : why.c_str());
      return false;
    }
  }
  return wish.files.empty() != wish.from.plugin.empty();
}

/// A `stook run` that listens, and writes what comes to its standard output.
class Listener {
 public:
  explicit Listener(const VerifyWish& wish) {
    bool is_forward = wish.from.plugin == "forward";  // its records are msgpack
    std::string stack = "in:" + wish.from.plugin + "(listen=\"" + wish.from.value + "\"" +
                        (wish.framing.empty() ? "" : ", framing=" + wish.framing) +
                        (is_forward ? "), parse:parse_msgpack" : ")") +
                        ", out:stdout(format=" + (is_forward ? "json)" : "raw)");
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      return;
    }
    output_ = Fd(ends[0]);
    Fd input(ends[1]);
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(input.get(), STDOUT_FILENO);
      ::execl("/proc/self/exe", "stook", "run", "-q", stack.c_str(), static_cast<char*>(nullptr));
      ::_exit(3);
    }
  }
  ~Listener() {
    ask_end();
    (void)end();
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int fd() const { return output_.get(); }
  void ask_end() const {
    if (child_ > 0) {
      ::kill(child_, SIGTERM);
    }
  }
  /// Its exit code. REQUIRES: its output was read to the end, or nobody wants it.
  int end() {
    int status = 0;
    if (child_ <= 0) {
      return 3;
    }
    output_.reset();
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {}
    child_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
  }

 private:
  pid_t child_ = 0;
  Fd output_;
};

/// Cuts what is read into lines.
class LineTaker {
 public:
  explicit LineTaker(Tally& tally) : tally_(tally) {}
  void take(std::string_view bytes, int64_t now) {
    for (size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
      if (rest_.empty()) {
        tally_.take(bytes.substr(0, end), now);
      } else {
        rest_ += bytes.substr(0, end);
        tally_.take(rest_, now);
        rest_.clear();
      }
      bytes.remove_prefix(end + 1);
    }
    rest_ += bytes;
  }
  void end(int64_t now) {
    if (!rest_.empty()) {
      tally_.take(rest_, now);
      rest_.clear();
    }
  }

 private:
  Tally& tally_;
  std::string rest_;
};

// Up to the end. False when it cannot be read.
bool read_all(int fd, LineTaker& lines, bool is_live) {
  char bytes[1 << 16];
  for (;;) {
    ssize_t got = ::read(fd, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      lines.end(is_live ? wall_ns() : 0);
      return got == 0;
    }
    lines.take({bytes, static_cast<size_t>(got)}, is_live ? wall_ns() : 0);
  }
}

// False after a message when it cannot be read.
bool read_file(const std::string& path, Tally& tally) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  LineTaker lines(tally);
  bool is_read = fd && read_all(fd.get(), lines, false);
  if (!is_read) {
    std::fprintf(stderr, "stook verify: %s: %s\n", path.c_str(), strerror(errno));
  }
  return is_read;
}

// Until its end, the time, a signal, or all that was wanted has come and no more does.
void read_live(int fd, const VerifyWish& wish, const Tally& tally, LineTaker& lines) {
  int64_t begin = monotonic_ns();
  int64_t came_at = begin;
  char bytes[1 << 16];
  while (is_interrupted == 0) {
    int64_t now = monotonic_ns();
    bool has_all = wish.count > 0 && static_cast<double>(tally.lines) >= wish.count && now - came_at >= wish.idle;
    if ((wish.span > 0 && now - begin >= wish.span) || has_all) {
      break;
    }
    pollfd look{fd, POLLIN, 0};
    if (::poll(&look, 1, 50) <= 0) {
      continue;
    }
    ssize_t got = ::read(fd, bytes, sizeof bytes);
    if (got == 0 || (got < 0 && errno != EINTR)) {
      break;
    }
    lines.take({bytes, static_cast<size_t>(got > 0 ? got : 0)}, wall_ns());
    came_at = monotonic_ns();
  }
}

}  // namespace

int verify_command(const std::vector<std::string>& words) {
  VerifyWish wish;
  if (words.size() == 1 && words[0] == "--help") {
    std::fputs(usage, stdout);
    return well;
  }
  if (!read_words(words, wish)) {
    std::fputs(usage, stderr);
    return usage_error;
  }
  struct sigaction action {};
  action.sa_handler = [](int) { is_interrupted = 1; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  Tally tally;
  LineTaker lines(tally);
  bool is_readable = true;
  if (!wish.from.plugin.empty()) {
    Listener listener(wish);
    read_live(listener.fd(), wish, tally, lines);
    listener.ask_end();
    (void)read_all(listener.fd(), lines, true);
    int code = listener.end();
    is_readable = code == 0 || code == 1 || !tally.streams.empty();
  } else if (wish.is_live()) {
    read_live(STDIN_FILENO, wish, tally, lines);
    lines.end(wall_ns());
  }
  for (size_t i = 0; !wish.is_live() && i < wish.files.size(); i++) {
    is_readable = read_file(wish.files[i], tally) && is_readable;
  }
  auto end = static_cast<uint64_t>(wish.count);
  std::fputs((wish.as_json ? tally_json(tally, end) : tally_text(tally, end)).c_str(), stdout);
  return !is_readable ? unreadable : is_right(tally, end) ? well : faulty;
}

}  // namespace stook
