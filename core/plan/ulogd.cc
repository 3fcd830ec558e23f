// SPDX-License-Identifier: Apache-2.0
#include "core/plan/ulogd.hh"

#include <algorithm>
#include <array>

#include "core/base/text.hh"
#include "core/plan/ini.hh"
#include "core/plan/registry.hh"

namespace stook {

namespace {

struct UlogdName {
  std::string_view name;
  std::string_view instead;
};

constexpr std::string_view sql = "write JSON, or to a program by exec, until there is a sink for it";
constexpr UlogdName names[] = {
    {"NFLOG", "this build is without libmnl; install libmnl-dev and build again"},
    {"ULOG",
     "Linux has no ULOG since 3.17; let rules log to a group, as in iptables -j NFLOG --nflog-group 1, and read it by "
     "NFLOG with "
     "group=1"},
    {"UNIXSOCK", ""},
    {"NFCT", ""},
    {"NFACCT", ""},
    {"BASE", ""},
    {"HWHDR", ""},
    {"IFINDEX", ""},
    {"IP2BIN", ""},
    {"IP2HBIN", ""},
    {"IP2STR", ""},
    {"MARK", ""},
    {"PRINTFLOW", ""},
    {"PRINTPKT", ""},
    {"PWSNIFF", ""},
    {"DBI", sql},
    {"GPRINT", ""},
    {"GRAPHITE", ""},
    {"IPFIX", ""},
    {"JSON", ""},
    {"LOGEMU", ""},
    {"MYSQL", sql},
    {"NACCT", ""},
    {"OPRINT", ""},
    {"PCAP", ""},
    {"PGSQL", sql},
    {"SQLITE3",
     "its module sqlite3.so is not there; install the package stook-modules-sqlite3, or libsqlite3-dev and build "
     "again"},
    {"SPRINT", ""},
    {"SYSLOG", ""},
    {"XML", ""},
};

const UlogdName* find_name(std::string_view name) {
  const auto* found = std::find_if(std::begin(names), std::end(names),
                                   [&](const UlogdName& one) { return equal_in_any_case(one.name, name); });
  return found == std::end(names) ? nullptr : found;
}

}  // namespace

std::string_view known_name(std::string_view ulogd_name) {
  constexpr std::string_view doubled[] = {"NFLOG2", "NFCT2", "XML2"};
  for (std::string_view name : doubled) {
    if (equal_in_any_case(name, ulogd_name)) {
      return ulogd_name.substr(0, ulogd_name.size() - 1);
    }
  }
  return ulogd_name;
}

bool is_ulogd_plugin(std::string_view name) {
  return find_name(known_name(name)) != nullptr;
}

std::string_view instead_of(std::string_view ulogd_name) {
  const UlogdName* name = find_name(known_name(ulogd_name));
  return name == nullptr ? std::string_view() : name->instead;
}

bool is_ulogd_source(std::string_view name) {
  constexpr std::array sources = {"NFLOG", "NFLOG2", "ULOG", "UNIXSOCK", "NFCT", "NFCT2", "NFACCT"};
  return std::find(sources.begin(), sources.end(), name) != sources.end();
}

const Plugin* ulogd_form(const Plugin& plugin, const Section* section, bool has_arguments) {
  if (plugin.kind != Kind::Sink || plugin.name != std::string_view("syslog") || has_arguments) {
    return nullptr;
  }
  if (section != nullptr && std::any_of(section->pairs.begin(), section->pairs.end(), [](const Pair& pair) {
        return pair.name == "to" || pair.name == "format" || pair.name == "plugin";
      })) {
    return nullptr;
  }
  return find_plugin(Kind::Sink, "local_syslog");
}

}  // namespace stook
