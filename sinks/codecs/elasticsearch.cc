// SPDX-License-Identifier: Apache-2.0
/// elasticsearch: rows as actions of Elasticsearch's and OpenSearch's bulk interface, two lines of JSON a row.
///
///   [out]
///   index = logs-web
///
///   {"create":{"_index":"logs-web","_id":"in:fd00.1f3a.0.4711"}}
///   {"@timestamp":"2026-11-21T03:38:00.120Z","remote_addr":"192.0.2.1","status":404}
///
/// The id is the row's own (`stook.id`), so that a row that is sent twice is stored once. The document is what `json` writes,
/// with the time as `@timestamp`. `index` may hold keys: `logs-$service-${time:%Y.%m.%d}`.
#include <array>
#include <stdexcept>

#include "core/api/plugin.hh"
#include "sinks/codecs/json.hh"
#include "sinks/codecs/quoted.hh"

namespace stook {

enum class BulkOp : uint8_t { Create, Index };
template <>
inline constexpr std::string_view choice_names<BulkOp>[] = {"create", "index"};

namespace {
struct ElasticCodecConfig : JsonConfig {
  std::string index;
  BulkOp op = BulkOp::Create;
  std::string id;
  std::string timestamp;

  // Completed by declare.
  QuotedPattern index_pattern;
  size_t index_keys = 0;
  size_t id_read = 0;
  size_t timestamp_read = 0;
};

constexpr std::array options = {
    option<&ElasticCodecConfig::index>("index", "", "index or data stream, may hold keys; empty: the one in the url"),
    option<&ElasticCodecConfig::op>("op", "create",
                                    "create: a row whose id is there is left as it is; index: replaced"),
    option<&ElasticCodecConfig::id>("id", "stook.id",
                                    "key whose value is the document's id; empty: the peer makes one"),
    option<&ElasticCodecConfig::timestamp>("timestamp", "time", "key that is written as @timestamp; empty: none"),
    option<&ElasticCodecConfig::keys>("keys", "", "write only these keys, in this order; none named: all"),
    option<&ElasticCodecConfig::without>("without", "", "keys that are not written"),
    option<&ElasticCodecConfig::binary>("binary", "replace", "what becomes of bytes that are no UTF-8"),
    option<&ElasticCodecConfig::time>("time", "iso", "how times are written; epoch is seconds"),
};

void declare_rows(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<ElasticCodecConfig*>(raw);
  declare_columns(config, wiring);  // first, as Columns counts its reads from 0
  config.id_read = wiring.reads.size();
  wiring.reads.push_back({config.id.empty() ? "stook.id" : config.id, Type::Mixed, true});
  config.timestamp_read = wiring.reads.size();
  wiring.reads.push_back({config.timestamp.empty() ? "time" : config.timestamp, Type::Mixed, true});
  if (!config.timestamp.empty()) {
    config.without.push_back(config.timestamp);
  }
  config.index_pattern.pattern = Pattern(config.index);
  config.index_pattern.first_read = wiring.reads.size();
  std::vector<std::string> keys = config.index_pattern.pattern.keys();
  config.index_keys = keys.size();
  for (const std::string& key : keys) {
    wiring.reads.push_back({key, Type::Mixed, true});
  }
}

/// *Rooms:* one replica, its worker.
class ElasticCodec final : public Codec {
 public:
  explicit ElasticCodec(const ElasticCodecConfig& config)
      : config_(config), json_(config), index_(config.index_pattern), style_{config.binary, config.time} {}

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    rows_.reset();
    json_.encode(batch, rows_);
    index_.bind(batch, config_.index_keys);
    size_t at = 0;
    size_t i = 0;
    for (Row row : batch.rows()) {
      size_t end = rows_.row_ends()[i++];
      put_action(batch, row, payload);
      put_document(batch, row, rows_.bytes().substr(at, end - at), payload);
      payload.end_row();
      at = end;
    }
  }

 private:
  void put_action(const Batch& batch, Row row, Payload& out) ROOM(worker) {
    out.append(config_.op == BulkOp::Create ? std::string_view(R"({"create":{)") : std::string_view(R"({"index":{)"));
    size_t begin = out.size();
    index_.append(batch, row, out, R"("_index":)", style_, scratch_);
    const Cell* id = config_.id.empty() ? nullptr : value_at(batch, config_.id_read, row);
    if (id != nullptr) {
      out.append(out.size() > begin ? std::string_view(R"(,"_id":)") : std::string_view(R"("_id":)"));
      append_quoted(out, *id, style_, scratch_);
    }
    out.append("}}\n");
  }

  void put_document(const Batch& batch, Row row, std::string_view json, Payload& out) ROOM(worker) {
    const Cell* time = config_.timestamp.empty() ? nullptr : value_at(batch, config_.timestamp_read, row);
    if (time == nullptr) {
      out.append(json);
      return;
    }
    out.append(R"({"@timestamp":)");
    append_json(out, *time, style_);
    json.remove_prefix(1);  // the brace
    if (json.front() != '}') {
      out.append(',');
    }
    out.append(json);
  }

  const ElasticCodecConfig& config_;
  Json json_;
  QuotedPattern index_;
  JsonStyle style_;
  Payload rows_;
  Payload scratch_;
};
}  // namespace

extern const Plugin codec_elasticsearch;
const Plugin codec_elasticsearch = {
    .kind = Kind::Codec,
    .name = "elasticsearch",
    .doc = "actions of Elasticsearch's and OpenSearch's bulk interface",
    .options = options,
    .primary = "index",
    .config = config_type<ElasticCodecConfig>,
    .declare = declare_rows,
    .codec = make_codec<ElasticCodec, ElasticCodecConfig>,
};

}  // namespace stook
