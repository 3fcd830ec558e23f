// SPDX-License-Identifier: Apache-2.0
/// Floor 5. A plan that one thread plays by hand: real routes, workers, filters, codecs and carriers, a clock that stands
/// still until it is moved, sources that give what they are fed, sinks that keep what they get.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/loop.hh"
#include "core/base/log_ear.hh"
#include "core/base/room.hh"
#include "core/plan/plan.hh"
#include "core/run/carrier.hh"
#include "core/run/front.hh"
#include "core/run/route_run.hh"
#include "core/run/worker.hh"
#include "core/tool/stest/file.hh"

namespace stook {

/// What a sink of a test got, row by row, and what the log was told.
using CaughtRows = std::vector<std::string>;

/// *Invariants:* between two calls nothing moves: every bundle is home or held by a filter, every row has come to rest.
/// *Rooms:* its one thread enters all of them.
class Rehearsal final : private LogEar {
 public:
  /// Plans the file's head; the clock stands at `begin` (ns since 1970 UTC). Throws ConfigErrors; what a filter's factory
  /// throws.
  Rehearsal(const TestFile& file, int64_t begin);
  ~Rehearsal() override;
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

  /// Throws ConfigErrors with the mistakes of the file's steps that only the plan shows: elements that are not there.
  void check(const TestFile& file) const;

  /// False: filters hold rows of so many feeds that nothing more goes in.
  [[nodiscard]] bool feed(const TestStep& step);
  /// Moves the clock, and has come due whatever does on the way.
  void advance(int64_t ns);
  void end();
  int64_t now() const { return now_; }

  /// What has left this element since the last time.
  CaughtRows take(const std::string& element);
  /// What the ledger has counted for it, by name; and what its script has, behind `meter.`.
  std::map<std::string, uint64_t> counts(const std::string& element) const;
  /// All that the log was told in this test.
  const CaughtRows& log() const { return log_; }

 private:
  void hear(Level level, std::string_view event, std::string_view fields) override;
  void remember_meters();
  void dress();
  void build();
  bool feed_route(RouteRun& route, const std::vector<TestRow>& rows);
  Bundle* open_bundle(RouteRun& route);
  void play();
  int64_t step_after(int64_t target) const;
  std::vector<size_t> nodes_of(const Route& route, std::string_view id) const;
  bool has_sink(std::string_view id) const;
  bool has_element(std::string_view id) const;
  std::string why_not(const TestStep& step) const;

  int64_t now_;
  std::map<std::string, uint64_t> meters_before_;  // by `ID.NAME`: meters outlive scripts, as reports do
  std::map<std::string, CaughtRows, std::less<>> caught_;
  CaughtRows log_;
  size_t log_taken_ = 0;
  std::shared_ptr<Plan> plan_;
  Loop loop_{false};
  Notice notice_;
  std::unique_ptr<Front> front_;
  std::vector<std::unique_ptr<RouteRun>> routes_;
  std::vector<int64_t> next_tick_;  // by route
  std::unique_ptr<Worker> worker_;
  std::vector<std::unique_ptr<Carrier>> carriers_;
};

}  // namespace stook
