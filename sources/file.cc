// SPDX-License-Identifier: Apache-2.0
/// file: reads whole files, line by line, and ends.
///
/// Files are read one after the other in the order in which they are given; a pattern stands for its matches, sorted by
/// name. gzip and zstd are recognised by their first bytes and inflated on the way, in bounded memory. Each line is a row;
/// a last line without a newline is one too. A path that is not there stops the start. A file that cannot be read, or not
/// to its end, is logged and counted as `unreadable`, and the next one is read.
///
///     stack=in:file,parse_access,out:file
///     [in]
///     path=/var/log/nginx/access.log.2.gz, /var/log/nginx/access.log.1, /var/log/nginx/access.log
///
/// The row of a line:
///
///     message="203.0.113.19 - - [21/Oct/2025:06:25:03 +0000] \"GET / HTTP/1.1\" 200 146 \"-\" \"curl/7.88.1\""
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

#include "core/api/plugin.hh"
#include "core/base/fd.hh"
#include "core/base/log.hh"
#include "core/base/status.hh"
#include "sources/glob.hh"
#include "sources/inflate.hh"
#include "sources/lines.hh"

namespace stook {

namespace {

/// A turn of the loop costs as much as a few rows do; so many reads fill about as many bundles.
constexpr int reads_a_turn = 4;

struct FileConfig {
  std::vector<std::string> path;
  Size max_line;
};

constexpr Option options[] = {
    option<&FileConfig::path>("path", required, "files to read, in this order; patterns with * ? [ ] are expanded"),
    option<&FileConfig::max_line>("max_line", "256KiB", "a longer line is cut here and marked as truncated",
                                  {64, 16.0 * 1024 * 1024}),
};

void declare(void* config, std::string_view folder, Wiring& wiring) {
  FileConfig& file = *static_cast<FileConfig*>(config);
  for (std::string& path : file.path) {
    if (path.empty()) {
      throw std::invalid_argument("path has an empty element; it takes file names and patterns");
    }
    path = path_in(folder, path);
  }
  declare_lines(wiring, file_keys);
}

/// *Rooms:* its front. Regular files are read in the loop's idle turns, one bundle a turn; pipes when they are readable.
class File final : public Source {
 public:
  explicit File(const FileConfig& config) : config_(config), reader_(config.max_line.bytes) {}

  void start(Feed& feed) override ROOM(front) {
    feed_ = &feed;
    reader_.attach(feed, file_keys);
    files_ = files_to_read(config_.path);
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
      watcher_.on_readable<&File::turn>(feed_->loop(), this, fd_.get());
    } else {
      watcher_.on_idle<&File::turn>(feed_->loop(), this);
    }
  }
  void stop() override ROOM(front) {
    has_finished_ = true;
    watcher_.stop();
    bytes_.reset();
    fd_.reset();
  }

 private:
  void turn() ROOM(front);
  bool read_once() ROOM(front);
  void open_next() ROOM(front);
  void end_file() ROOM(front);
  void lose(const std::string& reason) ROOM(front);

  const FileConfig& config_;
  Feed* feed_ OWNED(front) = nullptr;
  Watcher watcher_ OWNED(front);
  LineReader reader_ OWNED(front);
  LineState state_ OWNED(front);
  std::vector<std::string> files_ OWNED(front);
  size_t next_ OWNED(front) = 0;
  Fd fd_ OWNED(front);
  std::string id_ OWNED(front);
  std::unique_ptr<Bytes> bytes_ OWNED(front);
  uint64_t truncated_ OWNED(front) = 0;
  bool is_polled_ OWNED(front) = false;
  bool is_on_io_ OWNED(front) = false;  // what the watcher waits for
  bool is_at_end_ OWNED(front) = false;
  bool has_finished_ OWNED(front) = false;
};

void File::lose(const std::string& reason) {
  feed_->lose(Loss::Unreadable, 1);
  log_event(Level::Error, "file_unreadable",
            Fields()("instance", feed_->id())("path", files_[next_ - 1])("offset", state_.position)("reason", reason));
}

void File::open_next() {
  const std::string& path = files_[next_++];
  state_ = {};
  is_at_end_ = false;
  fd_.reset(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd_) {
    lose(std::strerror(errno));
    return;
  }
  struct stat status {};
  fstat(fd_.get(), &status);
  id_ = id_of_file(feed_->id(), inode_of(fd_.get(), status), 0);
  is_polled_ = !S_ISREG(status.st_mode);
  bytes_ = is_polled_ ? make_bytes(Packing::None, fd_.get()) : bytes_of_file(fd_.get());
}

/// Called in each turn of the loop while there is more: a few bundles at the most, so that others get theirs.
void File::turn() {
  if (!bytes_) {
    if (next_ == files_.size()) {
      has_finished_ = true;
      watcher_.stop();
      feed_->finish();
      return;
    }
    open_next();
    if (bytes_ && is_polled_) {
      resume();
    }
    return;
  }
  for (int reads = 0; reads < reads_a_turn && read_once(); reads++) {}
  feed_->seal();
}

/// True when the file has more, which may be read at once.
bool File::read_once() {
  LineReader::Step step = LineReader::Step::End;
  if (!is_at_end_) {
    step = reader_.read(*bytes_, state_, {files_[next_ - 1], 0, id_});
  }
  if (step == LineReader::Step::Failed) {
    lose(bytes_->reason());
  }
  if (step == LineReader::Step::End || step == LineReader::Step::Failed) {
    is_at_end_ = true;
    if (reader_.flush(state_, {files_[next_ - 1], 0, id_}, false)) {
      end_file();
    }
    return false;
  }
  if (is_polled_ && step != LineReader::Step::Paused) {
    resume();
  }
  return !is_polled_ && step == LineReader::Step::Some;
}

void File::end_file() {
  if (reader_.truncated() > truncated_) {
    log_event(Level::Warning, "lines_truncated",
              Fields()("instance", feed_->id())("path", files_[next_ - 1])("rows", reader_.truncated() - truncated_));
    truncated_ = reader_.truncated();
  }
  reader_.forget();
  is_polled_ = false;
  is_at_end_ = false;
  watcher_.stop();
  bytes_.reset();
  fd_.reset();
  resume();
}

void needs_of(const void* config, Needs& needs) {
  needs.reads = static_cast<const FileConfig*>(config)->path;
}

}  // namespace

extern const Plugin source_file;
const Plugin source_file = {
    .kind = Kind::Source,
    .name = "file",
    .doc = "Reads whole files line by line, gzip and zstd too, and ends",
    .options = options,
    .primary = "path",
    .config = config_type<FileConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<File, FileConfig>,
    .is_finite = true,
};

}  // namespace stook
