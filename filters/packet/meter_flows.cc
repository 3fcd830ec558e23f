// SPDX-License-Identifier: Apache-2.0
/// meter_flows: makes flows of packets, a row each, as a NetFlow exporter does.
///
/// Packets are those that `base` takes apart. A flow is what goes between two ends (addresses, protocol, ports; of ICMP
/// the number of an echo, else type and code), both directions together; `orig` is the direction of its first packet,
/// but for one that answers a SYN. A flow ends when nothing came for `inactive_timeout`, or `closed_timeout` after a
/// connection of TCP has been closed by both sides or reset; one that lasts is told each `active_timeout`, and goes on
/// as another. When `limit` flows are open the one that has been silent longest among the next sixteen ends. At the end
/// of the stack all flows end. Times are those of the packets, so that captures give the same flows whenever they are
/// read.
///
///     stack=in:PCAP,base:BASE,flows:METER_FLOWS,out:IPFIX
///
/// The row of a flow:
///
///     orig.ip.saddr=192.0.2.1 orig.ip.daddr=198.51.100.7 orig.ip.protocol=6 orig.l4.sport=40000 orig.l4.dport=443
///     orig.raw.pktlen=5120 orig.raw.pktcount=12 reply.raw.pktlen=91000 reply.raw.pktcount=70 tcpControlBits=27
///     flow.end.reason=3 flow.start=2026-11-21T03:38:00.000017Z flow.end=2026-11-21T03:38:04.1Z oob.family=2
///
/// Packets are gone then; rows that are no packets of IP are dropped. Packets are acknowledged when they are counted:
/// what is open when the daemon is killed is lost.
#include <algorithm>
#include <bitset>
#include <random>

#include "core/api/script_meters.hh"
#include "filters/packet/meter_flows/packets.hh"
#include "filters/packet/meter_flows/rows.hh"
#include "filters/packet/meter_flows/table.hh"

namespace stook {

namespace {

struct MeterConfig {
  Duration active_timeout;
  Duration inactive_timeout;
  Duration closed_timeout;
  uint64_t limit = 0;
  bool delta = false;
};

constexpr Option meter_options[] = {
    option<&MeterConfig::active_timeout>("active_timeout", "300s", "a flow that lasts is told this often",
                                         {1e9, 86'400e9}),
    option<&MeterConfig::inactive_timeout>("inactive_timeout", "60s",
                                           "a flow has ended when nothing came for this long", {1e6, 86'400e9}),
    option<&MeterConfig::closed_timeout>(
        "closed_timeout", "5s", "a connection of TCP that has been closed waits so long for late packets", {0, 3600e9}),
    option<&MeterConfig::limit>("limit", "1000000", "open flows in each lane; one more ends an old one",
                                {1, MeterTable::most_flows}),
    option<&MeterConfig::delta>("delta", "no",
                                "bytes and packets are orig.raw.pktlen.delta and so on, as collectors "
                                "want them of flows that are told more than once"),
};

/// A table is looked through once in this part of the shortest time-out.
constexpr int64_t looks = 4;
/// A tick that is late because the sinks were tells nothing of the packets' time.
constexpr int64_t most_step = 2'000'000'000;
constexpr size_t places_a_batch = 4096;
constexpr size_t places_a_tick = 65'536;

uint64_t draw_seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

/// *Invariants:* no flow that has ended waits when `run` or `tick` begins. `clock_` is the time of the newest packet;
/// while none comes it goes on by the ticks. *Rooms:* a replica for each lane, its worker.
class MeterFlows final : public Filter {
 public:
  MeterFlows(const MeterConfig& config, std::string_view id)
      : table_({config.active_timeout.ns, config.inactive_timeout.ns, config.closed_timeout.ns, config.limit}),
        packets_(draw_seed()),
        inactive_(config.inactive_timeout.ns),
        look_period_(std::max<int64_t>(config.inactive_timeout.ns / looks, 1)),
        open_(script_meter(ScriptMeter::Kind::Gauge, id, "flows_open", "flows that have not ended")),
        evicted_(
            script_meter(ScriptMeter::Kind::Counter, id, "flows_evicted", "flows that ended because of the limit")) {}
  ~MeterFlows() override { open_->change(-static_cast<double>(told_open_)); }
  MeterFlows(const MeterFlows&) = delete;
  MeterFlows& operator=(const MeterFlows&) = delete;

  void run(Batch& batch) override ROOM(worker) {
    size_t count = gather(batch);
    for (size_t i = 0; i < count; i++) {
      table_.fetch_flow(gathered_[i].hash);
    }
    int64_t newest = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
      table_.take(gathered_[i]);
      newest = std::max(newest, gathered_[i].time);
    }
    if (count > 0) {
      set_clock(newest);
    }
    look(places_a_batch);
    batch.keep_if([&](Row row) { return is_packet_.test(row); });
    batch.take_if([](Row) { return true; });
    append(batch);
    tell();
  }

  void tick(Batch& batch, int64_t now, bool is_last) override ROOM(worker) {
    bool is_quiet = !has_run_ && ticked_ != 0;
    clock_ += is_quiet ? std::min(now - ticked_, most_step) : 0;
    ticked_ = now;
    has_run_ = false;
    look(places_a_tick);
    if (is_last) {
      table_.look(table_.places(), clock_);
      table_.end_all();
    }
    append(batch);
    tell();
  }

  size_t waiting() const override ROOM(worker) { return table_.ended(); }

  void more(Batch& batch) override ROOM(worker) {
    MeterRows rows(batch);
    for (Row row : batch.rows()) {
      put(rows, row);
    }
  }

 private:
  size_t gather(Batch& batch) ROOM(worker) {
    is_packet_.reset();
    packets_.begin(batch, wall_ns());
    size_t count = 0;
    for (Row row : batch.rows()) {
      if (packets_.read(row, gathered_[count])) {
        is_packet_.set(row);
        table_.fetch_slot(gathered_[count++].hash);
      }
    }
    return count;
  }

  // Packets of another file, or of a clock that was set back, may be much older than those before.
  void set_clock(int64_t newest) ROOM(worker) {
    has_run_ = true;
    if (newest > clock_ || clock_ - newest >= inactive_) {
      clock_ = newest;
      looked_ = std::min(looked_, clock_);
    }
  }

  // As large a part of the table as the time that has passed is of a period.
  void look(size_t most) ROOM(worker) {
    looked_ = looked_ == 0 ? clock_ : looked_;
    int64_t passed = clock_ - looked_;
    double share = std::min(1.0, static_cast<double>(passed) / static_cast<double>(look_period_));
    auto due = static_cast<size_t>(share * static_cast<double>(table_.places()));
    if (due == 0) {
      return;
    }
    size_t places = std::min(due, most);
    table_.look(places, clock_);
    double done = static_cast<double>(places) / static_cast<double>(due);
    looked_ += places == due ? passed : static_cast<int64_t>(static_cast<double>(passed) * done);
  }

  void append(Batch& batch) ROOM(worker) {
    if (table_.ended() == 0) {
      return;
    }
    MeterRows rows(batch);
    for (Row row = 0; table_.ended() > 0 && batch.append(row);) {
      put(rows, row);
    }
  }

  void put(MeterRows& rows, Row row) ROOM(worker) {
    rows.put(row, table_.first_ended());
    table_.drop_ended();
  }

  void tell() ROOM(worker) {
    open_->change(static_cast<double>(table_.open()) - static_cast<double>(told_open_));
    told_open_ = table_.open();
    if (uint64_t evicted = table_.evicted() - told_evicted_; evicted > 0) {
      evicted_->count(evicted);
      told_evicted_ = table_.evicted();
    }
  }

  MeterTable table_;
  MeterPackets packets_;
  const int64_t inactive_;
  const int64_t look_period_;
  std::shared_ptr<ScriptMeter> open_;
  std::shared_ptr<ScriptMeter> evicted_;
  size_t told_open_ = 0;
  uint64_t told_evicted_ = 0;
  int64_t clock_ = 0;
  int64_t looked_ = 0;
  int64_t ticked_ = 0;
  bool has_run_ = false;
  std::bitset<Column::max_rows> is_packet_;
  MeteredPacket gathered_[Column::max_rows];
};

void declare_meter(void* raw, std::string_view, Wiring& wiring) {
  const auto& config = *static_cast<const MeterConfig*>(raw);
  declare_meter_reads(wiring);
  declare_meter_writes(wiring, config.delta);
  wiring.appends = true;
  wiring.overflows = true;
  wiring.state = State::Lane;
  wiring.tick = std::clamp<int64_t>(config.inactive_timeout.ns / looks, 10'000'000, 1'000'000'000);
}

std::unique_ptr<Filter> make_meter(const Make& make) {
  return std::make_unique<MeterFlows>(*static_cast<const MeterConfig*>(make.config), make.id);
}

}  // namespace

extern const Plugin filter_meter_flows;
const Plugin filter_meter_flows = {
    .kind = Kind::Filter,
    .name = "meter_flows",
    .doc = "makes flows of packets, a row each, as a NetFlow exporter does",
    .options = meter_options,
    .config = config_type<MeterConfig>,
    .declare = declare_meter,
    .filter = make_meter,
};

}  // namespace stook
