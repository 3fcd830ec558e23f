// SPDX-License-Identifier: Apache-2.0
/// Fills instances: their options, and a sink's codec.
#include "core/base/text.hh"
#include "core/plan/common.hh"
#include "core/plan/instance_text.hh"
#include "core/plan/options.hh"
#include "core/plan/registry.hh"
#include "core/plan/scripts.hh"

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

// What a sentence quotes first, as in: `host` has no port. Empty: nothing.
std::string_view quoted_in(std::string_view sentence) {
  size_t begin = sentence.find_first_of("`'");
  size_t end = begin == std::string_view::npos ? begin : sentence.find(sentence[begin], begin + 1);
  return end == std::string_view::npos ? std::string_view() : sentence.substr(begin + 1, end - begin - 1);
}

// The option whose name is the first word of a sentence that a plugin threw, or null. Of several lines of one list it is
// the one that holds what the sentence quotes.
const Given* named_by(const InstanceDraft& one, std::string_view sentence) {
  std::string_view name = sentence.substr(0, sentence.find_first_of(": "));
  std::string_view quoted = quoted_in(sentence);
  for (const Given& given : one.given) {
    if (given.name == name && !quoted.empty() && given.meant.find(quoted) != std::string::npos) {
      return &given;
    }
  }
  return one.find(name);
}

// The option of a sentence that names none: the only one given, or the plugin's primary one; null: neither.
const Given* guessed(const InstanceDraft& one, const Plugin& plugin) {
  bool is_only = one.given.size() == 1;
  return is_only ? one.given.data() : plugin.primary == nullptr ? nullptr : one.find(plugin.primary);
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
  std::string label = "[" + one.instance->id + "] ";
  const Given* given = named_by(one, what);
  if (given == nullptr) {
    given = guessed(one, plugin);
    label += given == nullptr ? "" : given->name + ": ";
  }
  if (place.line == 0) {
    place = given == nullptr ? one.instance->place : given->value_place;
  }
  if (hint.empty()) {
    draft.refuse_both(place, label, what);
  } else {
    draft.refuse(place, label + what, hint);
  }
}

std::shared_ptr<void> make_config(const Plugin& plugin) {
  return {plugin.config.make(), plugin.config.destroy};
}

// The sink's codec; false when the one that is named does not exist, or does not fit.
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
  if (instance.plugin->has_one_format && instance.codec->name != std::string_view(instance.plugin->format)) {
    std::string only = instance.plugin->format;
    draft.refuse(
        named.value_place,
        "[" + instance.id + "] format: sink '" + instance.plugin->name + "' takes rows of the codec " + only + " only",
        "leave format out");
    return false;
  }
  return true;
}

void fill_instance(Draft& draft, InstanceDraft& one) {
  Instance& instance = *one.instance;
  const Plugin& plugin = *instance.plugin;
  std::string label = "[" + instance.id + "] ";
  CommonOptions common;
  give_script_options(draft, one);
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
  take_common(draft, one, common);
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

void fill_instances(Draft& draft) {
  for (InstanceDraft& one : draft.instances) {
    fill_instance(draft, one);
  }
}

}  // namespace stook
