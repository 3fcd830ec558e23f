// SPDX-License-Identifier: Apache-2.0
/// local_syslog: the key `print` of a row as syslog(3) of a program of this machine writes it, which names no host.
///
/// ulogd asks for the facility LOG_KERN by itself, and the C library makes LOG_DAEMON of it, as no program is the kernel. So it
/// is here. Control characters are escaped, but with `compat = ulogd`; rows without `print` are faults.
///
///     <29>Nov 22 01:57:42 ulogd[812]: in: IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.7 LEN=33 …
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/data/syslog_text.hh"
#include "sinks/codecs/local_second.hh"
#include "sinks/codecs/ulogd_value.hh"

namespace stook {

namespace {
struct LocalSyslogConfig {
  std::string facility;
  std::string level;
  std::string ident;
  Compat compat = Compat::None;

  // Completed by declare.
  int pri = 0;
};

constexpr std::array options = {
    option<&LocalSyslogConfig::facility>("facility", "LOG_KERN", "as in syslog(3), or without LOG_"),
    option<&LocalSyslogConfig::level>("level", "LOG_NOTICE", "as in syslog(3), or without LOG_"),
    option<&LocalSyslogConfig::ident>("ident", "ulogd", "the program that lines name"),
    option<&LocalSyslogConfig::compat>("compat", "none", "ulogd: control characters as they are"),
};

constexpr int facility_daemon = 3;

int number_in(std::string_view text, int count, std::string_view (*name_of)(int), int step) {
  std::string name = lower(text);
  name = name.rfind("log_", 0) == 0 ? name.substr(4) : name;
  for (int i = 0; i < count; i++) {
    if (name_of(i * step) == name) {
      return i;
    }
  }
  return -1;
}

/// *Rooms:* one replica, its worker.
class LocalSyslog final : public Codec {
 public:
  explicit LocalSyslog(const LocalSyslogConfig& config)
      : compat_(config.compat),
        head_("<" + std::to_string(config.pri) + ">"),
        tag_(" " + config.ident + "[" + std::to_string(::getpid()) + "]: ") {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const Column* texts = batch.read(batch.in(0));
    char date[32];
    const tm& now = local_.at(wall_ns() / 1'000'000'000);
    std::string_view when(date, strftime(date, sizeof date, "%b %e %H:%M:%S", &now));
    for (Row row : batch.rows()) {
      const Cell* text = texts == nullptr ? nullptr : texts->find(row);
      if (text == nullptr) {
        batch.fault(row);
        continue;
      }
      std::string_view line = text->bytes();
      line.remove_suffix(!line.empty() && line.back() == '\n' ? 1 : 0);
      payload.append(head_);
      payload.append(when);
      payload.append(tag_);
      append_line_text(payload, line, compat_);
      payload.append('\n');
      payload.end_row();
    }
  }

 private:
  const Compat compat_;
  std::string head_;
  std::string tag_;
  LocalSecond local_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<LocalSyslogConfig*>(raw);
  int facility = number_in(config.facility, 24, facility_name, 8);
  int level = number_in(config.level, 8, severity_name, 1);
  if (facility < 0) {
    throw std::invalid_argument("facility: there is none called '" + config.facility +
                                "'; it takes LOG_DAEMON, LOG_USER, LOG_LOCAL0 to LOG_LOCAL7 and the like");
  }
  if (level < 0) {
    throw std::invalid_argument(
        "level: there is none called '" + config.level +
        "'; it takes LOG_EMERG, LOG_ALERT, LOG_CRIT, LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO or "
        "LOG_DEBUG");
  }
  config.pri = 8 * (facility == 0 ? facility_daemon : facility) + level;
  wiring.reads = {{"print", Type::Text, false}};
}
}  // namespace

extern const Plugin codec_local_syslog;
const Plugin codec_local_syslog = {
    .kind = Kind::Codec,
    .name = "local_syslog",
    .doc = "the key print as syslog(3) writes it",
    .options = options,
    .config = config_type<LocalSyslogConfig>,
    .declare = declare,
    .codec = make_codec<LocalSyslog, LocalSyslogConfig>,
};

}  // namespace stook
