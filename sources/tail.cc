// SPDX-License-Identifier: Apache-2.0
/// tail: follows files that grow, and hands on each line as soon as it is written.
///
/// Files that appear later are followed from their begin. A renamed file is read to its end while the new one at its path
/// begins at 0; a truncated one begins again. A line without newline waits for it, or is handed on as `partial` after
/// `partial_flush`. On stop, what is there is read for at most a second. How far each file has been *delivered* is kept in `state_file`, so that a stop or crash loses nothing.
///
///     stack=in:tail,parse_access,out:file
///     [in]
///     path=/var/log/nginx/*.log, /srv/*/log/access.log
///
/// A row: message="203.0.113.19 - - [21/Oct/2025:06:25:03 +0000] \"GET / HTTP/1.1\" 200 146 \"-\" \"curl/7.88.1\""
///
/// On NFS, SMB, FUSE and overlay file systems, whose changes inotify does not always tell, files are looked at each
/// `poll_slow` and patterns each `rescan` as well. Elsewhere nothing wakes up while nothing is written.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/api/plugin.hh"
#include "core/base/log.hh"
#include "sources/glob.hh"
#include "sources/lines.hh"
#include "sources/tail/files.hh"
#include "sources/tail/reading.hh"

namespace stook {

enum class StartAt : uint8_t { Beginning, End };
template <>
inline constexpr std::string_view choice_names<StartAt>[] = {"beginning", "end"};

namespace {

struct TailConfig {
  std::vector<std::string> path;
  std::vector<std::string> exclude;
  StartAt start_at = StartAt::End;
  Duration rescan;
  Size max_line;
  Duration partial_flush;
  Duration linger;
  Duration poll_slow;
  std::string state_file;
};

constexpr Option options[] = {
    option<&TailConfig::path>("path", required, "files to follow; patterns with * ? [ ] are looked at again and again"),
    option<&TailConfig::exclude>("exclude", "*.gz, *.zst, *.bz2, *.xz", "patterns of names or paths that are left out"),
    option<&TailConfig::start_at>("start_at", "end", "where to begin in files that are there at the very first start"),
    option<&TailConfig::rescan>("rescan", "10s", "how often patterns are looked at where inotify cannot be trusted",
                                {1e8, 1e15}),
    option<&TailConfig::max_line>("max_line", "256KiB", "a longer line is cut here and marked as truncated",
                                  {64, 16.0 * 1024 * 1024}),
    option<&TailConfig::partial_flush>("partial_flush", "30s", "a line without newline waits so long; 0 is for ever"),
    option<&TailConfig::linger>("linger", "5s", "how long a renamed or deleted file is kept open without growth"),
    option<&TailConfig::poll_slow>("poll_slow", "5s", "how often files are looked at where inotify cannot be trusted",
                                   {1e8, 1e15}),
    option<&TailConfig::state_file>("state_file", "", "where positions are kept; empty: they are not"),
};

void declare(void* config, std::string_view folder, Wiring& wiring) {
  TailConfig& tail = *static_cast<TailConfig*>(config);
  for (std::string& path : tail.path) {
    if (path.empty()) {
      throw std::invalid_argument("path has an empty element; it takes file names and patterns");
    }
    path = path_in(folder, path);
  }
  if (!tail.state_file.empty()) {
    tail.state_file = path_in(folder, tail.state_file);
  }
  declare_lines(wiring, tail_keys);
}

constexpr int64_t second = 1'000'000'000;

/// *Invariants:* a file with unread bytes is ready, or an event or poll will make it so; a file with an unfinished line
/// or away from its path is waiting, and the timer knows. *Rooms:* its front.
class Tail final : public Source {
 public:
  explicit Tail(const TailConfig& config) : config_(config), reader_(config.max_line.bytes) {}

  void start(Feed& feed) override ROOM(front);
  void pause() override ROOM(front) {
    // Events are still taken: a file that appears and is renamed meanwhile would never be found again.
    is_paused_ = true;
    idle_.stop();
  }
  void resume() override ROOM(front) {
    is_paused_ = false;
    schedule();
  }
  bool end() override ROOM(front) {
    is_ending_ = true;
    look_again();
    poll_.on_time<&Tail::give_up>(feed_->loop(), this, second);
    look_at_files(true);
    return true;
  }
  void stop() override ROOM(front) {
    for (Watcher* watcher : {&events_, &idle_, &timer_, &poll_, &sweep_, &save_}) {
      watcher->stop();
    }
    has_stopped_ = true;
  }
  void acknowledged(std::span<const Mark> marks) override ROOM(front) {
    for (const Mark& mark : marks) {
      files_->acknowledge(mark.stream, mark.position);
    }
    save_later();
  }
  void reopen() override ROOM(front) {
    look_again();
    pump();
  }
  void close() override ROOM(front) { files_->save(); }

 private:
  void on_events() ROOM(front);
  void give_up() ROOM(front) { feed_->finish(); }
  void on_poll() ROOM(front) { look_at_files(false); }
  void look_at_files(bool all) ROOM(front);
  void on_timer() ROOM(front);
  void look_again() ROOM(front);
  void save_now() ROOM(front) {
    files_->save();
    save_later();
  }
  void save_later(int64_t delay = second) ROOM(front);
  void pump() ROOM(front);
  void schedule() ROOM(front);
  void make_ready(Tailed& file) ROOM(front) { add(ready_, &Tailed::is_ready, file); }
  void make_waiting(Tailed& file) ROOM(front) { add(waiting_, &Tailed::is_waiting, file); }
  static void add(std::vector<Tailed*>& list, bool Tailed::*is_in, Tailed& file) {
    if (!std::exchange(file.*is_in, true)) {
      list.push_back(&file);
    }
  }
  int64_t due(const Tailed& file) const ROOM(front);

  const TailConfig& config_;
  Feed* feed_ OWNED(front) = nullptr;
  std::unique_ptr<Files> files_ OWNED(front);
  TailReader reader_ OWNED(front);
  Watcher events_ OWNED(front), idle_ OWNED(front), timer_ OWNED(front);
  Watcher poll_ OWNED(front), sweep_ OWNED(front), save_ OWNED(front);
  std::vector<Tailed*> ready_ OWNED(front), turn_ OWNED(front), waiting_ OWNED(front);
  bool is_paused_ OWNED(front) = false, is_ending_ OWNED(front) = false, has_stopped_ OWNED(front) = false;
};

void Tail::start(Feed& feed) {
  feed_ = &feed;
  files_ = std::make_unique<Files>(
      Files::Setup{config_.path, config_.exclude, config_.start_at == StartAt::End, config_.state_file}, feed.id());
  reader_.attach(feed, *files_);
  files_->load();
  if (files_->watch.fd() >= 0) {
    events_.on_readable<&Tail::on_events>(feed.loop(), this, files_->watch.fd());
  }
  look_again();
  if (files_->open.empty()) {
    log_event(Level::Notice, "tail_waits", Fields()("instance", feed.id())("path", config_.path.front()));
  }
  schedule();
}

void Tail::look_again() {
  for (Tailed* file : files_->sweep(feed_->loop().now())) {
    make_ready(*file);
    save_later(0);  // after a crash a file that was renamed meanwhile is found by its position only
  }
  if (files_->needs_sweeps && !sweep_.is_active()) {
    sweep_.on_time<&Tail::reopen>(feed_->loop(), this, config_.rescan.ns, config_.rescan.ns);
    poll_.on_time<&Tail::on_poll>(feed_->loop(), this, config_.poll_slow.ns, config_.poll_slow.ns);
  }
}

void Tail::on_events() {
  bool looks_again = false, is_overflow = false;
  for (Watch::Event event; files_->watch.next(event);) {
    is_overflow = is_overflow || event.watch < 0;
    looks_again = (event.is_folder && files_->concerns(event)) || looks_again;
    if (Tailed* file = event.is_folder ? nullptr : files_->by_watch(event.watch)) {
      make_ready(*file);
    }
  }
  if (looks_again || is_overflow) {
    look_again();
  }
  is_overflow ? look_at_files(true) : pump();
}

void Tail::look_at_files(bool all) {
  for (auto& [key, file] : files_->open) {
    if (all || file->is_polled) {
      make_ready(*file);
    }
  }
  pump();
}

/// Reads a bundle from each file that is ready; those with more take their next turn when the loop is idle.
void Tail::pump() {
  turn_.swap(ready_);
  for (Tailed* file : turn_) {
    file->is_ready = false;
    Reading reading = is_paused_ ? Reading::Paused : reader_.read(*file);
    if (reading != Reading::Drained) {
      make_ready(*file);
    } else if (file->is_away || file->partial_since != 0) {
      make_waiting(*file);
    }
  }
  turn_.clear();
  feed_->seal();
  schedule();
}

/// When the timer has to look at a waiting file; INT64_MAX: it need not.
int64_t Tail::due(const Tailed& file) const {
  int64_t flush = file.partial_since != 0 && config_.partial_flush.ns > 0
                      ? file.partial_since + config_.partial_flush.ns
                      : INT64_MAX;
  return std::min(flush, file.is_away ? file.last_growth + config_.linger.ns : INT64_MAX);
}

void Tail::on_timer() {
  int64_t now = feed_->loop().now();
  turn_.swap(waiting_);
  for (Tailed* file : turn_) {
    file->is_waiting = false;
    if (file->is_ready || is_paused_ || due(*file) > now) {
      make_waiting(*file);
      continue;
    }
    Reading reading = file->partial_since == 0 ? Reading::Drained : reader_.flush(*file);
    bool was_flushed = reading == Reading::Drained;
    if (reading == Reading::More) {
      make_ready(*file);
    }
    bool is_delivered = file->acknowledged == file->state.position || file->state.is_skipping;
    if (file->is_away && was_flushed && !file->is_ready && is_delivered) {
      files_->close(*file);
    } else if (file->is_away || !was_flushed) {
      file->last_growth = now;
      make_waiting(*file);
    }
  }
  turn_.clear();
  feed_->seal();
  save_later();
  schedule();
}

/// Starts what has to run next: idle turns for files that have more, the timer for those that wait.
void Tail::schedule() {
  if (is_paused_ || has_stopped_) {
    return;
  }
  if (ready_.empty()) {
    idle_.stop();
    is_ending_ ? feed_->finish() : void();
  } else if (!idle_.is_active()) {
    idle_.on_idle<&Tail::pump>(feed_->loop(), this);
  }
  int64_t next = INT64_MAX;
  std::erase_if(waiting_, [&](Tailed* file) ROOM(front) {
    file->is_waiting = file->is_away || file->partial_since != 0;
    next = file->is_waiting ? std::min(next, due(*file)) : next;
    return !file->is_waiting;
  });
  if (next == INT64_MAX) {
    timer_.stop();
    return;
  }
  timer_.on_time<&Tail::on_timer>(feed_->loop(), this, std::max<int64_t>(next - feed_->loop().now(), 0));
}

void Tail::save_later(int64_t delay) {
  if (files_->is_dirty() && !has_stopped_ && (delay == 0 || !save_.is_active()) && !config_.state_file.empty()) {
    save_.on_time<&Tail::save_now>(feed_->loop(), this, delay);
  }
}

}  // namespace

extern const Plugin source_tail;
const Plugin source_tail = {
    .kind = Kind::Source,
    .name = "tail",
    .doc = "Follows files that grow, through rename and truncation",
    .options = options,
    .primary = "path",
    .config = config_type<TailConfig>,
    .declare = declare,
    .source = make_source<Tail, TailConfig>,
};

}  // namespace stook
