// SPDX-License-Identifier: Apache-2.0
/// pwsniff: finds names and passwords that are sent in the clear to FTP and POP3 servers, as ulogd's PWSNIFF.
///
/// A packet over IPv4 or IPv6 to TCP port 21 or 110 is looked through for a line that begins with USER or PASS; all other
/// rows go no further.
///
///     stack=in:NFLOG,who:PWSNIFF,out:JSON
///
/// `USER alice` becomes `pwsniff.user=alice`.
#include <algorithm>

#include "core/api/plugin.hh"
#include "core/base/text.hh"
#include "core/data/endian.hh"
#include "filters/packet/cells.hh"

namespace stook {

namespace {
constexpr uint8_t tcp_protocol = 6;
constexpr size_t most_word = 255;

/// The payload of a TCP packet to a port that is listened to; empty when it is none, or a later fragment.
std::string_view clear_payload(std::string_view packet) {
  constexpr size_t fixed4 = 20;
  constexpr size_t fixed6 = 40;
  int version = packet.empty() ? 0 : static_cast<unsigned char>(packet[0]) >> 4;
  size_t head = 0;
  if (version == 4 && packet.size() >= fixed4) {
    bool is_whole = (big<uint16_t>(packet.data() + 6) & 0x1fff) == 0;
    head = is_whole && packet[9] == tcp_protocol ? size_t{packet[0] & 15u} * 4 : 0;
    size_t total = big<uint16_t>(packet.data() + 2);
    packet = total < head ? packet : packet.substr(0, total);
  } else if (version == 6 && packet.size() >= fixed6) {
    head = packet[6] == tcp_protocol ? fixed6 : 0;
  }
  if (head < fixed4 || packet.size() < head + 20) {
    return {};
  }
  std::string_view tcp = packet.substr(head);
  uint16_t port = big<uint16_t>(tcp.data() + 2);
  size_t offset = (static_cast<size_t>(static_cast<unsigned char>(tcp[12])) >> 4) * 4;
  bool is_wanted = (port == 21 || port == 110) && offset >= 20 && offset < tcp.size();
  return is_wanted ? tcp.substr(offset) : std::string_view();
}

/// What follows the command at the begin of a line, up to a blank or the line's end.
std::string_view word_after(std::string_view payload, std::string_view command) {
  while (!payload.empty()) {
    std::string_view line = payload.substr(0, payload.find('\n'));
    if (line.size() > command.size() && equal_in_any_case(line.substr(0, command.size()), command)) {
      line = line.substr(command.size(), most_word);
      return line.substr(0, line.find_first_of(" \r"));
    }
    payload.remove_prefix(std::min(line.size() + 1, payload.size()));
  }
  return {};
}

/// *Rooms:* a replica per worker.
class PwSniff final : public Filter {
 public:
  explicit PwSniff(const NoConfig&) {}

  void run(Batch& batch) override ROOM(worker) {
    const Column* packets = batch.read(batch.in(0));
    batch.keep_if([&](Row row) {
      std::string_view payload = clear_payload(bytes_at(packets, row));
      bool has_user = put(batch, 0, row, word_after(payload, "USER "));
      bool has_word = put(batch, 1, row, word_after(payload, "PASS "));
      return has_user || has_word;
    });
  }

 private:
  static bool put(Batch& batch, size_t out, Row row, std::string_view word) {
    Column* column = word.empty() ? nullptr : batch.write(batch.out(out));
    if (column != nullptr) {
      column->set(row, Cell::of_text(word));
    }
    return !word.empty();
  }
};

void declare_pwsniff(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {{"raw.pkt", Type::Bytes}};
  wiring.writes = {{"pwsniff.user", Type::Text, {}, "after USER"}, {"pwsniff.pass", Type::Text, {}, "after PASS"}};
}
}  // namespace

extern const Plugin filter_pwsniff;
const Plugin filter_pwsniff = {
    .kind = Kind::Filter,
    .name = "pwsniff",
    .doc = "finds names and passwords sent in the clear to FTP and POP3 servers",
    .options = {},
    .declare = declare_pwsniff,
    .filter = make_filter<PwSniff, NoConfig>,
};

}  // namespace stook
