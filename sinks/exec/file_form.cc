// SPDX-License-Identifier: Apache-2.0
#include "sinks/exec/file_form.hh"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <cstring>

#include "core/base/clock.hh"
#include "core/base/fd.hh"
#include "core/base/link_rule.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"

namespace stook {

namespace {

constexpr int64_t second = 1'000'000'000;
/// What shells answer when a command cannot be run, or is not there.
constexpr int not_executable = 126;
constexpr int not_found = 127;

bool write_whole(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno != EINTR) {
      return false;
    }
    bytes.remove_prefix(put > 0 ? static_cast<size_t>(put) : 0);
  }
  return true;
}

}  // namespace

FileForm::FileForm(const ExecSinkConfig& config, const Make& make)
    : config_(config), header_(make.header), program_(config, make) {}

void FileForm::open() {
  const char* usual = getenv("TMPDIR");
  std::string name = (!config_.temporary.empty() ? config_.temporary
                      : usual != nullptr         ? usual
                                                 : "/tmp") +
                     "/stook-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw SetupError("cannot make a folder " + name + ": " + std::strerror(errno), errno);
  }
  folder_ = name;
  in_ = folder_ + "/rows";
  out_ = config_.output.empty() ? "" : folder_ + "/output";
}

bool FileForm::fail(const char* what, const std::string& path) {
  reason = std::string("cannot ") + what + " " + path + ": " + std::strerror(errno);
  retry_after = 0;
  return false;
}

bool FileForm::write_rows(Shipment shipment) {
  clean();
  Fd fd(::open(in_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd || !write_whole(fd.get(), header_)) {
    return fail("write", in_);
  }
  for (const Payload* payload : shipment) {
    if (!write_whole(fd.get(), payload->bytes())) {
      return fail("write", in_);
    }
  }
  return true;
}

bool FileForm::begin(Shipment shipment) {
  if (!write_rows(shipment)) {
    return false;
  }
  std::vector<std::string> names{in_};
  if (!out_.empty()) {
    names.push_back(out_);
  }
  if (!program_.start(names, false, false)) {
    reason = program_.reason();
    return false;
  }
  started_ = monotonic_ns();
  return true;
}

/// Appends what the program has written to `output`: all of it or nothing.
bool FileForm::take_output() {
  Fd from(::open(out_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!from) {
    return fail("read", out_);
  }
  Fd to(::open(config_.output.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | link_rule(config_.output), 0640));
  struct stat status {};
  if (!to || fstat(to.get(), &status) != 0) {
    return fail("open", config_.output);
  }
  char piece[65536];
  for (ssize_t got; (got = ::read(from.get(), piece, sizeof piece)) != 0;) {
    if (got < 0 || !write_whole(to.get(), {piece, static_cast<size_t>(got)})) {
      fail("write", config_.output);
      if (S_ISREG(status.st_mode)) {
        (void)!ftruncate(to.get(), status.st_size);
      }
      return false;
    }
  }
  return true;
}

Outcome FileForm::ended() {
  Ending ending = program_.ending();
  program_.finish();
  reason = config_.words[0] + " has ended with " + ending.words();
  retry_after = 0;
  if (ending.is_good()) {
    return out_.empty() || take_output() ? Outcome::Done : Outcome::Again;
  }
  if (ending.code == EX_DATAERR) {
    return Outcome::Refused;
  }
  bool is_wrong = ending.code == EX_CONFIG || ending.code == not_executable || ending.code == not_found;
  return is_wrong ? Outcome::Misconfigured : Outcome::Again;
}

Outcome FileForm::deliver(Shipment shipment) {
  if (!program_.is_on() && !begin(shipment)) {
    clean();
    return Outcome::Again;
  }
  int64_t deadline = started_ + config_.timeout.ns;
  while (!program_.has_ended()) {
    if (monotonic_ns() >= deadline) {
      program_.end(second);
      clean();
      return again(config_.words[0] + " has run for " + show_duration(config_.timeout.ns) + " and was ended", 0);
    }
    if (program_.is_over(deadline)) {
      return again(config_.words[0] + " has not ended yet", 1);
    }
    program_.wait(false, false, deadline);
  }
  Outcome outcome = ended();
  clean();
  return outcome;
}

void FileForm::clean() {
  unlink(in_.c_str());
  if (!out_.empty()) {
    unlink(out_.c_str());
  }
}

void FileForm::forget() {
  program_.end(second / 2);
  clean();
}

void FileForm::close() {
  forget();
  rmdir(folder_.c_str());
}

}  // namespace stook
