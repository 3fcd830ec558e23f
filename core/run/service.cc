// SPDX-License-Identifier: Apache-2.0
#include "core/run/service.hh"

#include <signal.h>
#include <unistd.h>

#include <utility>

#include "core/api/script_meters.hh"
#include "core/base/log.hh"
#include "core/base/log_form.hh"
#include "core/plan/ini.hh"
#include "core/run/reload.hh"

namespace stook {

namespace {
std::vector<std::string> ids_of(const std::vector<Comparison::Reworked>& reworked) {
  std::vector<std::string> ids;
  for (const Comparison::Reworked& one : reworked) {
    ids.push_back(one.running->id);
  }
  return ids;
}

std::string text_of(const std::optional<Endpoint>& address) {
  return address ? address->text() : std::string();
}

// As many as a line of the log may hold.
std::string show_ids(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) {
    text += (text.empty() ? "" : ",") + id;
  }
  return text;
}
}  // namespace

std::vector<std::pair<std::string, Level>> log_levels(const Plan& plan) {
  std::vector<std::pair<std::string, Level>> levels;
  for (const auto& instance : plan.instances) {
    if (instance->log_level) {
      levels.emplace_back(instance->id, *instance->log_level);
    }
  }
  return levels;
}

Service::Service(std::shared_ptr<const Plan> plan, PlanRequest request)
    : loop_(true),
      engine_(std::make_unique<Engine>(plan, loop_)),
      supervision_(std::make_unique<Supervision>(*engine_, loop_, plan->settings)),
      request_(std::move(request)),
      settings_(plan->settings) {}

void Service::open() {
  signal(SIGPIPE, SIG_IGN);
  term_.on_signal<&Service::stop>(loop_, this, SIGTERM);
  int_.on_signal<&Service::stop>(loop_, this, SIGINT);
  hup_.on_signal<&Service::on_reload>(loop_, this, SIGHUP);
  usr1_.on_signal<&Service::on_reopen>(loop_, this, SIGUSR1);
  usr2_.on_signal<&Service::on_report>(loop_, this, SIGUSR2);
  supervision_->on_reload([this]() ROOM(front) {
    on_reopen();
    return reload();
  });
  supervision_->open();
  is_open_ = true;
}

void Service::start() {
  if (!is_open_) {
    open();
  }
  engine_->start();
}

void Service::stop() {
  if (is_stopping_) {
    engine_->abandon();
    return;
  }
  is_stopping_ = true;
  log_event(Level::Info, "stopping");
  supervision_->stopping();
  engine_->stop();
}

void Service::on_reload() {
  on_reopen();
  reload();
}

std::string Service::reload() {
  if (engine_->is_stopping()) {
    return {};
  }
  if (engine_->reload().is_running()) {
    reloads_again_ = true;
    return {};
  }
  supervision_->reloading();
  std::string why;
  std::shared_ptr<Plan> plan = request_.file.empty() ? nullptr : read_again(why);
  if (plan == nullptr) {
    supervision_->reloaded(why);
    return why;
  }
  engine_->reload().begin(
      plan, [this, next = plan->settings, levels = log_levels(*plan)](const std::string& failure) ROOM(front) {
        if (failure.empty()) {
          set_instance_levels(levels);
        }
        on_reloaded(next, failure);
      });
  return {};
}

// Null after a line for each mistake.
std::shared_ptr<Plan> Service::read_again(std::string& why) {
  try {
    std::shared_ptr<Plan> plan = make_plan(request_);
    why = check_ ? check_(*plan) : "";
    if (why.empty()) {
      return plan;
    }
    log_event(Level::Error, "reload_failed", Fields()("reason", why));
    why += "\n";
  } catch (const ConfigErrors& errors) {
    for (const ConfigError& error : errors.all) {
      std::string reason = error.what() + std::string(error.hint.empty() ? "" : "; ") + error.hint;
      log_event(Level::Error, "reload_failed", Fields()("place", show_place(error.place))("reason", reason));
      why += show_place(error.place) + ": " + reason + "\n";
    }
  } catch (const std::exception& error) {
    why = std::string(error.what()) + "\n";
    log_event(Level::Error, "reload_failed", Fields()("reason", error.what()));
  }
  return nullptr;
}

void Service::on_reloaded(const Settings& next, const std::string& failure) {
  const Reload& reload = engine_->reload();
  const Comparison& all = reload.comparison();
  if (!failure.empty()) {
    log_event(Level::Error, "reload_failed", Fields()("reason", failure));
  } else {
    apply_settings(next);
    log_event(
        Level::Notice, "reloaded",
        Fields()("kept", uint64_t{all.kept.size()})("changed", show_ids(all.changed))("added", show_ids(all.added))(
            "removed", show_ids(all.removed))("routes_kept", uint64_t{reload.routes_kept()})(
            "routes_swapped", uint64_t{reload.routes_swapped()})("scripts", show_ids(ids_of(all.reworked))));
  }
  supervision_->reloaded(failure.empty() ? failure : failure + "\n");
  if (std::exchange(reloads_again_, false)) {
    this->reload();
  }
}

void Service::apply_settings(const Settings& next) {
  set_log_level(next.loglevel);
  set_log_json(next.log_format == LogForm::Json);
  if (next.logfile != settings_.logfile) {
    try {
      set_log_file(next.logfile);
    } catch (const std::exception& error) {
      log_event(Level::Error, "reload_waits", Fields()("option", "logfile")("reason", error.what()));
    }
  }
  struct Fixed {
    const char* option;
    std::string former;
    std::string now;
  };
  for (const Fixed& one : {Fixed{"pidfile", settings_.pidfile, next.pidfile}, Fixed{"user", settings_.user, next.user},
                           Fixed{"control", settings_.control, next.control},
                           Fixed{"metrics", text_of(settings_.metrics), text_of(next.metrics)},
                           Fixed{"control_http", text_of(settings_.live), text_of(next.live)}}) {
    if (one.former != one.now) {
      log_event(Level::Warning, "reload_waits",
                Fields()("option", one.option)("reason", "it takes effect at the next start"));
    }
  }
  settings_ = next;
}

void Service::on_reopen() {
  try {
    reopen_log();
  } catch (const std::exception& error) {  // the former file stays open, wherever it is now
    log_event(Level::Error, "log_not_reopened", Fields()("reason", error.what()));
  }
  engine_->reopen();
}

void Service::on_report() {
  log_report(engine_->report());
}

Exit Service::run() {
  supervision_->started();
  loop_.run();
  supervision_->stopping();
  bool is_delivered = engine_->finish();
  // This is the only thread now. A signal that comes late must not take the place of the exit code.
  sigset_t late;
  sigemptyset(&late);
  sigaddset(&late, SIGTERM);
  sigaddset(&late, SIGINT);
  pthread_sigmask(SIG_BLOCK, &late, nullptr);
  Report report = engine_->report();
  if (!is_delivered) {
    log_event(Level::Error, "not_delivered", Fields()("rows", report.rows_in_flight()));
  }
  return is_delivered && report.rows_dropped() + report.rows_lettered() == 0 ? Exit::Well : Exit::Dropped;
}

void Service::leave(Exit exit) {
  supervision_->control().close();
  ::_exit(static_cast<int>(exit));
}

void log_report(const Report& report) {
  for (const ReportLine& line : report.lines) {
    Fields fields;
    fields("element", line.id)("kind", line.kind)("plugin", line.plugin)("in", line.in)("out", line.out)(
        "filtered", line.disposed)("held", line.held)("made", line.appended)("spooled", line.spooled)(
        "in_flight", line.in_flight)("bytes", line.bytes);
    if (!line.state.empty()) {
      fields("state", line.state);
    }
    if (line.routed > 0) {
      fields("routed", line.routed);
    }
    if (line.lettered > 0) {
      fields("lettered", line.lettered);
    }
    for (auto& [reason, rows] : line.dropped) {
      fields("dropped_" + std::string(reason), rows);
    }
    if (line.type_faults > 0) {
      fields("type_faults", line.type_faults);
    }
    if (line.keys_lost > 0) {
      fields("keys_lost", line.keys_lost);
    }
    for (auto& [name, number] : line.remarks) {
      fields(name, number);
    }
    log_event(Level::Notice, "ledger", fields);
  }
  for (const auto& meter : script_meters()) {
    Fields fields;
    fields("instance", meter->instance())("kind", kind_name(meter->kind()))("meter", meter->name());
    if (meter->kind() != ScriptMeter::Kind::Gauge) {
      fields("count", meter->count());
    }
    if (meter->kind() != ScriptMeter::Kind::Counter) {
      fields("value", std::to_string(meter->value()));
    }
    log_event(Level::Notice, "script_meter", fields);
  }
  log_event(Level::Notice, "ledger_sum",
            Fields()("read", report.rows_read())("dropped", report.rows_dropped())(
                "in_flight", report.rows_in_flight())("balanced", report.is_balanced() ? "yes" : "no"));
}

}  // namespace stook
