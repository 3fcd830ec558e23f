// SPDX-License-Identifier: Apache-2.0
/// ip2hbin: writes IPv4 addresses as numbers (host order), as ulogd's IP2HBIN; IPv6 ones stay what they are.
///
///     stack=in:NFLOG,base:BASE,number:IP2HBIN,out:SQLITE3
///
/// `ip.saddr` 192.0.2.1 becomes `ip.hsaddr=3221225985`.
#include <array>

#include "core/api/plugin.hh"
#include "core/data/endian.hh"
#include "filters/packet/cells.hh"

namespace stook {

namespace {
struct HostPair {
  const char* from;
  const char* to;
};
constexpr std::array host_pairs = {HostPair{"ip.saddr", "ip.hsaddr"},
                                   HostPair{"ip.daddr", "ip.hdaddr"},
                                   HostPair{"orig.ip.saddr", "orig.ip.hsaddr"},
                                   HostPair{"orig.ip.daddr", "orig.ip.hdaddr"},
                                   HostPair{"reply.ip.saddr", "reply.ip.hsaddr"},
                                   HostPair{"reply.ip.daddr", "reply.ip.hdaddr"}};

/// *Rooms:* a replica per worker.
class Ip2Hbin final : public Filter {
 public:
  explicit Ip2Hbin(const NoConfig&) {}

  void run(Batch& batch) override ROOM(worker) {
    for (size_t i = 0; i < host_pairs.size(); i++) {
      const Column* addresses = batch.read(batch.in(i));
      Column* numbers = addresses == nullptr ? nullptr : batch.write(batch.out(i));
      if (numbers == nullptr) {
        continue;
      }
      for (Row row : batch.rows()) {
        std::string_view address = address_at(addresses, row);
        if (address.size() == 4) {
          numbers->set(row, Cell::of_unsigned(big<uint32_t>(address.data())));
        } else if (address.size() == 16) {
          numbers->set(row, Cell::of_slice(Type::Address, address));
        }
      }
    }
  }
};

void declare_ip2hbin(void*, std::string_view, Wiring& wiring) {
  for (const HostPair& pair : host_pairs) {
    wiring.reads.push_back({pair.from, Type::Address, true});
    wiring.writes.push_back({pair.to, Type::Mixed, {}, "an IPv4 address as a number, an IPv6 one as it is"});
  }
}
}  // namespace

extern const Plugin filter_ip2hbin;
const Plugin filter_ip2hbin = {
    .kind = Kind::Filter,
    .name = "ip2hbin",
    .doc = "writes IPv4 addresses as numbers",
    .options = {},
    .declare = declare_ip2hbin,
    .filter = make_filter<Ip2Hbin, NoConfig>,
};

}  // namespace stook
