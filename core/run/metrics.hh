// SPDX-License-Identifier: Apache-2.0
/// Floor 4. The metrics of a running engine, as Prometheus reads them. README.md here is the page of their names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/room.hh"
#include "core/run/control.hh"
#include "core/run/http_pages.hh"
#include "core/run/metric_text.hh"
#include "core/run/process_meters.hh"

namespace stook {

class Engine;

/// Reads what is counted anyway, whenever somebody asks: between two questions it costs nothing.
/// *Rooms:* main.
class Metrics {
 public:
  /// The engine outlives it.
  explicit Metrics(const Engine& engine) : engine_(engine) {}

  std::string text(MetricForm form) const ROOM(front);
  /// A reload has ended.
  void count_reload(bool is_good) {
    (is_good ? good_reloads_ : failed_reloads_)++;
    has_failed_ = !is_good;
  }

  /// The verb `metrics [openmetrics]`.
  Control::Answer answer(const std::vector<std::string_view>& words) const ROOM(front);
  /// `/metrics` and `/healthz`.
  void add_to(HttpPages& pages) const;
  /// Why the process is not fit, a sentence a line; empty: it is. It is not when a source has come to a stop or has been
  /// paused for five minutes, or when a sink has failed.
  std::string unfit() const ROOM(front);

 private:
  void put_process(MetricText& out) const ROOM(front);

  const Engine& engine_;
  ProcessMeters process_;
  uint64_t good_reloads_ = 0;
  uint64_t failed_reloads_ = 0;
  bool has_failed_ = false;
};

struct EngineMeters;
struct ReportLine;
struct Standings;

/// The parts of the text. `lines`: one for each kind, element and route.
void put_rows(MetricText& out, const std::vector<ReportLine>& lines);
void put_standings(MetricText& out, const Standings& standings);
void put_engine(MetricText& out, const EngineMeters& meters);
/// Of scripts: what they use, where the element is one of `lines`, and the meters that they make.
void put_scripts(MetricText& out, const std::vector<ReportLine>& lines);

}  // namespace stook
