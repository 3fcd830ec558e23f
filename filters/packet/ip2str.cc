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
#include <string>

#include "core/api/plugin.hh"
#include "core/data/pattern.hh"
#include "filters/packet/cells.hh"

namespace stook {

namespace {
constexpr std::array names = {"ip.saddr",       "ip.daddr",       "orig.ip.saddr", "orig.ip.daddr",
                              "reply.ip.saddr", "reply.ip.daddr", "arp.saddr",     "arp.daddr"};

/// *Rooms:* a replica per worker.
class Ip2Str final : public Filter {
 public:
  explicit Ip2Str(const NoConfig&) {}

  void run(Batch& batch) override ROOM(worker) {
    constexpr size_t longest = 46;
    for (size_t i = 0; i < names.size(); i++) {
      const Column* addresses = batch.read(batch.in(i));
      Column* texts = addresses == nullptr ? nullptr : batch.write(batch.out(i));
      if (texts == nullptr) {
        continue;
      }
      for (Row row : batch.rows()) {
        std::string_view address = address_at(addresses, row);
        if (address.data() != nullptr) {
          char* begin = batch.arena().reserve(longest);
          auto size = static_cast<size_t>(put_address(begin, address) - begin);
          batch.arena().commit(size);
          texts->set(row, Cell::of_text({begin, size}));
        }
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
