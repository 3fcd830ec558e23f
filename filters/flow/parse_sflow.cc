// SPDX-License-Identifier: Apache-2.0
/// parse_sflow: makes rows of the samples in datagrams of sFlow 5, a row each.
///
/// A sample of a packet has its first bytes as `raw.pkt`, with the keys of NFLOG around it, so that `base` takes it apart;
/// `sampling.interval` says how many packets it stands for. A sample of counters has them by the names of the MIBs.
///
///     stack=in:UDP,samples:PARSE_SFLOW,base:BASE,out:FILE
///     [in]
///     listen=*:6343
///
/// The row of a packet, before `base`:
///
///     sflow.kind=flow sflow.agent=192.0.2.1 sflow.source=3 sampling.interval=1000 oob.ifindex_in=3 oob.ifindex_out=7
///     dataLinkFrameSize=1518 raw.pktlen=114 raw.pktcount=1 raw.mac_len=14 raw.type=1 oob.family=2 oob.protocol=2048
///
/// A datagram that is none keeps its row and gets a parse_error.
#include <bitset>
#include <stdexcept>

#include "core/api/plugin.hh"
#include "filters/flow/carried.hh"
#include "filters/flow/domains.hh"
#include "filters/flow/sampled.hh"
#include "filters/flow/sampled_keys.hh"

namespace stook {

namespace {

struct SflowConfig {
  std::string key;
};

constexpr Option sflow_options[] = {
    option<&SflowConfig::key>("key", "message", "where the datagram is"),
};

constexpr size_t sflow_error = 0;
constexpr size_t sflow_first_key = 1;
constexpr int64_t sflow_expire_period = 10'000'000'000;

/// *Rooms:* a replica for each lane, its worker.
class ParseSflow final : public Filter {
 public:
  ParseSflow(const SflowConfig&, std::string_view id) : counts_(id), agents_({}, counts_), rows_(sflow_first_key) {}

  void run(Batch& batch) override ROOM(worker) {
    found_.clear();
    next_ = 0;
    carried_.begin(batch, batch.in(0));
    std::bitset<Column::max_rows> is_taken;
    const Column* texts = batch.read(batch.in(0));
    for (Row row : batch.rows()) {
      const Cell* cell = texts == nullptr ? nullptr : texts->find(row);
      bool is_text = cell != nullptr && (cell->type == Type::Text || cell->type == Type::Bytes);
      if (const char* wrong = is_text ? read(cell->bytes(), row) : "no sFlow: the row has no message") {
        if (Column* errors = batch.write(batch.out(sflow_error))) {
          errors->set(row, Cell::of_text(wrong));
        }
        batch.fault(row);
        continue;
      }
      carried_.take(batch, row);
      is_taken.set(row);
    }
    batch.take_if([&](Row row) { return is_taken.test(row); });
    for (Row row = 0; next_ < found_.size() && batch.append(row);) {
      put(batch, row);
    }
  }

  size_t waiting() const override ROOM(worker) { return found_.size() - next_; }

  void more(Batch& batch) override ROOM(worker) {
    for (Row row : batch.rows()) {
      put(batch, row);
    }
  }

  void tick(Batch&, int64_t now, bool) override ROOM(worker) { agents_.expire(now); }

 private:
  struct Found {
    SflowSample sample;
    SflowHead head;
    Row row;
  };

  void put(Batch& batch, Row row) ROOM(worker) {
    const Found& found = found_[next_++];
    carried_.put(batch, found.row, row, 1);
    rows_.put(batch, row, found.sample, found.head);
  }

  /// Null, or what is wrong: then nothing of the datagram is taken.
  const char* read(std::string_view bytes, Row row) ROOM(worker) {
    size_t before = found_.size();
    XdrReader reader(bytes);
    SflowHead head;
    if (const char* wrong = read_sflow_head(reader, head)) {
      return wrong;
    }
    for (uint32_t i = 0; i < head.samples; i++) {
      SflowSample sample;
      if (!next_sample(reader, sample)) {
        found_.resize(before);
        return "no sFlow: the datagram ends within a sample";
      }
      if (sample.is_flow() || sample.is_counters()) {
        found_.push_back({sample, head, row});
      }
    }
    exporter_.assign(2, '\0').append(head.agent);
    FlowDomain& agent = agents_.domain(FlowVersion::Sflow, head.sub_agent, exporter_, monotonic_ns());
    agents_.follow_sequence(agent, head.sequence, 1, FlowCount::LostMessages);
    return nullptr;
  }

  FlowCounts counts_;
  FlowDomains agents_;
  SampledRows rows_;
  CarriedCells carried_;
  std::vector<Found> found_;
  size_t next_ = 0;
  std::string exporter_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  const auto& config = *static_cast<const SflowConfig*>(raw);
  if (config.key.empty()) {
    throw std::invalid_argument("key: is empty; write the key that holds the datagram, as in key = message");
  }
  wiring.reads = {{config.key}};
  wiring.writes = {{"parse_error", Type::Text, "", "why the datagram is refused"}};
  for (const Key& key : sampled_keys()) {
    wiring.writes.push_back(key);
  }
  wiring.opens = true;
  wiring.appends = true;
  wiring.overflows = true;
  wiring.state = State::Lane;
  wiring.tick = sflow_expire_period;
}

std::unique_ptr<Filter> make(const Make& make) {
  return std::make_unique<ParseSflow>(*static_cast<const SflowConfig*>(make.config), make.id);
}

}  // namespace

extern const Plugin filter_parse_sflow;
const Plugin filter_parse_sflow = {
    .kind = Kind::Filter,
    .name = "parse_sflow",
    .doc = "makes rows of the samples in datagrams of sFlow 5",
    .options = sflow_options,
    .config = config_type<SflowConfig>,
    .declare = declare,
    .filter = make,
};

}  // namespace stook
