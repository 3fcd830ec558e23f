// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/plan_needs.hh"

#include "core/lua/library/tables.hh"

namespace stook {

namespace {

void add_instance(const Instance& instance, PlanNeeds& needs) {
  const Plugin& plugin = *instance.plugin;
  bool is_end = plugin.kind == Kind::Source || plugin.kind == Kind::Sink;
  Needs own;
  if (plugin.needs != nullptr) {
    plugin.needs(instance.config.get(), own);
  } else if (is_end && instance.refusals_of.empty()) {
    needs.unbounded = std::string(plugin.name) + " does not say which files it needs";
  }
  if (instance.codec != nullptr && instance.codec->needs != nullptr) {
    instance.codec->needs(instance.codec_config.get(), own);
  }
  if (own.runs_programs) {
    needs.unbounded = "[" + instance.id + "] may run programs, which need what nobody can foresee";
  }
  auto add = [](std::vector<std::string>& all, const std::vector<std::string>& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  needs.capabilities |= own.capabilities;
  add(needs.reads, own.reads);
  add(needs.trusted, own.trusted);
  add(needs.writes, own.writes);
  add(needs.state, own.state);
  needs.runs_programs = needs.runs_programs || own.runs_programs;
  needs.enters_namespaces = needs.enters_namespaces || own.enters_namespaces;
  for (const Listening* listening : own.listens) {
    needs.listens.push_back(listening);
    needs.sources.emplace_back(listening, instance.id);
  }
  for (const std::string& folder : {instance.letters, instance.spool.folder}) {
    if (!folder.empty()) {
      needs.state_folders.push_back(folder);
    }
  }
  for (const auto& member : instance.members) {
    add_instance(*member, needs);
  }
}

}  // namespace

bool is_log_file(const std::string& logfile) {
  return logfile != "stderr" && logfile != "stdout" && logfile != "syslog" && !logfile.starts_with("journald");
}

PlanNeeds needs_of(const Plan& plan) {
  PlanNeeds needs;
  for (const auto& instance : plan.instances) {
    add_instance(*instance, needs);
  }
  const Settings& settings = plan.settings;
  needs.trusted.insert(needs.trusted.end(), plan.files.begin(), plan.files.end());
  needs.trusted.insert(needs.trusted.end(), plan.secret_files.begin(), plan.secret_files.end());
  for (const std::string& table : opened_tables()) {
    needs.reads.push_back(table);
  }
  if (!settings.state_dir.empty()) {
    needs.state_folders.push_back(settings.state_dir);
  }
  for (const std::string& path :
       {is_log_file(settings.logfile) ? settings.logfile : "", settings.pidfile, settings.control}) {
    if (!path.empty()) {
      needs.writes.push_back(path);
    }
  }
  for (const auto& pages : {settings.metrics, settings.live}) {
    if (pages && pages->is_unix() && pages->path.front() == '/') {
      needs.writes.push_back(pages->path);  // it is removed at the end
    }
  }
  return needs;
}

}  // namespace stook
