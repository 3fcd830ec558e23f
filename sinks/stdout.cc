// SPDX-License-Identifier: Apache-2.0
/// stdout: rows on standard output.
///
/// On a terminal rows are aligned and coloured for reading, elsewhere they are JSON lines (the codec `pretty`); `format`
/// chooses another codec. When the reader of a pipe goes away, rows are refused from then on.
///
///   stook run 'file(access.log), parse_access, keep(status >= 500), stdout'
///
///   {"remote_addr":"192.0.2.1","status":502,"path":"/cart"}
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "core/api/plugin.hh"

namespace stook {

namespace {
/// *Invariants:* done_ bytes of the shipment that is offered again are written. *Rooms:* its carrier.
class Stdout final : public Sink {
 public:
  explicit Stdout(const Make& make) : header_(make.header) {}

  void open() override ROOM(carrier) {
    // A closed pipe is an answer of write(2) here, not the end of the process.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  }

  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    Outcome outcome = write_all(header_, header_done_);
    for (size_t i = 0; i < shipment.size() && outcome == Outcome::Done; i++) {
      size_t size = shipment[i]->size();
      if (before_ + size <= done_) {
        before_ += size;
        continue;
      }
      size_t at = done_ - before_;
      outcome = write_all(shipment[i]->bytes(), at);
      done_ = before_ + at;
      before_ += size;
    }
    before_ = 0;
    done_ = outcome == Outcome::Again ? done_ : 0;
    return outcome;
  }

  std::string reason() const override ROOM(carrier) { return reason_; }
  // Nobody reads any more.
  bool refuses_all() const override ROOM(carrier) { return true; }

 private:
  // Writes from `at` on and moves it.
  Outcome write_all(std::string_view bytes, size_t& at) ROOM(carrier) {
    while (at < bytes.size()) {
      ssize_t wrote = ::write(STDOUT_FILENO, bytes.data() + at, bytes.size() - at);
      if (wrote >= 0) {
        at += static_cast<size_t>(wrote);
      } else if (errno == EAGAIN) {
        pollfd out{STDOUT_FILENO, POLLOUT, 0};
        (void)::poll(&out, 1, 1000);
      } else if (errno != EINTR) {
        reason_ = std::string("write standard output: ") + std::strerror(errno);
        return errno == ENOSPC || errno == EIO ? Outcome::Again : Outcome::Refused;
      }
    }
    return Outcome::Done;
  }

  std::string header_;
  size_t header_done_ OWNED(carrier) = 0;
  size_t before_ OWNED(carrier) = 0;
  size_t done_ OWNED(carrier) = 0;
  std::string reason_ OWNED(carrier);
};

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<Stdout>(make);
}
}  // namespace

extern const Plugin sink_stdout;
const Plugin sink_stdout = {
    .kind = Kind::Sink,
    .name = "stdout",
    .doc = "rows on standard output, for looking and for pipes",
    .options = {},
    .needs = needs_nothing,
    .sink = make,
    .format = "pretty",
};

}  // namespace stook
