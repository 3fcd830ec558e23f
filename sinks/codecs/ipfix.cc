// SPDX-License-Identifier: Apache-2.0
/// ipfix: a row as a flow record, for the sink of the same name.
///
/// Each key that stands for an information element becomes a field: ulogd's names (`orig.ip.saddr`), the names of IANA's
/// registry, and `ipfix.PEN.NUMBER`. What goes the way back is sent as reverse elements (RFC 5103), and times are sent in
/// milliseconds. A value that its element cannot hold is left out; a row without any field is refused.
#include "core/api/plugin.hh"
#include "sinks/codecs/flow_fields.hh"

namespace stook {

namespace {

constexpr FlowElement start_element{0, 152, FlowType::Milliseconds, 8, true, "flowStartMilliseconds", "flow.start"};
constexpr FlowElement end_element{0, 153, FlowType::Milliseconds, 8, true, "flowEndMilliseconds", "flow.end"};

/// *Rooms:* one replica, its worker.
class IpfixRecords final : public Codec {
 public:
  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const std::vector<FlowKeys::Present>& keys = keys_.gather(batch);
    for (Row row : batch.rows()) {
      record_.clear();
      put_row(batch, keys, row);
      if (record_.is_empty() || !record_.fits()) {
        batch.fault(row);
        continue;
      }
      record_.append_to(payload);
      payload.end_row();
    }
  }

 private:
  void put_row(Batch& batch, const std::vector<FlowKeys::Present>& keys, Row row) ROOM(worker) {
    FlowTimes times = flow_times(keys, row);
    if (times.start != FlowTimes::none) {
      record_.put(start_element, Cell::of_time(times.start));
    }
    if (times.end != FlowTimes::none) {
      record_.put(end_element, Cell::of_time(times.end));
    }
    for (const FlowKeys::Present& key : keys) {
      const Cell* cell = key.part == FlowKeys::Part::Value ? key.column->find(row) : nullptr;
      if (cell != nullptr && !record_.put(*FlowKeys::element_of(key, *cell), *cell)) {
        batch.meter().type_faults.add(1);
      }
    }
  }

  FlowKeys keys_;
  FlowRecord record_;
};

void declare(void*, std::string_view, Wiring& wiring) {
  wiring.reads_all = true;
}

std::unique_ptr<Codec> make(const Make&) {
  return std::make_unique<IpfixRecords>();
}

}  // namespace

extern const Plugin codec_ipfix;
const Plugin codec_ipfix = {
    .kind = Kind::Codec,
    .name = "ipfix",
    .doc = "flow records for the sink ipfix",
    .options = {},
    .declare = declare,
    .codec = make,
    .is_binary = true,
};

}  // namespace stook
