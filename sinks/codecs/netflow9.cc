// SPDX-License-Identifier: Apache-2.0
/// netflow9: a row as one or two records of NetFlow 9, for the sink nflow9.
///
/// Each key that stands for an element of IANA's registry and has a fixed length becomes a field. A flow with bytes on
/// its way back becomes two records: in the second one addresses, ports, interfaces, prefixes and the direction are
/// exchanged, and flags of TCP are those of the way back. Times are sent as milliseconds since this machine's start, as
/// NetFlow 9 does (RFC 3954), those before it as IPFIX does.
#include <array>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "sinks/codecs/flow_fields.hh"

namespace stook {

namespace {

constexpr uint16_t in_bytes = 1;
constexpr uint16_t in_packets = 2;
constexpr uint16_t tcp_flags = 6;
constexpr uint16_t last_switched = 21;
constexpr uint16_t first_switched = 22;
constexpr uint16_t direction = 61;
constexpr uint16_t total_bytes = 85;
constexpr uint16_t total_packets = 86;
constexpr uint16_t start_milliseconds = 152;
constexpr uint16_t end_milliseconds = 153;
constexpr int64_t millisecond = 1'000'000;
/// ms: 32 bits with a sign hold twenty days, and some.
constexpr int64_t most_age = int64_t{20} * 86'400'000;

/// What is exchanged on the way back.
constexpr std::array<std::array<uint16_t, 2>, 10> pairs = {
    {{8, 12}, {27, 28}, {7, 11}, {10, 14}, {9, 13}, {29, 30}, {16, 17}, {225, 226}, {227, 228}, {281, 282}}};

uint16_t exchanged(uint16_t id) {
  for (const auto& [one, other] : pairs) {
    if (id == one || id == other) {
      return id == one ? other : one;
    }
  }
  return id;
}

bool is_counter(uint16_t id) {
  return id == in_bytes || id == in_packets || id == total_bytes || id == total_packets;
}

/// Bytes and packets of one way.
struct WayCounts {
  uint64_t bytes = 0;
  uint64_t packets = 0;
  bool has_bytes = false;
  bool has_packets = false;

  void take(uint16_t id, uint64_t value) {
    bool is_bytes = id == in_bytes || id == total_bytes;
    bool is_delta = id == in_bytes || id == in_packets;
    uint64_t& count = is_bytes ? bytes : packets;
    bool& has = is_bytes ? has_bytes : has_packets;
    count = is_delta || !has ? value : count;
    has = true;
  }
};

/// *Rooms:* one replica, its worker.
class Netflow9Records final : public Codec {
 public:
  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const std::vector<FlowKeys::Present>& keys = keys_.gather(batch);
    now_ = wall_ns() / millisecond;
    for (Row row : batch.rows()) {
      if (!put_row(batch, payload, keys, row)) {
        batch.fault(row);
      }
    }
  }

 private:
  bool put_row(Batch& batch, Payload& payload, const std::vector<FlowKeys::Present>& keys, Row row) ROOM(worker) {
    count(keys, row);
    make(batch, keys, row, there_, false);
    if (record_.is_empty() || !record_.fits()) {
      return false;
    }
    record_.append_to(payload);
    if (back_.bytes > 0 || back_.packets > 0) {
      make(batch, keys, row, back_, true);
      record_.append_to(payload);
    }
    payload.end_row();
    return true;
  }

  void count(const std::vector<FlowKeys::Present>& keys, Row row) ROOM(worker) {
    there_ = back_ = {};
    for (const FlowKeys::Present& key : keys) {
      const Cell* cell = key.element == nullptr || !is_counter(key.element->id) ? nullptr : key.column->find(row);
      if (cell != nullptr && (cell->type == Type::Unsigned || cell->type == Type::Integer)) {
        (key.element->pen == reverse_pen ? back_ : there_).take(key.element->id, cell->bits);
      }
    }
  }

  void make(Batch& batch, const std::vector<FlowKeys::Present>& keys, Row row, const WayCounts& counts, bool is_back)
      ROOM(worker) {
    record_.clear();
    put_times(flow_times(keys, row));
    if (counts.has_bytes) {
      record_.put(in_bytes, 8, counts.bytes);
    }
    if (counts.has_packets) {
      record_.put(in_packets, 8, counts.packets);
    }
    for (const FlowKeys::Present& key : keys) {
      const Cell* cell = key.part == FlowKeys::Part::Value ? key.column->find(row) : nullptr;
      const FlowElement* element = cell == nullptr ? nullptr : FlowKeys::element_of(key, *cell);
      if (element == nullptr || element->pen != 0 || element->size == 0 || is_counter(element->id)) {
        continue;
      }
      uint16_t id = element->id;
      if (is_back && exchanged(id) != id) {
        const Cell* other = find(keys, row, 0, exchanged(id));
        id = other == nullptr ? exchanged(id) : id;  // both ways have the same template where they can
        cell = other == nullptr ? cell : other;
      }
      if (is_back && id == tcp_flags) {
        const Cell* flags = find(keys, row, reverse_pen, id);
        cell = flags == nullptr ? cell : flags;
      }
      value_.clear();
      if (!put_flow_value(value_, *element, *cell)) {
        batch.meter().type_faults.add(is_back ? 0 : 1);
        continue;
      }
      put_value(id, is_back);
    }
  }

  /// The value of the element of that number, or null.
  static const Cell* find(const std::vector<FlowKeys::Present>& keys, Row row, uint32_t pen, uint16_t id) {
    for (const FlowKeys::Present& key : keys) {
      const Cell* cell = key.part == FlowKeys::Part::Value ? key.column->find(row) : nullptr;
      const FlowElement* element = cell == nullptr ? nullptr : FlowKeys::element_of(key, *cell);
      if (element != nullptr && element->pen == pen && element->id == id) {
        return cell;
      }
    }
    return nullptr;
  }

  void put_value(uint16_t id, bool is_back) ROOM(worker) {
    if (id == direction && is_back) {
      value_[0] = static_cast<char>(value_[0] == 0 ? 1 : 0);
    }
    // NetFlow 9 has one byte of flags; the others are reserved or of no use to it.
    bool is_flags = id == tcp_flags && value_.size() == 2;
    record_.put(id, is_flags ? std::string_view(value_).substr(1) : std::string_view(value_));
  }

  bool is_countable(int64_t time) const ROOM(worker) {
    return time == FlowTimes::none || (time / millisecond >= boot_ && now_ - time / millisecond < most_age);
  }

  void put_times(const FlowTimes& times) ROOM(worker) {
    bool is_since_boot = is_countable(times.start) && is_countable(times.end);
    auto put = [&](int64_t time, uint16_t since_boot, uint16_t since_1970) ROOM(worker) {
      if (time == FlowTimes::none) {
        return;
      }
      int64_t since = time / millisecond - boot_;
      if (is_since_boot) {
        record_.put(since_boot, 4, static_cast<uint64_t>(since & 0xffffffff));
      } else {
        record_.put(since_1970, 8, static_cast<uint64_t>(time / millisecond));
      }
    };
    put(times.end, last_switched, end_milliseconds);
    put(times.start, first_switched, start_milliseconds);
  }

  const int64_t boot_ = flow_boot();
  int64_t now_ = 0;
  FlowKeys keys_;
  FlowRecord record_;
  WayCounts there_;
  WayCounts back_;
  std::string value_;
};

void declare(void*, std::string_view, Wiring& wiring) {
  wiring.reads_all = true;
}

std::unique_ptr<Codec> make(const Make&) {
  return std::make_unique<Netflow9Records>();
}

}  // namespace

extern const Plugin codec_netflow9;
const Plugin codec_netflow9 = {
    .kind = Kind::Codec,
    .name = "netflow9",
    .doc = "flow records for the sink nflow9",
    .options = {},
    .declare = declare,
    .codec = make,
    .is_binary = true,
};

}  // namespace stook
