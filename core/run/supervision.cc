// SPDX-License-Identifier: Apache-2.0
#include "core/run/supervision.hh"

#include "core/base/clock.hh"
#include "core/base/log.hh"
#include "core/base/text.hh"
#include "core/plan/describe_table.hh"
#include "core/plan/topology.hh"
#include "core/run/taps.hh"

namespace stook {

namespace {
using Words = std::vector<std::string_view>;

// A verb that answers in text, or with the word `json` in JSON.
template <class Text, class Json>
Control::Verb in_two_forms(Text text, Json json) {
  return [text, json](const Words& words) -> Control::Answer {
    if (words.empty()) {
      return {true, text()};
    }
    if (words.size() == 1 && words[0] == "json") {
      return {true, json() + "\n"};
    }
    return {false, "it takes the word `json` or none"};
  };
}
}  // namespace

Supervision::Supervision(Engine& engine, Loop& loop, const Settings& settings)
    : engine_(engine),
      loop_(loop),
      path_(settings.control),
      pages_at_(settings.metrics),
      live_at_(settings.live),
      notify_(Notify::from_environment()),
      control_(loop),
      metrics_(engine),
      pages_(loop),
      live_pages_(loop),
      live_(loop, control_, [this] { return written_json(engine_.plan().written); }) {
  control_.add("health [json]", in_two_forms([this] { return health_text(); }, [this] { return health_json(); }));
  control_.add("ledger [json]",
               in_two_forms([this] { return engine_.report().table(); }, [this] { return engine_.report().json(); }));
  engine_.taps().add_verbs(control_);
  control_.add("metrics [openmetrics]", [this](const Words& words) ROOM(front) { return metrics_.answer(words); });
  metrics_.add_to(pages_);
  control_.add("graph", [this](const Words& words) -> Control::Answer {
    return words.empty() ? Control::Answer{true, topology_of(engine_.plan()).text()}
                         : Control::Answer{false, "it takes no words"};
  });
  live_.add_to(live_pages_);
}

// Rows go on by the former configuration, so this is no lack of health; but somebody believes that it has changed.
std::string Supervision::health_text() const {
  std::string text = engine_.standings().text();
  return reload_failure_.empty()
             ? text
             : text + "  the configuration was not reloaded, the former one runs on:\n    " + reload_failure_;
}

std::string Supervision::health_json() const {
  std::string text = engine_.standings().json();
  text.pop_back();
  std::string why = reload_failure_.substr(0, reload_failure_.find('\n'));
  return text + ",\"reload_failed\":" + (why.empty() ? "null" : json_text(why)) + "}";
}

void Supervision::on_reload(std::function<std::string()> reload) {
  control_.add("reload", [reload](const Words& words) -> Control::Answer {
    if (!words.empty()) {
      return {false, "it takes no words"};
    }
    std::string why = reload();
    return {true, why.empty() ? "the log says what comes of it\n"
                              : "not reloaded, the former configuration runs on:\n  " + why};
  });
}

void Supervision::open() {
  if (!path_.empty()) {
    control_.open(path_);
  }
  if (pages_at_) {
    pages_.open(*pages_at_);
  }
  if (live_at_) {
    live_pages_.open(*live_at_);
  }
}

void Supervision::give_to(uid_t user, gid_t group) {
  control_.give_to(user, group);
  pages_.give_to(user, group);
  live_pages_.give_to(user, group);
}

void Supervision::started() {
  notify_.ready(engine_.standings().summary());
  if (notify_.watchdog() > 0) {
    watchdog_.on_time<&Supervision::on_watchdog>(loop_, this, notify_.watchdog() / 2, notify_.watchdog() / 2);
  }
  if (notify_.is_heard()) {
    engine_.health().listen([this](const Standings& standings) ROOM(front) { tell(standings); });
  }
}

void Supervision::reloading() {
  notify_.reloading("reloading");
}

void Supervision::reloaded(const std::string& failure) {
  reload_failure_ = failure;
  metrics_.count_reload(failure.empty());
  told_ = engine_.standings().summary();
  notify_.ready(told_);
}

void Supervision::stopping() {
  if (!is_stopping_) {
    is_stopping_ = true;
    notify_.stopping("stopping, rows that are on their way are delivered");
  }
}

void Supervision::on_watchdog() {
  int64_t now = monotonic_ns();
  Holder slowest = engine_.slowest_element(now);
  if (slowest.kind == Holder::Kind::Nobody || now - slowest.since < notify_.watchdog()) {
    notify_.alive();
    return;
  }
  static LogLimit limit{1};
  if (auto pass = limit.pass()) {
    log_event(
        Level::Error, "worker_stuck",
        Fields()("element", slowest.id)("for", show_duration(now - slowest.since))("suppressed", pass.suppressed));
  }
}

void Supervision::tell(const Standings& standings) {
  std::string summary = standings.summary();
  if (!is_stopping_ && summary != told_) {
    told_ = summary;
    notify_.status(told_);
  }
}

}  // namespace stook
