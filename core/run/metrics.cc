// SPDX-License-Identifier: Apache-2.0
#include "core/run/metrics.hh"

#include "core/base/text.hh"
#include "core/run/engine.hh"
#include "core/run/metric_table.hh"

namespace stook {

namespace {
constexpr int64_t longest_pause = 300'000'000'000;

// As a client says in `Accept` that it would rather have it. Prometheus names it first, and who names it can read it.
MetricForm form_for(std::string_view accept) {
  return accept.find("application/openmetrics-text") == std::string_view::npos ? MetricForm::Prometheus
                                                                               : MetricForm::OpenMetrics;
}
}  // namespace

std::string Metrics::text(MetricForm form) const {
  std::vector<ReportLine> lines;
  for (const ReportLine& line : engine_.report().lines) {
    merge_line(lines, line);  // an element that stands twice in a route is one
  }
  MetricText out(form);
  put_process(out);
  put_rows(out, lines);
  put_standings(out, engine_.standings());
  put_engine(out, engine_.meters());
  put_scripts(out, lines);
  return out.finish();
}

void Metrics::put_process(MetricText& out) const {
  ProcessState state = process_.read();
  out.begin(metric::build);
  out.sample(label_text({{"version", STOOK_VERSION}}), uint64_t{1});
  out.begin(metric::process_cpu);
  out.seconds({}, state.cpu_ns);
  out.begin(metric::process_start);
  out.seconds({}, state.started_at);
  struct Amount {
    const MetricFamily& family;
    uint64_t value;
  };
  for (const Amount& one :
       {Amount{metric::process_resident, state.resident_bytes}, Amount{metric::process_virtual, state.virtual_bytes},
        Amount{metric::process_fds, state.open_fds}, Amount{metric::process_most_fds, state.most_fds}}) {
    out.begin(one.family);
    if (one.value > 0) {
      out.sample({}, one.value);
    }
  }
  out.begin(metric::reloads);
  out.sample(label_text({{"result", "good"}}), good_reloads_);
  out.sample(label_text({{"result", "failed"}}), failed_reloads_);
  out.begin(metric::reload_failed);
  out.sample({}, uint64_t{has_failed_ ? 1u : 0u});
}

Control::Answer Metrics::answer(const std::vector<std::string_view>& words) const {
  if (words.empty()) {
    return {true, text(MetricForm::Prometheus)};
  }
  if (words.size() == 1 && words[0] == "openmetrics") {
    return {true, text(MetricForm::OpenMetrics)};
  }
  return {false, "it takes the word `openmetrics` or none"};
}

std::string Metrics::unfit() const {
  std::string why;
  Standings standings = engine_.standings();
  if (standings.stalled() > 0) {
    why += standings.summary() + "\n";
  }
  EngineMeters meters = engine_.meters();
  for (const SourceState& source : meters.sources) {
    if (source.paused_for > longest_pause) {
      why += "source " + source.id + " has been paused for " + show_duration(source.paused_for) + "\n";
    }
  }
  for (const SinkState& sink : meters.sinks) {
    if (sink.is_broken) {
      why += "sink " + sink.id + " has failed\n";
    }
  }
  return why;
}

void Metrics::add_to(HttpPages& pages) const {
  pages.add("/metrics", "what is counted, for Prometheus", [this](const HttpQuestion& question) ROOM(front) {
    MetricForm form = form_for(question.accept);
    return HttpPage{200, std::string(MetricText::content_type(form)), text(form)};
  });
  pages.add("/healthz", "200 when all moves, 503 when something does not", [this](const HttpQuestion&) ROOM(front) {
    std::string why = unfit();
    return HttpPage{why.empty() ? 200 : 503, "text/plain; charset=utf-8",
                    why.empty() ? engine_.standings().summary() + "\n" : why};
  });
}

}  // namespace stook
