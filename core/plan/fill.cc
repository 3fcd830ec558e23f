// SPDX-License-Identifier: Apache-2.0
/// Fills instances: their options, those that all plugins of a kind have, and a sink's codec.
#include "core/base/text.hh"
#include "core/plan/instance_text.hh"
#include "core/plan/options.hh"
#include "core/plan/registry.hh"

namespace stook {

namespace {
std::string show_given(const Given& given) {
  return given.name.empty() ? "'" + given.value + "'" : given.name;
}

// Whether a pair within a stack is an element of the primary option's list: it names no option, nor nearly one.
bool is_element(const Given& given, const Plugin& plugin, const Option* primary) {
  if (!given.is_inline || primary == nullptr || primary->kind != OptionKind::List || plugin.kind == Kind::Sink) {
    return false;
  }
  std::vector<std::string> names;
  for (std::span<const Option> rows : {plugin.options, common_options(plugin.kind)}) {
    for (const Option& row : rows) {
      names.emplace_back(row.name);
    }
  }
  return nearest_name(given.name, names).empty();
}

// Gives options without a name to the primary option; several of them are one list.
void name_primaries(Draft& draft, InstanceDraft& one, const std::string& label) {
  const Plugin& plugin = *one.instance->plugin;
  const Option* primary = nullptr;
  for (const Option& row : plugin.options) {
    primary = plugin.primary != nullptr && std::string_view(row.name) == plugin.primary ? &row : primary;
  }
  bool has_one = false;
  std::vector<Given> named;
  for (Given& given : one.given) {
    if (!given.name.empty() && is_element(given, plugin, primary)) {
      given.name.clear();
      given.value = given.text;
      given.is_verbatim = false;
    }
    if (!given.name.empty()) {
      named.push_back(std::move(given));
      continue;
    }
    if (primary == nullptr || (has_one && primary->kind != OptionKind::List)) {
      std::string owner = std::string(kind_name(plugin.kind)) + " '" + plugin.name + "'";
      draft.refuse(given.place,
                   label + show_given(given) + ": " + owner + " takes " + (primary == nullptr ? "no" : "one") +
                       " option without a name",
                   "options are written name = value");
      one.is_broken = true;
      continue;
    }
    has_one = true;
    given.name = primary->name;
    named.push_back(std::move(given));
  }
  one.given = std::move(named);
}

// Where a sentence that a plugin threw belongs: to the option that it begins with, or to the only one given.
const Given* guilty(const InstanceDraft& one, std::string_view sentence) {
  size_t colon = sentence.find(": ");
  const Given* named = colon == std::string_view::npos ? nullptr : one.find(sentence.substr(0, colon));
  return named != nullptr ? named : one.given.size() == 1 ? one.given.data() : nullptr;
}

void declare(Draft& draft, InstanceDraft& one, const Plugin& plugin, void* config, Wiring& wiring) {
  if (plugin.declare == nullptr) {
    return;
  }
  std::string what;
  std::string hint;
  Place place;
  try {
    plugin.declare(config, draft.folder, wiring);
    return;
  } catch (const ConfigError& error) {
    what = error.what();
    hint = error.hint;
    place = error.place;
  } catch (const std::exception& error) {
    what = error.what();
  }
  one.is_broken = true;
  const Given* given = guilty(one, what);
  std::string label = "[" + one.instance->id + "] ";
  bool has_name = given != nullptr && what.rfind(given->name + ": ", 0) == 0;
  label += given == nullptr || has_name ? "" : given->name + ": ";
  if (place.line == 0) {
    place = given == nullptr ? one.instance->place : given->value_place;
  }
  if (hint.empty()) {
    draft.refuse_both(place, label, what);
  } else {
    draft.refuse(place, label + what, hint);
  }
}

struct Common {
  std::string on_error;
  std::string format;
  Full full = Full::Wait;
  Duration hold_time;
  uint64_t hold_rows = 0;
  Size hold_bytes;
  Size hold_most;
  std::string spool;
  Size spool_size;
  SpoolSync spool_sync = SpoolSync::Batch;
  SpoolFull spool_full = SpoolFull::Block;
  std::string on_refused;
  Duration retry_first;
  Duration retry_most;
  Duration retry_for;
  uint64_t lanes = 1;
  enum class Front { Main, Own } front = Front::Main;
};
}  // namespace

template <>
inline constexpr std::string_view choice_names<Full>[] = {"wait", "drop"};
template <>
inline constexpr std::string_view choice_names<SpoolSync>[] = {"batch", "always", "never"};
template <>
inline constexpr std::string_view choice_names<SpoolFull>[] = {"block", "drop_oldest", "drop_new"};
template <>
inline constexpr std::string_view choice_names<Common::Front>[] = {"main", "own"};

namespace {
constexpr Option source_options[] = {
    option<&Common::lanes>("lanes", "1", "parts whose rows keep their order, run side by side", {1, 64}),
    option<&Common::front>("front", "main", "thread that reads: main, or one of its own")};
constexpr const char* on_error_doc = "what becomes of a failed row: pass, drop, letters, or elements of a stack";
constexpr Option filter_options[] = {option<&Common::on_error>("on_error", "pass", on_error_doc)};
constexpr Option sink_options[] = {
    option<&Common::format>("format", "", "codec that makes bytes of rows; empty: the sink's own"),
    option<&Common::full>("full", "wait", "what to do with rows while the sink is behind: wait, or drop and count"),
    option<&Common::on_error>("on_error", "pass", on_error_doc),
    option<&Common::hold_time>("hold_time", "0", "collect rows for so long before the sink gets them", {0, 8.64e13}),
    option<&Common::hold_rows>("hold_rows", "0", "collect so many rows; the sink gets no more of them at once"),
    option<&Common::hold_bytes>("hold_bytes", "0", "collect so many bytes of encoded rows"),
    option<&Common::hold_most>("hold_most", "64MiB", "memory for collected rows, those that wait for the sink included",
                               {64 * 1024, 1e12}),
    option<&Common::spool>("spool", "", "folder of a queue on the disk before the sink; empty: none"),
    option<&Common::spool_size>("spool_size", "4GiB", "the most that the queue takes on the disk",
                                {64 * 1048576.0, 1e15}),
    option<&Common::spool_sync>("spool_sync", "batch",
                                "when the queue is synced: batch (each 200ms or 1MiB), always, never"),
    option<&Common::spool_full>("spool_full", "block",
                                "what a full queue does: block the stack, drop_oldest, or drop_new"),
    option<&Common::on_refused>(
        "on_refused", "",
        "what becomes of a row that the sink will never take: drop, or letters; empty: letters where "
        "there is a folder for them"),
    option<&Common::retry_first>("retry_first", "200ms", "longest pause before the first retry", {1e6, 3.6e12}),
    option<&Common::retry_most>("retry_most", "30s", "longest pause before any other", {1e6, 3.6e12}),
    option<&Common::retry_for>("retry_for", "0", "how long to retry before rows count as refused; 0 is for ever")};

std::shared_ptr<void> make_config(const Plugin& plugin) {
  return {plugin.config.make(), plugin.config.destroy};
}

// The sink's codec; false when the one that is named does not exist.
bool find_codec(Draft& draft, InstanceDraft& one) {
  Instance& instance = *one.instance;
  const Given* given = one.find("format");
  Given named = given == nullptr ? Given{"format", "", false, false, {}, {}, {}} : *given;
  if (!substitute_value(draft, named, "[" + instance.id + "] ")) {
    return false;
  }
  std::string name = !named.value.empty()                 ? named.value
                     : instance.plugin->format == nullptr ? ""
                                                          : instance.plugin->format;
  instance.codec = name.empty() ? nullptr : find_plugin(Kind::Codec, name);
  if (instance.codec == nullptr && !name.empty()) {
    std::string hint = did_you_mean(name, plugin_names(Kind::Codec));
    draft.refuse(given == nullptr ? instance.place : named.value_place,
                 "[" + instance.id + "] format: no codec '" + name + "' in this build",
                 hint.empty() ? "it takes " + show_names(plugin_names(Kind::Codec)) : hint);
    return false;
  }
  return true;
}

// When a sink is asked again, and where what it refuses goes.
void fill_retry(Draft& draft, InstanceDraft& one, const Common& common) {
  Instance& instance = *one.instance;
  instance.retry = {common.retry_first.ns, std::max(common.retry_first.ns, common.retry_most.ns), common.retry_for.ns};
  const Settings& settings = draft.settings;
  bool is_drop = equal_in_any_case(common.on_refused, "drop");
  bool is_letters = equal_in_any_case(common.on_refused, "letters");
  const Given* given = one.find("on_refused");
  std::string label = "[" + instance.id + "] on_refused: ";
  if (!is_drop && !is_letters && !common.on_refused.empty()) {
    draft.refuse(given->value_place, label + "neither drop nor letters", "it takes one of these");
    one.is_broken = true;
  } else if (is_letters && settings.letters.empty()) {
    draft.refuse(given->value_place, label + "there is no folder for letters",
                 "letters = DIR in [global] names one, and so does state_dir");
    one.is_broken = true;
  } else if (!is_drop && !settings.letters.empty()) {
    instance.letters = settings.letters + "/" + instance.id;
    instance.letters_most = settings.letters_size;
  }
}

void fill_instance(Draft& draft, InstanceDraft& one) {
  Instance& instance = *one.instance;
  const Plugin& plugin = *instance.plugin;
  std::string label = "[" + instance.id + "] ";
  Common common;
  name_primaries(draft, one, label);
  instance.config = make_config(plugin);
  std::vector<OptionTable> tables = {{plugin.options, instance.config.get()}, {common_options(plugin.kind), &common}};
  if (plugin.kind == Kind::Sink) {
    if (!find_codec(draft, one)) {
      one.is_broken = true;
      return;
    }
    if (instance.codec != nullptr) {
      instance.codec_config = make_config(*instance.codec);
      tables.push_back({instance.codec->options, instance.codec_config.get()});
    }
  }
  std::string owner = std::string(kind_name(plugin.kind)) + " '" + plugin.name + "'";
  if (!fill_options(draft, one.given, tables, label, owner, instance.place)) {
    one.is_broken = true;
  }
  instance.keeps_positions = place_state(draft.settings, one);
  instance.has_own_front = common.front == Common::Front::Own;
  instance.lanes = common.lanes;
  instance.full = common.full;
  if (plugin.kind == Kind::Sink && !one.is_broken) {
    fill_retry(draft, one, common);
  }
  instance.hold = {common.hold_time.ns, common.hold_rows, common.hold_bytes.bytes, common.hold_most.bytes};
  if (!common.spool.empty()) {
    instance.spool.id = instance.id;
    instance.spool.folder = common.spool.front() == '/' ? common.spool : draft.folder + "/" + common.spool;
    instance.spool.size = common.spool_size.bytes;
    instance.spool.sync = common.spool_sync;
    instance.spool.full = common.spool_full;
  }
  bool is_stack = !one.on_error.empty();
  instance.on_error = is_stack                                     ? OnError::Stack
                      : equal_in_any_case(common.on_error, "drop") ? OnError::Drop
                                                                   : OnError::Pass;
  if (one.is_broken) {
    return;
  }
  declare(draft, one, plugin, instance.config.get(), instance.wiring);
  if (instance.wiring.becomes_letters && instance.letters.empty()) {
    bool is_drop = !draft.settings.letters.empty();
    draft.refuse(instance.place,
                 label + (is_drop ? "on_refused = drop leaves no letter" : "there is no folder for letters"),
                 is_drop ? "leave it out" : "letters = DIR in [global] names one, and so does state_dir");
    one.is_broken = true;
  }
  if (instance.codec != nullptr) {
    declare(draft, one, *instance.codec, instance.codec_config.get(), instance.codec_wiring);
  }
  instance.text = text_of(draft, one);
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

void fill_instances(Draft& draft) {
  for (InstanceDraft& one : draft.instances) {
    fill_instance(draft, one);
  }
}

}  // namespace stook
