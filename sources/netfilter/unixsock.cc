// SPDX-License-Identifier: Apache-2.0
/// unixsock: packets that programs hand over by a unix socket, such as nuauth; ulogd's UNIXSOCK.
///
///     stack=nuauth1:UNIXSOCK,base1:BASE,ip2str1:IP2STR,print1:PRINTPKT,sys1:SYSLOG
///     [nuauth1]
///     socket_path="/run/nuauth.sock"
///
/// The row of a unit, before BASE has looked into it:
///
///     raw.pktlen=33 raw.pktcount=1 oob.prefix="Session opened" oob.time.sec=1700000000 oob.in=eth0 oob.family=2 raw.label=1
///     nufw.user.name=bob nufw.user.id=1000 nufw.app.name=/usr/bin/ssh
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include "core/base/status.hh"
#include "core/net/net_needs.hh"
#include "core/net/net_source.hh"
#include "sources/netfilter/unixsock_reader.hh"

namespace stook {

namespace {

struct UnixsockConfig : NetConfig {
  std::string path;
  uint64_t bufsize = 0;
  std::string perms;
  std::string owner;
  std::string group;

  // Completed by declare.
  uid_t uid = static_cast<uid_t>(-1);
  gid_t gid = static_cast<gid_t>(-1);
};

constexpr std::array own = {
    option<&UnixsockConfig::path>("socket_path", "/var/run/ulogd/ulogd2.sock",
                                  "the socket, or @NAME of an abstract one"),
    option<&UnixsockConfig::perms>("perms", "0600", "permissions of the socket's file; ulogd's number, 384 is 0600"),
    option<&UnixsockConfig::owner>("owner", "", "user to whom it belongs; empty: who runs the daemon"),
    option<&UnixsockConfig::group>("group", "", "group to which it belongs; empty: that of the daemon"),
    option<&UnixsockConfig::bufsize>("bufsize", "0", "accepted from old files and without effect: a unit always fits"),
};
constexpr auto options = join_options(own, connection_options<UnixsockConfig>);

/// As strtol(3) reads it: 0600 is octal, 0x180 hexadecimal, 384 decimal.
unsigned read_perms(const std::string& text) {
  int base = text.rfind("0x", 0) == 0 ? 16 : text.rfind('0', 0) == 0 ? 8 : 10;
  const char* begin = text.data() + (base == 16 ? 2 : 0);
  unsigned perms = 0;
  auto [end, error] = std::from_chars(begin, text.data() + text.size(), perms, base);
  if (error != std::errc() || end != text.data() + text.size() || perms > 0777) {
    throw std::invalid_argument("perms is '" + text + "'; it takes permissions such as 0600");
  }
  return perms;
}

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<UnixsockConfig*>(raw);
  if (!config.owner.empty()) {
    const passwd* entry = ::getpwnam(config.owner.c_str());
    if (entry == nullptr) {
      throw std::invalid_argument("owner: there is no user '" + config.owner + "'; name one, or leave it out");
    }
    config.uid = entry->pw_uid;
  }
  if (!config.group.empty()) {
    const ::group* entry = ::getgrnam(config.group.c_str());
    if (entry == nullptr) {
      throw std::invalid_argument("group: there is no group '" + config.group + "'; name one, or leave it out");
    }
    config.gid = entry->gr_gid;
  }
  config.listenings.push_back(
      {parse_listen("socket_path", config.path, AddressForm::Unix), true, false, false, read_perms(config.perms)});
  config.listenings.back().option = "socket_path";
  declare_unixsock_keys(wiring);
}

/// *Rooms:* its front.
class Unixsock final : public NetSource, private Protocol {
 public:
  explicit Unixsock(const UnixsockConfig& config) : NetSource(config, {}, this), config_(config) {}

  void start(Feed& feed) override ROOM(front) {
    NetSource::start(feed);
    bool has_owner = !config_.owner.empty() || !config_.group.empty();
    if (has_owner && config_.path.front() != '@' && ::chown(config_.path.c_str(), config_.uid, config_.gid) != 0) {
      int error = errno;
      stop();
      throw SetupError("cannot give " + config_.path + " to its owner: " + std::strerror(error), error);
    }
  }

 private:
  std::unique_ptr<RecordReader> reader(Connection&) override ROOM(front) { return std::make_unique<UnixsockReader>(); }
  void begin(Connection&) override ROOM(front) {}
  void release(std::unique_ptr<Connection>) override ROOM(front) {}

  const UnixsockConfig& config_;
};

void needs_of(const void* raw, Needs& needs) {
  const auto& config = *static_cast<const UnixsockConfig*>(raw);
  add_listenings(config.listenings, needs);
  if (!config.owner.empty() || !config.group.empty()) {
    needs.add_capability(CAP_CHOWN);
  }
}

}  // namespace

extern const Plugin source_unixsock;
const Plugin source_unixsock = {
    .kind = Kind::Source,
    .name = "unixsock",
    .doc = "Packets that programs hand over by a unix socket, as to ulogd",
    .options = options,
    .primary = "socket_path",
    .config = config_type<UnixsockConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Unixsock, UnixsockConfig>,
};

}  // namespace stook
