// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook tap` and `stook trace`: rows of a running stookd, as they pass. What the control socket says of them is
/// described in core/run/taps.hh.
#include <signal.h>

#include <cstdio>

#include "core/base/clock.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"
#include "core/tool/ask.hh"
#include "core/tool/commands.hh"
#include "core/tool/control_socket.hh"

namespace stook {

namespace {
enum Code : int { well = 0, usage = 2, unreachable = 3 };

constexpr const char* tap_usage =
    "usage: stook tap ELEMENT [--where EXPRESSION] [--json] [-n N] [--for TIME] [--socket PATH | -c FILE]\n"
    "Rows as they leave an element of a running stookd: a source, a filter; of a sink those that come to it.\n"
    "  --where EXPRESSION   only rows for which it is true, as keep has it: 'status >= 500 and path ~ \"^/api\"'\n"
    "  --json               an object a line\n"
    "  -n N                 ends after so many rows\n"
    "  --for TIME           ends after so long: 10s\n"
    "All rows are shown as long as there are few; of more, as many as cost 0.4 % of a worker's time, and it is said\n"
    "how many.\n";
constexpr const char* trace_usage =
    "usage: stook trace N [SOURCE] [--json] [--for TIME] [--socket PATH | -c FILE]\n"
    "The whole way of the next N rows of a source of a running stookd: what each element did to them, when, and what\n"
    "became of them at each sink: delivered, spooled, a letter, routed or dropped, and why.\n"
    "SOURCE may be left out where there is one. --for TIME ends after so long, whatever has come.\n";

struct Wish {
  std::string request;  // but for `json` and what stands behind it
  std::string where;
  std::string socket;
  std::string file;
  bool as_json = false;
  uint64_t rows = UINT64_MAX;
  int64_t span = 0;  // ns; 0: no end
};

volatile sig_atomic_t is_interrupted = 0;

// The words that are no options. False after a message.
bool read_words(const char* command, const std::vector<std::string>& words, Wish& wish,
                std::vector<std::string>& plain) {
  for (size_t i = 0; i < words.size(); i++) {
    const std::string& word = words[i];
    if (word == "--json") {
      wish.as_json = true;
      continue;
    }
    bool is_option = word.size() > 1 && word[0] == '-';
    if (!is_option) {
      plain.push_back(word);
      continue;
    }
    if (i + 1 == words.size()) {
      return false;
    }
    const std::string& value = words[++i];
    std::string why;
    Duration span;
    if (word == "--where" && std::string(command) == "tap") {
      wish.where = value;
    } else if (word == "--socket" && wish.file.empty()) {
      wish.socket = value;
    } else if (word == "-c" && wish.socket.empty()) {
      wish.file = value;
    } else if (word == "-n" && std::string(command) == "tap") {
      if (!read_value(value, wish.rows, why) || wish.rows == 0) {
        std::fprintf(stderr, "stook %s: -n %s: %s\n", command, value.c_str(), why.empty() ? "at least 1" : why.c_str());
        return false;
      }
    } else if (word == "--for") {
      if (!read_value(value, span, why) || span.ns <= 0) {
        std::fprintf(stderr, "stook %s: --for %s: %s\n", command, value.c_str(),
                     why.empty() ? "more than 0" : why.c_str());
        return false;
      }
      wish.span = span.ns;
    } else {
      return false;
    }
  }
  return true;
}

/// How many rows there were, by the last line that said so, and by the one before.
struct TapCounts {
  unsigned long long passed = 0;
  unsigned long long looked = 0;
  unsigned long long matched = 0;
  unsigned long long shown = 0;
  bool is_sampled() const { return looked < passed || shown < matched; }
  TapCounts since(const TapCounts& former) const {
    return {passed - former.passed, looked - former.looked, matched - former.matched, shown - former.shown};
  }
};

std::string one_of(unsigned long long part, unsigned long long all) {
  return part == 0 ? "none of " + show_count(all) : "1 of " + show_count((all + part / 2) / part);
}

// What is said where not all rows are shown.
std::string sampled_text(const TapCounts& counts, bool has_where) {
  if (!has_where) {
    return one_of(counts.shown, counts.passed) + " shown";
  }
  std::string text = one_of(counts.looked, counts.passed) + " looked at";
  return counts.shown == counts.matched
             ? text
             : text + ", " + show_count(counts.shown) + " of " + show_count(counts.matched) + " that match shown";
}

/// Prints what comes: rows on the standard output, all else on the standard error.
class Printer {
 public:
  Printer(const char* command, const Wish& wish) : command_(command), wish_(wish) {}

  /// False: more may come.
  bool take(std::string_view line) {
    std::string_view text = line.size() < 2 ? std::string_view() : line.substr(2);
    switch (line.empty() ? ' ' : line[0]) {
      case '>':
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::putchar('\n');
        std::fflush(stdout);
        rows_ += text.starts_with("row ") || text.starts_with("{") || is_tap() ? 1 : 0;
        return false;
      case '=':
        count(std::string(text));
        return false;
      case '#':
        std::fprintf(stderr, "stook %s: %.*s\n", command_, static_cast<int>(text.size()), text.data());
        return false;
      case '!':
        std::fprintf(stderr, "stook %s: %.*s\n", command_, static_cast<int>(text.size()), text.data());
        has_failed_ = true;
        return false;
      default:
        return false;
    }
  }
  void sum_up() const {
    if (wish_.as_json) {
      std::fprintf(stderr, "{\"passed\":%llu,\"looked_at\":%llu,\"matched\":%llu,\"shown\":%llu}\n", counts_.passed,
                   counts_.looked, counts_.matched, counts_.shown);
    } else if (counts_.is_sampled()) {
      std::fprintf(stderr, "stook tap: %s in all: %s rows passed\n", sampled_text(counts_, has_where()).c_str(),
                   show_count(counts_.passed).c_str());
    }
  }
  bool has_failed() const { return has_failed_; }
  bool has_all() const { return rows_ == wish_.rows; }

 private:
  bool is_tap() const { return std::string_view(command_) == "tap"; }
  bool has_where() const { return !wish_.where.empty(); }
  void count(const std::string& text) {
    TapCounts now;
    if (std::sscanf(text.c_str(), "%llu %llu %llu %llu", &now.passed, &now.looked, &now.matched, &now.shown) != 4) {
      return;
    }
    counts_ = now;
    int64_t at = monotonic_ns();
    TapCounts more = now.since(told_);
    if (more.is_sampled() && is_tap() && !wish_.as_json && at - told_at_ >= told_each) {
      std::fprintf(stderr, "-- %s\n", sampled_text(more, has_where()).c_str());
      told_ = now;
      told_at_ = at;
    }
  }

  const char* command_;
  const Wish& wish_;
  static constexpr int64_t told_each = 1'000'000'000;
  TapCounts counts_;
  TapCounts told_;
  int64_t told_at_ = 0;
  uint64_t rows_ = 0;
  bool has_failed_ = false;
};

int listen(const char* command, const Wish& wish) {
  std::string socket = control_socket(wish.socket, wish.file);
  if (socket.empty()) {
    return usage;
  }
  struct sigaction action {};
  action.sa_handler = [](int) { is_interrupted = 1; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  bool is_tap = std::string(command) == "tap";
  std::string request = wish.request + (wish.as_json ? " json" : "");
  if (is_tap && wish.rows != UINT64_MAX) {
    request += " rows " + std::to_string(wish.rows);
  }
  request += wish.where.empty() ? "" : " where " + wish.where;
  Printer printer(command, wish);
  int64_t end = wish.span == 0 ? INT64_MAX : monotonic_ns() + wish.span;
  try {
    bool is_as_wished = ask_on(
        socket, request, [&](std::string_view line) { return printer.take(line); },
        [&] { return is_interrupted != 0 || monotonic_ns() >= end; });
    if (is_tap) {
      printer.sum_up();
    }
    if (is_as_wished || printer.has_all()) {
      return well;
    }
    if (!printer.has_failed()) {
      std::fprintf(stderr, "stook %s: stookd has ended\n", command);
    }
    return unreachable;
  } catch (const SetupError& error) {
    std::fprintf(stderr, "stook %s: %s\n", command, error.what());
    return unreachable;
  }
}
}  // namespace

int tap_command(const std::vector<std::string>& words) {
  Wish wish;
  std::vector<std::string> plain;
  if (words.size() == 1 && words[0] == "--help") {
    std::fputs(tap_usage, stdout);
    return well;
  }
  if (!read_words("tap", words, wish, plain) || plain.size() != 1) {
    std::fputs(tap_usage, stderr);
    return usage;
  }
  wish.request = "tap " + plain[0];
  return listen("tap", wish);
}

int trace_command(const std::vector<std::string>& words) {
  Wish wish;
  std::vector<std::string> plain;
  if (words.size() == 1 && words[0] == "--help") {
    std::fputs(trace_usage, stdout);
    return well;
  }
  if (!read_words("trace", words, wish, plain) || plain.empty() || plain.size() > 2) {
    std::fputs(trace_usage, stderr);
    return usage;
  }
  std::string why;
  if (!read_value(plain[0], wish.rows, why)) {
    std::fprintf(stderr, "stook trace: N: %s\n", why.c_str());
    return usage;
  }
  wish.request = "trace";
  for (const std::string& word : plain) {
    wish.request += " " + word;
  }
  return listen("trace", wish);
}

}  // namespace stook
