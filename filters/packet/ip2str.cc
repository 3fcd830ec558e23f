// SPDX-License-Identifier: Apache-2.0
/// ip2str: writes addresses as text, each under its own name with `.str` behind it, as ulogd's IP2STR.
///
/// stook's sinks write addresses as text by themselves; this is for those who name the keys with `.str`: printpkt, logemu,
/// columns of a table.
///
///     stack=in:PCAP,base:BASE,ip:IP2STR,text:PRINTPKT,out:FILE
///
/// `ip.saddr` 192.0.2.1 becomes `ip.saddr.str=192.0.2.1`.
#include <array>
#include <cstring>
#include <string>

#include "core/api/plugin.hh"
#include "core/data/pattern.hh"
#include "filters/packet/cells.hh"

namespace stook {

namespace {
constexpr std::array names = {"ip.saddr",       "ip.daddr",       "orig.ip.saddr", "orig.ip.daddr",
                              "reply.ip.saddr", "reply.ip.daddr", "arp.saddr",     "arp.daddr"};

/// Whether the addresses are one. REQUIRES: `one` has 4 or 16 bytes; the other too, or none.
bool is_same(std::string_view one, std::string_view other) {
  constexpr size_t four = 4;
  constexpr size_t sixteen = 16;
  return one.size() == other.size() && (one.size() == four ? std::memcmp(one.data(), other.data(), four) == 0
                                                           : std::memcmp(one.data(), other.data(), sixteen) == 0);
}

Cell text_of(std::string_view address, Arena& arena) {
  constexpr size_t longest = 46;
  char* begin = arena.reserve(longest);
  auto size = static_cast<size_t>(put_address(begin, address) - begin);
  arena.commit(size);
  return Cell::of_text({begin, size});
}

/// *Rooms:* a replica per worker.
class Ip2Str final : public Filter {
 public:
  explicit Ip2Str(const NoConfig&) {}

  void run(Batch& batch) override ROOM(worker) {
    for (size_t i = 0; i < names.size(); i++) {
      const Column* addresses = batch.read(batch.in(i));
      Column* texts = addresses == nullptr ? nullptr : batch.write(batch.out(i));
      if (texts == nullptr) {
        continue;
      }
      // Packets of a peer come in runs: one text is that of all of them.
      std::string_view former;
      Cell text{};
      for (Row row : batch.rows()) {
        std::string_view address = address_at(addresses, row);
        if (address.data() == nullptr) {
          continue;
        }
        if (!is_same(address, former)) {
          former = address;
          text = text_of(address, batch.arena());
        }
        texts->set(row, text);
      }
    }
  }
};

void declare_ip2str(void*, std::string_view, Wiring& wiring) {
  for (const char* name : names) {
    wiring.reads.push_back({name, Type::Address, true});
    wiring.writes.push_back({std::string(name) + ".str", Type::Text, {}, "the same as text"});
  }
}
}  // namespace

extern const Plugin filter_ip2str;
const Plugin filter_ip2str = {
    .kind = Kind::Filter,
    .name = "ip2str",
    .doc = "writes addresses as text",
    .options = {},
    .declare = declare_ip2str,
    .filter = make_filter<Ip2Str, NoConfig>,
};

}  // namespace stook
