// SPDX-License-Identifier: Apache-2.0
#include "core/run/service.hh"

#include <signal.h>

#include "core/base/log.hh"

namespace stook {

Service::Service(const Plan& plan)
    : loop_(true),
      engine_(std::make_unique<Engine>(plan, loop_)),
      supervision_(std::make_unique<Supervision>(*engine_, loop_, plan.settings)) {}

void Service::start() {
  signal(SIGPIPE, SIG_IGN);
  term_.on_signal<&Service::on_stop>(loop_, this, SIGTERM);
  int_.on_signal<&Service::on_stop>(loop_, this, SIGINT);
  hup_.on_signal<&Service::on_reload>(loop_, this, SIGHUP);
  usr1_.on_signal<&Service::on_reopen>(loop_, this, SIGUSR1);
  usr2_.on_signal<&Service::on_report>(loop_, this, SIGUSR2);
  supervision_->open();
  engine_->start();
}

void Service::on_stop() {
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
  supervision_->reloading();
  on_reopen();
  supervision_->reloaded();
}

void Service::on_reopen() {
  reopen_log();
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

void log_report(const Report& report) {
  for (const ReportLine& line : report.lines) {
    Fields fields;
    fields("element", line.id)("kind", line.kind)("plugin", line.plugin)("in", line.in)("out", line.out)(
        "filtered", line.disposed)("held", line.held)("made", line.appended)("spooled", line.spooled)(
        "in_flight", line.in_flight)("bytes", line.bytes);
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
    log_event(Level::Notice, "ledger", fields);
  }
  log_event(Level::Notice, "ledger_sum",
            Fields()("read", report.rows_read())("dropped", report.rows_dropped())(
                "in_flight", report.rows_in_flight())("balanced", report.is_balanced() ? "yes" : "no"));
}

}  // namespace stook
