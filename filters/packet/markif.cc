// SPDX-License-Identifier: Apache-2.0
/// markif: reads interfaces and the direction out of a connection's mark, as MARKIF of ulogd's child.
///
/// Each option is a mask of `ct.mark`, and how far what it leaves is shifted down; an option that is not given makes no key.
///
///     stack=ct:NFCT,if:MARKIF,out:IPFIX
///     [if]
///     mask_ingress=0xff
///     mask_egress=0xff00 >> 8
///     mask_flow=0x30000 >> 16
///
/// `ct.mark` 0x00030201 becomes `oob.ifindex_in=1 oob.ifindex_out=2 flow.direction=3`.
#include <array>
#include <charconv>
#include <stdexcept>

#include "core/api/plugin.hh"
#include "filters/packet/cells.hh"

namespace stook {

namespace {
/// Some bits of a mark. Mask 0: none.
struct MarkBits {
  uint32_t mask = 0;
  uint32_t shift = 0;
};

struct MarkIfConfig {
  std::string ingress;
  std::string egress;
  std::string flow;
  std::array<MarkBits, 3> bits;
};

constexpr Option markif_options[] = {
    option<&MarkIfConfig::ingress>("mask_ingress", "", "bits of the interface in, as `mask >> shift`"),
    option<&MarkIfConfig::egress>("mask_egress", "", "bits of the interface out, as `mask >> shift`"),
    option<&MarkIfConfig::flow>("mask_flow", "", "bits of the flow's direction, as `mask >> shift`"),
};

bool read_bits(std::string_view text, uint32_t& value) {
  text = trim(text);
  bool is_hex = text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x';
  text.remove_prefix(is_hex ? 2 : 0);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, is_hex ? 16 : 10);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

MarkBits bits_of(const char* name, std::string_view text) {
  MarkBits bits;
  size_t sign = text.find(">>");
  bool is_right = read_bits(text.substr(0, sign), bits.mask) && bits.mask != 0 &&
                  (sign == std::string_view::npos || read_bits(text.substr(sign + 2), bits.shift)) && bits.shift < 32;
  if (!is_right) {
    throw std::invalid_argument(std::string(name) + " is '" + printable(text, 64) +
                                "'; it takes a mask and a shift such as 0xff00 >> 8");
  }
  return bits;
}

/// *Rooms:* a replica per worker.
class MarkIf final : public Filter {
 public:
  explicit MarkIf(const MarkIfConfig& config) : config_(config) {}

  void run(Batch& batch) override ROOM(worker) {
    const Column* marks = batch.read(batch.in(0));
    size_t out = 0;
    for (const MarkBits& bits : config_.bits) {
      if (bits.mask == 0) {
        continue;
      }
      Column* values = marks == nullptr ? nullptr : batch.write(batch.out(out));
      out++;
      if (values == nullptr) {
        continue;
      }
      for (Row row : batch.rows()) {
        if (NumberAt mark = number_at(marks, row)) {
          values->set(row, Cell::of_unsigned((mark.value & bits.mask) >> bits.shift));
        }
      }
    }
  }

 private:
  const MarkIfConfig& config_;
};

void declare_markif(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<MarkIfConfig*>(raw);
  const Key keys[] = {{"oob.ifindex_in", Type::Unsigned, {}, "interface the flow came in by"},
                      {"oob.ifindex_out", Type::Unsigned, {}, "interface the flow leaves by"},
                      {"flow.direction", Type::Unsigned, {}, "as the mark says it"}};
  const std::string* texts[] = {&config.ingress, &config.egress, &config.flow};
  for (size_t i = 0; i < config.bits.size(); i++) {
    config.bits[i] = texts[i]->empty() ? MarkBits{} : bits_of(markif_options[i].name, *texts[i]);
    if (config.bits[i].mask != 0) {
      wiring.writes.push_back(keys[i]);
    }
  }
  wiring.reads = {{"ct.mark", Type::Unsigned, true}};
}
}  // namespace

extern const Plugin filter_markif;
const Plugin filter_markif = {
    .kind = Kind::Filter,
    .name = "markif",
    .doc = "reads interfaces and the direction out of a connection's mark",
    .options = markif_options,
    .config = config_type<MarkIfConfig>,
    .declare = declare_markif,
    .filter = make_filter<MarkIf, MarkIfConfig>,
};

}  // namespace stook
