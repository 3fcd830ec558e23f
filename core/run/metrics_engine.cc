// SPDX-License-Identifier: Apache-2.0
/// What the engine counts beside rows, as metrics.
#include <cmath>

#include "core/run/engine_meters.hh"
#include "core/run/metric_table.hh"
#include "core/run/metrics.hh"
#include "core/run/standing.hh"

namespace stook {

namespace {
template <class State, class Sample>
void put_all(MetricText& out, const MetricFamily& family, const std::vector<State>& states, Sample sample) {
  out.begin(family);
  for (const State& state : states) {
    sample(state);
  }
}

// Of the buckets of µs by powers of two each second one is shown, from 64 µs to 19 h; those between are in the next.
void put_histogram(MetricText& out, const std::string& labels, const Histogram& histogram) {
  constexpr size_t first = 6;
  constexpr size_t last = 36;
  uint64_t below = 0;
  for (size_t i = 0; i < Histogram::buckets; i++) {
    below += histogram.count(i);
    if (i >= first && i <= last && i % 2 == 0) {
      out.bucket(labels, std::ldexp(1e-6, static_cast<int>(i)), below);
    }
  }
  out.bucket(labels, INFINITY, below);
  out.sum(labels, below, static_cast<double>(histogram.sum()) / 1e6);
}

std::string of(const std::string& element) {
  return label_text({{"element", element}});
}

void put_sources(MetricText& out, const std::vector<SourceState>& sources) {
  using State = const SourceState&;
  put_all(out, metric::source_bundles, sources, [&](State one) { out.sample(of(one.id), one.bundles); });
  put_all(out, metric::source_pauses, sources, [&](State one) { out.sample(of(one.id), one.pauses); });
  put_all(out, metric::source_paused, sources, [&](State one) { out.seconds(of(one.id), one.paused_for); });
  put_all(out, metric::source_pool, sources, [&](State one) { out.sample(of(one.id), one.pool); });
  put_all(out, metric::source_pool_out, sources, [&](State one) { out.sample(of(one.id), one.pool_out); });
}

void put_sinks(MetricText& out, const std::vector<SinkState>& sinks) {
  using State = const SinkState&;
  auto truth = [](bool is_so) { return uint64_t{is_so ? 1u : 0u}; };
  put_all(out, metric::sink_payloads, sinks, [&](State one) { out.sample(of(one.id), one.payloads); });
  put_all(out, metric::sink_shipments, sinks, [&](State one) { out.sample(of(one.id), one.shipments); });
  put_all(out, metric::sink_retries, sinks, [&](State one) { out.sample(of(one.id), one.retries); });
  put_all(out, metric::sink_failing, sinks, [&](State one) { out.sample(of(one.id), truth(one.is_failing)); });
  put_all(out, metric::sink_failing_for, sinks, [&](State one) { out.seconds(of(one.id), one.failing_for); });
  put_all(out, metric::sink_failed, sinks, [&](State one) { out.sample(of(one.id), truth(one.is_broken)); });
  put_all(out, metric::sink_asked, sinks, [&](State one) { out.seconds(of(one.id), one.asked_for); });
  put_all(out, metric::sink_oldest, sinks, [&](State one) { out.seconds(of(one.id), one.oldest_age); });
  put_all(out, metric::sink_age, sinks, [&](State one) { put_histogram(out, of(one.id), *one.age); });
  put_all(out, metric::sink_delivery, sinks, [&](State one) { put_histogram(out, of(one.id), *one.offers); });
}

void put_slots(MetricText& out, const std::vector<SlotState>& slots) {
  using State = const SlotState&;
  auto labels = [](State one) { return label_text({{"element", one.sink}, {"route", one.route}}); };
  put_all(out, metric::slots, slots, [&](State one) { out.sample(labels(one), one.slots); });
  put_all(out, metric::slots_out, slots, [&](State one) { out.sample(labels(one), one.out); });
  put_all(out, metric::slots_starved, slots, [&](State one) { out.sample(labels(one), one.starved); });
}

void put_spools(MetricText& out, const std::vector<SpoolFill>& spools) {
  using State = const SpoolFill&;
  put_all(out, metric::spool_records, spools, [&](State one) { out.sample(of(one.sink), one.records); });
  put_all(out, metric::spool_disk, spools, [&](State one) { out.sample(of(one.sink), one.disk_bytes); });
  put_all(out, metric::spool_most, spools, [&](State one) { out.sample(of(one.sink), one.most_bytes); });
  put_all(out, metric::spool_syncs, spools, [&](State one) { out.sample(of(one.sink), one.syncs); });
  put_all(out, metric::spool_sync_failures, spools, [&](State one) { out.sample(of(one.sink), one.sync_failures); });
  put_all(out, metric::spool_bad, spools, [&](State one) { out.sample(of(one.sink), one.bad_bytes); });
}
}  // namespace

void put_standings(MetricText& out, const Standings& standings) {
  using State = const Standing&;
  put_all(out, metric::unsettled, standings.all, [&](State one) { out.sample(of(one.source), one.rows); });
  put_all(out, metric::oldest, standings.all, [&](State one) { out.seconds(of(one.source), one.age(standings.now)); });
  put_all(out, metric::stalled, standings.all,
          [&](State one) { out.sample(of(one.source), uint64_t{standings.is_stalled(one) ? 1u : 0u}); });
  out.begin(metric::healthy);
  out.sample({}, uint64_t{standings.stalled() == 0 ? 1u : 0u});
}

void put_engine(MetricText& out, const EngineMeters& meters) {
  put_sources(out, meters.sources);
  put_sinks(out, meters.sinks);
  put_slots(out, meters.slots);
  put_spools(out, meters.spools);
  put_all(out, metric::thread_cpu, meters.threads, [&](const ThreadState& one) {
    out.seconds(label_text({{"room", one.room}, {"thread", one.name}}), one.cpu_ns);
  });
}

}  // namespace stook
