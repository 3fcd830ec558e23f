// SPDX-License-Identifier: Apache-2.0
#include "core/plan/describe.hh"

#include <memory>
#include <set>

#include "core/base/text.hh"
#include "core/plan/describe_table.hh"
#include "core/plan/options.hh"
#include "core/plan/registry.hh"
#include "core/plan/settings.hh"

namespace stook {

namespace {
// What the plugin declares when all options have their defaults; false when it cannot say.
bool declare_defaults(const Plugin& plugin, Wiring& wiring) {
  std::shared_ptr<void> config(plugin.config.make(), plugin.config.destroy);
  for (const Option& row : plugin.options) {
    std::string why;
    if (row.fallback == nullptr || !row.assign(config.get(), row.fallback, row, why)) {
      return false;
    }
  }
  try {
    if (plugin.declare != nullptr) {
      plugin.declare(config.get(), ".", wiring);
    }
  } catch (const std::exception&) {
    return false;
  }
  return true;
}

std::string article_name(const Plugin& plugin) {
  return std::string(kind_name(plugin.kind)) + " " + plugin.name;
}

const char* state_doc(State state) {
  return state == State::Lane ? "remembers rows of a lane" : "remembers rows of all lanes";
}

Cells key_cells(const Key& key) {
  return {key.name, std::string(type_name(key.type)), key.unit, key.is_meta ? key.doc + " (only by name)" : key.doc};
}

std::vector<Cells> read_rows(const Wiring& wiring) {
  std::vector<Cells> rows;
  for (const Read& read : wiring.reads) {
    rows.push_back({read.key, read.type == Type::Mixed ? "any" : std::string(type_name(read.type)), "",
                    read.is_optional ? "may be absent" : ""});
  }
  if (wiring.reads_all) {
    rows.push_back({"*", "any", "", "every key that is there"});
  }
  return rows;
}

std::vector<Cells> write_rows(const Wiring& wiring) {
  std::vector<Cells> rows;
  for (const Key& key : wiring.writes) {
    rows.push_back(key_cells(key));
  }
  if (wiring.opens) {
    rows.push_back({"*", "any", "", "keys that only the data knows"});
  }
  return rows;
}

const Cells key_head = {"key", "type", "unit", "what"};

std::string describe_keys(const Plugin& plugin, Layout layout) {
  Wiring wiring;
  if (!declare_defaults(plugin, wiring)) {
    return "";
  }
  if (layout == Layout::Json) {
    return ",\n \"reads\": " + json_rows(key_head, read_rows(wiring)) +
           ",\n \"writes\": " + json_rows(key_head, write_rows(wiring));
  }
  std::string out;
  if (wiring.state != State::None) {
    out += "\n" + std::string(state_doc(wiring.state)) + "\n";
  }
  if (auto rows = read_rows(wiring); !rows.empty()) {
    out += "\nreads, with the defaults:\n\n" + show_rows(key_head, rows, layout);
  }
  if (auto rows = write_rows(wiring); !rows.empty()) {
    out += "\nwrites, with the defaults:\n\n" + show_rows(key_head, rows, layout);
  }
  return out;
}

std::string describe_text(const Plugin& plugin, Layout layout) {
  std::string out;
  if (layout == Layout::Text) {
    out += article_name(plugin) + ": " + plugin.doc + "\n";
  }
  if (plugin.format != nullptr) {
    out += (plugin.has_one_format ? "format, and no other: " : "format, when none is named: ") +
           std::string(plugin.format) + "\n";
  }
  if (plugin.primary != nullptr) {
    out += "an argument without a name sets " + std::string(plugin.primary) + ": " + plugin.name + "(…)\n";
  }
  std::vector<Cells> own = option_rows(plugin.options);
  if (!own.empty()) {
    out += (out.empty() ? "" : "\n") + show_rows(option_head(), own, layout);
  }
  if (layout == Layout::Text) {
    std::vector<Cells> common = option_rows(common_options(plugin.kind));
    if (!common.empty()) {
      out += "\nas every " + std::string(kind_name(plugin.kind)) + ":\n\n" + show_rows(option_head(), common, layout);
    }
    out += describe_keys(plugin, layout);
  }
  return out;
}
}  // namespace

std::string describe(const Plugin& plugin, Layout layout) {
  if (layout != Layout::Json) {
    return describe_text(plugin, layout);
  }
  std::string out = "{\"kind\": " + json_text(kind_name(plugin.kind)) + ", \"name\": " + json_text(plugin.name) +
                    ", \"doc\": " + json_text(plugin.doc);
  out += plugin.primary == nullptr ? "" : ", \"primary\": " + json_text(plugin.primary);
  out += plugin.format == nullptr ? "" : ", \"format\": " + json_text(plugin.format);
  out += ",\n \"options\": " + json_options(plugin.options);
  out += ",\n \"common_options\": " + json_options(common_options(plugin.kind));
  return out + describe_keys(plugin, layout) + "}";
}

std::string describe_global(Layout layout) {
  if (layout == Layout::Json) {
    return "{\"kind\": \"global\", \"options\": " + json_options(global_options()) + "}";
  }
  return show_rows(option_head(), option_rows(global_options()), layout);
}

std::string describe_kind(Kind kind, Layout layout) {
  if (layout == Layout::Json) {
    return "{\"kind\": " + json_text(kind_name(kind)) + ", \"options\": " + json_options(common_options(kind)) + "}";
  }
  return show_rows(option_head(), option_rows(common_options(kind)), layout);
}

std::string list_plugins() {
  std::string out;
  for (Kind kind : {Kind::Source, Kind::Filter, Kind::Codec, Kind::Sink}) {
    std::vector<Cells> rows;
    for (const std::string& name : plugin_names(kind)) {
      rows.push_back({"  " + name, find_plugin(kind, name)->doc});
    }
    if (!rows.empty()) {
      out += (out.empty() ? "" : "\n") + std::string(kind_name(kind)) + "s:\n" + show_rows({}, rows, Layout::Text);
    }
  }
  return out;
}

std::vector<std::string> check_rows(const Plugin& plugin) {
  std::vector<std::string> wrong;
  std::string owner = article_name(plugin);
  auto check_doc = [&](const std::string& what, const char* doc) {
    std::string_view text = doc == nullptr ? "" : doc;
    if (text.empty()) {
      wrong.push_back(what + " has no doc");
    } else if (text.back() == '.') {
      wrong.push_back("the doc of " + what + " ends with a full stop");
    }
  };
  check_doc(owner, plugin.doc);
  std::set<std::string> names;
  for (const Option& row : common_options(plugin.kind)) {
    names.insert(row.name);
  }
  bool has_primary = plugin.primary == nullptr;
  std::shared_ptr<void> config(plugin.config.make(), plugin.config.destroy);
  for (const Option& row : plugin.options) {
    std::string what = owner + "'s option " + row.name;
    std::string why;
    check_doc(what, row.doc);
    has_primary = has_primary || std::string_view(row.name) == plugin.primary;
    if (!names.insert(row.name).second || std::string_view(row.name) == "plugin") {
      wrong.push_back(what + " has a name that is taken");
    }
    if (row.fallback != nullptr && !row.assign(config.get(), row.fallback, row, why)) {
      wrong.push_back(what + " has a wrong default: " + why);
    }
  }
  if (!has_primary) {
    wrong.push_back(owner + " has no option " + plugin.primary + ", its primary one");
  }
  if (plugin.format != nullptr && find_plugin(Kind::Codec, plugin.format) == nullptr) {
    wrong.push_back(owner + "'s format is no codec of this build: " + plugin.format);
  }
  return wrong;
}

}  // namespace stook
