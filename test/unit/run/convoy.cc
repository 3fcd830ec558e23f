// SPDX-License-Identifier: Apache-2.0
#include "test/unit/run/convoy.hh"

#include <algorithm>
#include <stdexcept>

#include "core/data/object.hh"
#include "core/plan/registry.hh"

namespace stook::test {

namespace {
int64_t convoy_now = 1'000'000'000;

int64_t convoy_clock() {
  return convoy_now;
}

class Blank final : public Codec {
 public:
  explicit Blank(const NoConfig&) {}
  void encode(Batch&, Payload&) override ROOM(worker) {}
};

class PorterSink final : public Sink {
 public:
  explicit PorterSink(Porter* const& porter) : porter_(*porter) {}
  void open() override ROOM(carrier) {
    if (!porter_.opens) {
      throw SetupError("it does not open");
    }
  }

  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    porter_.asked++;
    if (porter_.refuses_all) {
      return Outcome::Refused;
    }
    std::vector<uint64_t> seen;  // of this offer, now or before
    size_t number = 0;
    refused_.clear();
    size_t left = porter_.is_up ? SIZE_MAX : porter_.takes;
    for (const Payload* payload : shipment) {
      size_t& done = porter_.progress[name(*payload)];
      size_t at = 0;
      for (size_t end : payload->row_ends()) {
        uint64_t row = std::stoull(std::string(payload->bytes().substr(at, end - at)));
        at = end;
        number++;
        bool is_guilty = porter_.guilty.count(row) != 0;
        if (is_guilty && porter_.names_guilty && porter_.is_up) {
          refused_.push_back({number - 1, "no " + std::to_string(row)});
          done = std::max(done, payload->whole_at + end);
          continue;
        }
        if (payload->whole_at + end <= done) {
          seen.push_back(row);
          continue;
        }
        if (is_guilty || left-- == 0) {
          porter_.torn.insert(seen.begin(), seen.end());
          return is_guilty ? Outcome::Refused : Outcome::Again;
        }
        porter_.rows.push_back(row);
        seen.push_back(row);
        done = payload->whole_at + end;
      }
    }
    if (!porter_.is_up) {
      porter_.torn.insert(seen.begin(), seen.end());
      return Outcome::Again;
    }
    for (uint64_t row : seen) {
      porter_.torn.erase(row);
    }
    forget(shipment);
    return refused_.empty() ? Outcome::Done : Outcome::Refused;
  }
  std::span<const RefusedRow> refused_rows() const override ROOM(carrier) { return refused_; }

  std::string reason() const override ROOM(carrier) { return "the test says so"; }
  bool refuses_all() const override ROOM(carrier) { return porter_.refuses_all; }
  void forget(Shipment shipment) override ROOM(carrier) {
    for (const Payload* payload : shipment) {
      size_t size = payload->whole == nullptr ? payload->size() : payload->whole->size();
      if (payload->whole_at + payload->size() >= size) {
        porter_.progress.erase(name(*payload));
      }
    }
  }

 private:
  static std::tuple<const Payload*, uint32_t, uint64_t> name(const Payload& payload) {
    return {payload.whole == nullptr ? &payload : payload.whole, payload.lane, payload.sequence};
  }
  Porter& porter_;
  std::vector<RefusedRow> refused_;
};

const Plugin blank_plugin = {.kind = Kind::Codec, .name = "blank", .doc = "", .codec = make_codec<Blank, NoConfig>};
const Plugin porter_plugin = {.kind = Kind::Sink, .name = "porter", .doc = "", .sink = make_sink<PorterSink, Porter*>};

void give(const Plugin& plugin, void* config, const std::string& name, const std::string& value) {
  for (const Option& row : plugin.options) {
    std::string why;
    if (row.name == name && !row.assign(config, value, row, why)) {
      throw std::invalid_argument(name + ": " + why);
    }
  }
}

std::string map_of(size_t row) {
  char buffer[32];
  char* to = put_cell(put_map_head(buffer, 1), Cell::of_text("n"));
  return {buffer, put_cell(to, Cell::of_integer(static_cast<int64_t>(row)))};
}
}  // namespace

Convoy::Convoy(const std::string& plugin, size_t size, const Options& options) : porters(size) {
  room::enter(room::carrier);
  instance.id = "out";
  instance.plugin = find_plugin(Kind::Sink, plugin);
  instance.config = {instance.plugin->config.make(), instance.plugin->config.destroy};
  instance.codec = &blank_plugin;
  instance.codec_config = std::make_shared<NoConfig>();
  std::string names;
  for (size_t i = 0; i < size; i++) {
    auto member = std::make_shared<Instance>();
    member->id = std::string(1, static_cast<char>('a' + i));
    member->plugin = &porter_plugin;
    member->config = std::make_shared<Porter*>(&porters[i]);
    names += (i == 0 ? "" : ", ") + member->id;
    instance.members.push_back(std::move(member));
  }
  for (const Option& row : instance.plugin->options) {
    if (row.fallback != nullptr) {
      give(*instance.plugin, instance.config.get(), row.name, row.fallback);
    }
  }
  give(*instance.plugin, instance.config.get(), "members", names);
  for (auto& [name, value] : options) {
    give(*instance.plugin, instance.config.get(), name, value);
  }
  instance.plugin->declare(instance.config.get(), ".", instance.wiring);
  auto finish = [this](Payload*, Fate fate) { fates.push_back(fate); };
  delivery = std::make_unique<Delivery>(instance, meter, finish, convoy_clock);
}

void Convoy::recode(size_t unwritable) {
  unwritable_ = unwritable;
  instance.is_recoded = true;
  for (auto& shared : instance.members) {
    auto member = std::make_shared<Instance>(*shared);
    member->codec = find_plugin(Kind::Codec, "raw");
    member->codec_config = {member->codec->config.make(), member->codec->config.destroy};
    give(*member->codec, member->codec_config.get(), "key", "n");
    member->codec->declare(member->codec_config.get(), ".", member->codec_wiring);
    shared = member;
  }
}

void Convoy::take(const std::vector<std::string>& addresses) {
  payloads_.push_back(std::make_unique<Payload>());
  Payload& payload = *payloads_.back();
  payload.sequence = payloads_.size();
  std::vector<std::string> order;
  for (const std::string& address : addresses) {
    if (std::find(order.begin(), order.end(), address) == order.end()) {
      order.push_back(address);
    }
  }
  for (const std::string& address : order) {
    payload.begin_part(address);
    for (auto count = std::count(addresses.begin(), addresses.end(), address); count > 0; count--) {
      size_t row = address_of.size();
      payload.append(!instance.is_recoded ? std::to_string(row) + "\n" : row % unwritable_ == 0 ? "\x80" : map_of(row));
      payload.end_row();
      payload.count_rows(1);
      address_of.push_back(address);
    }
  }
  delivery->take(&payload);
}

void Convoy::serve() {
  while (delivery->serve()) {}
}

void Convoy::wake() {
  convoy_now = std::max(convoy_now, delivery->wake_at());
  serve();
}

void Convoy::turn(int64_t ns) {
  convoy_now += ns;
}

bool Convoy::drain() {
  for (int i = 0; i < 1000 && !delivery->is_idle(); i++) {
    wake();
  }
  return delivery->is_idle();
}

}  // namespace stook::test
