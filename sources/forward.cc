// SPDX-License-Identifier: Apache-2.0
/// forward: reads the Fluentd forward protocol v1, as fluent-bit, Fluentd and stook's own sink `forward` speak it.
///
///     stack=in:FORWARD,parse:PARSE_MSGPACK,out:FILE
///     [in]
///     listen=*:24224
///
/// A row has the tag, the time and the record as it came, undecoded; the filter `parse_msgpack` makes keys of it:
///
///     tag="app.web" time=2026-11-21T03:38:00.25Z record={"level":"info"}
///
/// A chunk that asks for it is acknowledged once each of its rows is delivered, or final in another way.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <unordered_map>

#include "core/api/plugin.hh"
#include "core/net/connection.hh"
#include "core/net/net_needs.hh"
#include "core/net/net_source.hh"
#include "sources/forward/reader.hh"

namespace stook {

namespace {

struct ForwardSourceConfig : NetConfig {
  std::vector<std::string> listen;
  Size max_message{16 << 20};
  std::string shared_key;
  std::string username;
  std::string password;
  std::string hostname;
};

constexpr NetKey keys[] = {NetKey::Tag, NetKey::Time,   NetKey::Record,  NetKey::RecvTime,
                           NetKey::Id,  NetKey::PeerIp, NetKey::PeerPort};

constexpr std::array own = {
    option<&ForwardSourceConfig::listen>("listen", "*:24224", "addresses to listen on: 127.0.0.1:24224, *:24224"),
    net_option<ForwardSourceConfig, &NetConfig::max_line>(
        "max_record", "256KiB", "a longer entry is skipped, and counted as too_long", {64, 16.0 * 1024 * 1024}),
    option<&ForwardSourceConfig::max_message>(
        "max_message", "16MiB", "a peer whose message is larger, as it comes, is cut off", {64, 1024.0 * 1024 * 1024}),
    option<&ForwardSourceConfig::shared_key>(
        "shared_key", "", "what a peer has to prove to know: file:/path or cred:NAME; empty: no handshake"),
    option<&ForwardSourceConfig::username>("username", "", "with shared_key: the user who may send; empty: anybody"),
    option<&ForwardSourceConfig::password>("password", "", "and the password: file:/path or cred:NAME"),
    option<&ForwardSourceConfig::hostname>("hostname", "", "name for the handshake; empty: the machine's"),
};
constexpr auto options =
    join_options(join_options(own, connection_options<ForwardSourceConfig>),
                 join_options(join_options(peer_options<ForwardSourceConfig>, reuseport_options<ForwardSourceConfig>),
                              tls_source_options<ForwardSourceConfig>));

void declare(void* raw, std::string_view folder, Wiring& wiring) {
  auto& config = *static_cast<ForwardSourceConfig*>(raw);
  declare_tls(config, TlsRole::Server, folder);
  if (config.shared_key.empty() && !config.username.empty()) {
    throw std::invalid_argument("username: users are asked for in the handshake only; set shared_key too");
  }
  if (config.username.empty() != config.password.empty()) {
    throw std::invalid_argument("username and password go together; set both");
  }
  char name[256] = "";
  if (config.hostname.empty() && gethostname(name, sizeof name - 1) == 0) {
    config.hostname = name;
  }
  if (config.listen.empty()) {
    throw std::invalid_argument("listen: is empty; write an address such as *:24224, or leave it out");
  }
  for (const std::string& address : config.listen) {
    config.listenings.push_back(
        {parse_listen("listen", address, AddressForm::Network), true, config.tls, config.reuseport});
  }
  NetRows::declare(wiring, keys);
}

/// *Invariants:* `readers_` has each connection that is open or kept. *Rooms:* its front.
class ForwardSource final : public NetSource, private Protocol, private ForwardAnswers {
 public:
  explicit ForwardSource(const ForwardSourceConfig& config)
      : NetSource(config, keys, this),
        rules_{config.max_line.bytes,
               config.max_message.bytes,
               {config.shared_key, config.username, config.password, config.hostname}} {}

  void acknowledged(std::span<const Mark> marks) override ROOM(front) {
    for (const Mark& mark : marks) {
      auto found = readers_.find(mark.stream);
      if (found != readers_.end()) {
        found->second->acknowledge(mark.position);
        let_go(mark.stream);
      }
    }
  }

  void close() override ROOM(front) {
    while (!kept_.empty()) {
      drop(kept_.begin()->first);
    }
  }

 private:
  /// Connections that are over and wait for their acknowledgements.
  static constexpr size_t most_kept = 256;

  std::unique_ptr<RecordReader> reader(Connection& connection) override ROOM(front) {
    ForwardAnswers& answers = *this;
    auto made = std::make_unique<ForwardReader>(rules_, answers, &connection);
    readers_[connection.number] = made.get();
    return made;
  }

  void begin(Connection& connection) override ROOM(front) {
    // An answer does not wait until the peer's kernel has acknowledged the one before, which takes it 40 ms.
    int is_on = 1;
    (void)setsockopt(connection.fd(), IPPROTO_TCP, TCP_NODELAY, &is_on, sizeof is_on);
    readers_.at(connection.number)->begin();
  }

  void release(std::unique_ptr<Connection> connection) override ROOM(front) {
    uint64_t number = connection->number;
    bool is_shaken = !connection->is_shaking_hands;
    bool is_kept = is_shaken && readers_.at(number)->is_awaited() && kept_.size() < most_kept;
    if (is_kept) {
      kept_[number] = std::move(connection);
      return;
    }
    readers_.erase(number);
    if (connection->session && is_shaken) {
      connection->session->close();
    }
  }

  void answer(ForwardReader& reader, std::string_view bytes) override ROOM(front) {
    Connection& connection = *reader.connection();
    kept_.count(connection.number) > 0 ? connection.send(bytes) : streams_.send(connection, bytes);
  }

  /// What was kept for acknowledgements goes when they are sent.
  void let_go(uint64_t number) ROOM(front) {
    auto found = kept_.find(number);
    if (found != kept_.end() && !readers_.at(number)->is_awaited()) {
      drop(number);
    }
  }

  void drop(uint64_t number) ROOM(front) {
    auto found = kept_.find(number);
    if (found->second->session) {
      found->second->session->close();
    }
    readers_.erase(number);
    kept_.erase(found);
  }

  ForwardRules rules_;
  std::unordered_map<uint64_t, ForwardReader*> readers_ OWNED(front);
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> kept_ OWNED(front);
};

}  // namespace

extern const Plugin source_forward;
const Plugin source_forward = {
    .kind = Kind::Source,
    .name = "forward",
    .doc = "Reads the Fluentd forward protocol, with TLS or without",
    .options = options,
    .primary = "listen",
    .config = config_type<ForwardSourceConfig>,
    .declare = declare,
    .needs = net_needs<ForwardSourceConfig>,
    .source = make_source<ForwardSource, ForwardSourceConfig>,
};

}  // namespace stook
