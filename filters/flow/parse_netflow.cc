// SPDX-License-Identifier: Apache-2.0
/// parse_netflow: makes rows of flows out of messages of NetFlow 5, 7 and 9 and of IPFIX, a row each.
///
/// A message's version says how it is read, and any number of exporters may send to one port. Templates are remembered by
/// exporter, domain and number; data that come before their template wait for it. Keys are ulogd's where there is one of
/// that meaning (`orig.ip.saddr`, `orig.l4.dport`, `orig.raw.pktlen.delta`), else the names of IANA's registry; what is in no
/// registry is `ipfix.PEN.NUMBER`, as bytes. `flow.start` and `flow.end` are times, whatever the exporter counts from.
///
///     stack=in:UDP,flows:PARSE_NETFLOW,out:FILE
///     [in]
///     listen=*:2055
///
/// The row of a flow:
///
///     orig.ip.saddr=192.0.2.1 orig.ip.daddr=198.51.100.7 orig.l4.sport=50112 orig.l4.dport=443 orig.ip.protocol=6
///     orig.raw.pktcount.delta=12 orig.raw.pktlen.delta=8123 flow.start=2026-11-21T03:38:00.120Z
///     flow.end=2026-11-21T03:38:04.007Z tcpControlBits=27 ipClassOfService=0
///
/// A message that is none keeps its row and gets a parse_error; of a message with broken lengths nothing is taken.
#include <bitset>
#include <stdexcept>

#include "core/api/plugin.hh"
#include "filters/flow/carried.hh"
#include "filters/flow/kept.hh"
#include "filters/flow/rows.hh"

namespace stook {

namespace {

/// Who an exporter is: an address and a port (RFC 7011, section 8: a transport session), or an address alone.
enum class ExporterIs : uint8_t { Session, Address };

struct NetflowConfig {
  std::string key;
  ExporterIs exporter = ExporterIs::Session;
  bool options = false;
  std::string state_file;
};

/// Positions in Wiring.reads and Wiring.writes.
enum NetflowRead : size_t { message_in, ip_in, port_in };
constexpr size_t error_out = 0;
constexpr size_t first_flow_key = 1;
constexpr int64_t expire_period = 10'000'000'000;

/// *Invariants:* between `run` and the last `more`, rows up to `done_` of run `next_` have gone on. *Rooms:* a replica for
/// each lane, its worker.
class ParseNetflow final : public Filter {
 public:
  ParseNetflow(const NetflowConfig& config, std::string_view id)
      : config_(config),
        counts_(id),
        reader_({}, counts_, config.options),
        rows_(first_flow_key),
        kept_(config.state_file, id) {
    kept_.load(reader_.domains(), monotonic_ns());
  }

  void run(Batch& batch) override ROOM(worker) {
    begin(batch);
    std::bitset<Column::max_rows> is_taken;
    const Column* texts = batch.read(batch.in(message_in));
    for (Row row : batch.rows()) {
      const Cell* cell = texts == nullptr ? nullptr : texts->find(row);
      bool is_text = cell != nullptr && (cell->type == Type::Text || cell->type == Type::Bytes);
      const char* wrong =
          is_text ? reader_.read(cell->bytes(), exporter(batch, row), row) : "no flows: the row has no message";
      if (wrong != nullptr) {
        if (Column* errors = batch.write(batch.out(error_out))) {
          errors->set(row, Cell::of_text(wrong));
        }
        batch.fault(row);
        continue;
      }
      carried_.take(batch, row);
      is_taken.set(row);
    }
    waiting_ = reader_.records();
    batch.take_if([&](Row row) { return is_taken.test(row); });
    append(batch);
  }

  size_t waiting() const override ROOM(worker) { return waiting_; }

  void more(Batch& batch) override ROOM(worker) {
    fill(batch, batch.rows()[0], static_cast<uint32_t>(batch.rows().size()));
  }

  void tick(Batch&, int64_t now, bool is_last) override ROOM(worker) {
    reader_.domains().expire(now);
    kept_.save(reader_.domains(), now, is_last);
  }

 private:
  void begin(Batch& batch) ROOM(worker) {
    reader_.begin(batch.arena(), monotonic_ns());
    next_ = done_ = 0;
    carried_.begin(batch, batch.in(message_in));
  }

  std::string_view exporter(const Batch& batch, Row row) ROOM(worker) {
    bool is_session = config_.exporter == ExporterIs::Session;
    put_exporter(exporter_, batch, batch.in(ip_in), is_session ? batch.in(port_in) : no_key, row);
    return exporter_;
  }

  void append(Batch& batch) ROOM(worker) {
    Row first = 0;
    uint32_t count = 0;
    for (Row row = 0; count < waiting_ && batch.append(row); count++) {
      first = count == 0 ? row : first;
    }
    fill(batch, first, count);
  }

  /// Fills rows from `first` on with the records that come next. REQUIRES: at least so many wait.
  void fill(Batch& batch, Row first, uint32_t count) ROOM(worker) {
    waiting_ -= count;
    while (count > 0) {
      const FlowRun& run = reader_.runs()[next_];
      const FlowMessage& message = reader_.message(run);
      uint32_t part = std::min(count, run.count - done_);
      carried_.put(batch, static_cast<Row>(message.row), first, part);
      rows_.put(batch, run, message, done_, first, part);
      done_ += part;
      if (done_ == run.count) {
        done_ = 0;
        next_++;
      }
      first = static_cast<Row>(first + part);
      count -= part;
    }
  }

  const NetflowConfig& config_;
  FlowCounts counts_;
  FlowReader reader_;
  FlowRows rows_;
  std::string exporter_;
  KeptTemplates kept_;
  CarriedCells carried_;
  size_t waiting_ = 0;
  size_t next_ = 0;
  uint32_t done_ = 0;
};

void declare(void* raw, std::string_view folder, Wiring& wiring) {
  auto& config = *static_cast<NetflowConfig*>(raw);
  if (!config.state_file.empty() && config.state_file[0] != '/') {
    config.state_file = std::string(folder) + "/" + config.state_file;
  }
  if (config.key.empty()) {
    throw std::invalid_argument("key: is empty; write the key that holds the message, as in key = message");
  }
  wiring.reads = {{config.key}, {"peer.ip", Type::Mixed, true}, {"peer.port", Type::Mixed, true}};
  wiring.writes = {{"parse_error", Type::Text, "", "why the message is refused"}};
  for (const Key& key : flow_keys()) {
    wiring.writes.push_back(key);
  }
  wiring.opens = true;
  wiring.appends = true;
  wiring.overflows = true;
  wiring.state = State::Lane;
  wiring.tick = expire_period;
}

std::unique_ptr<Filter> make(const Make& make) {
  return std::make_unique<ParseNetflow>(*static_cast<const NetflowConfig*>(make.config), make.id);
}

}  // namespace

template <>
inline constexpr std::string_view choice_names<ExporterIs>[] = {"session", "address"};

namespace {

constexpr Option netflow_options[] = {
    option<&NetflowConfig::key>("key", "message", "where the message is"),
    option<&NetflowConfig::exporter>("exporter", "session",
                                     "whose templates and sequence numbers go together: those of an address and port "
                                     "(session), or of an address"),
    option<&NetflowConfig::options>("options", "no",
                                    "make rows of options data as well; sampling is taken up in any case"),
    option<&NetflowConfig::state_file>("state_file", "", "where templates are kept over restarts; empty: they are not"),
};

void needs_of(const void* config, Needs& needs) {
  const std::string& file = static_cast<const NetflowConfig*>(config)->state_file;
  if (!file.empty()) {
    needs.state.push_back(file);
  }
}

}  // namespace

extern const Plugin filter_parse_netflow;
const Plugin filter_parse_netflow = {
    .kind = Kind::Filter,
    .name = "parse_netflow",
    .doc = "makes rows of flows out of messages of NetFlow 5, 7 and 9 and of IPFIX",
    .options = netflow_options,
    .config = config_type<NetflowConfig>,
    .declare = declare,
    .needs = needs_of,
    .filter = make,
};

}  // namespace stook
