// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook gen`: rows that are made up, at a rate, to wherever a sink of stook can bring them. It is a
/// configuration of sources `made` and one sink, run in the foreground.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>

#include "core/base/fd.hh"
#include "core/base/text.hh"
#include "core/run/service.hh"
#include "core/tool/commands.hh"
#include "core/tool/gen_wish.hh"
#include "core/tool/progress.hh"

namespace stook {

namespace {
constexpr const char* usage =
    "usage: stook gen --to TARGET [--template NAME[=PARTS],…] [--count N] [--rate N] [--for TIME] [--size SIZE] "
    "[--id]\n"
    "                 [--framing lf|octet] [--seed N] [--json]\n"
    "  --to        tcp:HOST:PORT, udp:HOST:PORT, unix:PATH, forward:HOST:PORT, http://HOST:PORT/PATH, file:PATH, "
    "stdout\n"
    "  --template  access, syslog or json; several with their parts: access=3,json=1\n"
    "  --count     how many lines, as 50k or 1M; without it and --for there is no end\n"
    "  --rate      lines a second; without it as fast as they are taken\n"
    "  --size      lines are filled up to so many bytes: 1KiB\n"
    "  --id        lines are numbered and say when they were sent, for stook verify\n"
    "  --json      what was sent, as an object\n"
    "exit codes: 0 all was taken, 1 some was not, 2 bad usage, 3 nobody is there\n";

// The configuration as a file in memory; empty when there is none to be had.
Fd file_of(const std::string& text) {
  Fd fd(::memfd_create("stook gen", MFD_CLOEXEC));
  if (fd && ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    fd.reset();
  }
  return fd;
}

void tell(const GenWish& wish, const Report& report) {
  double seconds = static_cast<double>(report.elapsed_ns) / 1e9;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  for (const ReportLine& line : report.lines) {
    bool is_delivery = line.id == "to" && line.deliveries > 0;
    rows += is_delivery ? line.out : 0;
    bytes += is_delivery ? line.bytes : 0;
  }
  double rate = seconds > 0 ? static_cast<double>(rows) / seconds : 0;
  if (wish.as_json) {
    std::fprintf(stderr, "{\"made\":%llu,\"sent\":%llu,\"bytes\":%llu,\"seconds\":%.3f,\"rate\":%.0f}\n",
                 static_cast<unsigned long long>(report.rows_read()), static_cast<unsigned long long>(rows),
                 static_cast<unsigned long long>(bytes), seconds, rate);
    return;
  }
  std::fprintf(stderr, "sent %s lines, %s in %s: %s lines/s\n", show_count(rows).c_str(), show_size(bytes).c_str(),
               show_duration(report.elapsed_ns).c_str(), show_count(static_cast<uint64_t>(rate)).c_str());
}

/// Ends a service after a time. *Rooms:* main.
class GenEnd {
 public:
  explicit GenEnd(Service& service) : service_(service) {}
  void after(int64_t span) ROOM(front) {
    if (span > 0) {
      timer_.on_time<&GenEnd::on_time>(service_.loop(), this, span);
    }
  }

 private:
  void on_time() ROOM(front) { service_.stop(); }

  Service& service_;
  Watcher timer_;
};

int run(const GenWish& wish) ROOM(front) {
  Fd file = file_of(wish.config());
  PlanRequest request;
  request.file = "/proc/self/fd/" + std::to_string(file.get());
  std::shared_ptr<Plan> plan;
  try {
    plan = make_plan(request);
  } catch (const ConfigErrors& errors) {
    for (const ConfigError& error : errors.all) {
      std::fprintf(stderr, "stook gen: %s%s%s\n", error.what(), error.hint.empty() ? "" : "; ", error.hint.c_str());
    }
    return static_cast<int>(Exit::Usage);
  }
  set_log_level(plan->settings.loglevel);
  request.file.clear();  // there is nothing to reload
  Service service(plan, request);
  try {
    service.start();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stook gen: %s\n", error.what());
    return static_cast<int>(Exit::Setup);
  }
  GenEnd end(service);
  end.after(wish.span);
  Progress progress(service.engine());
  bool is_live = !wish.as_json && isatty(STDERR_FILENO) != 0;
  if (is_live) {
    progress.start(service.loop());
  }
  Exit exit = service.run();
  if (is_live) {
    progress.stop();
  }
  tell(wish, service.engine().report());
  if (service.engine().has_stuck_thread()) {
    service.leave(exit);
  }
  return static_cast<int>(exit);
}
}  // namespace

int gen_command(const std::vector<std::string>& words) {
  room::enter(room::front);
  if (words.size() == 1 && words[0] == "--help") {
    std::fputs(usage, stdout);
    return 0;
  }
  GenWish wish;
  std::string why = wish.read(words);
  if (!why.empty()) {
    std::fprintf(stderr, "stook gen: %s\n%s", why.c_str(), usage);
    return static_cast<int>(Exit::Usage);
  }
  return run(wish);
}

}  // namespace stook
