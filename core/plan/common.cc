// SPDX-License-Identifier: Apache-2.0
#include "core/plan/common.hh"

#include <sched.h>

#include <algorithm>

#include "core/base/text.hh"
#include "core/plan/settings.hh"

namespace stook {

template <>
inline constexpr std::string_view choice_names<Full>[] = {"wait", "drop"};
template <>
inline constexpr std::string_view choice_names<SpoolSync>[] = {"batch", "always", "never"};
template <>
inline constexpr std::string_view choice_names<SpoolFull>[] = {"block", "drop_oldest", "drop_new"};
template <>
inline constexpr std::string_view choice_names<CommonOptions::Front>[] = {"usual", "main", "own"};

namespace {
constexpr Option log_option =
    option<&CommonOptions::log_level>("log_level", "", "least level of its events in the log; empty: that of the log");
constexpr Option source_options[] = {
    option<&CommonOptions::lanes>("lanes", "1", "parts whose rows keep their order, run side by side", {1, 64}),
    option<&CommonOptions::front>("front", "usual",
                                  "thread that reads: main, or one of its own; usual: its own for lua, else main"),
    option<&CommonOptions::cpu>(
        "cpu", "-1", "processor to which that thread is bound, then one of its own; counted from 0, -1: none",
        {-1, CPU_SETSIZE - 1}),
    log_option};
constexpr const char* on_error_doc = "what becomes of a failed row: pass, drop, letters, or elements of a stack";
constexpr Option filter_options[] = {option<&CommonOptions::on_error>("on_error", "pass", on_error_doc), log_option};
constexpr Option sink_options[] = {
    option<&CommonOptions::format>("format", "", "codec that makes bytes of rows; empty: the sink's own"),
    option<&CommonOptions::full>("full", "wait",
                                 "what to do with rows while the sink is behind: wait, or drop and count"),
    option<&CommonOptions::on_error>("on_error", "pass", on_error_doc),
    option<&CommonOptions::hold_time>("hold_time", "0", "collect rows for so long before the sink gets them",
                                      {0, 8.64e13}),
    option<&CommonOptions::hold_rows>("hold_rows", "0", "collect so many rows; the sink gets no more of them at once"),
    option<&CommonOptions::hold_bytes>("hold_bytes", "0", "collect so many bytes of encoded rows"),
    option<&CommonOptions::hold_most>(
        "hold_most", "64MiB", "memory for collected rows, those that wait for the sink included", {64 * 1024, 1e12}),
    option<&CommonOptions::spool>("spool", "", "folder of a queue on the disk before the sink; empty: none"),
    option<&CommonOptions::spool_size>("spool_size", "4GiB", "the most that the queue takes on the disk",
                                       {64 * 1048576.0, 1e15}),
    option<&CommonOptions::spool_sync>("spool_sync", "batch",
                                       "when the queue is synced: batch (each 200ms or 1MiB), always, never"),
    option<&CommonOptions::spool_full>("spool_full", "block",
                                       "what a full queue does: block the stack, drop_oldest, or drop_new"),
    option<&CommonOptions::on_refused>(
        "on_refused", "",
        "what becomes of a row that the sink will never take: drop, letters, or elements of a stack; empty: letters "
        "where there is a folder for them"),
    option<&CommonOptions::retry_first>("retry_first", "200ms", "longest pause before the first retry", {1e6, 3.6e12}),
    option<&CommonOptions::retry_most>("retry_most", "30s", "longest pause before any other", {1e6, 3.6e12}),
    option<&CommonOptions::retry_for>("retry_for", "0",
                                      "how long to retry before rows count as refused; 0 is for ever"),
    log_option};

// When a sink is asked again, and where what it refuses goes.
void fill_retry(Draft& draft, InstanceDraft& one, const CommonOptions& common) {
  Instance& instance = *one.instance;
  instance.retry = {common.retry_first.ns, std::max(common.retry_first.ns, common.retry_most.ns), common.retry_for.ns};
  const Settings& settings = draft.settings;
  if (instance.hands_on_refused) {
    return;
  }
  bool is_drop = equal_in_any_case(common.on_refused, "drop");
  bool is_letters = equal_in_any_case(common.on_refused, "letters");
  const Given* given = one.find("on_refused");
  std::string label = "[" + instance.id + "] on_refused: ";
  if (is_letters && settings.letters.empty()) {
    draft.refuse(given->value_place, label + "there is no folder for letters",
                 "letters = DIR in [global] names one, and so does state_dir");
    one.is_broken = true;
  } else if (!is_drop && !settings.letters.empty()) {
    instance.letters = settings.letters + "/" + instance.id;
    instance.letters_most = settings.letters_size;
  }
}

// Whether it is a source that reads meters, which only the main front can.
bool reads_meters(const InstanceDraft& one) {
  const Plugin& plugin = *one.instance->plugin;
  if (plugin.kind != Kind::Source || std::string_view(plugin.name) != "self") {
    return false;
  }
  return one.find("what") == nullptr || std::any_of(one.given.begin(), one.given.end(), [](const Given& given) {
           return given.name == "what" && given.meant.find("meters") != std::string::npos;
         });
}

// Which thread reads a source.
void fill_front(Draft& draft, InstanceDraft& one, const CommonOptions& common) {
  Instance& instance = *one.instance;
  bool runs_user_code = instance.plugin->kind == Kind::Source && std::string_view(instance.plugin->name) == "lua";
  bool is_bound = common.cpu >= 0;
  if (is_bound && common.front == CommonOptions::Front::Main) {
    draft.refuse(one.find("cpu")->value_place, "[" + instance.id + "] cpu: front = main is bound to no processor",
                 "front = own, or none of the two");
    one.is_broken = true;
  }
  if ((is_bound || common.front == CommonOptions::Front::Own) && reads_meters(one)) {
    const Given& given = *one.find(is_bound ? "cpu" : "front");
    draft.refuse(given.value_place, "[" + instance.id + "] " + given.name + ": meters are read on the main front alone",
                 "leave it out, or set what = events");
    one.is_broken = true;
  }
  instance.has_own_front = is_bound || common.front == CommonOptions::Front::Own ||
                           (common.front == CommonOptions::Front::Usual && runs_user_code);
  instance.processor = static_cast<int>(common.cpu);
}

// How a sink's rows are collected, and the queue before it.
void fill_buffers(const Draft& draft, Instance& instance, const CommonOptions& common) {
  instance.hold = {common.hold_time.ns, common.hold_rows, common.hold_bytes.bytes, common.hold_most.bytes};
  if (common.spool.empty()) {
    return;
  }
  instance.spool.id = instance.id;
  instance.spool.folder = common.spool.front() == '/' ? common.spool : draft.folder + "/" + common.spool;
  instance.spool.size = common.spool_size.bytes;
  instance.spool.sync = common.spool_sync;
  instance.spool.full = common.spool_full;
}
}  // namespace

std::span<const Option> common_options(Kind kind) {
  switch (kind) {
    case Kind::Source:
      return source_options;
    case Kind::Filter:
      return filter_options;
    case Kind::Sink:
      return sink_options;
    default:
      return {};
  }
}

void take_common(Draft& draft, InstanceDraft& one, const CommonOptions& common) {
  Instance& instance = *one.instance;
  Level level{};
  if (!common.log_level.empty() && !find_level(common.log_level, level)) {
    draft.refuse(one.find("log_level")->value_place, "[" + instance.id + "] log_level: no such level",
                 "it takes debug, info, notice, warning, error or fatal");
    one.is_broken = true;
  } else if (!common.log_level.empty()) {
    instance.log_level = level;
  }
  fill_front(draft, one, common);
  instance.lanes = common.lanes;
  instance.full = common.full;
  if (instance.plugin->kind == Kind::Sink && !one.is_broken) {
    fill_retry(draft, one, common);
  }
  fill_buffers(draft, instance, common);
  bool is_stack = !one.on_error.empty();
  instance.on_error = is_stack                                     ? OnError::Stack
                      : equal_in_any_case(common.on_error, "drop") ? OnError::Drop
                                                                   : OnError::Pass;
}

}  // namespace stook
