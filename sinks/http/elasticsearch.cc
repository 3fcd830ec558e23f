// SPDX-License-Identifier: Apache-2.0
/// elasticsearch: stores rows in Elasticsearch or OpenSearch, by the bulk interface.
///
/// The answer says what became of each row: one that is there already counts as delivered (409 on create), those for which
/// there was no room now are sent again alone, and those that can never be stored are refused one by one.
///
///   [out]
///   url = https://elastic.example:9200
///   index = logs-web
///   user = stook
///   password = cred:elastic
///   gzip = 1
#include <algorithm>
#include <array>

#include "core/api/plugin.hh"
#include "core/net/net_needs.hh"
#include "sinks/http/bulk_answer.hh"
#include "sinks/http/settings.hh"
#include "sinks/http/sink.hh"
#include "sinks/http/verdict.hh"

namespace stook {

namespace {
struct ElasticConfig : HttpSettings {};

void declare_sink(void* raw, std::string_view folder, Wiring&) {
  auto& config = *static_cast<ElasticConfig*>(raw);
  HttpManner manner;
  manner.content_type = "application/x-ndjson";
  manner.path = "/_bulk";
  manner.answer_most = 64 << 20;
  complete_http(config, folder, manner);
  // Only what is read here; an answer is some thirty bytes a row then.
  config.target.url = url_with_query(config.target.url, "filter_path", "errors,items.*.status,items.*.error");
}

/// *Invariants:* while a shipment is known, rows that are not open are not sent again.
class Elasticsearch final : public HttpSink {
 public:
  Elasticsearch(const ElasticConfig& config, const Make& make) : HttpSink(config, make) {}

  std::span<const RefusedRow> refused_rows() const override ROOM(carrier) { return refused_; }
  void forget(Shipment) override ROOM(carrier) { known_.clear(); }

 protected:
  void compose(Shipment shipment, std::string& body) override ROOM(carrier) {
    if (!is_known(shipment)) {
      begin(shipment);
    }
    sent_.clear();
    const std::vector<std::string_view>& rows = rows_of(shipment);
    for (size_t row = 0; row < rows.size(); row++) {
      if (is_open_[row]) {
        sent_.push_back(row);
        body += rows[row];
      }
    }
  }

  Outcome judge(Shipment shipment, const HttpAnswer& answer) override ROOM(carrier) {
    if (Outcome outcome = outcome_of(answer); outcome != Outcome::Done) {
      explain(answer);
      return outcome == Outcome::Refused ? refuse_whole() : outcome;
    }
    std::string why;
    bool is_read = !answer.is_cut && read_bulk_answer(answer.body, items_, why);
    if (is_read && items_.empty()) {
      items_.assign(sent_.size(), BulkItem{200, false, {}});
    }
    if (!is_read || items_.size() != sent_.size()) {
      explain((is_read ? std::to_string(items_.size()) + " items in the answer for " + std::to_string(sent_.size()) +
                             " rows"
               : answer.is_cut ? std::string("the answer is too long")
                               : why) +
              "; set url to a bulk interface");
      return Outcome::Misconfigured;
    }
    return judge_items(shipment);
  }

 private:
  /// What tells an offer from another.
  struct Known {
    const Payload* payload;
    size_t whole_at;
    size_t rows;
    uint32_t lane;
    uint64_t sequence;
    friend bool operator==(const Known&, const Known&) = default;
  };
  static Known known_of(const Payload& payload) {
    return {&payload, payload.whole_at, payload.rows(), payload.lane, payload.sequence};
  }

  bool is_known(Shipment shipment) const ROOM(carrier) {
    return known_.size() == shipment.size() &&
           std::equal(known_.begin(), known_.end(), shipment.begin(),
                      [](const Known& known, const Payload* payload) { return known == known_of(*payload); });
  }

  void begin(Shipment shipment) ROOM(carrier) {
    known_.clear();
    refused_.clear();
    for (const Payload* payload : shipment) {
      known_.push_back(known_of(*payload));
    }
    is_open_.assign(rows_of(shipment).size(), true);
  }

  // All of it, for example because it is too long: it comes again in pieces.
  Outcome refuse_whole() ROOM(carrier) {
    known_.clear();
    refused_.clear();
    return Outcome::Refused;
  }

  Outcome judge_items(Shipment) ROOM(carrier) {
    size_t open = 0;
    size_t settings = 0;
    const BulkItem* first = nullptr;
    for (size_t i = 0; i < items_.size(); i++) {
      const BulkItem& item = items_[i];
      Outcome outcome = item.is_create && item.status == 409 ? Outcome::Done : outcome_of_status(item.status);
      if (outcome == Outcome::Done) {
        is_open_[sent_[i]] = false;
      } else if (outcome == Outcome::Refused) {
        is_open_[sent_[i]] = false;
        refused_.push_back({sent_[i], std::to_string(item.status) + " " + item.error});
      } else {
        open++;
        settings += outcome == Outcome::Misconfigured ? 1 : 0;
        first = first == nullptr || outcome != Outcome::Misconfigured ? &item : first;
      }
    }
    if (open > 0) {
      explain(std::to_string(open) + " of " + std::to_string(items_.size()) +
              " rows were not taken: " + std::to_string(first->status) + " " + first->error);
      return settings == open ? Outcome::Misconfigured : Outcome::Again;
    }
    known_.clear();
    if (refused_.empty()) {
      return Outcome::Done;
    }
    std::sort(refused_.begin(), refused_.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
    explain(refused_.front().reason);
    return Outcome::Refused;
  }

  std::vector<Known> known_ OWNED(carrier);
  std::vector<bool> is_open_ OWNED(carrier);  // of the known shipment, by row
  std::vector<RefusedRow> refused_ OWNED(carrier);
  std::vector<size_t> sent_ OWNED(carrier);  // rows of the request at hand
  std::vector<BulkItem> items_ OWNED(carrier);
};

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<Elasticsearch>(*static_cast<const ElasticConfig*>(make.config), make);
}
}  // namespace

extern const Plugin sink_elasticsearch;
const Plugin sink_elasticsearch = {
    .kind = Kind::Sink,
    .name = "elasticsearch",
    .doc = "stores rows in Elasticsearch or OpenSearch",
    .options = http_options,
    .primary = "url",
    .config = config_type<ElasticConfig>,
    .declare = declare_sink,
    .needs = tls_needs<ElasticConfig>,
    .sink = make,
    .format = "elasticsearch",
};

}  // namespace stook
