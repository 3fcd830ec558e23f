// SPDX-License-Identifier: Apache-2.0
/// graphite: two lines a row, packets and bytes of a sum, as Graphite's plain text protocol has them.
///
/// A blank or control character of a name is `_`, so that no name can forge a line.
///
///     netfilter.icmp.pkts 12 1795312662
///     netfilter.icmp.bytes 1008 1795312662
#include <array>
#include <charconv>
#include <string>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"

namespace stook {

namespace {
struct GraphiteConfig {
  std::string prefix;
};

constexpr std::array options = {
    option<&GraphiteConfig::prefix>("prefix", "", "what names begin with, without its dot; empty: nothing"),
};

enum In : size_t { name, packets, bytes, time_sec };

/// *Rooms:* one replica, its worker.
class Graphite final : public Codec {
 public:
  explicit Graphite(const GraphiteConfig& config) : prefix_(config.prefix.empty() ? "" : config.prefix + ".") {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const Column* names = batch.read(batch.in(name));
    const Column* times = batch.read(batch.in(time_sec));
    auto now = static_cast<uint64_t>(wall_ns() / 1'000'000'000);
    for (Row row : batch.rows()) {
      const Cell* text = names == nullptr ? nullptr : names->find(row);
      if (text == nullptr) {
        batch.fault(row);
        continue;
      }
      const Cell* time = times == nullptr ? nullptr : times->find(row);
      put_line(payload, text->bytes(), ".pkts ", batch.read(batch.in(packets)), row,
               time == nullptr ? now : time->bits);
      put_line(payload, text->bytes(), ".bytes ", batch.read(batch.in(bytes)), row, time == nullptr ? now : time->bits);
      payload.end_row();
    }
  }

 private:
  void put_line(Payload& payload, std::string_view text, std::string_view what, const Column* numbers, Row row,
                uint64_t time) const {
    const Cell* number = numbers == nullptr ? nullptr : numbers->find(row);
    payload.append(prefix_);
    for (char c : text) {
      payload.append(static_cast<unsigned char>(c) > ' ' && c != 0x7f ? c : '_');
    }
    payload.append(what);
    put_number(payload, number == nullptr ? 0 : number->bits, ' ');
    put_number(payload, time, '\n');
  }
  static void put_number(Payload& payload, uint64_t number, char behind) {
    constexpr size_t digits = 24;
    char* to = payload.room(digits);
    to = std::to_chars(to, to + digits - 1, number).ptr;
    *to++ = behind;
    payload.commit(to);
  }

  std::string prefix_;
};

void declare(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {{"sum.name", Type::Text, false},
                  {"sum.pkts", Type::Unsigned, true},
                  {"sum.bytes", Type::Unsigned, true},
                  {"oob.time.sec", Type::Unsigned, true}};
}
}  // namespace

extern const Plugin codec_graphite;
const Plugin codec_graphite = {
    .kind = Kind::Codec,
    .name = "graphite",
    .doc = "packets and bytes of a sum, two lines a row",
    .options = options,
    .primary = "prefix",
    .config = config_type<GraphiteConfig>,
    .declare = declare,
    .codec = make_codec<Graphite, GraphiteConfig>,
};

}  // namespace stook
