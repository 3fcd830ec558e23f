// SPDX-License-Identifier: Apache-2.0
/// ip2bin: writes addresses as 16 bytes, IPv4 ones as IPv6 ones (::ffff:192.0.2.1), as ulogd's IP2BIN for databases.
///
/// The keys are made for those who name them; each has the name of its address with `.bin` behind it.
///
///     stack=in:NFLOG,base:BASE,bin:IP2BIN,out:SQLITE3
///
/// `ip.saddr` 192.0.2.1 becomes the bytes 00000000000000000000ffffc0000201 under `ip.saddr.bin`.
#include <array>
#include <cstring>
#include <string>

#include "core/api/plugin.hh"
#include "filters/packet/cells.hh"

namespace stook {

namespace {
constexpr std::array bin_names = {"ip.saddr",      "ip.daddr",       "orig.ip.saddr",
                                  "orig.ip.daddr", "reply.ip.saddr", "reply.ip.daddr"};

/// *Rooms:* a replica per worker.
class Ip2Bin final : public Filter {
 public:
  explicit Ip2Bin(const NoConfig&) {}

  void run(Batch& batch) override ROOM(worker) {
    for (size_t i = 0; i < bin_names.size(); i++) {
      const Column* addresses = batch.read(batch.in(i));
      Column* bytes = addresses == nullptr ? nullptr : batch.write(batch.out(i));
      if (bytes == nullptr) {
        continue;
      }
      for (Row row : batch.rows()) {
        std::string_view address = address_at(addresses, row);
        if (address.size() == 16) {
          bytes->set(row, Cell::of_slice(Type::Bytes, address));
        } else if (address.size() == 4) {
          bytes->set(row, Cell::of_slice(Type::Bytes, mapped(batch.arena(), address)));
        }
      }
    }
  }

 private:
  static std::string_view mapped(Arena& arena, std::string_view address) {
    char* to = arena.take(16);
    std::memset(to, 0, 10);
    std::memset(to + 10, 0xff, 2);
    std::memcpy(to + 12, address.data(), 4);
    return {to, 16};
  }
};

void declare_ip2bin(void*, std::string_view, Wiring& wiring) {
  for (const char* name : bin_names) {
    wiring.reads.push_back({name, Type::Address, true});
    wiring.writes.push_back({std::string(name) + ".bin", Type::Bytes, {}, "the same as 16 bytes", true});
  }
}
}  // namespace

extern const Plugin filter_ip2bin;
const Plugin filter_ip2bin = {
    .kind = Kind::Filter,
    .name = "ip2bin",
    .doc = "writes addresses as 16 bytes, IPv4 ones mapped",
    .options = {},
    .declare = declare_ip2bin,
    .filter = make_filter<Ip2Bin, NoConfig>,
};

}  // namespace stook
