// SPDX-License-Identifier: Apache-2.0
/// loki: rows as what Loki's push interface is made of: labels, a tab, and an entry, one row a line.
///
///   [out]
///   labels = host, level
///   line = message
///
///   {"job":"stook","host":"a","level":"error"}<tab>["1795232280120000000","cannot open it"]
///
/// The sink `loki` puts entries of the same labels together. Without `line` the entry is the whole row as `json` writes it,
/// but for the labels and the time. A row whose `line` is absent is a fault. A label is named after its key, with `_` for
/// what Loki does not allow in names; an absent key is no label. Keys in `metadata` become the entry's structured metadata.
#include <algorithm>
#include <array>
#include <stdexcept>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "sinks/codecs/json.hh"
#include "sinks/codecs/quoted.hh"

namespace stook {

namespace {
struct LokiCodecConfig : JsonConfig {
  std::string job;
  std::vector<std::string> labels;
  std::vector<std::string> metadata;
  std::string line;
  std::string timestamp;

  // Completed by declare.
  size_t label_read = 0;  // the first of them
  size_t metadata_read = 0;
  size_t line_read = 0;
  size_t timestamp_read = 0;
};

constexpr std::array options = {
    option<&LokiCodecConfig::job>("job", "stook", "label job of all rows; empty: none"),
    option<&LokiCodecConfig::labels>("labels", "", "keys that are labels: few, and of few different values"),
    option<&LokiCodecConfig::metadata>("metadata", "", "keys that are structured metadata"),
    option<&LokiCodecConfig::line>("line", "", "key whose value is the line; empty: the row as JSON"),
    option<&LokiCodecConfig::timestamp>("timestamp", "time", "key that is the entry's time; absent: now"),
    option<&LokiCodecConfig::keys>("keys", "", "JSON: write only these keys, in this order; none named: all"),
    option<&LokiCodecConfig::without>("without", "", "JSON: keys that are not written"),
    option<&LokiCodecConfig::binary>("binary", "replace", "what becomes of bytes that are no UTF-8"),
    option<&LokiCodecConfig::time>("time", "iso", "JSON: how times are written; epoch is seconds"),
};

void add_reads(const std::vector<std::string>& keys, Wiring& wiring) {
  for (const std::string& key : keys) {
    wiring.reads.push_back({key, Type::Mixed, true});
  }
}

void declare_rows(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<LokiCodecConfig*>(raw);
  if (config.job.empty() && config.labels.empty()) {
    throw std::invalid_argument("labels: Loki wants one at least; name some keys, or a job");
  }
  if (config.line.empty()) {
    declare_columns(config, wiring);  // first, as Columns counts its reads from 0
  }
  config.label_read = wiring.reads.size();
  add_reads(config.labels, wiring);
  config.metadata_read = wiring.reads.size();
  add_reads(config.metadata, wiring);
  config.timestamp_read = wiring.reads.size();
  wiring.reads.push_back({config.timestamp, Type::Mixed, true});
  if (!config.line.empty()) {
    config.line_read = wiring.reads.size();
    wiring.reads.push_back({config.line, Type::Mixed, false});
  }
  config.without.push_back(config.timestamp);
  for (const auto* keys : {&config.labels, &config.metadata}) {
    config.without.insert(config.without.end(), keys->begin(), keys->end());
  }
}

// `"name":`, in the alphabet of a label.
std::string name_lead(std::string_view key) {
  std::string name(key);
  for (char& c : name) {
    bool is_allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    c = is_allowed ? c : '_';
  }
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) {
    name.insert(name.begin(), '_');
  }
  return '"' + name + "\":";
}

std::vector<std::string> leads_of(const std::vector<std::string>& keys) {
  std::vector<std::string> leads;
  for (const std::string& key : keys) {
    leads.push_back(name_lead(key));
  }
  return leads;
}

/// *Rooms:* one replica, its worker.
class LokiCodec final : public Codec {
 public:
  explicit LokiCodec(const LokiCodecConfig& config)
      : config_(config),
        json_(config),
        style_{config.binary, TimeForm::Iso},
        labels_(leads_of(config.labels)),
        metadata_(leads_of(config.metadata)) {
    if (!config.job.empty()) {
      scratch_.append(R"("job":)");
      append_json(scratch_, Cell::of_text(config.job), style_);
      job_ = scratch_.bytes();
    }
  }

  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    if (config_.line.empty()) {
      rows_.reset();
      json_.encode(batch, rows_);
    }
    size_t at = 0;
    size_t i = 0;
    for (Row row : batch.rows()) {
      const Cell* line = config_.line.empty() ? nullptr : value_at(batch, config_.line_read, row);
      Cell json{};
      if (config_.line.empty()) {
        size_t end = rows_.row_ends()[i++];
        json = Cell::of_text(rows_.bytes().substr(at, end - 1 - at));
        at = end;
        line = &json;
      }
      if (line == nullptr) {
        batch.fault(row);
        continue;
      }
      put_row(batch, row, *line, payload);
    }
  }

 private:
  void put_row(const Batch& batch, Row row, const Cell& line, Payload& out) ROOM(worker) {
    out.append('{');
    out.append(job_);
    put_members(batch, row, labels_, config_.label_read, !job_.empty(), out);
    out.append("}\t[\"");
    const Cell* time = value_at(batch, config_.timestamp_read, row);
    char digits[24];
    char* end = put_integer(digits, time != nullptr && time->type == Type::Time ? time->integer : wall_ns());
    out.append(std::string_view(digits, static_cast<size_t>(end - digits)));
    out.append("\",");
    append_quoted(out, line, style_, scratch_);
    if (!metadata_.empty()) {
      out.append(",{");
      put_members(batch, row, metadata_, config_.metadata_read, false, out);
      out.append('}');
    }
    out.append("]\n");
    out.end_row();
  }

  void put_members(const Batch& batch, Row row, const std::vector<std::string>& leads, size_t first, bool has_one,
                   Payload& out) ROOM(worker) {
    for (size_t i = 0; i < leads.size(); i++) {
      const Cell* value = value_at(batch, first + i, row);
      if (value == nullptr) {
        continue;
      }
      if (has_one) {
        out.append(',');
      }
      has_one = true;
      out.append(std::string_view(leads[i]));
      append_quoted(out, *value, style_, scratch_);
    }
  }

  const LokiCodecConfig& config_;
  Json json_;
  JsonStyle style_;
  std::string job_;
  std::vector<std::string> labels_;
  std::vector<std::string> metadata_;
  Payload rows_;
  Payload scratch_;
};
}  // namespace

extern const Plugin codec_loki;
const Plugin codec_loki = {
    .kind = Kind::Codec,
    .name = "loki",
    .doc = "labels and entries of Loki's push interface",
    .options = options,
    .primary = "labels",
    .config = config_type<LokiCodecConfig>,
    .declare = declare_rows,
    .codec = make_codec<LokiCodec, LokiCodecConfig>,
};

}  // namespace stook
