// SPDX-License-Identifier: Apache-2.0
/// packicmp: packs type and code of ICMP into one number, as PACKICMP of ulogd's child, for NetFlow and IPFIX.
///
///     stack=ct:NFCT,icmp:PACKICMP,out:NFLOW9
///
/// `icmp.type=8 icmp.code=0` becomes `icmp.typecode4=2048`. A row without them stays as it is.
#include "core/api/plugin.hh"
#include "filters/packet/cells.hh"

namespace stook {

namespace {
/// *Rooms:* a replica per worker.
class PackIcmp final : public Filter {
 public:
  explicit PackIcmp(const NoConfig&) {}

  void run(Batch& batch) override ROOM(worker) {
    const Column* types = batch.read(batch.in(0));
    const Column* codes = batch.read(batch.in(1));
    Column* packed = types == nullptr || codes == nullptr ? nullptr : batch.write(batch.out(0));
    if (packed == nullptr) {
      return;
    }
    for (Row row : batch.rows()) {
      NumberAt type = number_at(types, row);
      NumberAt code = number_at(codes, row);
      if (type && code) {
        packed->set(row, Cell::of_unsigned((type.value & 0xff) << 8 | (code.value & 0xff)));
      }
    }
  }
};

void declare_packicmp(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {{"icmp.type", Type::Unsigned, true}, {"icmp.code", Type::Unsigned, true}};
  wiring.writes = {{"icmp.typecode4", Type::Unsigned, {}, "type * 256 + code"}};
}
}  // namespace

extern const Plugin filter_packicmp;
const Plugin filter_packicmp = {
    .kind = Kind::Filter,
    .name = "packicmp",
    .doc = "packs type and code of ICMP into one number",
    .options = {},
    .declare = declare_packicmp,
    .filter = make_filter<PackIcmp, NoConfig>,
};

}  // namespace stook
