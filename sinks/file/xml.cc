// SPDX-License-Identifier: Apache-2.0
/// xml: packets, connections or counters as documents of XML, a file for each run; XML of ulogd.
///
/// A file is named by what its first row is, and by the time at which it was begun, which is when that row came. It becomes a whole document when stook ends, and at SIGHUP, when the next one
/// begins. A file that a crash left lacks its last line, such as `</packet>`.
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
#include "core/base/status.hh"
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

/// What a document holds, by how its first row begins.
struct XmlKind {
  std::string_view begin;
  std::string_view name;  // of the file
  std::string_view root;
};
constexpr XmlKind kinds[] = {{"<log", "pkt", "packet"}, {"<flow", "flow", "conntrack"}, {"<obj", "sum", "sum"}};

const XmlKind& kind_of(Shipment shipment) {
  for (const Payload* payload : shipment) {
    for (const XmlKind& kind : kinds) {
      if (payload->bytes().substr(0, kind.begin.size()) == kind.begin) {
        return kind;
      }
    }
  }
  return kinds[0];
}

std::string name_now(const XmlKind& kind) {
  time_t now = wall_ns() / 1'000'000'000;
  tm parts{};
  localtime_r(&now, &parts);
  char text[64];
  return {text,
          strftime(text, sizeof text, ("ulogd-" + std::string(kind.name) + "-%d%m%Y-%H%M%S.xml").c_str(), &parts)};
}

void declare(void* raw, std::string_view folder, Wiring& wiring) {
  auto& config = *static_cast<XmlConfig*>(raw);
  config.file.sync = "never";
  config.file.mode = "0640";
  config.file.path = config.is_stdout ? "/dev/stdout" : config.directory + "/ulogd-pkt.xml";
  declare_file(&config.file, folder, wiring);
}

/// *Invariants:* `inner_` is there from a document's first row to its end. *Rooms:* its carrier.
class XmlSink final : public Sink {
 public:
  explicit XmlSink(const XmlConfig& config) : config_(config) {}

  void open() override ROOM(carrier) {}
  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    if (!inner_) {
      begin(kind_of(shipment));
    }
    return inner_->deliver(shipment);
  }
  void forget(Shipment shipment) override ROOM(carrier) {
    if (inner_) {
      inner_->forget(shipment);
    }
  }
  std::string reason() const override ROOM(carrier) { return inner_ ? inner_->reason() : ""; }
  int64_t next_time() override ROOM(carrier) { return inner_ ? inner_->next_time() : -1; }
  void on_time(int64_t now) override ROOM(carrier) {
    if (inner_) {
      inner_->on_time(now);
    }
  }
  void close() override ROOM(carrier) { finish(); }
  void reopen() override ROOM(carrier) {
    if (!config_.is_stdout && inner_ && name_now(*kind_) != name_) {  // within one second it stays the same file
      finish();
    }
  }

 private:
  void begin(const XmlKind& kind) ROOM(carrier) {
    kind_ = &kind;
    file_ = config_.file;
    name_ = name_now(kind);
    if (!config_.is_stdout) {
      file_.target = file_.target.substr(0, file_.target.rfind('/') + 1) + name_;
    }
    std::string header = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<" + std::string(kind.root) + ">\n";
    inner_ = make_file_sink(file_, header, false);
    try {
      inner_->open();
    } catch (const SetupError&) {
      // the delivery that follows meets it again, and says so
    }
  }

  void finish() ROOM(carrier) {
    if (!inner_) {
      return;
    }
    inner_->close();
    inner_.reset();
    std::string end = "</" + std::string(kind_->root) + ">\n";
    Fd fd(::open(file_.target.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY));
    if (fd && ::write(fd.get(), end.data(), end.size()) != static_cast<ssize_t>(end.size())) {
      log_event(Level::Error, "file_unfinished", Fields()("path", file_.target)("reason", std::strerror(errno)));
    }
  }

  const XmlConfig& config_;
  const XmlKind* kind_ OWNED(carrier) = kinds;
  FileConfig file_ OWNED(carrier);
  std::string name_ OWNED(carrier);
  std::unique_ptr<Sink> inner_ OWNED(carrier);
};

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<XmlSink>(*static_cast<const XmlConfig*>(make.config));
}

void needs_of(const void* config, Needs& needs) {
  file_needs(&static_cast<const XmlConfig*>(config)->file, needs);
}

}  // namespace

extern const Plugin sink_xml;
const Plugin sink_xml = {
    .kind = Kind::Sink,
    .name = "xml",
    .doc = "packets, connections or counters as documents of XML; ulogd's XML",
    .options = options,
    .primary = "directory",
    .config = config_type<XmlConfig>,
    .declare = declare,
    .needs = needs_of,
    .sink = make,
    .format = "xml",
};

}  // namespace stook
