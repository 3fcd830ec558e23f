// SPDX-License-Identifier: Apache-2.0
/// tail: follows files that grow, and hands on each line as soon as it is written.
///
/// Files that appear later are followed from their begin. A renamed file is read to its end before the new one at its
/// path, which begins at 0; a truncated one begins again, after the copy that copytruncate made of it. A line without
/// newline waits for it, or is handed on as `partial` after `partial_flush`. On stop, what is there is read for at most a
/// second. How far each file has been *delivered* is kept in `state_file`, so that a stop or crash loses nothing.
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
#include "sources/tail/checkpoint.hh"
#include "sources/tail/files.hh"
#include "sources/tail/turns.hh"

namespace stook {

enum class StartAt : uint8_t { Beginning, End };
template <>
inline constexpr std::string_view choice_names<StartAt>[] = {"beginning", "end"};
enum class Follow : uint8_t { All, Newest };
template <>
inline constexpr std::string_view choice_names<Follow>[] = {"all", "newest"};
enum class WatchBy : uint8_t { Events, Timer };
template <>
inline constexpr std::string_view choice_names<WatchBy>[] = {"events", "timer"};
template <>
inline constexpr std::string_view choice_names<Priority>[] = {"mtime", "first_name", "last_name"};

namespace {

struct TailConfig {
  std::vector<std::string> path;
  std::vector<std::string> exclude;
  StartAt start_at = StartAt::End;
  Follow follow = Follow::All;
  Priority priority = Priority::Mtime;
  WatchBy watch = WatchBy::Events;
  Duration rescan;
  Size max_line;
  Duration partial_flush;
  Duration linger;
  Duration linger_most;
  Duration poll_slow;
  Size io_limit;
  std::string state_file;
};

constexpr Option options[] = {
    option<&TailConfig::path>("path", required, "files to follow; patterns with * ? [ ] are looked at again and again"),
    option<&TailConfig::exclude>("exclude", "*.gz, *.zst, *.bz2, *.xz", "patterns of names or paths that are left out"),
    option<&TailConfig::start_at>("start_at", "end", "where to begin in files that are there at the very first start"),
    option<&TailConfig::follow>("follow", "all",
                                "newest: of the files of one pattern in one folder only the newest is "
                                "followed; the others are read once to their end, before it"),
    option<&TailConfig::priority>("priority", "mtime",
                                  "which is the newest: the last written, or the first or last name"),
    option<&TailConfig::watch>("watch", "events",
                               "how changes are seen: events of inotify, or by looking each poll_slow"),
    option<&TailConfig::rescan>("rescan", "10s", "how often patterns are looked at where events are not to be had",
                                {1e8, 1e15}),
    option<&TailConfig::max_line>("max_line", "256KiB", "a longer line is cut here and marked as truncated",
                                  {64, 16.0 * 1024 * 1024}),
    option<&TailConfig::partial_flush>("partial_flush", "30s", "a line without newline waits so long; 0 is for ever"),
    option<&TailConfig::linger>("linger", "5s", "how long a renamed or deleted file is kept open without growth"),
    option<&TailConfig::linger_most>("linger_most", "60s", "how long it is kept open at the most, though it grows"),
    option<&TailConfig::poll_slow>("poll_slow", "5s", "how often files are looked at where events are not to be had",
                                   {1e8, 1e15}),
    option<&TailConfig::io_limit>("io_limit", "0", "so many bytes are read a second at the most; 0 is no limit"),
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

/// Events are taken at once, but for so many wake-ups a second only: while much is written one serves many files.
constexpr int64_t event_gap = 2'000'000;
constexpr int64_t event_burst = 64 * event_gap;
/// A look at the patterns that takes less is not put off.
constexpr int64_t quick_sweep = 2'000'000;
/// What is written before a stop is read for so long.
constexpr int64_t most_end = 1'000'000'000;

/// *Rooms:* its front.
class Tail final : public Source {
 public:
  explicit Tail(const TailConfig& config)
      : config_(config),
        turns_({config.max_line.bytes, config.partial_flush.ns, config.linger.ns, config.linger_most.ns,
                config.io_limit.bytes}) {}

  void start(Feed& feed) override ROOM(front);
  // Events are still taken: a file that appears and is renamed meanwhile would never be found again.
  void pause() override ROOM(front) { turns_.pause(); }
  void resume() override ROOM(front) { turns_.resume(); }
  bool end() override ROOM(front) {
    turns_.finish();
    look_again();
    poll_.on_time<&Tail::give_up>(feed_->loop(), this, most_end);
    look_at_files(true);
    return true;
  }
  void stop() override ROOM(front) {
    for (Watcher* watcher : {&events_, &gap_, &poll_, &sweep_, &sweep_soon_}) {
      watcher->stop();
    }
    turns_.stop();
    checkpoint_.stop();
    has_stopped_ = true;
  }
  void acknowledged(std::span<const Mark> marks) override ROOM(front) {
    for (const Mark& mark : marks) {
      files_->acknowledge(mark.stream, mark.position);
    }
    has_stopped_ ? void() : checkpoint_.advance();
  }
  void reopen() override ROOM(front) {
    look_again();
    turns_.run();
  }
  void close() override ROOM(front) {
    if (!files_->save()) {
      feed_->count(Remark::CheckpointFailures, 1);
    }
  }

 private:
  void on_events() ROOM(front);
  void take_events() ROOM(front);
  void give_up() ROOM(front) { feed_->finish(); }
  void on_poll() ROOM(front) { look_at_files(false); }
  void look_at_files(bool all) ROOM(front);
  void look_again() ROOM(front);
  void look_soon() ROOM(front);

  const TailConfig& config_;
  Feed* feed_ OWNED(front) = nullptr;
  std::unique_ptr<Files> files_ OWNED(front);
  Checkpoint checkpoint_ OWNED(front);
  Turns turns_ OWNED(front);
  Watcher events_ OWNED(front), gap_ OWNED(front);
  Watcher poll_ OWNED(front), sweep_ OWNED(front), sweep_soon_ OWNED(front);
  int64_t next_events_ OWNED(front) = 0;
  int64_t no_sweep_before_ OWNED(front) = 0;
  bool has_stopped_ OWNED(front) = false;
};

void Tail::start(Feed& feed) {
  feed_ = &feed;
  Files::Setup setup{config_.path,
                     config_.exclude,
                     config_.state_file,
                     config_.start_at == StartAt::End,
                     config_.watch == WatchBy::Timer,
                     config_.follow == Follow::Newest,
                     config_.priority};
  files_ = std::make_unique<Files>(std::move(setup), feed.id());
  files_->load();
  checkpoint_.attach(feed, *files_);
  turns_.attach(feed, *files_, checkpoint_);
  look_again();
  if (files_->watch.fd() >= 0) {
    events_.on_readable<&Tail::on_events>(feed.loop(), this, files_->watch.fd());
  }
  if (files_->open.empty()) {
    log_event(Level::Notice, "tail_waits", Fields()("instance", feed.id())("path", config_.path.front()));
  }
  turns_.resume();
}

void Tail::look_again() {
  sweep_soon_.stop();
  int64_t begin = feed_->loop().now();
  std::vector<Tailed*> fresh = files_->sweep(begin);
  int64_t end = feed_->loop().now();
  no_sweep_before_ = end - begin < quick_sweep ? 0 : end + 4 * (end - begin);
  for (Tailed* file : fresh) {
    turns_.add(*file);
  }
  if (!fresh.empty()) {
    checkpoint_.soon();
  }
  if (files_->needs_sweeps && !sweep_.is_active()) {
    sweep_.on_time<&Tail::reopen>(feed_->loop(), this, config_.rescan.ns, config_.rescan.ns);
    poll_.on_time<&Tail::on_poll>(feed_->loop(), this, config_.poll_slow.ns, config_.poll_slow.ns);
  }
}

/// Looks at the patterns at once, or later when that takes long, so that it takes a fifth of the time at the most.
void Tail::look_soon() {
  int64_t now = feed_->loop().now();
  if (now >= no_sweep_before_) {
    look_again();
  } else if (!sweep_soon_.is_active()) {
    sweep_soon_.on_time<&Tail::reopen>(feed_->loop(), this, no_sweep_before_ - now);
  }
}

void Tail::on_events() {
  int64_t early = next_events_ - event_burst - feed_->loop().now();
  if (early > 0) {
    events_.stop();
    gap_.on_time<&Tail::take_events>(feed_->loop(), this, early);
    return;
  }
  take_events();
}

void Tail::take_events() {
  next_events_ = std::max(next_events_, feed_->loop().now()) + event_gap;
  if (!events_.is_active()) {
    events_.on_readable<&Tail::on_events>(feed_->loop(), this, files_->watch.fd());
  }
  bool looks_again = false, is_overflow = false;
  for (Watch::Event event; files_->watch.next(event);) {
    is_overflow = is_overflow || event.watch < 0;
    looks_again = (event.is_folder && files_->concerns(event)) || looks_again;
    if (Tailed* file = event.is_folder ? nullptr : files_->by_watch(event.watch)) {
      turns_.add(*file);
      looks_again = (event.is_about_it && files_->has_changed(*file)) || looks_again;
    }
  }
  files_->heard_all();
  if (is_overflow) {
    look_again();
    look_at_files(true);
    return;
  }
  if (looks_again) {
    look_soon();
  }
  turns_.run();
}

void Tail::look_at_files(bool all) {
  for (auto& [key, file] : files_->open) {
    if (all || file->is_polled) {
      turns_.add(*file);
    }
  }
  turns_.run();
}

void needs_of(const void* config, Needs& needs) {
  const TailConfig& tail = *static_cast<const TailConfig*>(config);
  needs.reads = tail.path;
  if (!tail.state_file.empty()) {
    needs.state.push_back(tail.state_file);
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
    .needs = needs_of,
    .source = make_source<Tail, TailConfig>,
};

}  // namespace stook
