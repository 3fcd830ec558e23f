// SPDX-License-Identifier: Apache-2.0
#include "test/unit/run/world.hh"

#include <time.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "core/base/clock.hh"

namespace stook::test {

namespace {

class Count final : public Source {
 public:
  explicit Count(const CountConfig& config) : config_(config), random_(config.seed) {}
  void start(Feed& feed) override ROOM(front) {
    feed_ = &feed;
    if (config_.is_broken) {
      throw SetupError("the source of the test does not start");
    }
    work_.on_idle<&Count::on_idle>(feed.loop(), this);
  }
  void pause() override ROOM(front) { work_.stop(); }
  void resume() override ROOM(front) { work_.on_idle<&Count::on_idle>(feed_->loop(), this); }
  void stop() override ROOM(front) { work_.stop(); }
  void acknowledged(std::span<const Mark> marks) override ROOM(front) {
    if (config_.acknowledged != nullptr) {
      for (const Mark& mark : marks) {
        config_.acknowledged->push_back(mark.position);
      }
    }
  }

 private:
  void on_idle() ROOM(front) {
    size_t some = 1 + random_() % 200;
    while (some-- > 0 && next_ <= config_.count) {
      Bundle* bundle = feed_->bundle(next_);
      if (bundle == nullptr) {
        return;
      }
      Row row = bundle->append();
      bundle->put(feed_->out(0), row, Cell::of_unsigned(next_));
      bundle->put(feed_->out(1), row, Cell::of_unsigned(config_.number));
      feed_->mark(0, next_, next_);
      next_++;
    }
    feed_->seal();
    if (next_ > config_.count) {
      work_.stop();
      feed_->finish();
    }
  }
  CountConfig config_;
  Feed* feed_ = nullptr;
  Watcher work_;
  uint64_t next_ = 1;
  std::mt19937 random_;
};

class Modulo final : public Filter {
 public:
  explicit Modulo(const ModuloConfig& config) : config_(config) {}
  void run(Batch& batch) override ROOM(worker) {
    const Column* numbers = batch.read(batch.in(0));
    int64_t until = thread_cpu_ns() + config_.burn_ns * static_cast<int64_t>(batch.rows().size());
    while (config_.burn_ns > 0 && thread_cpu_ns() < until) {}
    if (config_.has_fault) {
      for (Row row : batch.rows()) {
        if (is_hit((*numbers)[row].bits)) {
          batch.fault(row);
        }
      }
      return;
    }
    batch.keep_if([&](Row row) { return !is_hit((*numbers)[row].bits); });
  }

 private:
  bool is_hit(uint64_t n) const { return config_.divisor != 0 && n % config_.divisor == 0; }
  ModuloConfig config_;
};

class CountAway final : public Filter {
 public:
  explicit CountAway(const CountAwayConfig&) {}
  void run(Batch& batch) override ROOM(worker) {
    rows_ += batch.rows().size();
    batch.keep_if([](Row) { return false; });
  }
  void tick(Batch& batch, int64_t, bool is_last) override ROOM(worker) {
    Row row = 0;
    if ((rows_ > 0 || is_last) && batch.append(row)) {
      batch.write(batch.out(0))->set(row, Cell::of_unsigned(rows_));
      batch.write(batch.out(1))->set(row, Cell::of_unsigned(is_last ? 1 : 0));
      rows_ = 0;
    }
  }

 private:
  uint64_t rows_ = 0;
};

// Every row waits for the next one and takes its place: the last row of each bundle is handed on by the bundle after it.
class Delay final : public Filter {
 public:
  explicit Delay(const NoConfig&) {}
  void run(Batch& batch) override ROOM(worker) {
    Column* numbers = batch.write(batch.out(0));
    Column* sources = batch.write(batch.out(1));
    Row first = batch.rows()[0];
    for (Row row : batch.rows()) {
      uint64_t number = (*numbers)[row].bits;
      source_ = (*sources)[row].bits;
      numbers->set(row, Cell::of_unsigned(number_));
      number_ = number;
    }
    if (held_ == nullptr) {
      batch.take_if([&](Row row) { return row == first; });
    } else {
      batch.count_replaced(1);
      batch.release(held_);
    }
    held_ = batch.hold();
  }
  void tick(Batch& batch, int64_t, bool is_last) override ROOM(worker) {
    Row row = 0;
    if (is_last && held_ != nullptr && batch.append(row)) {
      batch.write(batch.out(0))->set(row, Cell::of_unsigned(number_));
      batch.write(batch.out(1))->set(row, Cell::of_unsigned(source_));
      batch.release(held_);
      held_ = nullptr;
    }
  }

 private:
  Receipt* held_ = nullptr;
  uint64_t number_ = 0;
  uint64_t source_ = 0;
};

class Pairs final : public Codec {
 public:
  explicit Pairs(const NoConfig&) {}
  void encode(Batch& batch, Payload& payload) override ROOM(worker) {
    const Column* numbers = batch.read(batch.in(0));
    const Column* sources = batch.read(batch.in(1));
    for (Row row : batch.rows()) {
      uint64_t pair[2] = {(*sources)[row].bits, (*numbers)[row].bits};
      payload.append(std::string_view(reinterpret_cast<const char*>(pair), sizeof pair));
    }
  }
};

class Stall final : public Sink {
 public:
  explicit Stall(const StallConfig& config) : config_(config), random_(config.seed) {}
  void open() override ROOM(carrier) {
    if (config_.is_broken) {
      throw SetupError("the sink of the test does not open");
    }
  }
  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    calls_++;
    if (config_.is_blocked) {
      return Outcome::Again;
    }
    if (config_.again_every != 0 && calls_ % config_.again_every == 0) {
      return Outcome::Again;
    }
    if (config_.refuse_every != 0 && calls_ % config_.refuse_every == 0) {
      return Outcome::Refused;
    }
    if (config_.most_ns > 0 && random_() % 16 == 0) {
      timespec some{0, static_cast<long>(random_() % config_.most_ns)};
      nanosleep(&some, nullptr);
    }
    for (Payload* payload : shipment) {
      std::string_view bytes = payload->bytes();
      for (size_t at = 0; at + 16 <= bytes.size(); at += 16) {
        uint64_t pair[2];
        std::memcpy(pair, bytes.data() + at, sizeof pair);
        config_.received->rows.resize(std::max<size_t>(config_.received->rows.size(), pair[0] + 1));
        config_.received->rows[pair[0]].push_back(pair[1]);
      }
    }
    return Outcome::Done;
  }
  std::string reason() const override ROOM(carrier) { return "the script of the test says so"; }

 private:
  StallConfig config_;
  std::mt19937 random_;
  uint32_t calls_ = 0;
};

const Plugin count_plugin = {
    .kind = Kind::Source, .name = "count", .doc = "", .source = make_source<Count, CountConfig>};
const Plugin modulo_plugin = {
    .kind = Kind::Filter, .name = "modulo", .doc = "", .filter = make_filter<Modulo, ModuloConfig>};
const Plugin count_away_plugin = {
    .kind = Kind::Filter, .name = "count_away", .doc = "", .filter = make_filter<CountAway, CountAwayConfig>};
const Plugin delay_plugin = {.kind = Kind::Filter, .name = "delay", .doc = "", .filter = make_filter<Delay, NoConfig>};
const Plugin pairs_plugin = {.kind = Kind::Codec, .name = "pairs", .doc = "", .codec = make_codec<Pairs, NoConfig>};
const Plugin stall_plugin = {.kind = Kind::Sink, .name = "stall", .doc = "", .sink = make_sink<Stall, StallConfig>};

const KeyId row_number{0};
const KeyId source_number{1};

}  // namespace

World::World(size_t threads, size_t keyspool, size_t slots) {
  plan.settings.threads = threads;
  plan.settings.keyspool = keyspool;
  plan.settings.slots = slots;
}

Instance* World::add(const Plugin& plugin, std::shared_ptr<void> config) {
  plan.instances.push_back(std::make_unique<Instance>());
  Instance* instance = plan.instances.back().get();
  static uint64_t number = 0;
  instance->id = std::string(plugin.name) + std::to_string(++number);
  instance->plugin = &plugin;
  instance->config = std::move(config);
  static uint64_t made = 0;
  instance->text = std::to_string(++made);  // no two are the same
  return instance;
}

Instance* World::share(const World& other, Instance* instance) {
  for (auto& one : other.plan.instances) {
    if (one.get() == instance && plan.find(instance->id) == nullptr) {
      plan.instances.push_back(one);
    }
  }
  return instance;
}

Instance* World::source(const CountConfig& config, size_t lanes, bool has_own_front) {
  Instance* instance = add(count_plugin, std::make_shared<CountConfig>(config));
  instance->lanes = lanes;
  instance->has_own_front = has_own_front;
  return instance;
}

Instance* World::filter(const ModuloConfig& config, OnError on_error) {
  Instance* instance = add(modulo_plugin, std::make_shared<ModuloConfig>(config));
  instance->wiring.state = config.state;
  instance->on_error = on_error;
  return instance;
}

Instance* World::count_away(const CountAwayConfig& config) {
  Instance* instance = add(count_away_plugin, std::make_shared<CountAwayConfig>(config));
  instance->wiring.state = State::Shared;
  instance->wiring.tick = config.period_ns;
  instance->wiring.appends = true;
  return instance;
}

Instance* World::delay() {
  Instance* instance = add(delay_plugin, std::make_shared<NoConfig>());
  instance->wiring.state = State::Lane;
  instance->wiring.tick = 1'000'000;
  instance->wiring.appends = true;
  instance->wiring.holds = true;
  return instance;
}

Instance* World::sink(const StallConfig& config, Full full) {
  Instance* instance = add(stall_plugin, std::make_shared<StallConfig>(config));
  instance->full = full;
  instance->codec = &pairs_plugin;
  instance->codec_config = std::make_shared<NoConfig>();
  return instance;
}

void World::route(Instance* source, const std::vector<std::vector<Instance*>>& chains) {
  auto route = std::make_unique<Route>();
  route->source = source;
  route->source_out = {row_number, source_number};
  route->schema.add({"n", Type::Unsigned, {}, {}});
  route->schema.add({"source", Type::Unsigned, {}, {}});
  route->bundles = plan.settings.keyspool;
  route->open_keys = 4;
  for (const auto& chain : chains) {
    size_t parent = SIZE_MAX;
    for (Instance* instance : chain) {
      auto& level = parent == SIZE_MAX ? route->roots : route->nodes[parent].children;
      auto known =
          std::find_if(level.begin(), level.end(), [&](size_t n) { return route->nodes[n].instance == instance; });
      size_t at = known == level.end() ? route->nodes.size() : *known;
      if (known == level.end()) {
        level.push_back(at);
        Node node;
        node.instance = instance;
        node.in = {row_number, source_number};
        node.out = node.in;
        route->is_dealt = route->is_dealt && instance->wiring.state == State::None && instance->full == Full::Wait;
        if (instance->codec != nullptr) {
          auto sink = std::find(route->sinks.begin(), route->sinks.end(), instance);
          node.sink = static_cast<size_t>(sink - route->sinks.begin());
          if (sink == route->sinks.end()) {
            route->sinks.push_back(instance);
          }
        }
        route->nodes.push_back(node);
      }
      parent = at;
    }
  }
  for (size_t lane = 0; lane < source->lanes; lane++) {
    route->lane_worker.push_back((lane + plan.routes.size()) % plan.settings.threads);
  }
  for (const Node& node : route->nodes) {
    route->capacity = node.instance->wiring.appends ? 512 : route->capacity;
    route->held = node.instance->wiring.holds ? Route::held_most : route->held;
  }
  plan.routes.push_back(std::move(route));
}

}  // namespace stook::test
