// SPDX-License-Identifier: Apache-2.0
#include "core/run/engine_meters.hh"

#include <algorithm>

#include "core/base/clock.hh"
#include "core/run/engine.hh"

namespace stook {

namespace {
// How long ago, and 0 for never.
int64_t since(const Gauge& at, int64_t now) {
  int64_t then = at.read();
  return then == 0 ? 0 : std::max<int64_t>(1, now - then);
}

SourceState source_state(const RouteRun& route, int64_t now) {
  const SourceMeter& meter = route.feed->meter;
  SourceState state;
  state.id = route.plan.source->id;
  state.bundles = meter.bundles.read();
  state.pauses = meter.pauses.read();
  state.pool = static_cast<uint64_t>(meter.pool.read());
  state.pool_out = static_cast<uint64_t>(meter.pool_out.read());
  state.paused_for = since(meter.paused_since, now);
  return state;
}

// Of one route, a line for each sink.
void add_slots(const RouteRun& route, std::vector<SlotState>& slots) {
  for (const Carrier* carrier : route.carriers) {
    SlotState state;
    state.route = route.plan.source->id;
    state.sink = carrier->instance.id;
    for (auto& outbox : route.outboxes) {
      if (&outbox->carrier == carrier) {
        uint64_t returned = outbox->returned.read();  // first: what has come back was posted before
        state.out += outbox->posted.read() - returned;
        state.slots += outbox->slots();
        state.starved += outbox->starved.read();
      }
    }
    slots.push_back(std::move(state));
  }
}

SinkState sink_state(const Carrier& carrier, int64_t now) {
  const SinkMeter& meter = carrier.meter;
  SinkState state;
  state.id = carrier.instance.id;
  state.payloads = meter.payloads.read();
  state.shipments = meter.deliveries.read();
  state.retries = meter.retries.read();
  state.is_failing = meter.is_failing.read() != 0;
  state.is_broken = meter.is_broken.read() != 0;
  state.failing_for = since(meter.pulse.failing_since, now);
  state.oldest_age = since(meter.pulse.oldest_at, now);
  state.asked_for = since(meter.pulse.asked_at, now);
  state.age = &meter.age;
  state.offers = &meter.offers;
  return state;
}

SpoolFill fill_of(const Carrier& carrier, const Spool& spool) {
  SpoolWaiting waiting = spool.waiting();
  SpoolFill state;
  state.sink = carrier.instance.id;
  state.records = waiting.records;
  state.disk_bytes = waiting.disk_bytes;
  state.most_bytes = spool.settings().size;
  state.syncs = spool.written().syncs.read();
  state.sync_failures = spool.written().sync_failures.read();
  state.bad_bytes = spool.read().bad_bytes.read();
  return state;
}
}  // namespace

EngineMeters Engine::meters() const {
  int64_t now = monotonic_ns();
  EngineMeters meters;
  for (auto& route : routes_) {
    if (route->feed) {
      meters.sources.push_back(source_state(*route, now));
    }
    add_slots(*route, meters.slots);
  }
  for (auto& carrier : carriers_) {
    meters.sinks.push_back(sink_state(*carrier, now));
    const Spool* spool = carrier->spooled() == nullptr ? nullptr : carrier->spooled()->spool();
    if (spool != nullptr) {
      meters.spools.push_back(fill_of(*carrier, *spool));
    }
    meters.threads.push_back({"carrier", carrier->instance.id, carrier->cpu_ns()});
  }
  for (auto& front : fronts_) {
    meters.threads.push_back(
        {"front", std::to_string(front->number), front->is_own() ? front->cpu_ns() : thread_cpu_ns()});
  }
  for (auto& worker : workers_) {
    meters.threads.push_back({"worker", std::to_string(worker->number), worker->cpu_ns()});
  }
  return meters;
}

}  // namespace stook
