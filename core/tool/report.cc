// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook report [-c FILE] [-o OUT]`: what a bug report needs, in one text file: versions, the machine, limits, the
/// configuration with its secrets masked, what a running stookd says of itself, the last lines of its log, crash reports.
/// Each part that cannot be had says why, and the others follow. Rows are nowhere in it; look through it all the same before
/// it goes to others, as paths, addresses and the log's reasons are.
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <deque>
#include <fstream>
#include <memory>
#include <sstream>

#include "core/base/crash_files.hh"
#include "core/base/fd.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"
#include "core/plan/ini.hh"
#include "core/plan/plan.hh"
#include "core/plan/registry.hh"
#include "core/tool/ask.hh"
#include "core/tool/commands.hh"

namespace stook {

namespace {
constexpr const char* usual_config = "/etc/stook.conf";
constexpr const char* usual_control = "/run/stook/control";
constexpr size_t log_lines = 200;
constexpr size_t most_of_a_file = 1 << 20;

/// A report under way: parts with a heading each.
class BugReport {
 public:
  void part(const std::string& heading, const std::string& body) {
    text_ += "==== " + heading + "\n" + body;
    text_ += body.empty() || body.back() != '\n' ? "\n\n" : "\n";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string read_begin(const std::string& path) {
  std::ifstream in(path);
  if (!in) {
    return "cannot read " + path + ": " + std::strerror(errno) + "\n";
  }
  std::string text(most_of_a_file, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  return text;
}

// `scheme://user:password@host`.
std::string mask_urls(std::string line) {
  for (size_t at = line.find("://"); at != std::string::npos; at = line.find("://", at + 3)) {
    size_t end = std::min(line.find_first_of("/ \t,;\"'", at + 3), line.size());
    size_t sign = line.rfind('@', end);
    if (sign != std::string::npos && sign > at + 3 && sign < end) {
      line.replace(at + 3, sign - at - 3, sign - at - 3, '*');
    }
  }
  return line;
}

// Lines of headers.
std::string mask_headers(std::string line) {
  std::string low = lower(line);
  size_t sign = line.find('=');
  bool is_header = low.find("authorization") != std::string::npos || low.find("api-key") != std::string::npos ||
                   low.find("cookie") != std::string::npos;
  if (is_header && sign != std::string::npos) {
    line.replace(sign + 1, std::string::npos, line.size() - sign - 1, '*');
  }
  return line;
}

// A value that goes on in the next line is masked there, too.
std::string masked(const std::string& path) {
  std::istringstream in(read_begin(path));
  std::string text;
  bool goes_on = false;
  for (std::string line; std::getline(in, line);) {
    std::string shown = goes_on ? std::string(line.size(), '*') : mask_headers(mask_urls(mask_secrets(line)));
    goes_on = line.ends_with('\\') && (goes_on || shown != line);
    text += shown + "\n";
  }
  return text;
}

std::string last_lines(std::istream& in) {
  std::deque<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(std::move(line));
    if (lines.size() > log_lines) {
      lines.pop_front();
    }
  }
  std::string text;
  for (const std::string& line : lines) {
    text += printable(mask_urls(mask_secrets(line)), 4096) + "\n";
  }
  return text;
}

// The journal's lines of the unit; what journalctl says on its standard error is among them.
std::string journal() {
  std::string command = "journalctl -u stookd -n " + std::to_string(log_lines) + " --no-pager -o short-iso 2>&1";
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "re"), ::pclose);
  std::string text;
  char bytes[4096];
  for (size_t got = 0; pipe && (got = std::fread(bytes, 1, sizeof bytes, pipe.get())) > 0;) {
    text.append(bytes, got);
  }
  std::istringstream in(text);
  return last_lines(in);
}

std::string log_of(const std::string& logfile) {
  if (logfile == "stderr" || logfile == "stdout" || logfile == "syslog" || logfile.starts_with("journald")) {
    return "logfile = " + logfile + "; what the journal has of it:\n" + journal();
  }
  std::ifstream in(logfile);
  return in ? last_lines(in) : "cannot read " + logfile + ": " + std::strerror(errno) + "\n";
}

std::string machine() {
  utsname system{};
  std::string text = "stook " + std::string(STOOK_VERSION) + "\n";
  if (::uname(&system) == 0) {
    text += std::string(system.sysname) + " " + system.release + " " + system.version + " " + system.machine + "\n";
  }
  std::istringstream release(read_begin("/etc/os-release"));
  for (std::string line; std::getline(release, line);) {
    text += line.starts_with("PRETTY_NAME=") ? line + "\n" : "";
  }
  text += "processors " + std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)) + "\n";
  std::istringstream memory(read_begin("/proc/meminfo"));
  for (std::string line; std::getline(memory, line);) {
    text += line.starts_with("Mem") || line.starts_with("Swap") ? line + "\n" : "";
  }
  text += "plugins";
  for (const Plugin* plugin : known_plugins()) {
    text += " " + std::string(kind_name(plugin->kind)) + ":" + plugin->name;
  }
  return text + "\n";
}

std::string asked(const std::string& socket, const char* request) {
  try {
    return ask(socket, request);
  } catch (const SetupError& error) {
    return std::string(error.what()) + "\n";
  }
}

// The process that a pidfile or the control socket names: who it is, what it may do, how much it has.
std::string process_of(const Settings& settings) {
  std::ifstream in(settings.pidfile);
  std::string pid;
  bool has_number = !settings.pidfile.empty() && std::getline(in, pid) && !pid.empty() &&
                    pid.find_first_not_of("0123456789") == std::string::npos;
  if (pid_t found = has_number || settings.control.empty() ? 0 : find_process(settings.control); found > 0) {
    pid = std::to_string(found);
    has_number = true;
  }
  if (!has_number) {
    return "neither a pidfile nor a control socket names it; limits of this shell:\n" + read_begin("/proc/self/limits");
  }
  return "process " + pid + "\n" + read_begin("/proc/" + pid + "/status") + read_begin("/proc/" + pid + "/limits");
}

void add_configuration(BugReport& report, const std::string& file, Settings& settings) {
  std::vector<std::string> files = {file};
  try {
    std::unique_ptr<Plan> plan = make_plan({file, {}});
    settings = plan->settings;
    files = plan->files;
    report.part("stook plan", plan->show());
  } catch (const ConfigErrors& errors) {
    report.part("stook check", mask_urls(show_errors(errors)));
  }
  for (const std::string& one : files) {
    report.part("configuration " + one + ", secrets masked", masked(one));
  }
}

std::string compose(const std::string& file) {
  BugReport report;
  Settings settings;
  settings.control = usual_control;
  report.part("versions and machine", machine());
  add_configuration(report, file, settings);
  if (!settings.control.empty()) {
    for (const char* request : {"health", "ledger", "metrics", "help"}) {
      report.part("stookd says: " + std::string(request), asked(settings.control, request));
    }
  } else {
    report.part("stookd says", "the configuration has no control=, so it cannot be asked\n");
  }
  report.part("process", process_of(settings));
  report.part("log, the last " + std::to_string(log_lines) + " lines", log_of(settings.logfile));
  std::vector<std::string> crashes =
      settings.state_dir.empty() ? std::vector<std::string>{} : crash_reports_in(settings.state_dir);
  for (const std::string& crash : crashes) {
    report.part("crash report " + crash, read_begin(crash));
  }
  if (crashes.empty()) {
    report.part("crash reports", settings.state_dir.empty() ? "no state_dir, so there are none\n" : "none\n");
  }
  return report.text();
}

std::string usual_name() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char name[64];
  std::strftime(name, sizeof name, "stook-report-%Y%m%dT%H%M%SZ.txt", &parts);
  return name;
}

int write_out(const std::string& text, const std::string& out) {
  if (out == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  }
  Fd fd(::open(out.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    std::fprintf(stderr, "stook report: cannot write %s: %s\n", out.c_str(), std::strerror(errno));
    return 3;
  }
  std::printf("%s\n", out.c_str());
  return 0;
}
}  // namespace

int report_command(const std::vector<std::string>& words) {
  std::string file = usual_config;
  std::string out = usual_name();
  for (size_t i = 0; i < words.size(); i += 2) {
    if (i + 1 == words.size() || (words[i] != "-c" && words[i] != "-o")) {
      std::fputs("usage: stook report [-c FILE] [-o OUT | -o -]\n", stderr);
      return 2;
    }
    (words[i] == "-c" ? file : out) = words[i + 1];
  }
  return write_out(compose(file), out);
}

}  // namespace stook
