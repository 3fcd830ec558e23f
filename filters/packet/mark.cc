// SPDX-License-Identifier: Apache-2.0
/// mark: keeps rows with a netfilter mark, as ulogd's MARK.
///
/// `ct.mark` and `oob.mark` are looked at, whichever is there; each must be `mark` in the bits of `mask`. A row that has
/// neither has the mark 0, which the kernel does not send.
///
///     stack=ct:NFCT,only:MARK,out:JSON
///     [only]
///     mark=0x10
///     mask=0xf0
#include "core/api/plugin.hh"
#include "filters/packet/cells.hh"

namespace stook {

namespace {
struct MarkConfig {
  int64_t mark = 0;
  int64_t mask = 0;
};

constexpr double most_mark = 4294967295.0;
constexpr Option mark_options[] = {
    option<&MarkConfig::mark>("mark", "0", "what the mark has to be", {-1, most_mark}),
    option<&MarkConfig::mask>("mask", "-1", "which of its bits are looked at; -1 is all", {-1, most_mark}),
};

/// *Rooms:* a replica per worker.
class KeepMark final : public Filter {
 public:
  explicit KeepMark(const MarkConfig& config)
      : mask_(static_cast<uint32_t>(config.mask)), mark_(static_cast<uint32_t>(config.mark)) {}

  void run(Batch& batch) override ROOM(worker) {
    const Column* connections = batch.read(batch.in(0));
    const Column* packets = batch.read(batch.in(1));
    batch.keep_if([&](Row row) {
      NumberAt connection = number_at(connections, row);
      NumberAt packet = number_at(packets, row);
      bool has_neither = !connection && !packet;
      return has_neither ? is_right(0)
                         : (!connection || is_right(connection.value)) && (!packet || is_right(packet.value));
    });
  }

 private:
  bool is_right(uint64_t mark) const { return (static_cast<uint32_t>(mark) & mask_) == mark_; }

  uint32_t mask_;
  uint32_t mark_;
};

void declare_mark(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {{"ct.mark", Type::Unsigned, true}, {"oob.mark", Type::Unsigned, true}};
}
}  // namespace

extern const Plugin filter_mark;
const Plugin filter_mark = {
    .kind = Kind::Filter,
    .name = "mark",
    .doc = "keeps rows with a netfilter mark",
    .options = mark_options,
    .primary = "mark",
    .config = config_type<MarkConfig>,
    .declare = declare_mark,
    .filter = make_filter<KeepMark, MarkConfig>,
};

}  // namespace stook
