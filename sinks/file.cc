// SPDX-License-Identifier: Apache-2.0
/// file: appends rows to a file, or to many whose names come from the rows.
///
/// Rows are delivered when write(2) has taken them; with `sync = batch` when the disk has. On a full disk the very byte is
/// remembered: nothing is lost, torn or repeated, and the sources wait. A file that is renamed or removed is opened anew
/// within a second of the next row, and on SIGHUP and SIGUSR1.
///
///   [out]
///   path = /var/log/stook/access.json
///   rotate = 64MiB
///   keep_files = 8
///   compress = zstd
///
///   /var/log/stook/access.json  access.json.1.zst  access.json.2.zst …   (.1 is the newest)
///
/// `path = "/srv/log/$host/${time:%Y%m%d}.json"` divides rows by their keys. What comes from a key is reduced to
/// letters, digits and `._-`, at most 128 bytes, so that no row can leave the folder; at most 1,000 such files are open.
#include <pthread.h>
#include <signal.h>

#include <array>
#include <cstring>
#include <map>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/base/log.hh"
#include "sinks/file/config.hh"
#include "sinks/file/out_file.hh"
#include "sinks/file/shipment.hh"

namespace stook {

namespace {
constexpr std::array options = {
    option<&FileConfig::path>("path", required, "the file; may hold keys: /var/log/$host.json, ${time:%Y%m%d}"),
    option<&FileConfig::rotate>("rotate", "0", "begin a new file past this size; 0 is never"),
    option<&FileConfig::rotate_every>("rotate_every", "0", "begin a new file after this time; 0 is never"),
    option<&FileConfig::keep_files>("keep_files", "0", "how many rotated files stay; 0 is all", {0, 100000}),
    option<&FileConfig::compress>("compress", "none", "compress rotated files"),
    option<&FileConfig::sync>("sync", "never", "when rows are forced to the disk: never, batch, or a time such as 1s"),
    option<&FileConfig::mode>("mode", "0640", "permissions of new files, in octal"),
    option<&FileConfig::create_folders>("create_folders", "yes", "make folders that are missing"),
};

constexpr size_t most_open = 1000;

/// *Invariants:* a byte is written once, unless the file was replaced in the midst of its line.
class File final : public Sink {
 public:
  File(const FileConfig& config, std::string_view header, bool is_binary)
      : config_(config), has_lines_(!is_binary), rules_{config.rotate.bytes, config.rotate_every.ns,
                                                        config.keep_files,   config.compress,
                                                        config.mode_bits,    config.create_folders,
                                                        std::string(header)} {}

  void open() override ROOM(carrier) {
    // A pipe without a reader is an error here, not a signal.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    if (!config_.target.empty()) {
      (void)file_of({}, monotonic_ns());
    }
  }

  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    int64_t now = monotonic_ns();
    shipment_.begin(shipment);
    while (!shipment_.is_done()) {
      Outcome outcome = Outcome::Done;
      try {
        outcome = write_run(now);
      } catch (const SetupError& error) {
        reason_ = error.what();
        outcome = meaning(error.code);
      }
      if (outcome != Outcome::Done) {
        return outcome == Outcome::Refused ? shipment_.refuse() : shipment_.stop(outcome);
      }
    }
    if (Outcome outcome = config_.sync_every == 0 ? sync_all() : Outcome::Done; outcome != Outcome::Done) {
      return shipment_.stop(outcome);
    }
    return shipment_.finish();
  }

  void forget(Shipment shipment) override ROOM(carrier) {
    has_stump_ = has_stump_ || (has_lines_ && shipment_.ends_inside_line(shipment));
    shipment_.forget(shipment);
  }

  std::string reason() const override ROOM(carrier) { return reason_; }

  void reopen() override ROOM(carrier) {
    for (auto& [name, file] : files_) {
      file->close();
    }
    if (!config_.target.empty()) {
      try {
        (void)file_of({}, monotonic_ns());
      } catch (const SetupError& error) {
        reason_ = error.what();  // the next delivery tries again and says so
      }
    }
  }

  int64_t next_time() override ROOM(carrier) {
    int64_t next = -1;
    for (auto& [name, file] : files_) {
      int64_t due = file->is_squeezing() ? 0 : file->due_time();
      if (file->is_dirty() && config_.sync_every > 0) {
        int64_t sync = synced_ + config_.sync_every;
        due = due < 0 || sync < due ? sync : due;
      }
      next = due >= 0 && (next < 0 || due < next) ? due : next;
    }
    return next;
  }

  void on_time(int64_t now) override ROOM(carrier) {
    if (config_.sync_every > 0 && now >= synced_ + config_.sync_every) {
      (void)sync_all();
    }
    for (auto& [name, file] : files_) {
      try {
        if (shipment_.is_at_rest() && file->is_open() && config_.rotate_every.ns > 0 && file->is_due(now)) {
          file->rotate(now);
        }
      } catch (const SetupError& error) {
        reason_ = error.what();
      }
      file->squeeze();
    }
  }

  void close() override ROOM(carrier) {
    if (config_.sync_every >= 0) {
      (void)sync_all();
    }
    for (auto& [name, file] : files_) {
      file->close();
    }
  }

 private:
  /// What an errno says about a retry.
  static Outcome meaning(int code) {
    switch (code) {
      case ELOOP:
      case EISDIR:
      case ENOTDIR:
      case ENAMETOOLONG:
        return Outcome::Refused;
      case EACCES:
      case EPERM:
      case EROFS:
      case ENOENT:
        return Outcome::Misconfigured;
      case EIO:
        return Outcome::Broken;
      default:
        return Outcome::Again;
    }
  }

  OutFile& file_of(std::string_view address, int64_t now) ROOM(carrier) {
    auto found = files_.find(address);
    if (found == files_.end()) {
      if (files_.size() >= most_open) {
        drop_oldest();
      }
      std::string path = address.empty() ? config_.target : std::string(address);
      found = files_.emplace(std::string(address), std::make_unique<OutFile>(path, rules_)).first;
    }
    OutFile& file = *found->second;
    file.last_used = ++uses_;
    if (!file.is_open()) {
      file.open(now);
    }
    return file;
  }

  void drop_oldest() ROOM(carrier) {
    auto oldest = files_.begin();
    for (auto at = files_.begin(); at != files_.end(); ++at) {
      oldest = at->second->last_used < oldest->second->last_used ? at : oldest;
    }
    if (config_.sync_every >= 0) {
      (void)oldest->second->sync();
    }
    oldest->second->close();
    files_.erase(oldest);
  }

  // Writes what comes next for one file, with one call where the file's rules allow.
  Outcome write_run(int64_t now) ROOM(carrier) {
    std::string_view address = shipment_.address();
    bool is_inside = shipment_.is_inside_line();
    OutFile& file = file_of(address, now);
    if (file.was_replaced(now)) {
      file.open(now);
    }
    if (is_inside && !file.continues(torn_)) {
      shipment_.back_to_line_start();
      is_inside = false;
    }
    if (!is_inside && file.is_due(now)) {
      file.rotate(now);
    }
    bool is_at_stump = has_stump_ && file.continues(torn_);
    bool is_torn = file.is_torn() && has_lines_ && shipment_.ends_in_newline();
    if ((is_at_stump || is_torn) && !is_inside) {
      if (!end_stump(file)) {
        return Outcome::Again;
      }
      has_stump_ = has_stump_ && !is_at_stump;
    }
    size_t size = shipment_.gather(file.room_left(), parts_);
    size_t written = file.append(parts_.data(), static_cast<int>(parts_.size()));
    int error = errno;
    shipment_.advance(written);
    if (written == size) {
      return Outcome::Done;
    }
    has_stump_ = is_at_stump && has_stump_;
    torn_ = file.mark();
    reason_ = "write " + file.path() + ": " + std::strerror(error);
    return error == EIO ? Outcome::Broken : Outcome::Again;
  }

  // The head of a line whose rest is not offered again ends here, so that the next line is one of its own.
  bool end_stump(OutFile& file) ROOM(carrier) {
    bool was_found = file.is_torn();
    char newline = '\n';
    iovec part{&newline, 1};
    if (file.append(&part, 1) != 1) {
      reason_ = "write " + file.path() + ": " + std::strerror(errno);
      return false;
    }
    if (was_found) {
      static LogLimit limit(1);
      if (auto pass = limit.pass()) {
        log_event(Level::Warning, "torn_line", Fields()("path", file.path())("suppressed", pass.suppressed));
      }
    }
    return true;
  }

  Outcome sync_all() ROOM(carrier) {
    synced_ = monotonic_ns();
    for (auto& [name, file] : files_) {
      int error = file->is_dirty() ? file->sync() : 0;
      if (error != 0) {
        reason_ = "sync " + file->path() + ": " + std::strerror(error);
        return error == EIO ? Outcome::Broken : Outcome::Again;
      }
    }
    return Outcome::Done;
  }

  const FileConfig& config_;
  const bool has_lines_;
  FileRules rules_;
  std::map<std::string, std::unique_ptr<OutFile>, std::less<>> files_ OWNED(carrier);
  FileShipment shipment_ OWNED(carrier);
  std::vector<iovec> parts_ OWNED(carrier);
  OutFile::Mark torn_ OWNED(carrier);      // the file of the last delivery that was not finished
  bool has_stump_ OWNED(carrier) = false;  // there, of a line that was forgotten
  std::string reason_ OWNED(carrier);
  uint64_t uses_ OWNED(carrier) = 0;
  int64_t synced_ OWNED(carrier) = 0;
};

}  // namespace

std::unique_ptr<Sink> make_file(const Make& make) {
  return make_file_sink(*static_cast<const FileConfig*>(make.config), make.header, make.is_binary);
}

std::unique_ptr<Sink> make_file_sink(const FileConfig& config, std::string_view header, bool is_binary) {
  return std::make_unique<File>(config, header, is_binary);
}

extern const Plugin sink_file;
const Plugin sink_file = {
    .kind = Kind::Sink,
    .name = "file",
    .doc = "appends rows to files, rotates and compresses them",
    .options = options,
    .primary = "path",
    .config = config_type<FileConfig>,
    .declare = declare_file,
    .needs = file_needs,
    .sink = make_file,
    .format = "json",
};

}  // namespace stook
