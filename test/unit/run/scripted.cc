// SPDX-License-Identifier: Apache-2.0
#include "test/unit/run/scripted.hh"

namespace stook::test {

namespace {
int64_t now = 1'000'000'000;

int64_t turned_clock() {
  return now;
}

class Silent final : public Codec {
 public:
  explicit Silent(const NoConfig&) {}
  void encode(Batch&, Payload&) override ROOM(worker) {}
};

class Scripted final : public Sink {
 public:
  explicit Scripted(Scenario* const& scenario) : scenario_(*scenario) {}
  void open() override ROOM(carrier) {}
  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    std::vector<std::string> rows;
    for (const Payload* payload : shipment) {
      if (payload->row_ends().size() != payload->rows()) {
        rows.emplace_back(payload->bytes());
        continue;
      }
      size_t at = 0;
      for (size_t end : payload->row_ends()) {
        rows.emplace_back(payload->bytes().substr(at, end - at - 1));
        at = end;
      }
    }
    scenario_.offers.push_back(rows);
    Outcome outcome = scenario_.answer ? scenario_.answer(rows) : Outcome::Done;
    if (outcome == Outcome::Done) {
      scenario_.delivered.insert(scenario_.delivered.end(), rows.begin(), rows.end());
      for (const Payload* payload : shipment) {
        for (size_t i = 0; i < payload->parts(); i++) {
          scenario_.addresses.push_back(payload->part(i).address);
        }
      }
    }
    return outcome;
  }
  std::string reason() const override ROOM(carrier) { return scenario_.reason; }
  int64_t retry_after() const override ROOM(carrier) { return scenario_.retry_after; }
  bool refuses_all() const override ROOM(carrier) { return scenario_.refuses_all; }
  std::span<const RefusedRow> refused_rows() const override ROOM(carrier) { return scenario_.refused_rows; }
  size_t shipment_bytes() const override ROOM(carrier) { return scenario_.shipment_bytes; }
  void forget(Shipment shipment) override ROOM(carrier) { scenario_.forgotten += shipment.size(); }

 private:
  Scenario& scenario_;
};

const Plugin silent_plugin = {.kind = Kind::Codec, .name = "silent", .doc = "", .codec = make_codec<Silent, NoConfig>};
const Plugin scripted_plugin = {
    .kind = Kind::Sink, .name = "scripted", .doc = "", .sink = make_sink<Scripted, Scenario*>};
}  // namespace

Desk::Desk(const RetryRules& retry, const std::string& letters, uint64_t letters_most) {
  room::enter(room::carrier);
  instance.id = "out";
  instance.plugin = &scripted_plugin;
  instance.config = std::make_shared<Scenario*>(&scenario);
  instance.codec = &silent_plugin;
  instance.codec_config = std::make_shared<NoConfig>();
  instance.retry = retry;
  instance.letters = letters;
  instance.letters_most = letters_most;
  auto finish = [this](Payload* payload, Fate fate) { finished.emplace_back(payload->sequence, fate); };
  delivery = std::make_unique<Delivery>(instance, meter, finish, turned_clock);
  delivery->open();
}

Payload& Desk::add() {
  payloads_.push_back(std::make_unique<Payload>());
  payloads_.back()->sequence = payloads_.size();
  delivery->take(payloads_.back().get());
  return *payloads_.back();
}

void Desk::take(const std::vector<std::string>& rows, size_t part_rows) {
  Payload& payload = add();
  for (size_t i = 0; i < rows.size(); i++) {
    if (i % part_rows == 0) {
      payload.begin_part(part_rows == SIZE_MAX ? "" : "to-" + std::to_string(i / part_rows));
    }
    payload.append(rows[i]);
    payload.append('\n');
    payload.end_row();
    payload.count_rows(1);
  }
}

void Desk::take_blind(const std::string& bytes, size_t rows) {
  Payload& payload = add();
  payload.begin_part({});
  payload.append(bytes);
  payload.count_rows(rows);
}

void Desk::serve() {
  while (delivery->serve()) {}
}

int64_t Desk::wake() {
  int64_t before = now;
  now = std::max(now, delivery->wake_at());
  serve();
  return now - before;
}

void Desk::turn(int64_t ns) {
  now += ns;
}

}  // namespace stook::test
