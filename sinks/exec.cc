// SPDX-License-Identifier: Apache-2.0
/// exec: rows to a program.
///
/// Either one program goes on running and reads rows on its standard input (`form=stream`), or a program is run for each
/// shipment with the name of a file that has its rows (`form=file`). In the first form delivered means written to the
/// pipe, or, with `confirm=line`, that the program has said `ok`; in the second that it has ended with 0.
///
///     stack=in:file,out:exec
///     [out]
///     command=tr a-z A-Z < $1 > $2
///     shell=yes
///     form=file
///     output=/var/log/upper.log
#include <pthread.h>
#include <signal.h>

#include <stdexcept>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "sinks/exec/file_form.hh"
#include "sinks/exec/stream_form.hh"

namespace stook {

namespace {

constexpr int64_t second = 1'000'000'000;

constexpr Option options[] = {
    option<&ExecSinkConfig::command>("command", required,
                                     "the program and its arguments, cut at blanks; \"\", '' and \\ quote"),
    option<&ExecSinkConfig::is_shell>("shell", "no", "the command is run by /bin/sh -c"),
    option<&ExecSinkConfig::form>(
        "form", "stream",
        "stream: one program reads rows on its standard input; file: a program is run for each "
        "shipment, with the name of a file of rows behind its arguments"),
    option<&ExecSinkConfig::confirm>(
        "confirm", "none", "form=stream: line: the program answers each batch by a line ok, again or refused"),
    option<&ExecSinkConfig::batch_end>("batch_end", "",
                                       "confirm=line: the line that follows a batch; empty: an empty line"),
    option<&ExecSinkConfig::timeout>("timeout", "60s",
                                     "a program that has not answered or ended for so long is ended, and its rows are "
                                     "offered again",
                                     {1e7, 1e18}),
    option<&ExecSinkConfig::output>("output", "",
                                    "form=file: what the program writes into the file named by a second argument is "
                                    "appended here"),
    option<&ExecSinkConfig::temporary>("temporary", "", "form=file: a folder for the files; empty: $TMPDIR, or /tmp"),
    option<&ExecSinkConfig::environment>("environment", "", "NAME=value, more variables for it"),
    option<&ExecSinkConfig::folder>("folder", "", "where it works; empty: where stookd does"),
};

std::string placed(std::string_view folder, const std::string& path) {
  return path.empty() || path[0] == '/' ? path : std::string(folder) + "/" + path;
}

void declare(void* config, std::string_view folder, Wiring&) {
  ExecSinkConfig& exec = *static_cast<ExecSinkConfig*>(config);
  exec.words = exec.is_shell ? std::vector<std::string>{"/bin/sh", "-c", exec.command} : split_command(exec.command);
  if (exec.words.empty() || exec.words[0].empty()) {
    throw std::invalid_argument("command is empty; it takes a program and its arguments");
  }
  if (exec.is_shell) {
    exec.words.push_back("sh");  // $0, so that the files are $1 and $2
  }
  for (const std::string& variable : exec.environment) {
    if (variable.find('=') == std::string::npos || variable[0] == '=') {
      throw std::invalid_argument("environment has '" + variable + "'; it takes NAME=value");
    }
  }
  if (exec.form == ExecForm::File && exec.confirm == ExecConfirm::Line) {
    throw std::invalid_argument("confirm=line is for form=stream; with form=file the exit code confirms");
  }
  if (exec.form == ExecForm::Stream && !exec.output.empty()) {
    throw std::invalid_argument("output is for form=file");
  }
  exec.output = placed(folder, exec.output);
  exec.temporary = placed(folder, exec.temporary);
  exec.folder = placed(folder, exec.folder);
}

/// *Rooms:* its carrier.
class ExecSink final : public Sink {
 public:
  explicit ExecSink(const Make& make) {
    const ExecSinkConfig& config = *static_cast<const ExecSinkConfig*>(make.config);
    if (config.form == ExecForm::Stream) {
      form_ = std::make_unique<StreamForm>(config, make);
    } else {
      form_ = std::make_unique<FileForm>(config, make);
    }
  }

  void open() override ROOM(carrier) {
    // A closed pipe is an answer of write(2) here, not the end of the process.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    form_->open();
  }
  Outcome deliver(Shipment shipment) override ROOM(carrier) { return form_->deliver(shipment); }
  std::string reason() const override ROOM(carrier) { return form_->reason; }
  int64_t retry_after() const override ROOM(carrier) { return form_->retry_after; }
  void forget(Shipment) override ROOM(carrier) { form_->forget(); }
  /// Now and then what the program says of itself is taken in, so that it never waits for that.
  int64_t next_time() override ROOM(carrier) { return form_->is_on() ? next_ : -1; }
  void on_time(int64_t now) override ROOM(carrier) {
    next_ = now + second;
    form_->on_time();
  }
  void close() override ROOM(carrier) { form_->close(); }

 private:
  std::unique_ptr<ProgramForm> form_ OWNED(carrier);
  int64_t next_ OWNED(carrier) = 0;
};

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<ExecSink>(make);
}

void needs_of(const void*, Needs& needs) {
  needs.runs_programs = true;
}

}  // namespace

extern const Plugin sink_exec;
const Plugin sink_exec = {
    .kind = Kind::Sink,
    .name = "exec",
    .doc = "hands rows to a program, by its standard input or by a file",
    .options = options,
    .primary = "command",
    .config = config_type<ExecSinkConfig>,
    .declare = declare,
    .needs = needs_of,
    .sink = make,
    .format = "json",
};

}  // namespace stook
