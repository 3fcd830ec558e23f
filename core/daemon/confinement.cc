// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/confinement.hh"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.hh"
#include "core/daemon/call_filter.hh"
#include "core/daemon/config_names.hh"
#include "core/daemon/owners.hh"

namespace stook {

namespace {
constexpr const char* restart = "; restart stookd, which begins with all its rights";

uint64_t bit(int capability) {
  return uint64_t{1} << capability;
}

bool is_low_port(const Listening& listening) {
  return !listening.endpoint.is_unix() && listening.endpoint.port != 0 && listening.endpoint.port < 1024;
}

// It was opened by root, and is opened again by the user when it has been rotated.
void give_log_file(const Settings& settings, const Account& account) {
  struct stat status {};
  bool is_file = ::lstat(settings.logfile.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  if (is_file && ::lchown(settings.logfile.c_str(), account.user, account.group) != 0) {
    log_event(Level::Warning, "log_not_given", Fields()("path", settings.logfile)("reason", strerror(errno)));
  }
}

bool is_among(const Listening& one, const std::vector<Listening>& all) {
  for (const Listening& other : all) {
    if (other.endpoint == one.endpoint && other.is_stream == one.is_stream) {
      return true;
    }
  }
  return false;
}
}  // namespace

Confinement::Confinement(const Plan& plan, const std::string& user, bool is_trusting)
    : settings_(plan.settings), needs_(needs_of(plan)), checks_owners_(!is_trusting && has_rights_to_lose()) {
  for (const Listening* listening : needs_.listens) {
    bound_.push_back(*listening);
  }
  settings_.user = user.empty() ? settings_.user : user;
  if (!settings_.user.empty()) {
    expected_.account = find_account(settings_.user, settings_.group);
    expected_.has_account = true;
  }
}

std::vector<std::string> Confinement::unsafe_files(const Plan& plan) const {
  uid_t user = expected_.has_account ? expected_.account.user : ::geteuid();
  return checks_owners_ ? owner_faults(needs_of(plan), user) : std::vector<std::string>();
}

void Confinement::keep_monitor(const std::string& config, bool is_background) {
  if (expected_.has_account && expected_.account.user != 0 && checks_owners_) {
    verify_single_thread();
    monitor_ = Monitor::start({plain_path(config), expected_.account, is_background});
  }
}

void Confinement::enter(Supervision& supervision) {
  ::umask(027);
  if (expected_.has_account) {
    change_user(supervision);
  }
  if (settings_.sandbox != SandboxMode::No) {
    verify_single_thread();
    enter_sandbox();
  }
  verify_privileges(expected_);
  tell();
}

void Confinement::change_user(Supervision& supervision) {
  const Account& account = expected_.account;
  for (const auto& [listening, owner] : needs_.sources) {
    reserved_.bind(*listening, owner);
  }
  verify_single_thread();
  std::vector<std::string> read = needs_.reads;
  read.insert(read.end(), needs_.trusted.begin(), needs_.trusted.end());
  uint64_t had = effective_capabilities();
  unreadable_ = find_unreadable(account, read);
  uint64_t wanted = needs_.capabilities | (unreadable_.empty() ? 0 : bit(CAP_DAC_READ_SEARCH));
  supervision.give_to(account.user, account.group);
  reserved_.give_to(account.user, account.group);
  give_log_file(settings_, account);
  reserved_.offer();
  expected_.capabilities = wanted & had;
  become(account, expected_.capabilities);
}

void Confinement::enter_sandbox() {
  bool is_in_force = settings_.sandbox == SandboxMode::Yes;
  renounce_new_privileges();
  expected_.has_no_new_privileges = true;
  open_files_ = !is_in_force              ? "sandbox = log"
                : landlock_version() == 0 ? "this kernel has no Landlock"
                                          : needs_.unbounded;
  if (open_files_.empty()) {
    reach_ = reach_of(needs_, settings_);
    fence_files(reach_, needs_.runs_programs);
    verify_fence(reach_);
    is_fenced_ = true;
  }
  if (has_call_filter()) {
    filter_calls(
        {needs_.runs_programs, needs_.enters_namespaces, (needs_.capabilities & bit(CAP_NET_RAW)) != 0, !is_in_force});
    is_filtered_ = expected_.has_filter = true;
    if (is_in_force) {
      verify_call_filter();
    }
  }
}

void Confinement::tell() const {
  Fields fields;
  fields("user", expected_.has_account ? expected_.account.name : ::geteuid() == 0 ? "root" : "unchanged");
  fields("capabilities", expected_.has_account ? show_capabilities(expected_.capabilities) : "unchanged");
  if (!unreadable_.empty()) {
    fields("because_of", unreadable_);
  }
  if (settings_.sandbox == SandboxMode::No) {
    fields("sandbox", "no");
  } else {
    fields("calls", !is_filtered_                           ? "open, this build has no libseccomp"
                    : settings_.sandbox == SandboxMode::Yes ? "filtered"
                                                            : "logged");
    fields("files", is_fenced_ ? "fenced" : "open");
    if (!open_files_.empty()) {
      fields("reason", open_files_);
    }
  }
  if (monitor_ != nullptr) {
    fields("monitor", int64_t{monitor_->process()});
  }
  log_event(Level::Notice, "confined", fields);
}

void Confinement::verify() {
  reserved_ = ReservedSockets();
  verify_privileges(expected_);
}

std::string Confinement::refusal(const Plan& next) const {
  if (std::vector<std::string> faults = unsafe_files(next); !faults.empty()) {
    return faults.front();
  }
  PlanNeeds needs = needs_of(next);
  if (expected_.has_account) {
    if (uint64_t missing = needs.capabilities & ~expected_.capabilities & ~needs_.capabilities; missing != 0) {
      return "it needs " + show_capabilities(missing) + ", which has been given up" + restart;
    }
    bool has_monitor = monitor_ != nullptr && monitor_->is_there();
    for (const Listening* listening : needs.listens) {
      if (!has_monitor && is_low_port(*listening) && !is_among(*listening, bound_)) {
        return "it listens on " + listening->endpoint.text() +
               ", and the right to bind a port below 1024 has been given up" + restart;
      }
    }
  }
  bool is_strict = is_filtered_ && settings_.sandbox == SandboxMode::Yes;
  if (is_strict && needs.runs_programs && !needs_.runs_programs) {
    return "it runs programs, which the sandbox no longer lets it do" + std::string(restart);
  }
  if (is_strict && needs.enters_namespaces && !needs_.enters_namespaces) {
    return "it enters a network namespace, which the sandbox no longer lets it do" + std::string(restart);
  }
  std::string outside = is_fenced_ ? outside_of(reach_, needs, next.settings) : "";
  return outside.empty() ? outside
                         : "it has to " + outside + ", which is outside of what the sandbox has left open" + restart;
}

}  // namespace stook
