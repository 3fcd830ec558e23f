// SPDX-License-Identifier: Apache-2.0
/// made: makes rows up, the same ones for the same seed; for tests, benches and demonstrations.
///
/// `what` is the kind of row: `access` (nginx's combined format), `syslog` (RFC 3164), `json` (an object of eight members)
/// or `flows` (keys of a flow record instead of a line). The clock of the rows begins at 2026-01-01T00:00:00Z and runs a
/// millisecond a row. `seq` is the number of the row, from 1.
///
///     stack=in:made,parse_access,keep(status >= 500),out:stdout
///     [in]
///     what=access
///     count=1000000
///     seed=7
///
/// With `numbered` each line says which it is and when it was made (ns since 1970), before a quote or brace at its end:
/// `stook_seq=in:17 stook_sent=1795327723839964991`, in JSON `,"stook_seq":"in:17","stook_sent":1795327723839964991`.
///
/// A row:
///
///     message="192.0.2.17 - - [01/Jan/2026:00:00:00 +0000] \"GET /api/v1/orders HTTP/1.1\" 200 5123 \"-\" \"curl/7.88.1\""
#include "sources/made.hh"

#include <algorithm>
#include <cstring>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"

namespace stook {

template <>
inline constexpr std::string_view choice_names<Made>[] = {"access", "syslog", "json", "flows"};

namespace {

struct MadeConfig {
  Made what = Made::Access;
  uint64_t count = 0;
  double rate = 0;
  uint64_t seed = 0;
  bool numbered = false;
  Size size;
};

constexpr Option options[] = {
    option<&MadeConfig::what>("what", "access", "the kind of row"),
    option<&MadeConfig::count>("count", "0", "how many rows, then the source ends; 0 is no end"),
    option<&MadeConfig::rate>("rate", "0", "rows a second; 0 is as fast as it goes", {0, 1e8}),
    option<&MadeConfig::seed>("seed", "1", "another seed makes other rows"),
    option<&MadeConfig::numbered>("numbered", "no", "lines say their number and when they were made, for stook verify"),
    option<&MadeConfig::size>("size", "0", "lines are filled up to so many bytes", {0, 65536}),
};

constexpr int64_t ns_of_second = 1'000'000'000;
/// Rows of a callback when the rate is limited; the rest follows in the next one.
constexpr uint64_t burst = 4096;

/// The declared keys: `seq` comes first in every kind.
enum FlowKey : size_t {
  flow_seq,
  flow_src,
  flow_dst,
  flow_sport,
  flow_dport,
  flow_proto,
  flow_bytes,
  flow_packets,
  flow_time
};
constexpr size_t text_message = 1;
/// The last of the declared keys.
size_t id_key(Made what) {
  return what == Made::Flows ? flow_time + 1 : text_message + 1;
}

void declare(void* config, std::string_view, Wiring& wiring) {
  const Key id{"stook.id", Type::Text, "", "tells the row from all others: the source, the seed, the row's number",
               true};
  wiring.writes.push_back({"seq", Type::Unsigned, "", "the number of the row, from 1", true});
  if (static_cast<MadeConfig*>(config)->what != Made::Flows) {
    wiring.writes.push_back({"message", Type::Text, "", "the line", false});
    wiring.writes.push_back(id);
    return;
  }
  const Key keys[] = {
      {"src.ip", Type::Address, "", "who sent", false},
      {"dst.ip", Type::Address, "", "who received", false},
      {"src.port", Type::Unsigned, "", "the sender's port", false},
      {"dst.port", Type::Unsigned, "", "the receiver's port", false},
      {"proto", Type::Unsigned, "", "the IP protocol number", false},
      {"flow.bytes", Type::Unsigned, "bytes", "bytes of the flow", false},
      {"flow.packets", Type::Unsigned, "", "packets of the flow", false},
      {"time", Type::Time, "", "when the flow ended", false},
  };
  wiring.writes.insert(wiring.writes.end(), std::begin(keys), std::end(keys));
  wiring.writes.push_back(id);
}

/// *Rooms:* its front. Rows are copies of templates with the time written over, one bundle a turn of the loop.
class MadeSource final : public Source {
 public:
  explicit MadeSource(const MadeConfig& config) : config_(config), templates_(config.what, config.seed) {}

  void start(Feed& feed) override ROOM(front) {
    feed_ = &feed;
    begin_ = feed.loop().now();
    resume();
  }
  void pause() override ROOM(front) { watcher_.stop(); }
  void resume() override ROOM(front) {
    if (has_finished_) {
      return;
    }
    if (config_.rate > 0) {
      auto period = static_cast<int64_t>(static_cast<double>(ns_of_second) / config_.rate);
      watcher_.on_time<&MadeSource::turn>(feed_->loop(), this, 0, std::clamp<int64_t>(period, 1'000'000, ns_of_second));
    } else {
      watcher_.on_idle<&MadeSource::turn>(feed_->loop(), this);
    }
  }
  void stop() override ROOM(front) {
    has_finished_ = true;
    watcher_.stop();
  }

 private:
  void turn() ROOM(front);
  uint64_t due() const ROOM(front);
  uint64_t fill(Bundle& bundle, uint64_t rows) ROOM(front);
  void put_text(Bundle& bundle, uint64_t rows) ROOM(front);
  std::string_view line() ROOM(front);
  void put_flows(Bundle& bundle, uint64_t rows) ROOM(front);
  Column* column(Bundle& bundle, size_t key) const ROOM(front) {
    return feed_->out(key) == no_key ? nullptr : &bundle.writable(feed_->out(key));
  }

  const MadeConfig& config_;
  Templates templates_ OWNED(front);
  Feed* feed_ OWNED(front) = nullptr;
  Watcher watcher_ OWNED(front);
  int64_t begin_ OWNED(front) = 0;
  uint64_t made_ OWNED(front) = 0;
  std::string line_ OWNED(front);
  bool has_finished_ OWNED(front) = false;
};

/// How many rows are to be made now.
uint64_t MadeSource::due() const {
  uint64_t left = config_.count == 0 ? UINT64_MAX : config_.count - made_;
  if (config_.rate <= 0) {
    return std::min<uint64_t>(left, 256);
  }
  double elapsed = static_cast<double>(feed_->loop().now() - begin_) / static_cast<double>(ns_of_second);
  auto wanted = static_cast<uint64_t>(elapsed * config_.rate) + 1;
  return std::min({left, wanted > made_ ? wanted - made_ : 0, burst});
}

void MadeSource::turn() {
  uint64_t rows = due();
  while (rows > 0) {
    Bundle* bundle = feed_->bundle();
    if (bundle == nullptr) {
      break;
    }
    rows -= fill(*bundle, rows);
  }
  feed_->seal();
  if (config_.count != 0 && made_ == config_.count) {
    stop();
    feed_->finish();
  }
}

uint64_t MadeSource::fill(Bundle& bundle, uint64_t rows) {
  uint64_t before = made_;
  if (config_.what == Made::Flows) {
    put_flows(bundle, rows);
  } else {
    put_text(bundle, rows);
  }
  if (Column* seq = column(bundle, flow_seq)) {
    uint64_t first = bundle.rows() - (made_ - before);
    for (uint64_t i = 0; i < made_ - before; i++) {
      seq->set(static_cast<Row>(first + i), Cell::of_unsigned(before + i + 1));
    }
  }
  if (Column* ids = column(bundle, id_key(config_.what))) {
    std::string id = std::string(feed_->id()) + ":" + std::to_string(config_.seed) + ".";
    for (uint64_t i = made_ - before; i > 0; i--) {
      std::string_view text = bundle.arena().copy(id + std::to_string(made_ - i + 1));
      ids->set(static_cast<Row>(bundle.rows() - i), Cell::of_text(text));
    }
  }
  return made_ - before;
}

// The next line, filled and numbered if that is wanted. Lives until the next call.
std::string_view MadeSource::line() {
  std::string_view plain = templates_.line(made_);
  if (!config_.numbered && config_.size.bytes == 0) {
    return plain;
  }
  bool is_json = config_.what == Made::Json;
  size_t inner = plain.size() - (plain.ends_with('"') || plain.ends_with('}') ? 1 : 0);
  std::string mark;
  if (config_.numbered) {
    std::string number = std::string(feed_->id()) + ":" + std::to_string(made_ + 1);
    std::string sent = std::to_string(wall_ns());
    mark = is_json ? ",\"stook_seq\":\"" + number + "\",\"stook_sent\":" + sent
                   : " stook_seq=" + number + " stook_sent=" + sent;
  }
  constexpr std::string_view json_fill = ",\"fill\":\"";
  size_t least = plain.size() + mark.size() + (is_json ? json_fill.size() + 1 : 1);
  std::string fill(config_.size.bytes > least ? config_.size.bytes - least : 0, 'x');
  if (!fill.empty()) {
    fill = is_json ? std::string(json_fill) + fill + "\"" : " " + fill;
  }
  line_.assign(plain.substr(0, inner)).append(fill).append(mark).append(plain.substr(inner));
  return line_;
}

void MadeSource::put_text(Bundle& bundle, uint64_t rows) {
  Column* message = column(bundle, text_message);
  Arena& arena = bundle.arena();
  uint64_t bytes = 0;
  for (; rows > 0 && bundle.has_room() && arena.used() < Feed::arena_budget; rows--) {
    std::string_view line = arena.copy(this->line());
    made_++;
    Row row = bundle.append();
    bytes += line.size() + 1;
    if (message != nullptr) {
      message->set(row, Cell::of_text(line));
    }
  }
  feed_->count_bytes(bytes);
}

void MadeSource::put_flows(Bundle& bundle, uint64_t rows) {
  Column* columns[flow_time + 1];
  for (size_t key = 0; key <= flow_time; key++) {
    columns[key] = column(bundle, key);
  }
  auto put = [&](size_t key, Row row, const Cell& cell) {
    if (columns[key] != nullptr) {
      columns[key]->set(row, cell);
    }
  };
  for (; rows > 0 && bundle.has_room(); rows--) {
    const Flow& flow = templates_.flow(made_);
    std::string_view addresses = bundle.arena().copy({flow.addresses, sizeof flow.addresses});
    Row row = bundle.append();
    put(flow_src, row, Cell::of_slice(Type::Address, addresses.substr(0, flow.address_size)));
    put(flow_dst, row, Cell::of_slice(Type::Address, addresses.substr(16, flow.address_size)));
    put(flow_sport, row, Cell::of_unsigned(flow.src_port));
    put(flow_dport, row, Cell::of_unsigned(flow.dst_port));
    put(flow_proto, row, Cell::of_unsigned(flow.proto));
    put(flow_bytes, row, Cell::of_unsigned(flow.bytes));
    put(flow_packets, row, Cell::of_unsigned(flow.packets));
    put(flow_time, row, Cell::of_time(Templates::time_of(made_++)));
  }
}

}  // namespace

extern const Plugin source_made;
const Plugin source_made = {
    .kind = Kind::Source,
    .name = "made",
    .doc = "Makes rows up from a seed: access lines, syslog lines, JSON or flows",
    .options = options,
    .primary = "what",
    .config = config_type<MadeConfig>,
    .declare = declare,
    .needs = needs_nothing,
    .source = make_source<MadeSource, MadeConfig>,
    .is_finite = true,
};

}  // namespace stook
