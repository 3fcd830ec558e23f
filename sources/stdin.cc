// SPDX-License-Identifier: Apache-2.0
/// stdin: reads lines from the standard input until its end.
///
/// Pipes, terminals, sockets and files all do. Each line is a row; a last line without a newline is one too.
///
///     journalctl -o json | stook run 'stdin, parse_json, keep(PRIORITY <= 4), stdout'
///
/// The row of a line:
///
///     message="{\"PRIORITY\":\"3\",\"MESSAGE\":\"disk full\"}"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/api/identity.hh"
#include "core/api/plugin.hh"
#include "core/base/log.hh"
#include "sources/lines.hh"

namespace stook {

namespace {

struct StdinConfig {
  Size max_line;
};

constexpr Option options[] = {
    option<&StdinConfig::max_line>("max_line", "256KiB", "a longer line is cut here and marked as truncated",
                                   {64, 16.0 * 1024 * 1024}),
};

void declare(void*, std::string_view, Wiring& wiring) {
  declare_lines(wiring, stream_keys);
}

/// Stands in for a descriptor that is not known to be readable, while lines that were read before become rows.
class DryBytes final : public Bytes {
 public:
  ssize_t read(char*, size_t) override {
    errno = EAGAIN;
    return -1;
  }
};

/// *Rooms:* its front. The descriptor stays as it was given, blocking or not, as other processes may share it: it is
/// read only when the kernel says that it is readable, and once. Regular files are always readable, and epoll refuses
/// them: they are read in idle turns.
class Stdin final : public Source {
 public:
  explicit Stdin(const StdinConfig& config) : reader_(config.max_line.bytes) {}

  void start(Feed& feed) override ROOM(front) {
    feed_ = &feed;
    reader_.attach(feed, stream_keys);
    id_ = id_of_run(feed.id());
    struct stat status {};
    is_polled_ = fstat(STDIN_FILENO, &status) == 0 && !S_ISREG(status.st_mode);
    resume();
  }
  void pause() override ROOM(front) { watcher_.stop(); }
  void resume() override ROOM(front) {
    bool wants_io = is_polled_ && !reader_.has_lines() && !is_at_end_;
    if (has_finished_ || (watcher_.is_active() && wants_io == is_on_io_)) {
      return;
    }
    is_on_io_ = wants_io;
    if (wants_io) {
      watcher_.on_readable<&Stdin::turn>(feed_->loop(), this, STDIN_FILENO);
    } else {
      watcher_.on_idle<&Stdin::turn>(feed_->loop(), this);
    }
  }
  void stop() override ROOM(front) {
    has_finished_ = true;
    watcher_.stop();
  }

 private:
  void turn() ROOM(front);

  Feed* feed_ OWNED(front) = nullptr;
  Watcher watcher_ OWNED(front);
  LineReader reader_ OWNED(front);
  LineState state_ OWNED(front);
  std::string id_ OWNED(front);
  PlainBytes bytes_ OWNED(front){STDIN_FILENO};
  DryBytes dry_ OWNED(front);
  bool is_polled_ OWNED(front) = false;
  bool is_on_io_ OWNED(front) = false;  // what the watcher waits for
  bool is_at_end_ OWNED(front) = false;
  bool has_finished_ OWNED(front) = false;
};

/// Called when there is something to read, or lines are pending: one bundle at the most.
void Stdin::turn() {
  using Step = LineReader::Step;
  Step step = is_at_end_
                  ? Step::End
                  : reader_.read(is_on_io_ || !is_polled_ ? static_cast<Bytes&>(bytes_) : dry_, state_, {{}, 0, id_});
  if (step == Step::Failed) {
    feed_->lose(Loss::Unreadable, 1);
    log_event(Level::Error, "stdin_unreadable", Fields()("instance", feed_->id())("reason", bytes_.reason()));
  }
  if (step == Step::End || step == Step::Failed) {
    is_at_end_ = true;
    if (reader_.flush(state_, {{}, 0, id_}, false)) {
      has_finished_ = true;
      watcher_.stop();
    }
  } else if (is_polled_ && step != Step::Paused) {
    resume();
  }
  feed_->seal();
  if (has_finished_) {
    feed_->finish();
    if (reader_.truncated() > 0) {
      log_event(Level::Warning, "lines_truncated", Fields()("instance", feed_->id())("rows", reader_.truncated()));
    }
  }
}

}  // namespace

extern const Plugin source_stdin;
const Plugin source_stdin = {
    .kind = Kind::Source,
    .name = "stdin",
    .doc = "Reads lines from the standard input until its end",
    .options = options,
    .config = config_type<StdinConfig>,
    .declare = declare,
    .needs = needs_nothing,
    .source = make_source<Stdin, StdinConfig>,
    .is_finite = true,
};

}  // namespace stook
