// SPDX-License-Identifier: Apache-2.0
/// Floor 5. stookd: the daemon. Switches are ulogd's.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>

#include "core/base/code_pages.hh"
#include "core/daemon/pidfile.hh"
#include "core/lua/isolate/isolated_script.hh"
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

// Returns an exit code when there is nothing to run, else -1.
int read_switches(int argc, char** argv, Request& request) {
  po::options_description options;
  options.add_options()("help,h", "this text")("version,V", "the version")(
      "configfile,c", po::value(&request.plan.file)->default_value("/etc/stook.conf"), "the configuration")(
      "daemon,d", po::bool_switch(&request.is_daemon), "go to the background once all is open")(
      "loglevel,l", po::value(&request.level), "debug, info, notice, warning, error, fatal, or ulogd's 1 to 8")(
      "verbose,v", po::bool_switch(&request.is_verbose), "log to stderr, whatever the configuration says")(
      "pidfile,p", po::value(&request.pidfile), "write the process's number here, and lock it")(
      "uid,u", po::value(&request.user), "become this user once all is open")(
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

void become(const std::string& user, Control& control) ROOM(front) {
  if (user.empty()) {
    return;
  }
  passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr) {
    throw SetupError("there is no user '" + user + "'; create it, or name another by -u or user=");
  }
  control.give_to(entry->pw_uid, entry->pw_gid);
  // glibc applies these to all threads of the process.
  if (::initgroups(entry->pw_name, entry->pw_gid) != 0 ||
      ::setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) != 0 ||
      ::setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) != 0) {
    throw SetupError("cannot become user '" + user + "': " + strerror(errno) + "; stookd must start as root for that",
                     errno);
  }
  if (entry->pw_uid != 0 && ::setuid(0) == 0) {
    throw SetupError("became user '" + user + "' but could go back to root; refusing to run");
  }
}

Exit serve(const Request& request, const std::shared_ptr<const Plan>& plan) ROOM(front) {
  const Settings settings = plan->settings;
  set_log_level(settings.loglevel);
  set_log_file(settings.logfile);
  std::string pid_path = request.pidfile.empty() ? settings.pidfile : request.pidfile;
  PidFile pidfile = pid_path.empty() ? PidFile() : PidFile(pid_path);
  Background background;
  if (request.is_daemon) {
    background.enter();
  }
  pidfile.write_pid();
  Service service(plan, request.plan);
  service.start();
  log_unused_passed();
  become(request.user.empty() ? settings.user : request.user, service.supervision().control());
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
