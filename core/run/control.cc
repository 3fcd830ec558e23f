// SPDX-License-Identifier: Apache-2.0
/// Floor 4. The protocol of the control socket (AF_UNIX, SOCK_STREAM):
///
///   The caller connects and sends one line: a verb and its words, separated by blanks, printable ASCII, at most 1,024
///   bytes with its newline. `\r\n` ends a line as well, and so does the end of what the caller sends.
///   The process sends one line of status: `ok`, or `error ` and one sentence. Behind `ok` come the lines of the answer,
///   in UTF-8. Then it closes the connection. The answers of `tap` and `trace` (core/run/taps.hh) go on for as long as the
///   caller stays. What the caller sends behind its line is not looked at.
///   Bounds: 16 connections at once, the next is told so and closed; 5 seconds from connecting to the end of the answer,
///   then the connection is closed wherever it is; an answer that goes on has no such end. One descriptor is held for
///   callers, so that a process that is out of them can still be asked, one question at a time.
///
///   $ printf 'health\n' | nc -U /run/stook/control
///   ok
///   healthy: 2 sources, nothing waits
#include "core/run/control.hh"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/log.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"

namespace stook {

namespace {

/// How long no connection is taken after the process ran out of descriptors.
constexpr int64_t retry_after = 1'000'000'000;

[[noreturn]] void fail(const std::string& path, const std::string& what, int code) {
  throw SetupError("cannot listen at the control socket " + path + ": " + what, code);
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    fail(path, "the path is too long; a socket takes " + std::to_string(sizeof address.sun_path - 1) + " bytes",
         ENAMETOOLONG);
  }
  memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// Whether a process listens there.
bool is_alive(const sockaddr_un& address) {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         (errno != ECONNREFUSED && errno != ENOENT);
}

void make_way(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    return;
  }
  if (!S_ISSOCK(found.st_mode)) {
    fail(path, "there is a file that is no socket; give another path, or take it away", EEXIST);
  }
  if (is_alive(address)) {
    fail(path, "another process answers there; stop it first, or give another path by control=", EADDRINUSE);
  }
  ::unlink(path.c_str());
}

std::string hint(int code) {
  if (code == ENOENT) {
    return "; create the folder first, or leave out control=";
  }
  return code == EACCES ? "; let the user write to the folder, or give another path by control=" : "";
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (size_t at = 0; at < line.size();) {
    size_t end = std::min(line.find(' ', at), line.size());
    if (end > at) {
      words.push_back(line.substr(at, end - at));
    }
    at = end + 1;
  }
  return words;
}

std::string status_and_text(const Control::Answer& answer) {
  return answer.is_good ? "ok\n" + answer.text : "error " + printable(answer.text) + "\n";
}

}  // namespace

/// One caller: its line comes in, its answer goes out, and it is gone.
class Control::Connection {
 public:
  Connection(Control& control, Fd fd) : control_(control), fd_(std::move(fd)) {}

  void start() ROOM(front) {
    io_.on_readable<&Connection::on_readable>(control_.loop_, this, fd_.get());
    timer_.on_time<&Connection::on_late>(control_.loop_, this, patience);
  }

 private:
  void on_readable() ROOM(front) {
    char bytes[longest_request + 1];
    ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes - in_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    }
    if (got > 0) {
      in_.append(bytes, static_cast<size_t>(got));
    }
    size_t end = in_.find('\n');
    if (end == std::string::npos && got > 0 && in_.size() <= longest_request) {
      return;
    }
    if (in_.empty() || got < 0) {
      control_.drop(*this);
      return;
    }
    if (std::min(end, in_.size()) >= longest_request) {
      out_ = status_and_text({false, "the request is longer than " + std::to_string(longest_request) + " bytes"});
    } else {
      Answer answer = control_.answer(std::string_view(in_).substr(0, end));
      out_ = status_and_text(answer);
      rest_ = std::move(answer.rest);
    }
    if (rest_ != nullptr) {
      timer_.on_time<&Connection::on_beat>(control_.loop_, this, beat, beat);
    }
    io_.on_writable<&Connection::on_writable>(control_.loop_, this, fd_.get());
    on_writable();
  }

  void on_writable() ROOM(front) {
    ssize_t sent = ::send(fd_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    }
    sent_ += sent > 0 ? static_cast<size_t>(sent) : 0;
    if (sent < 0 || (sent_ == out_.size() && rest_ == nullptr)) {
      control_.drop(*this);
    } else if (sent_ == out_.size()) {
      out_.clear();
      sent_ = 0;
      io_.stop();
    }
  }

  void on_beat() ROOM(front) {
    // A caller that only ends what it sends is still there; one that has closed is not.
    pollfd look{fd_.get(), 0, 0};
    if (::poll(&look, 1, 0) == 1 && (look.revents & (POLLHUP | POLLERR)) != 0) {
      control_.drop(*this);
      return;
    }
    if (!out_.empty()) {
      return;
    }
    if (!rest_->read(out_)) {
      rest_.reset();
      timer_.on_time<&Connection::on_late>(control_.loop_, this, patience);
    }
    if (!out_.empty() || rest_ == nullptr) {
      io_.on_writable<&Connection::on_writable>(control_.loop_, this, fd_.get());
      on_writable();
    }
  }

  void on_late() ROOM(front) { control_.drop(*this); }

  Control& control_;
  Fd fd_;
  Watcher io_;
  Watcher timer_;
  std::string in_;
  std::string out_;
  std::unique_ptr<Stream> rest_;
  size_t sent_ = 0;
};

Control::Control(Loop& loop) : loop_(loop) {}

Control::~Control() {
  room::enter(room::front);
  close();
}

void Control::add(std::string_view usage, Verb verb) {
  verbs_.push_back({std::string(usage), std::move(verb)});
}

void Control::open(const std::string& path) {
  sockaddr_un address = address_of(path);
  make_way(path, address);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The mode of an unbound socket becomes that of its path, so there is no moment at which others could connect.
  if (!fd || ::fchmod(fd.get(), 0600) != 0 ||
      ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    int code = errno;
    fail(path, strerror(code) + hint(code), code);
  }
  struct stat made {};
  if (::listen(fd.get(), most) != 0 || ::lstat(path.c_str(), &made) != 0) {
    fail(path, strerror(errno), errno);
  }
  path_ = path;
  device_ = made.st_dev;
  inode_ = made.st_ino;
  fd_ = std::move(fd);
  spare_.hold();
  listen();
}

void Control::give_to(uid_t user, gid_t group) {
  if (fd_ && ::lchown(path_.c_str(), user, group) != 0) {
    throw SetupError("cannot give the control socket " + path_ + " to the user: " + strerror(errno), errno);
  }
}

void Control::close() {
  connections_.clear();
  accept_.stop();
  retry_.stop();
  struct stat found {};
  if (fd_ && ::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  fd_.reset();
}

void Control::listen() {
  accept_.on_readable<&Control::on_connect>(loop_, this, fd_.get());
}

void Control::on_connect() {
  Fd fd = spare_.accept(fd_.get());
  if (!fd) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      static LogLimit limit{1};
      if (auto pass = limit.pass()) {
        log_event(Level::Warning, "control_failed",
                  Fields()("path", path_)("reason", strerror(errno))("suppressed", pass.suppressed));
      }
      accept_.stop();  // the caller stays in the queue, and would be reported again at once
      retry_.on_time<&Control::listen>(loop_, this, retry_after);
    }
    return;
  }
  if (connections_.size() >= most) {
    std::string text = status_and_text({false, "there are " + std::to_string(most) + " connections; try again later"});
    (void)::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    return;
  }
  connections_.push_back(std::make_unique<Connection>(*this, std::move(fd)));
  connections_.back()->start();
}

void Control::drop(const Connection& connection) {
  std::erase_if(connections_, [&](auto& one) { return one.get() == &connection; });
  spare_.hold();
}

Control::Answer Control::answer(std::string_view line) const {
  line = line.substr(0, line.size() - (line.ends_with('\r') ? 1 : 0));
  if (std::any_of(line.begin(), line.end(), [](char byte) { return byte < ' ' || byte > '~'; })) {
    return {false, "the request is not printable ASCII; send `help`"};
  }
  std::vector<std::string_view> words = words_of(line);
  std::string_view verb = words.empty() ? std::string_view() : words.front();
  if (verb == "help" && words.size() == 1) {
    return {true, help()};
  }
  for (const Named& one : verbs_) {
    if (verb == std::string_view(one.usage).substr(0, one.usage.find(' '))) {
      words.erase(words.begin());
      return one.verb(words);
    }
  }
  return {false, "no such request: '" + printable(verb, 64) + "'; send `help`"};
}

std::string Control::help() const {
  std::string text = "help\n";
  for (const Named& one : verbs_) {
    text += one.usage + "\n";
  }
  return text;
}

}  // namespace stook
