// SPDX-License-Identifier: Apache-2.0
/// splunk: rows as events of Splunk's HTTP Event Collector, one object a row, one row a line.
///
///   [out]
///   index = web
///   sourcetype = access
///
///   {"time":1795232280.12,"host":"a","sourcetype":"access","index":"web","event":{"status":404}}
///
/// The event is what `json` writes, but for the time. `host`, `source`, `sourcetype` and `index` may hold keys; what is
/// empty for a row is left out.
#include <array>

#include "core/api/plugin.hh"
#include "sinks/codecs/json.hh"
#include "sinks/codecs/quoted.hh"

namespace stook {

namespace {
struct SplunkCodecConfig : JsonConfig {
  std::string host;
  std::string source;
  std::string sourcetype;
  std::string index;
  std::string timestamp;

  // Completed by declare.
  size_t timestamp_read = 0;
  struct Member {
    std::string lead;
    QuotedPattern pattern;
    size_t keys = 0;
  };
  std::vector<Member> members;
};

constexpr std::array options = {
    option<&SplunkCodecConfig::host>("host", "$host", "the event's host, may hold keys"),
    option<&SplunkCodecConfig::source>("source", "", "the event's source, may hold keys"),
    option<&SplunkCodecConfig::sourcetype>("sourcetype", "", "the event's source type, may hold keys"),
    option<&SplunkCodecConfig::index>("index", "", "index, may hold keys; empty: that of the token"),
    option<&SplunkCodecConfig::timestamp>("timestamp", "time",
                                          "key that is the event's time; absent: when it is taken"),
    option<&SplunkCodecConfig::keys>("keys", "", "write only these keys, in this order; none named: all"),
    option<&SplunkCodecConfig::without>("without", "", "keys that are not written"),
    option<&SplunkCodecConfig::binary>("binary", "replace", "what becomes of bytes that are no UTF-8"),
    option<&SplunkCodecConfig::time>("time", "iso", "how times of the event are written; epoch is seconds"),
};

void declare_rows(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<SplunkCodecConfig*>(raw);
  declare_columns(config, wiring);  // first, as Columns counts its reads from 0
  config.timestamp_read = wiring.reads.size();
  wiring.reads.push_back({config.timestamp, Type::Mixed, true});
  config.without.push_back(config.timestamp);
  config.members.clear();
  std::pair<const char*, const std::string*> texts[] = {
      {"host", &config.host}, {"source", &config.source}, {"sourcetype", &config.sourcetype}, {"index", &config.index}};
  for (auto& [name, text] : texts) {
    if (text->empty()) {
      continue;
    }
    SplunkCodecConfig::Member member{
        std::string(R"(")") + name + R"(":)", {Pattern(*text), wiring.reads.size(), {}}, 0};
    for (const std::string& key : member.pattern.pattern.keys()) {
      wiring.reads.push_back({key, Type::Mixed, true});
      member.keys++;
    }
    config.members.push_back(std::move(member));
  }
}

/// *Rooms:* one replica, its worker.
class SplunkCodec final : public Codec {
 public:
  explicit SplunkCodec(const SplunkCodecConfig& config)
      : config_(config), json_(config), style_{config.binary, TimeForm::Epoch}, members_(config.members) {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    rows_.reset();
    json_.encode(batch, rows_);
    for (SplunkCodecConfig::Member& member : members_) {
      member.pattern.bind(batch, member.keys);
    }
    size_t at = 0;
    size_t i = 0;
    for (Row row : batch.rows()) {
      size_t end = rows_.row_ends()[i++];
      put_row(batch, row, rows_.bytes().substr(at, end - 1 - at), payload);
      at = end;
    }
  }

 private:
  void put_row(const Batch& batch, Row row, std::string_view json, Payload& out) ROOM(worker) {
    out.append('{');
    const Cell* time = value_at(batch, config_.timestamp_read, row);
    if (time != nullptr && time->type == Type::Time) {
      out.append(R"("time":)");
      append_json(out, *time, style_);
      out.append(',');
    }
    for (SplunkCodecConfig::Member& member : members_) {
      size_t before = out.size();
      member.pattern.append(batch, row, out, member.lead, style_, scratch_);
      if (out.size() > before) {
        out.append(',');
      }
    }
    out.append(R"("event":)");
    out.append(json);
    out.append("}\n");
    out.end_row();
  }

  const SplunkCodecConfig& config_;
  Json json_;
  JsonStyle style_;
  std::vector<SplunkCodecConfig::Member> members_;
  Payload rows_;
  Payload scratch_;
};
}  // namespace

extern const Plugin codec_splunk;
const Plugin codec_splunk = {
    .kind = Kind::Codec,
    .name = "splunk",
    .doc = "events of Splunk's HTTP Event Collector",
    .options = options,
    .primary = "index",
    .config = config_type<SplunkCodecConfig>,
    .declare = declare_rows,
    .codec = make_codec<SplunkCodec, SplunkCodecConfig>,
};

}  // namespace stook
