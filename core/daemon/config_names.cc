// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/config_names.hh"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include "core/base/text.hh"
#include "core/daemon/plan_needs.hh"
#include "core/plan/agent.hh"
#include "core/plan/draft.hh"
#include "core/plan/elements.hh"
#include "core/plan/settings.hh"
#include "core/plan/variables.hh"

namespace stook {

namespace {

/// One option that names an address or a file.
struct NamingOption {
  enum class Means : uint8_t { Stream, Datagram, File };
  Kind kind;
  const char* plugin;
  const char* option;
  Means means;
  std::optional<uint16_t> port = std::nullopt;  // of an address without one
};
using Means = NamingOption::Means;

// A plugin that is not here gets nothing. None of these runs anybody's code.
constexpr NamingOption naming_options[] = {
    {Kind::Source, "forward", "listen", Means::Stream},    {Kind::Source, "http", "listen", Means::Stream},
    {Kind::Source, "tcp", "listen", Means::Stream},        {Kind::Source, "udp", "listen", Means::Datagram},
    {Kind::Source, "syslog", "udp", Means::Datagram, 514}, {Kind::Source, "syslog", "tcp", Means::Stream, 514},
    {Kind::Source, "syslog", "tls", Means::Stream, 6514},  {Kind::Sink, "file", "path", Means::File},
    {Kind::Sink, "gprint", "file", Means::File},           {Kind::Sink, "json", "file", Means::File},
    {Kind::Sink, "logemu", "file", Means::File},           {Kind::Sink, "nacct", "file", Means::File},
    {Kind::Sink, "oprint", "file", Means::File},           {Kind::Sink, "pcap", "file", Means::File},
};

// What the option is set to, its default when it is not; variables are put in.
std::vector<std::string> values_of(const InstanceDraft& one, std::string_view option) {
  const Plugin& plugin = *one.instance->plugin;
  bool is_primary = plugin.primary != nullptr && option == plugin.primary;
  std::vector<std::string> values;
  bool is_given = false;
  for (const Given& given : one.given) {
    if (given.name != option && !(is_primary && given.name.empty())) {
      continue;
    }
    is_given = true;
    std::string value = given.value;
    std::string why;
    std::string hint;
    if (given.is_verbatim || expand_variables(value, why, hint)) {
      values.push_back(std::move(value));
    }
  }
  for (const Option& row : plugin.options) {
    if (!is_given && option == row.name && row.fallback != nullptr) {
      values.emplace_back(row.fallback);
    }
  }
  return values;
}

bool is_shared(const InstanceDraft& one) {
  std::string why;
  bool is_on = false;
  for (const std::string& value : values_of(one, "reuseport")) {
    is_on = read_value(value, is_on, why) && is_on;
  }
  return is_on;
}

void add_sockets(ConfigNames& names, const InstanceDraft& one, const NamingOption& naming) {
  for (const std::string& value : values_of(one, naming.option)) {
    std::vector<std::string> addresses;
    std::string why;
    (void)read_value(value, addresses, why);
    for (const std::string& address : addresses) {
      Listening listening;
      listening.is_stream = naming.means == Means::Stream;
      listening.is_shared = is_shared(one);
      try {
        listening.endpoint = parse_listening(address, AddressForm::Any, naming.port);
      } catch (const std::invalid_argument&) {
        continue;  // the source does not start with it
      }
      if (!listening.endpoint.is_unix()) {
        names.sockets.push_back({one.instance->id, std::move(listening)});
      }
    }
  }
}

void add_outputs(ConfigNames& names, const InstanceDraft& one, const NamingOption& naming, const std::string& folder) {
  for (const std::string& path : values_of(one, naming.option)) {
    if (!path.empty() && path.find_first_of("$\\") == std::string::npos) {
      names.outputs.push_back(plain_path(path.front() == '/' ? path : folder + "/" + path));
    }
  }
}

void add_files(ConfigNames& names, const Ini& ini) {
  for (const Section& section : ini.sections) {
    for (const Pair& pair : section.pairs) {
      const std::string& file = pair.place.file;
      if (!file.empty() && std::find(names.files.begin(), names.files.end(), file) == names.files.end()) {
        names.files.push_back(file);
      }
    }
  }
}

}  // namespace

std::string plain_path(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

ConfigNames names_of(const std::string& file) {
  Draft draft;
  draft.ini = read_ini(file, draft.errors);
  size_t slash = file.rfind('/');
  draft.folder = slash == std::string::npos ? "." : slash == 0 ? "/" : file.substr(0, slash);
  ConfigNames names;
  names.files = {file};
  add_files(names, draft.ini);
  unfold_agent(draft);
  read_settings(draft);
  bind_elements(draft, "");
  if (!draft.errors.empty()) {
    throw std::runtime_error("the configuration is not right: " + show_place(draft.errors.front().place) + ": " +
                             draft.errors.front().what());
  }
  for (const InstanceDraft& one : draft.instances) {
    const Plugin& plugin = *one.instance->plugin;
    for (const NamingOption& naming : naming_options) {
      if (plugin.kind != naming.kind || std::string_view(plugin.name) != naming.plugin) {
        continue;
      }
      if (naming.means == Means::File) {
        add_outputs(names, one, naming, draft.folder);
      } else {
        add_sockets(names, one, naming);
      }
    }
  }
  if (is_log_file(draft.settings.logfile)) {
    names.log = plain_path(draft.settings.logfile);
    names.outputs.push_back(names.log);
  }
  return names;
}

}  // namespace stook
