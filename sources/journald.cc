// SPDX-License-Identifier: Apache-2.0
/// journald: the entries of the systemd journal.
///
/// They are read from a child, `journalctl -o export`, which follows the journal over its rotations and works with every
/// version of it. With `state_file` the cursor of the last delivered entry is kept, and reading goes on behind it.
///
///     stack=in:journald,keep(severity == "err"),out:file
///     [in]
///     units=nginx.service, postgresql*
///     state_file=/var/lib/stook/journal.pos
///
/// The row of an entry:
///
///     message="disk full" time=2026-11-21T03:38:00.120482Z severity=err host=web1 app=postgres pid=812
///     unit=postgresql.service journal={"_UID":"107","_COMM":"postgres",…}
#include <memory>
#include <stdexcept>

#include "core/api/cursor.hh"
#include "core/api/plugin.hh"
#include "core/base/log.hh"
#include "core/base/status.hh"
#include "sources/glob.hh"
#include "sources/journald/reader.hh"
#include "sources/journald/row.hh"
#include "sources/restarts.hh"

namespace stook {

namespace {

constexpr int entries_a_turn = 256;
constexpr uint64_t stream = 1;

constexpr Option options[] = {
    option<&JournaldConfig::units>("units", "", "only entries of these units; patterns with * ? [ ]"),
    option<&JournaldConfig::match>("match", "",
                                   "only entries with these fields: FIELD=value; several of one field are or"),
    option<&JournaldConfig::start_at>("start_at", "end", "where to begin when no position is kept"),
    option<&JournaldConfig::state_file>("state_file", "", "where the position is kept; empty: it is not"),
    option<&JournaldConfig::follows>("follow", "yes", "no: the source ends when it has read what is there"),
    option<&JournaldConfig::folder>("folder", "", "a folder with journal files; empty: the machine's own"),
    option<&JournaldConfig::name_space>("namespace", "", "a namespace of journald, or *; empty: the default one"),
    option<&JournaldConfig::program>("program", "journalctl", "the program that writes the export format"),
    option<&JournaldConfig::max_entry>("max_entry", "256KiB", "a longer entry is cut here and marked as truncated",
                                       {4096, 16.0 * 1024 * 1024}),
};

void declare(void* config, std::string_view folder, Wiring& wiring) {
  JournaldConfig& journald = *static_cast<JournaldConfig*>(config);
  for (const std::string& match : journald.match) {
    if (match.find('=') == std::string::npos || match[0] == '=' || match[0] == '-') {
      throw std::invalid_argument("match has '" + match + "'; it takes FIELD=value");
    }
  }
  journald.state_file = journald.state_file.empty() ? "" : path_in(folder, journald.state_file);
  journald.folder = journald.folder.empty() ? "" : path_in(folder, journald.folder);
  declare_journal_keys(wiring);
}

/// *Invariants:* `last_` is the cursor of the last entry that is a row; a new child begins behind it.
/// *Rooms:* its front.
class Journald final : public Source {
 public:
  explicit Journald(const JournaldConfig& config) : config_(config) {}

  void start(Feed& feed) override ROOM(front);
  void pause() override ROOM(front) {
    is_paused_ = true;
    watcher_.stop();
  }
  void resume() override ROOM(front) {
    is_paused_ = false;
    arm();
  }
  void stop() override ROOM(front) {
    is_done_ = true;
    watcher_.stop();
    due_.stop();
    reader_->abandon();
  }
  void acknowledged(std::span<const Mark> marks) override ROOM(front) {
    for (const Mark& mark : marks) {
      cursor_->delivered(feed_->loop(), mark.position);
    }
  }
  void close() override ROOM(front) { cursor_->save(); }

 private:
  void launch() ROOM(front);
  void on_due() ROOM(front);
  void arm() ROOM(front);
  void turn() ROOM(front);
  bool take() ROOM(front);
  void look_for_gap(std::string_view cursor) ROOM(front);
  void ended() ROOM(front);

  const JournaldConfig& config_;
  Feed* feed_ OWNED(front) = nullptr;
  std::unique_ptr<JournalReader> reader_ OWNED(front);
  std::unique_ptr<CursorFile> cursor_ OWNED(front);
  Watcher watcher_ OWNED(front);
  Watcher due_ OWNED(front);
  LogLimit end_limit_;
  LogLimit gap_limit_;
  std::string last_ OWNED(front);
  uint64_t entries_ OWNED(front) = 0;
  uint64_t fed_ OWNED(front) = 0;
  Restarts restarts_ OWNED(front);
  bool is_paused_ OWNED(front) = false;
  bool is_done_ OWNED(front) = false;
};

void Journald::start(Feed& feed) {
  feed_ = &feed;
  reader_ = std::make_unique<JournalReader>(config_, feed.id());
  cursor_ = std::make_unique<CursorFile>(config_.state_file, feed.id());
  cursor_->count_by(feed);
  cursor_->load();
  last_ = cursor_->cursor();
  launch();
}

/// Throws SetupError.
void Journald::launch() {
  restarts_.begin(feed_->loop().now());
  reader_->open(feed_->loop(), last_);
  arm();
}

void Journald::on_due() {
  due_.stop();
  try {
    launch();
  } catch (const SetupError& error) {
    if (auto pass = end_limit_.pass()) {
      log_event(Level::Error, "journald_failed",
                Fields()("instance", feed_->id())("reason", error.what())("suppressed", pass.suppressed));
    }
    due_.on_time<&Journald::on_due>(feed_->loop(), this, restarts_.pause(feed_->loop().now()));
  }
}

void Journald::arm() {
  if (is_done_ || is_paused_ || !reader_->is_open()) {
    watcher_.stop();
  } else if (reader_->has_bytes()) {
    watcher_.on_idle<&Journald::turn>(feed_->loop(), this);
  } else {
    watcher_.on_readable<&Journald::turn>(feed_->loop(), this, reader_->fd());
  }
}

/// One read at the most, so that others get their turn.
void Journald::turn() {
  using Step = JournalReader::Step;
  Step step = reader_->read(*feed_);
  for (int i = 0; step == Step::Whole && i < entries_a_turn && take(); i++) {
    step = reader_->next();
  }
  if (entries_ > fed_) {
    fed_ = entries_;
    cursor_->fed(fed_, last_);
  }
  feed_->seal();
  if (step == Step::End || step == Step::Damaged) {
    if (step == Step::Damaged) {
      feed_->lose(Loss::Unreadable, 1);
      log_event(Level::Error, "journald_damaged", Fields()("instance", feed_->id())("after", last_));
    }
    ended();
    return;
  }
  arm();
}

/// Makes a row of the whole entry; false: the pool is empty.
bool Journald::take() {
  Bundle* bundle = feed_->bundle();
  if (bundle == nullptr) {
    return false;
  }
  if (bundle->rows() == 0 && entries_ > fed_) {  // the bundle before can be acknowledged by itself
    fed_ = entries_;
    cursor_->fed(fed_, last_);
  }
  const JournalEntry& entry = reader_->entry();
  std::string_view cursor = entry.find("__CURSOR");
  look_for_gap(cursor);
  put_journal_row(*feed_, *bundle, entry);
  last_ = cursor;
  entries_++;
  feed_->mark(stream, entries_);
  return true;
}

/// journald numbers its entries: when all are read, a number that is left out between an entry, or the kept position,
/// and the next entry is one that was removed before it was read.
void Journald::look_for_gap(std::string_view cursor) {
  if (!config_.units.empty() || !config_.match.empty()) {
    return;
  }
  uint64_t gap = journal_gap(last_, cursor);
  if (gap == 0) {
    return;
  }
  feed_->lose(Loss::Unreadable, gap);
  if (auto pass = gap_limit_.pass()) {
    log_event(Level::Warning, "journald_gap",
              Fields()("instance", feed_->id())("rows", gap)("after", last_)("before", cursor)("suppressed",
                                                                                               pass.suppressed));
  }
}

void Journald::ended() {
  watcher_.stop();
  int64_t now = feed_->loop().now();
  Ending ending = reader_->close();
  bool is_good = ending.is_good() && !config_.follows;
  if (!is_good) {
    if (auto pass = end_limit_.pass()) {
      log_event(
          Level::Warning, "journald_ended",
          Fields()("instance", feed_->id())("with", ending.words())("after", last_)("suppressed", pass.suppressed));
    }
  }
  if (!config_.follows) {
    if (!is_good) {
      feed_->lose(Loss::Unreadable, 1);
    }
    is_done_ = true;
    feed_->finish();
    return;
  }
  due_.on_time<&Journald::on_due>(feed_->loop(), this, restarts_.pause(now));
}

void needs_of(const void* config, Needs& needs) {
  const JournaldConfig& journald = *static_cast<const JournaldConfig*>(config);
  needs.runs_programs = true;
  if (!journald.state_file.empty()) {
    needs.state.push_back(journald.state_file);
  }
}

}  // namespace

extern const Plugin source_journald;
const Plugin source_journald = {
    .kind = Kind::Source,
    .name = "journald",
    .doc = "Follows the systemd journal, from the last delivered entry on",
    .options = options,
    .primary = "units",
    .config = config_type<JournaldConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Journald, JournaldConfig>,
};

}  // namespace stook
