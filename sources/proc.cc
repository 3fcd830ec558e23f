// SPDX-License-Identifier: Apache-2.0
/// proc: processes, connections, processors, memory, disks and interfaces, looked at again and again.
///
///     stack=in:proc,out:file
///     [in]
///     what=cpu, mem, processes
///     interval=30s
///
/// Rows of one round:
///
///     proc=cpu name=all cpu=12.5 cpu.user=10.1 cpu.system=2.4 cpu.iowait=0 cpu.steal=0
///     proc=mem mem.total=8204496896 mem.free=402345984 …
///     proc=process pid=812 ppid=1 name=sshd user=root state=S cpu=0 mem=7208960 threads=1 command="sshd: /usr/sbin/sshd -D"
#include <linux/capability.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "core/api/plugin.hh"
#include "core/base/log.hh"
#include "core/base/status.hh"
#include "sources/proc/connections.hh"
#include "sources/proc/counters.hh"
#include "sources/proc/processes.hh"

namespace stook {

namespace {

struct ProcConfig {
  std::vector<std::string> what;
  Duration interval;
  int64_t rounds;
  bool has_owners;
  std::string root;
};

constexpr Option options[] = {
    option<&ProcConfig::what>("what", "cpu, mem, disk, net",
                              "what is looked at: cpu, mem, disk, net, processes, connections"),
    option<&ProcConfig::interval>("interval", "10s", "how often", {1e7, 1e18}),
    option<&ProcConfig::rounds>("rounds", "0", "how often in all, then the source ends; 0 is for ever", {0, 1e18}),
    option<&ProcConfig::has_owners>("owners", "no", "connections: the pid of a process that has the socket open"),
    option<&ProcConfig::root>("root", "/proc", "where the kernel's files are"),
};

constexpr std::string_view kinds[] = {"cpu", "mem", "disk", "net", "processes", "connections"};

void declare(void* config, std::string_view, Wiring& wiring) {
  ProcConfig& proc = *static_cast<ProcConfig*>(config);
  if (proc.what.empty()) {
    throw std::invalid_argument("what is empty; it takes cpu, mem, disk, net, processes and connections");
  }
  for (const std::string& what : proc.what) {
    if (std::find(std::begin(kinds), std::end(kinds), what) == std::end(kinds)) {
      throw std::invalid_argument("what has '" + what + "'; it takes cpu, mem, disk, net, processes and connections");
    }
  }
  declare_proc_keys(wiring);
}

std::unique_ptr<ProcStage> make_stage(const ProcConfig& config, const std::string& what) {
  if (what == "cpu") {
    return std::make_unique<CpuStage>(config.root);
  }
  if (what == "mem") {
    return std::make_unique<MemStage>(config.root);
  }
  if (what == "disk") {
    return std::make_unique<DiskStage>(config.root);
  }
  if (what == "net") {
    return std::make_unique<NetStage>(config.root);
  }
  if (what == "processes") {
    return std::make_unique<ProcessStage>(config.root);
  }
  return std::make_unique<ConnectionStage>(config.root, config.has_owners);
}

/// *Invariants:* `stage_` is the stage that is being written; as many as there are: no round is on.
/// *Rooms:* its front.
class Proc final : public Source {
 public:
  explicit Proc(const ProcConfig& config) : config_(config) {
    for (const std::string& what : config.what) {
      stages_.push_back(make_stage(config, what));
    }
    stage_ = stages_.size();
    faults_.resize(stages_.size());
  }

  void start(Feed& feed) override ROOM(front) {
    feed_ = &feed;
    rows_ = std::make_unique<ProcRows>(feed);
    for (size_t i = 0; i < stages_.size(); i++) {
      if (int fault = stages_[i]->fault(); fault != 0) {
        throw SetupError("cannot open " + stages_[i]->needed() + ", without which there is no `" + config_.what[i] +
                             "`: " + std::strerror(fault),
                         fault);
      }
    }
    due_.on_time<&Proc::on_due>(feed.loop(), this, 0, config_.interval.ns);
  }
  void pause() override ROOM(front) { turn_.stop(); }
  void resume() override ROOM(front) {
    if (!is_done_ && stage_ < stages_.size()) {
      turn_.on_idle<&Proc::turn>(feed_->loop(), this);
    }
  }
  void stop() override ROOM(front) {
    is_done_ = true;
    due_.stop();
    turn_.stop();
  }

 private:
  void begin() ROOM(front);
  void on_due() ROOM(front);
  void turn() ROOM(front);

  const ProcConfig& config_;
  Feed* feed_ OWNED(front) = nullptr;
  std::unique_ptr<ProcRows> rows_ OWNED(front);
  std::vector<std::unique_ptr<ProcStage>> stages_ OWNED(front);
  std::vector<int> faults_ OWNED(front);  // of each stage: why it had no rows in the round before, or 0
  size_t stage_ OWNED(front) = 0;
  int64_t rounds_ OWNED(front) = 0;
  Watcher due_ OWNED(front);
  Watcher turn_ OWNED(front);
  LogLimit overrun_limit_;
  bool is_done_ OWNED(front) = false;
};

void Proc::begin() {
  ProcStage& stage = *stages_[stage_];
  int fault = stage.fault();
  if (fault != 0 && fault != faults_[stage_]) {
    log_event(Level::Error, "proc_unreadable",
              Fields()("instance", feed_->id())("path", stage.needed())("reason", std::strerror(fault)));
  }
  faults_[stage_] = fault;
  stage.begin();
}

void Proc::on_due() {
  if (stage_ < stages_.size()) {
    if (auto pass = overrun_limit_.pass()) {
      log_event(Level::Warning, "proc_overran", Fields()("instance", feed_->id())("suppressed", pass.suppressed));
    }
    return;
  }
  rounds_++;
  stage_ = 0;
  begin();
  resume();
}

/// One step, so that others get their turn.
void Proc::turn() {
  if (stages_[stage_]->step(*rows_) && ++stage_ < stages_.size()) {
    begin();
  }
  feed_->seal();
  if (stage_ < stages_.size()) {
    return;
  }
  turn_.stop();
  if (config_.rounds > 0 && rounds_ >= config_.rounds) {
    is_done_ = true;
    due_.stop();
    feed_->finish();
  }
}

// Whose a socket is stands in folders of processes that only their owner may look into.
void needs_of(const void* config, Needs& needs) {
  const ProcConfig& proc = *static_cast<const ProcConfig*>(config);
  needs.reads.push_back(proc.root + "/");
  if (proc.has_owners) {
    needs.add_capability(CAP_SYS_PTRACE);
    needs.add_capability(CAP_DAC_READ_SEARCH);
  }
}

}  // namespace

extern const Plugin source_proc;
const Plugin source_proc = {
    .kind = Kind::Source,
    .name = "proc",
    .doc = "Processes, connections and the machine's counters, looked at again and again",
    .options = options,
    .primary = "what",
    .config = config_type<ProcConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Proc, ProcConfig>,
};

}  // namespace stook
