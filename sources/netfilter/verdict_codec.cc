// SPDX-License-Identifier: Apache-2.0
/// verdict: what the sink of this name needs of each row. It is of no use to other sinks.
///
/// It reads the keys that the source `nfqueue` writes, and `nfq.verdict` and `nfq.mark`, which scripts and `set` write. A
/// row that is no packet of a queue fails.
#include <array>
#include <optional>

#include "core/api/plugin.hh"
#include "sources/netfilter/packet_decision.hh"
#include "sources/netfilter/packet_verdict.hh"

namespace stook {

namespace {

enum DecisionRead : size_t { read_id, read_queue, read_line, read_verdict, read_mark };

std::optional<uint32_t> number_in(const Column* column, Row row) {
  const Cell* cell = column == nullptr ? nullptr : column->find(row);
  bool is_number = cell != nullptr && (cell->type == Type::Unsigned || cell->type == Type::Integer);
  return is_number && cell->bits <= UINT32_MAX ? std::optional(static_cast<uint32_t>(cell->bits)) : std::nullopt;
}

bool is_there(const Column* column, Row row) {
  return column != nullptr && column->has(row) && (*column)[row].type != Type::Null;
}

class VerdictCodec final : public Codec {
 public:
  explicit VerdictCodec(const NoConfig&) {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    std::array<const Column*, 5> columns{};
    for (size_t i = 0; i < columns.size(); i++) {
      columns[i] = batch.read(batch.in(i));
    }
    for (Row row : batch.rows()) {
      std::optional<uint32_t> id = number_in(columns[read_id], row);
      std::optional<uint32_t> queue = number_in(columns[read_queue], row);
      std::optional<uint32_t> line = number_in(columns[read_line], row);
      if (!id || !queue || !line) {
        batch.fault(row);
        continue;
      }
      PacketDecision decision;
      decision.line = *line;
      decision.id = *id;
      decision.queue = static_cast<uint16_t>(*queue);
      decide(columns[read_verdict], columns[read_mark], row, decision);
      payload.append({reinterpret_cast<const char*>(&decision), sizeof decision});
      payload.end_row();
    }
  }

 private:
  static void decide(const Column* verdicts, const Column* marks, Row row, PacketDecision& decision) {
    if (is_there(verdicts, row)) {
      const Cell& cell = (*verdicts)[row];
      std::optional<uint32_t> action = cell.type == Type::Text ? action_named(cell.bytes()) : std::nullopt;
      decision.has_action = action.has_value();
      decision.action = action.value_or(0);
      decision.is_unreadable = !action;
    }
    if (is_there(marks, row)) {
      std::optional<uint32_t> mark = number_in(marks, row);
      decision.has_mark = mark.has_value();
      decision.mark = mark.value_or(0);
      decision.is_unreadable = decision.is_unreadable || !mark;
    }
  }
};

void declare(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {{"nfq.id", Type::Unsigned, false},
                  {"nfq.res_id", Type::Unsigned, false},
                  {"nfq.line", Type::Unsigned, false},
                  {"nfq.verdict", Type::Mixed, true},
                  {"nfq.mark", Type::Mixed, true}};
}

}  // namespace

extern const Plugin codec_verdict;
const Plugin codec_verdict = {
    .kind = Kind::Codec,
    .name = "verdict",
    .doc = "what the sink verdict needs of each row",
    .options = {},
    .declare = declare,
    .codec = make_codec<VerdictCodec, NoConfig>,
    .is_binary = true,
};

}  // namespace stook
