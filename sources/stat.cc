// SPDX-License-Identifier: Apache-2.0
/// stat: what the system says of files, looked at again and again.
///
///     stack=in:stat,keep(exists == false),out:file
///     [in]
///     path=/var/run/app.pid, /var/spool/app/*
///     interval=30s
///
/// The row of a file:
///
///     file.path=/var/run/app.pid exists=true file.kind=file file.size=5 file.mtime=2026-11-21T03:38:00Z file.owner=root
///     file.mode=0644 file.links=1
#include <errno.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "core/api/plugin.hh"
#include "core/base/log.hh"
#include "sources/glob.hh"
#include "sources/users.hh"

namespace stook {

namespace {

constexpr int files_a_turn = 64;

struct StatConfig {
  std::vector<std::string> path;
  Duration interval;
  int64_t rounds;
  bool follows_links;
};

constexpr Option options[] = {
    option<&StatConfig::path>("path", required,
                              "files and folders; patterns with * ? [ ] stand for the files that match"),
    option<&StatConfig::interval>("interval", "60s", "how often", {1e7, 1e18}),
    option<&StatConfig::rounds>("rounds", "0", "how often in all, then the source ends; 0 is for ever", {0, 1e18}),
    option<&StatConfig::follows_links>("follow_links", "yes", "a symbolic link stands for what it leads to"),
};

enum StatKey : size_t {
  stat_path,
  stat_exists,
  stat_kind,
  stat_size,
  stat_mtime,
  stat_ctime,
  stat_owner,
  stat_group,
  stat_mode,
  stat_links,
  stat_inode,
  stat_error,
  stat_recv_time,
};

void declare(void* config, std::string_view folder, Wiring& wiring) {
  StatConfig& stat = *static_cast<StatConfig*>(config);
  for (std::string& path : stat.path) {
    if (path.empty()) {
      throw std::invalid_argument("path has an empty element; it takes file names and patterns");
    }
    path = path_in(folder, path);
  }
  wiring.writes = {
      {"file.path", Type::Text, "", "the file", false},
      {"exists", Type::Boolean, "", "whether it is there", false},
      {"file.kind", Type::Text, "", "file, folder, link, pipe, socket or device", false},
      {"file.size", Type::Unsigned, "bytes", "", false},
      {"file.mtime", Type::Time, "", "when its bytes were last changed", false},
      {"file.ctime", Type::Time, "", "when its owner, mode or bytes were last changed", false},
      {"file.owner", Type::Text, "", "by name", false},
      {"file.group", Type::Unsigned, "", "by number", false},
      {"file.mode", Type::Text, "", "permissions, in octal", false},
      {"file.links", Type::Unsigned, "", "how many names it has", false},
      {"file.inode", Type::Unsigned, "", "", false},
      {"error", Type::Text, "", "why it cannot be looked at, when that is not because it is not there", false},
      {"recv.time", Type::Time, "", "when it was looked at", true}};
}

std::string_view kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "file";
    case S_IFDIR:
      return "folder";
    case S_IFLNK:
      return "link";
    case S_IFIFO:
      return "pipe";
    case S_IFSOCK:
      return "socket";
    default:
      return "device";
  }
}

int64_t ns_of(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// *Invariants:* the files of a round are those before `next_`, which are rows, and the others, which will be.
/// *Rooms:* its front.
class Stat final : public Source {
 public:
  explicit Stat(const StatConfig& config) : config_(config) {}

  void start(Feed& feed) override ROOM(front) {
    feed_ = &feed;
    due_.on_time<&Stat::on_due>(feed.loop(), this, 0, config_.interval.ns);
  }
  void pause() override ROOM(front) { turn_.stop(); }
  void resume() override ROOM(front) {
    if (!is_done_ && is_on_) {
      turn_.on_idle<&Stat::turn>(feed_->loop(), this);
    }
  }
  void stop() override ROOM(front) {
    is_done_ = true;
    due_.stop();
    turn_.stop();
  }

 private:
  void on_due() ROOM(front);
  void turn() ROOM(front);
  bool put(const std::string& path) ROOM(front);

  const StatConfig& config_;
  Feed* feed_ OWNED(front) = nullptr;
  Users users_ OWNED(front);
  std::vector<std::string> files_ OWNED(front);
  size_t next_ OWNED(front) = 0;
  int64_t rounds_ OWNED(front) = 0;
  Watcher due_ OWNED(front);
  Watcher turn_ OWNED(front);
  bool is_on_ OWNED(front) = false;
  bool is_done_ OWNED(front) = false;
};

void Stat::on_due() {
  if (is_on_) {
    return;  // the last round waits for the sinks
  }
  users_.refresh();
  files_.clear();
  for (const std::string& path : config_.path) {
    if (is_pattern(path)) {
      Found found;
      find_files(path, found);
      files_.insert(files_.end(), found.files.begin(), found.files.end());
    } else {
      files_.push_back(path);
    }
  }
  next_ = 0;
  rounds_++;
  is_on_ = true;
  resume();
}

void Stat::turn() {
  for (int i = 0; i < files_a_turn && next_ < files_.size() && put(files_[next_]); i++) {
    next_++;
  }
  feed_->seal();
  if (next_ < files_.size()) {
    return;
  }
  is_on_ = false;
  turn_.stop();
  if (config_.rounds > 0 && rounds_ >= config_.rounds) {
    is_done_ = true;
    due_.stop();
    feed_->finish();
  }
}

/// False: the pool is empty.
bool Stat::put(const std::string& path) {
  Bundle* bundle = feed_->bundle();
  if (bundle == nullptr) {
    return false;
  }
  Row row = bundle->append();
  auto set = [&](size_t key, const Cell& cell) ROOM(front) {
    if (KeyId id = feed_->out(key); id != no_key) {
      bundle->put(id, row, cell);
    }
  };
  auto text = [&](size_t key, std::string_view value)
                  ROOM(front) { set(key, Cell::of_text(bundle->arena().copy(value))); };
  struct stat status {};
  int answer = config_.follows_links ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status);
  int error = answer == 0 ? 0 : errno;
  text(stat_path, path);
  set(stat_recv_time, Cell::of_time(wall_ns()));
  if (error != 0 && error != ENOENT && error != ENOTDIR) {
    text(stat_error, std::strerror(error));
    return true;
  }
  set(stat_exists, Cell::of_boolean(error == 0));
  if (error != 0) {
    return true;
  }
  char mode[16];
  snprintf(mode, sizeof mode, "%04o", status.st_mode & 07777);
  set(stat_kind, Cell::of_text(kind_of(status.st_mode)));
  set(stat_size, Cell::of_unsigned(static_cast<uint64_t>(status.st_size)));
  set(stat_mtime, Cell::of_time(ns_of(status.st_mtim)));
  set(stat_ctime, Cell::of_time(ns_of(status.st_ctim)));
  text(stat_owner, users_.name(status.st_uid));
  set(stat_group, Cell::of_unsigned(status.st_gid));
  text(stat_mode, mode);
  set(stat_links, Cell::of_unsigned(status.st_nlink));
  set(stat_inode, Cell::of_unsigned(status.st_ino));
  return true;
}

void needs_of(const void* config, Needs& needs) {
  needs.reads = static_cast<const StatConfig*>(config)->path;
}

}  // namespace

extern const Plugin source_stat;
const Plugin source_stat = {
    .kind = Kind::Source,
    .name = "stat",
    .doc = "Size, age, owner and presence of files, looked at again and again",
    .options = options,
    .primary = "path",
    .config = config_type<StatConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Stat, StatConfig>,
};

}  // namespace stook
