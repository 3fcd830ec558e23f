// SPDX-License-Identifier: Apache-2.0
/// Floor 5. stookd: the daemon. Switches are ulogd's.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>

#include "core/base/code_pages.hh"
#include "core/base/crash_files.hh"
#include "core/base/log_form.hh"
#include "core/daemon/confinement.hh"
#include "core/daemon/crash.hh"
#include "core/daemon/owners.hh"
#include "core/daemon/pidfile.hh"
#include "core/lua/isolate/isolated_script.hh"
#include "core/lua/library/each_second.hh"
#include "core/net/passed.hh"
#include "core/plan/settings.hh"
#include "core/run/service.hh"
#include "core/tool/commands.hh"

namespace po = boost::program_options;

namespace stook {
namespace {

struct Request {
  PlanRequest plan;
  std::string pidfile;
  std::string user;
  std::string info;
  std::string level;
  bool is_daemon = false;
  bool is_verbose = false;
  bool is_trusting = false;
};

// The same bounds as in the configuration; a sign would wrap around unnoticed.
size_t read_count(const po::variables_map& words, const char* name, size_t least, size_t most) {
  if (words.count(name) == 0) {
    return 0;
  }
  uint64_t count = 0;
  std::string why;
  if (!read_value(words[name].as<std::string>(), count, why) || count < least || count > most) {
    throw po::error(std::string("--") + name + " takes a number from " + std::to_string(least) + " to " +
                    std::to_string(most));
  }
  return count;
}

/// Files that decide what stookd does, and that others may write.
struct UnsafeFiles : std::runtime_error {
  explicit UnsafeFiles(std::vector<std::string> faults_)
      : std::runtime_error("unsafe files"), faults(std::move(faults_)) {}
  std::vector<std::string> faults;
};

// Returns an exit code when there is nothing to run, else -1.
int read_switches(int argc, char** argv, Request& request) {
  po::options_description options;
  options.add_options()("help,h", "this text")("version,V", "the version")(
      "configfile,c", po::value(&request.plan.file)->default_value("/etc/stook.conf"), "the configuration")(
      "daemon,d", po::bool_switch(&request.is_daemon), "go to the background once all is open")(
      "loglevel,l", po::value(&request.level), "debug, info, notice, warning, error, fatal, or ulogd's 1 to 8")(
      "verbose,v", po::bool_switch(&request.is_verbose), "log to stderr, whatever the configuration says")(
      "insecure", po::bool_switch(&request.is_trusting), "take files, too, that others may write; for development")(
      "pidfile,p", po::value(&request.pidfile), "write the process's number here, and lock it")(
      "uid,u", po::value(&request.user), "become this user once it listens")(
      "info,i", po::value(&request.info), "describe a plugin")("threads,t", po::value<std::string>(), "worker threads")(
      "keyspool,k", po::value<std::string>(), "bundles of each source");
  po::variables_map words;
  try {
    po::store(po::command_line_parser(argc, argv).options(options).positional({}).run(), words);
    po::notify(words);
    request.plan.threads = read_count(words, "threads", 1, 256);
    request.plan.keyspool = read_count(words, "keyspool", 2, 65536);
  } catch (const po::error& error) {
    std::fprintf(stderr, "stookd: %s; see stookd -h\n", error.what());
    return 2;
  }
  if (words.count("help") != 0) {
    std::cout << "stookd: collects logs, events and flows\n\nusage: stookd [-d] [-c FILE] …\n" << options;
    return 0;
  }
  if (words.count("version") != 0) {
    std::printf("stookd %s\n", STOOK_VERSION);
    return 0;
  }
  if (!request.info.empty()) {
    return describe_command({request.info});
  }
  return -1;
}

bool apply_level(const std::string& text, Settings& settings) {
  if (text.empty() || find_level(text, settings.loglevel)) {
    return true;
  }
  std::fprintf(stderr,
               "stookd: -l %s: no such level; it takes debug, info, notice, warning, error, fatal or ulogd's 1 to 8\n",
               text.c_str());
  return false;
}

// The parent waits until the child has opened everything, and ends with the child's verdict.
class Background {
 public:
  void enter() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      throw SetupError(std::string("pipe: ") + strerror(errno), errno);
    }
    pid_t child = ::fork();
    if (child < 0) {
      throw SetupError(std::string("fork: ") + strerror(errno), errno);
    }
    if (child > 0) {
      ::close(ends[1]);
      char verdict = 3;
      ssize_t got = ::read(ends[0], &verdict, 1);
      ::_exit(got == 1 ? verdict : static_cast<int>(Exit::Setup));
    }
    ::close(ends[0]);
    report_.reset(ends[1]);
    ::setsid();
  }
  void ready() {
    if (!report_) {
      return;
    }
    int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
      ::dup2(null, 0);
      ::dup2(null, 1);
      ::dup2(null, 2);
      ::close(null);
    }
    char verdict = 0;
    [[maybe_unused]] ssize_t sent = ::write(report_.get(), &verdict, 1);
    report_.reset();
  }

 private:
  Fd report_;
};

Exit serve(const Request& request, const std::shared_ptr<const Plan>& plan) ROOM(front) {
  const Settings settings = plan->settings;
  Confinement confinement(*plan, request.user, request.is_trusting);
  if (std::vector<std::string> faults = confinement.unsafe_files(*plan); !faults.empty()) {
    throw UnsafeFiles(std::move(faults));
  }
  set_log_level(settings.loglevel);
  set_log_json(settings.log_format == LogForm::Json);
  set_instance_levels(log_levels(*plan));
  set_log_file(settings.logfile);
  std::string pid_path = request.pidfile.empty() ? settings.pidfile : request.pidfile;
  PidFile pidfile = pid_path.empty() ? PidFile() : PidFile(pid_path);
  Background background;
  if (request.is_daemon) {
    background.enter();
  }
  pidfile.write_pid();
  confinement.keep_monitor(request.plan.file, request.is_daemon);
  Service service(plan, request.plan);
  MonitorWatch watch(confinement.monitor(), service.loop());
  service.on_check([&confinement](const Plan& next) { return confinement.refusal(next); });
  service.open();
  confinement.enter(service.supervision());
  CrashReports crashes(service.engine(), settings.state_dir);
  EachSecond::release();
  service.start();
  log_unused_passed();
  confinement.verify();
  tell_former_crashes(settings.state_dir);
  background.ready();
  drop_code_pages();
  log_event(Level::Notice, "started", Fields()("config", request.plan.file)("version", STOOK_VERSION));
  Exit exit = service.run();
  log_report(service.engine().report());
  log_event(Level::Notice, "stopped", Fields()("exit", static_cast<int>(exit)));
  if (service.engine().has_stuck_thread()) {
    { PidFile gone = std::move(pidfile); }
    service.leave(exit);
  }
  return exit;
}

int run(int argc, char** argv) {
  room::enter(room::front);
  Request request;
  int code = read_switches(argc, argv, request);
  if (code >= 0) {
    return code;
  }
  EachSecond::hold();
  try {
    Settings settings;
    if (!apply_level(request.level, settings)) {
      return static_cast<int>(Exit::Usage);
    }
    request.plan.loglevel = request.level;
    request.plan.logfile = request.is_verbose ? "stderr" : "";
    return static_cast<int>(serve(request, make_plan(request.plan)));
  } catch (const ConfigErrors& errors) {
    std::fputs(show_errors(errors).c_str(), stderr);
    return static_cast<int>(Exit::Usage);
  } catch (const UnsafeFiles& error) {
    for (const std::string& fault : error.faults) {
      std::fprintf(stderr, "stookd: %s\n", fault.c_str());
    }
    std::fputs("stookd: refusing to start; --insecure starts all the same\n", stderr);
    return owners_exit;
  } catch (const PrivilegeError& error) {
    std::fprintf(stderr, "stookd: %s\n", error.what());
    return privileges_exit;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stookd: %s\n", error.what());
    return static_cast<int>(Exit::Setup);
  }
}

}  // namespace
}  // namespace stook

int main(int argc, char** argv) {
  return stook::is_isolated_script(argc, argv) ? stook::run_isolated_script() : stook::run(argc, argv);
}
