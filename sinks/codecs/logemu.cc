// SPDX-License-Identifier: Apache-2.0
/// logemu: the key `print` of a row behind date and host, as a syslog daemon writes lines.
///
/// The date is `oob.time.sec` in the system's zone, or now. Control characters are escaped, so that no prefix of a rule can
/// forge a line; with `compat = ulogd` they stay. Rows without `print` are faults: a filter such as PRINTPKT makes it.
///
///     Nov 22 01:57:42 gate in: IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.7 LEN=33 …
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/base/few_bytes.hh"
#include "sinks/codecs/local_second.hh"
#include "sinks/codecs/ulogd_value.hh"

namespace stook {

namespace {
struct LogemuConfig {
  Compat compat = Compat::None;
};

constexpr std::array options = {
    option<&LogemuConfig::compat>("compat", "none", "ulogd: control characters as they are"),
};

enum In : size_t { print, time_sec };

std::string short_host() {
  char name[HOST_NAME_MAX + 1] = "";
  (void)::gethostname(name, sizeof name - 1);
  std::string host(name);
  return host.substr(0, host.find('.'));
}

/// *Rooms:* one replica, its worker.
class Logemu final : public Codec {
 public:
  explicit Logemu(const LogemuConfig& config) : compat_(config.compat), host_(" " + short_host() + " ") {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const Column* texts = batch.read(batch.in(print));
    const Column* times = batch.read(batch.in(time_sec));
    int64_t now = wall_ns() / 1'000'000'000;
    for (Row row : batch.rows()) {
      const Cell* text = texts == nullptr ? nullptr : texts->find(row);
      if (text == nullptr) {
        batch.fault(row);
        continue;
      }
      const Cell* time = times == nullptr ? nullptr : times->find(row);
      put_head(time == nullptr ? now : time->integer, payload);
      std::string_view line = text->bytes();
      line.remove_suffix(!line.empty() && line.back() == '\n' ? 1 : 0);
      append_line_text(payload, line, compat_);
      payload.append('\n');
      payload.end_row();
    }
  }

 private:
  void put_head(int64_t second, Payload& payload) {
    if (second != second_ || head_.empty()) {
      second_ = second;
      char text[32];
      head_.assign(text, strftime(text, sizeof text, "%b %e %H:%M:%S", &local_.at(second))) += host_;
    }
    char* to = payload.room(head_.size());
    copy_few(to, head_.data(), head_.size());
    payload.commit(to + head_.size());
  }

  const Compat compat_;
  std::string host_;
  LocalSecond local_;
  int64_t second_ = 0;
  std::string head_;  // of that second: date and host
};

void declare(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {{"print", Type::Text, false}, {"oob.time.sec", Type::Unsigned, true}};
}
}  // namespace

extern const Plugin codec_logemu;
const Plugin codec_logemu = {
    .kind = Kind::Codec,
    .name = "logemu",
    .doc = "the key print behind date and host, as syslog daemons write lines",
    .options = options,
    .config = config_type<LogemuConfig>,
    .declare = declare,
    .codec = make_codec<Logemu, LogemuConfig>,
};

}  // namespace stook
