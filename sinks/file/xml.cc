// SPDX-License-Identifier: Apache-2.0
/// xml: logged packets as documents of XML, a file for each run; XML of ulogd.
///
/// A file is named by the time at which it was begun. It becomes a whole document when stook ends, and at SIGHUP, when the next one
/// begins. A file that a crash left lacks its last line, `</packet>`.
///
///     stack=log1:NFLOG,xml1:XML
///     [xml1]
///     directory="/var/log/ulog/"
///
///     /var/log/ulog/ulogd-pkt-22112026-015741.xml
#include <fcntl.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/base/clock.hh"
#include "core/base/fd.hh"
#include "core/base/log.hh"
#include "sinks/file/ulogd_options.hh"

namespace stook {

namespace {
struct XmlConfig {
  std::string directory;
  bool sync = false;
  bool is_stdout = false;

  // Completed by declare.
  FileConfig file;
};

constexpr std::array options = {
    option<&XmlConfig::directory>("directory", "/var/log/", "the folder in which files are begun"),
    option<&XmlConfig::sync>(
        "sync", "0", "accepted from old files and without effect: what is delivered is with the kernel, always"),
    option<&XmlConfig::is_stdout>("stdout", "0", "to the standard output, and no file"),
};

std::string name_now() {
  time_t now = wall_ns() / 1'000'000'000;
  tm parts{};
  localtime_r(&now, &parts);
  char text[64];
  return {text, strftime(text, sizeof text, "ulogd-pkt-%d%m%Y-%H%M%S.xml", &parts)};
}

void declare(void* raw, std::string_view folder, Wiring& wiring) {
  auto& config = *static_cast<XmlConfig*>(raw);
  config.file.sync = "never";
  config.file.mode = "0640";
  config.file.path = config.is_stdout ? "/dev/stdout" : config.directory + "/ulogd-pkt.xml";
  declare_file(&config.file, folder, wiring);
}

/// *Invariants:* `inner_` writes to `file_`, and what is written there and is no document yet gets its end by `finish`.
class XmlSink final : public Sink {
 public:
  XmlSink(const XmlConfig& config, std::string_view header) : config_(config), header_(header) { begin(); }

  void open() override ROOM(carrier) { inner_->open(); }
  Outcome deliver(Shipment shipment) override ROOM(carrier) { return inner_->deliver(shipment); }
  void forget(Shipment shipment) override ROOM(carrier) { inner_->forget(shipment); }
  std::string reason() const override ROOM(carrier) { return inner_->reason(); }
  int64_t next_time() override ROOM(carrier) { return inner_->next_time(); }
  void on_time(int64_t now) override ROOM(carrier) { inner_->on_time(now); }
  void close() override ROOM(carrier) {
    inner_->close();
    finish();
  }
  void reopen() override ROOM(carrier) {
    if (!config_.is_stdout && name_now() != name_) {  // within one second it stays the same file
      close();
      begin();
      inner_->reopen();
    }
  }

 private:
  void begin() {
    file_ = config_.file;
    name_ = name_now();
    if (!config_.is_stdout) {
      file_.target = file_.target.substr(0, file_.target.rfind('/') + 1) + name_;
    }
    inner_ = make_file_sink(file_, header_);
  }

  void finish() ROOM(carrier) {
    constexpr std::string_view end = "</packet>\n";
    Fd fd(::open(file_.target.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY));
    if (fd && ::write(fd.get(), end.data(), end.size()) != static_cast<ssize_t>(end.size())) {
      log_event(Level::Error, "file_unfinished", Fields()("path", file_.target)("reason", std::strerror(errno)));
    }
  }

  const XmlConfig& config_;
  std::string header_;
  FileConfig file_;
  std::string name_;
  std::unique_ptr<Sink> inner_;
};

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<XmlSink>(*static_cast<const XmlConfig*>(make.config), make.header);
}
}  // namespace

extern const Plugin sink_xml;
const Plugin sink_xml = {
    .kind = Kind::Sink,
    .name = "xml",
    .doc = "logged packets as documents of XML; ulogd's XML",
    .options = options,
    .primary = "directory",
    .config = config_type<XmlConfig>,
    .declare = declare,
    .sink = make,
    .format = "xml",
};

}  // namespace stook
