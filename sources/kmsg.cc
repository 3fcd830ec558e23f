// SPDX-License-Identifier: Apache-2.0
/// kmsg: the kernel's log.
///
/// Each record of /dev/kmsg is a row. With `state_file` the place is kept by the record's number, so that nothing is
/// repeated after a restart; records that the kernel has overwritten before they were read are counted as `kernel`.
///
///     stack=in:kmsg,keep(pri < 5),out:file
///     [in]
///     state_file=/var/lib/stook/kmsg.pos
///
/// The row of a record:
///
///     message="usb 1-1: new high-speed USB device" pri=6 facility=kern severity=info time=2026-11-21T03:38:00.120482Z
///     kmsg.sequence=1042 kmsg.subsystem=usb kmsg.device=c189:0
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

#include "core/api/cursor.hh"
#include "core/api/plugin.hh"
#include "core/base/fd.hh"
#include "core/base/log.hh"
#include "core/base/status.hh"
#include "sources/glob.hh"
#include "sources/kmsg/row.hh"

namespace stook {

namespace {

enum class KernelStart : uint8_t { Beginning, End };

struct KmsgConfig {
  std::string path;
  KernelStart start_at;
  std::string state_file;
};

}  // namespace

template <>
inline constexpr std::string_view choice_names<KernelStart>[] = {"beginning", "end"};

namespace {

/// The kernel gives no record that is longer.
constexpr size_t record_most = 8192;
constexpr int records_a_turn = 256;
constexpr uint64_t stream = 1;

constexpr Option options[] = {
    option<&KmsgConfig::path>("path", "/dev/kmsg", "the device, or a file or pipe with records as it gives them"),
    option<&KmsgConfig::start_at>("start_at", "beginning", "where to begin when no position is kept"),
    option<&KmsgConfig::state_file>("state_file", "", "where the position is kept; empty: it is not"),
};

void declare(void* config, std::string_view folder, Wiring& wiring) {
  KmsgConfig& kmsg = *static_cast<KmsgConfig*>(config);
  kmsg.path = path_in(folder, kmsg.path);
  kmsg.state_file = kmsg.state_file.empty() ? "" : path_in(folder, kmsg.state_file);
  declare_kernel_keys(wiring);
}

std::string boot_id() {
  Fd fd(open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  char text[36];
  return fd && read(fd.get(), text, sizeof text) == sizeof text ? std::string(text, sizeof text) : "unknown";
}

/// *Invariants:* `next_` is the number that follows the last record seen; what is in `text_` begins a record that may go on.
/// *Rooms:* its front.
class Kmsg final : public Source {
 public:
  explicit Kmsg(const KmsgConfig& config) : config_(config) {}

  void start(Feed& feed) override ROOM(front);
  void pause() override ROOM(front) { watcher_.stop(); }
  void resume() override ROOM(front);
  bool end() override ROOM(front) {
    is_ending_ = true;
    resume();
    return !is_done_;
  }
  void stop() override ROOM(front) {
    is_done_ = true;
    watcher_.stop();
    fd_.reset();
  }
  void acknowledged(std::span<const Mark> marks) override ROOM(front) {
    for (const Mark& mark : marks) {
      cursor_->delivered(feed_->loop(), mark.position);
    }
  }
  void close() override ROOM(front) { cursor_->save(); }

 private:
  void turn() ROOM(front);
  bool read_one() ROOM(front);
  bool take(std::string_view text) ROOM(front);
  void take_stream(bool is_all) ROOM(front);
  void note_fed() ROOM(front);
  void finish() ROOM(front);

  const KmsgConfig& config_;
  Feed* feed_ OWNED(front) = nullptr;
  Watcher watcher_ OWNED(front);
  std::unique_ptr<CursorFile> cursor_ OWNED(front);
  Fd fd_ OWNED(front);
  std::string boot_ OWNED(front);
  std::string text_ OWNED(front);
  uint64_t next_ OWNED(front) = 0;
  uint64_t fed_ OWNED(front) = 0;
  bool knows_next_ OWNED(front) = false;  // so that a gap before the first record is one
  bool is_device_ OWNED(front) = false;
  bool is_polled_ OWNED(front) = true;
  bool is_ending_ OWNED(front) = false;
  bool is_at_end_ OWNED(front) = false;
  bool is_done_ OWNED(front) = false;
};

void Kmsg::start(Feed& feed) {
  feed_ = &feed;
  cursor_ = std::make_unique<CursorFile>(config_.state_file, feed.id());
  cursor_->count_by(feed);
  cursor_->load();
  fd_.reset(open(config_.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct stat status {};
  if (!fd_ || fstat(fd_.get(), &status) != 0) {
    const char* more = errno == EPERM || errno == EACCES ? "; it takes CAP_SYSLOG, or kernel.dmesg_restrict = 0" : "";
    throw SetupError("cannot read " + config_.path + ": " + std::strerror(errno) + more, errno);
  }
  is_device_ = S_ISCHR(status.st_mode);
  is_polled_ = !S_ISREG(status.st_mode);
  boot_ = boot_id();
  const std::string& kept = cursor_->cursor();
  bool is_this_boot = kept.substr(0, boot_.size()) == boot_ && kept.size() > boot_.size();
  if (is_this_boot) {
    const char* number = kept.c_str() + boot_.size() + 1;
    knows_next_ = std::from_chars(number, kept.c_str() + kept.size(), next_).ec == std::errc();
  } else if (kept.empty() && config_.start_at == KernelStart::End) {
    lseek(fd_.get(), 0, SEEK_END);
  }
  resume();
}

void Kmsg::resume() {
  if (is_done_) {
    return;
  }
  if (is_polled_ && !is_ending_ && !is_at_end_) {
    watcher_.on_readable<&Kmsg::turn>(feed_->loop(), this, fd_.get());
  } else {
    watcher_.on_idle<&Kmsg::turn>(feed_->loop(), this);
  }
}

void Kmsg::turn() {
  for (int i = 0; i < records_a_turn && !is_at_end_ && feed_->bundle() != nullptr && read_one(); i++) {}
  if (is_at_end_ && feed_->bundle() != nullptr) {
    take_stream(true);
  }
  note_fed();
  if (is_at_end_ && text_.empty()) {
    finish();
  }
  feed_->seal();
}

void Kmsg::note_fed() {
  if (std::exchange(fed_, next_) != next_) {
    cursor_->fed(next_, boot_ + " " + std::to_string(next_));
  }
}

void Kmsg::finish() {
  is_done_ = true;
  watcher_.stop();
  feed_->finish();
}

/// One read: one record of the device. False: there is nothing more now.
bool Kmsg::read_one() {
  char piece[record_most];
  ssize_t got = read(fd_.get(), piece, sizeof piece);
  if (got > 0) {
    feed_->count_bytes(static_cast<uint64_t>(got));
    std::string_view bytes(piece, static_cast<size_t>(got));
    if (is_device_) {
      return take(bytes);
    }
    text_ += bytes;
    take_stream(false);
    return true;
  }
  if (got < 0 && (errno == EPIPE || errno == EINTR)) {
    return true;  // records were overwritten: the next number tells how many
  }
  if (got < 0 && errno == EAGAIN) {
    take_stream(true);
    is_at_end_ = is_ending_;
    return false;
  }
  if (got < 0) {
    feed_->lose(Loss::Unreadable, 1);
    log_event(Level::Error, "file_unreadable",
              Fields()("instance", feed_->id())("path", config_.path)("offset", next_)("reason", std::strerror(errno)));
  }
  is_at_end_ = true;
  return false;
}

/// Makes rows of the whole records in `text_`.
void Kmsg::take_stream(bool is_all) {
  size_t at = 0;
  while (at < text_.size()) {
    std::string_view rest = std::string_view(text_).substr(at);
    size_t size = kernel_record_end(rest, is_all || rest.size() > 2 * record_most);
    if (size == 0 || !take(rest.substr(0, size))) {
      break;
    }
    at += size;
  }
  text_.erase(0, at);
}

/// False: the pool is empty, and the record was not taken.
bool Kmsg::take(std::string_view text) {
  Bundle* bundle = feed_->bundle();
  if (bundle == nullptr) {
    return false;
  }
  if (bundle->rows() == 0) {  // the bundle before can be acknowledged by itself
    note_fed();
  }
  KernelRecord record;
  if (!read_kernel_record(text, record)) {
    feed_->lose(Loss::Unreadable, 1);
    return true;
  }
  if (knows_next_ && record.sequence < next_) {
    return true;
  }
  if (knows_next_ && record.sequence > next_) {
    uint64_t gap = record.sequence - next_;
    feed_->lose(Loss::Kernel, gap);
    static LogLimit limit;
    if (auto pass = limit.pass()) {
      log_event(
          Level::Warning, "kmsg_gap",
          Fields()("instance", feed_->id())("rows", gap)("before", record.sequence)("suppressed", pass.suppressed));
    }
  }
  knows_next_ = true;
  next_ = record.sequence + 1;
  put_kernel_row(*feed_, *bundle, record, boot_);
  feed_->mark(stream, next_);
  return true;
}

void needs_of(const void* config, Needs& needs) {
  const KmsgConfig& kmsg = *static_cast<const KmsgConfig*>(config);
  needs.reads.push_back(kmsg.path);
  if (kmsg.path.starts_with("/dev/")) {
    needs.add_capability(CAP_SYSLOG);
  }
  if (!kmsg.state_file.empty()) {
    needs.state.push_back(kmsg.state_file);
  }
}

}  // namespace

extern const Plugin source_kmsg;
const Plugin source_kmsg = {
    .kind = Kind::Source,
    .name = "kmsg",
    .doc = "Follows the kernel's log, by the number of each record",
    .options = options,
    .primary = "path",
    .config = config_type<KmsgConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Kmsg, KmsgConfig>,
};

}  // namespace stook
