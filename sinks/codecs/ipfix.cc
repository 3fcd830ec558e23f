// SPDX-License-Identifier: Apache-2.0
/// ipfix: a row as a flow record, for the sink of the same name.
///
/// Each key that stands for an information element becomes a field: ulogd's names (`orig.ip.saddr`), the names of IANA's
/// registry, and `ipfix.PEN.NUMBER`. What goes the way back is sent as reverse elements (RFC 5103), and times are sent in
/// milliseconds; with `compat = ulogd` in seconds, as ulogd's IPFIX has them. A value that its element cannot hold is left
/// out; a row without any field is refused.
#include <array>

#include "core/api/plugin.hh"
#include "sinks/codecs/flow_fields.hh"
#include "sinks/codecs/ulogd_value.hh"

namespace stook {

namespace {

constexpr uint16_t start_seconds = 150;  // flowStartSeconds
constexpr uint16_t end_seconds = 151;
constexpr FlowElement start_element{0, 152, FlowType::Milliseconds, 8, true, "flowStartMilliseconds", "flow.start"};
constexpr FlowElement end_element{0, 153, FlowType::Milliseconds, 8, true, "flowEndMilliseconds", "flow.end"};

struct IpfixRecordConfig {
  Compat compat = Compat::None;
};

constexpr std::array options = {
    option<&IpfixRecordConfig::compat>("compat", "none", "ulogd: times are sent in seconds"),
};

/// *Rooms:* one replica, its worker.
class IpfixRecords final : public Codec {
 public:
  explicit IpfixRecords(const IpfixRecordConfig& config) : compat_(config.compat) {}

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
    put_time(times.start, start_element, start_seconds);
    put_time(times.end, end_element, end_seconds);
    for (const FlowKeys::Present& key : keys) {
      const Cell* cell = key.part == FlowKeys::Part::Value ? key.column->find(row) : nullptr;
      if (cell != nullptr && !record_.put(*FlowKeys::element_of(key, *cell), *cell)) {
        batch.meter().type_faults.add(1);
      }
    }
  }

  void put_time(int64_t time, const FlowElement& element, uint16_t seconds) {
    constexpr int64_t second = 1'000'000'000;
    if (time == FlowTimes::none) {
      return;
    }
    if (compat_ == Compat::None) {
      record_.put(element, Cell::of_time(time));
    } else if (time >= 0 && time / second <= UINT32_MAX) {
      record_.put(seconds, sizeof(uint32_t), static_cast<uint64_t>(time / second));
    }
  }

  const Compat compat_;
  FlowKeys keys_;
  FlowRecord record_;
};

void declare(void*, std::string_view, Wiring& wiring) {
  wiring.reads_all = true;
}

}  // namespace

extern const Plugin codec_ipfix;
const Plugin codec_ipfix = {
    .kind = Kind::Codec,
    .name = "ipfix",
    .doc = "flow records for the sink ipfix",
    .options = options,
    .config = config_type<IpfixRecordConfig>,
    .declare = declare,
    .codec = make_codec<IpfixRecords, IpfixRecordConfig>,
    .is_binary = true,
};

}  // namespace stook
