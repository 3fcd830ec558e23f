// SPDX-License-Identifier: Apache-2.0
#include "sources/proc/processes.hh"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/base/clock.hh"
#include "sources/words.hh"

namespace stook {

namespace {

constexpr size_t command_most = 4096;

double ticks_a_second() {
  static const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  return ticks;
}

/// The effective user, from the second number behind `Uid:`.
uint64_t user_of(std::string_view status) {
  size_t at = status.find("\nUid:");
  if (at == std::string_view::npos) {
    return 0;
  }
  Words words(status.substr(at + 5, status.find('\n', at + 1) - at - 5));
  words.skip(1);
  return words.number();
}

}  // namespace

bool read_process_stat(std::string_view text, ProcessStat& stat) {
  size_t open = text.find('(');
  size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return false;
  }
  stat.name = text.substr(open + 1, close - open - 1);
  Words words(text.substr(close + 1));
  std::string_view state = words.next();
  if (state.size() != 1) {
    return false;
  }
  stat.state = state[0];
  stat.ppid = words.number();
  words.skip(9);
  stat.ticks = words.number();
  stat.ticks += words.number();
  words.skip(4);
  stat.threads = words.number();
  words.skip(1);
  stat.started = words.number();
  return true;
}

uint64_t ProcessWalk::next() {
  while (dirent* entry = folder_ ? readdir(folder_.get()) : nullptr) {
    std::string_view name = entry->d_name;
    uint64_t pid = 0;
    auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && end == name.data() + name.size() && pid > 0) {
      return pid;
    }
  }
  folder_.reset();
  return 0;
}

void ProcessStage::begin() {
  users_.refresh();
  walk_.open(root_);
  round_++;
  pending_ = 0;
}

bool ProcessStage::step(ProcRows& rows) {
  for (int i = 0; i < items_a_step; i++) {
    uint64_t pid = pending_ > 0 ? pending_ : walk_.next();
    pending_ = pid;
    if (pid == 0) {
      std::erase_if(seen_, [&](const auto& one) { return one.second.round != round_; });
      return true;
    }
    if (!put(rows, pid)) {
      return false;
    }
    pending_ = 0;
  }
  return false;
}

/// Percent of one processor.
double ProcessStage::share(uint64_t pid, const ProcessStat& stat) {
  int64_t now = read_clock(CLOCK_BOOTTIME);
  Seen& before = seen_[pid];
  bool is_known = before.started == stat.started && before.round > 0;
  double started = static_cast<double>(stat.started) / ticks_a_second() * 1e9;
  double from = is_known ? static_cast<double>(before.at) : started;
  uint64_t ticks = stat.ticks - (is_known ? std::min(before.ticks, stat.ticks) : 0);
  before = {stat.started, stat.ticks, round_, now};
  double ns = static_cast<double>(now) - from;
  return ns > 0 ? 100.0 * static_cast<double>(ticks) / ticks_a_second() * 1e9 / ns : 0.0;
}

/// False: the pool is empty. A process that has gone meanwhile is no row.
bool ProcessStage::put(ProcRows& rows, uint64_t pid) {
  std::string folder = root_ + "/" + std::to_string(pid);
  std::string text = read_small(folder + "/stat");
  ProcessStat stat;
  if (!read_process_stat(text, stat)) {
    return true;
  }
  if (!rows.begin("process")) {
    return false;
  }
  rows.number(ProcKey::Pid, pid);
  rows.number(ProcKey::Ppid, stat.ppid);
  rows.text(ProcKey::Name, stat.name);
  if (rows.wants(ProcKey::User)) {
    rows.text(ProcKey::User, users_.name(user_of(read_small(folder + "/status"))));
  }
  rows.text(ProcKey::State, {&stat.state, 1});
  rows.real(ProcKey::Cpu, share(pid, stat));
  if (rows.wants(ProcKey::Mem)) {
    // What `stat` says of it is behind by what each processor counts for itself.
    std::string sizes = read_small(folder + "/statm");
    Words words(sizes);
    words.skip(1);
    rows.number(ProcKey::Mem, words.number() * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  }
  rows.number(ProcKey::Threads, stat.threads);
  int64_t boot = wall_ns() - read_clock(CLOCK_BOOTTIME);
  rows.time(ProcKey::Started, boot + static_cast<int64_t>(static_cast<double>(stat.started) / ticks_a_second() * 1e9));
  if (rows.wants(ProcKey::Command)) {
    std::string command = read_small(folder + "/cmdline", command_most);
    while (!command.empty() && command.back() == '\0') {
      command.pop_back();
    }
    std::replace(command.begin(), command.end(), '\0', ' ');
    rows.text(ProcKey::Command, command.empty() ? "[" + std::string(stat.name) + "]" : command);
  }
  return true;
}

}  // namespace stook
