// SPDX-License-Identifier: Apache-2.0
/// forward: rows to a receiver of the Fluentd forward protocol v1: fluent-bit, Fluentd, or stook.
///
/// Rows go in chunks of one tag, and are delivered when the receiver has acknowledged their chunk. A chunk that is not
/// acknowledged when a connection ends, or within `ack_timeout`, is sent again on the next one with the same id. Several
/// receivers are what groups are for.
///
///   [out]
///   to = logs.example.org
///   tag = app.web
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "core/base/log.hh"
#include "core/base/text.hh"
#include "core/net/forward_auth.hh"
#include "core/net/outgoing.hh"
#include "sinks/net/chunks.hh"
#include "sinks/net/config.hh"
#include "sinks/net/offered.hh"
#include "sinks/net/patience.hh"

namespace stook {

namespace {

/// How long one call waits for a receiver that is there, and for one that has to be found.
constexpr int64_t forward_patience = 5'000'000'000;
constexpr int64_t forward_soon = 1'000'000;

struct ForwardSinkConfig : SocketConfig {
  bool gzip = false;
  Duration ack_timeout;
  std::string shared_key;
  std::string username;
  std::string password;
  std::string hostname;
};

constexpr auto options = join_options(
    std::array{
        socket_option<ForwardSinkConfig, &SocketConfig::to>("to", nullptr, "host and port, the latter 24224 by itself"),
        option<&ForwardSinkConfig::gzip>("gzip", "no", "chunks are compressed"),
        option<&ForwardSinkConfig::ack_timeout>(
            "ack_timeout", "60s", "a chunk that is not acknowledged within this time is sent again", {1e9, 86400e9}),
        option<&ForwardSinkConfig::shared_key>(
            "shared_key", "", "what both sides prove to know: file:/path or cred:NAME; empty: no handshake"),
        option<&ForwardSinkConfig::username>("username", "", "with shared_key: the user, where the receiver asks"),
        option<&ForwardSinkConfig::password>("password", "", "and the password: file:/path or cred:NAME"),
        option<&ForwardSinkConfig::hostname>("hostname", "", "name for the handshake; empty: the machine's"),
        connect_timeout_option<ForwardSinkConfig>,
    },
    tls_sink_options<ForwardSinkConfig>);

/// *Invariants:* chunks before `next_` are sent on this connection or acknowledged, and `offset_` bytes of that one are.
/// *Rooms:* its carrier.
class ForwardSink final : public Sink {
 public:
  ForwardSink(const ForwardSinkConfig& config, const Make& make)
      : config_(config),
        secrets_{config.shared_key, config.username, config.password, config.hostname},
        id_(make.id),
        hurry_(make.hurry) {}

  void open() override ROOM(carrier) {
    auto tls = config_.tls ? std::make_unique<TlsContext>(config_, TlsRole::Client) : nullptr;
    line_ = std::make_unique<Outgoing>(config_.endpoint, std::move(tls), config_.connect_timeout.ns);
    line_->keep_received(&received_);
  }

  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    retry_after_ = 0;
    if (!offered_.is(shipment)) {
      forget(shipment);
      chunks_ = make_chunks(shipment, config_.gzip);
      if (chunks_.empty()) {
        reason_ = "a row is none of the codec forward";
        return Outcome::Misconfigured;
      }
      offered_.remember(shipment);
      moved_at_ = monotonic_ns();
    }
    bool is_old = line_->is_up();
    Outcome outcome = ship();
    // A connection that has ended since the last delivery is no reason to wait.
    return is_old && has_lost_ ? ship() : outcome;
  }

  std::string reason() const override ROOM(carrier) { return reason_; }
  int64_t retry_after() const override ROOM(carrier) { return retry_after_; }
  size_t shipment_bytes() const override ROOM(carrier) { return 4 << 20; }

  void forget(Shipment) override ROOM(carrier) {
    if (offset_ > 0) {
      line_->close();  // the rest of that message is not offered any more
    }
    chunks_.clear();
    next_ = offset_ = 0;
    offered_.forget();
  }

  void reopen() override ROOM(carrier) { reload_certificates(line_->tls(), id_); }

  void close() override ROOM(carrier) { line_->close(); }

 private:
  Outcome ship() ROOM(carrier) {
    has_lost_ = false;
    if (line_->is_up() && !line_->look()) {
      return lost();
    }
    Patience patient(hurry_, forward_patience);
    if (Outcome outcome = connect(patient); outcome != Outcome::Done) {
      return outcome;
    }
    patient.renew();
    for (;;) {
      if (is_done()) {
        forget({});
        return Outcome::Done;
      }
      Advance advance = next_ < chunks_.size() ? send(patient.slice()) : line_->receive(patient.slice());
      int64_t now = monotonic_ns();
      if (advance == Advance::Done) {
        moved_at_ = now;
        patient.renew();
      } else if (advance == Advance::Failed) {
        return is_done() ? Outcome::Done : lost();
      } else if (now - moved_at_ > config_.ack_timeout.ns) {
        moved_at_ = now;
        return late(false);
      } else if (patient.is_over()) {
        return late(true);
      }
    }
  }

  Outcome late(bool is_kept) ROOM(carrier) {
    reason_ = line_->peer() + ": the receiver has not acknowledged what it got";
    retry_after_ = is_kept ? forward_soon : 0;
    is_kept ? void() : line_->close();
    return Outcome::Again;
  }

  bool is_done() ROOM(carrier) {
    take_acknowledgements(received_, chunks_);
    return std::all_of(chunks_.begin(), chunks_.end(), [](const ForwardChunk& chunk) { return chunk.is_acknowledged; });
  }

  /// Done: something has been written.
  Advance send(int64_t until) ROOM(carrier) {
    ForwardChunk& chunk = chunks_[next_];
    if (chunk.is_acknowledged && offset_ == 0) {
      next_++;
      return Advance::Done;
    }
    iovec part{chunk.message.data() + offset_, chunk.message.size() - offset_};
    Written written = line_->write({&part, 1}, until);
    offset_ += written.bytes;
    if (offset_ == chunk.message.size()) {
      offset_ = 0;
      next_++;
    }
    return written.advance == Advance::Pending && written.bytes > 0 ? Advance::Done : written.advance;
  }

  Outcome connect(const Patience& patient) ROOM(carrier) {
    if (line_->is_up()) {
      return Outcome::Done;
    }
    received_.clear();
    Advance advance = line_->connect(patient.slice());
    while (advance == Advance::Pending && !patient.is_over()) {
      advance = line_->connect(patient.slice());
    }
    if (advance != Advance::Done) {
      reason_ = line_->reason();
      retry_after_ = advance == Advance::Pending ? forward_soon : 0;
      return advance == Advance::Failed && line_->is_refusal() ? Outcome::Misconfigured : Outcome::Again;
    }
    next_ = offset_ = 0;
    Outcome outcome = secrets_.shared_key.empty() ? Outcome::Done : shake_hands(patient);
    if (outcome != Outcome::Done) {
      line_->close();
      return outcome;
    }
    moved_at_ = monotonic_ns();
    log_event(Level::Info, "sink_connected", Fields()("instance", id_)("peer", line_->peer()));
    return Outcome::Done;
  }

  Outcome shake_hands(const Patience& patient) ROOM(carrier) {
    std::string helo = await_value(patient);
    if (helo.empty()) {
      return Outcome::Again;
    }
    std::string nonce;
    std::string salt = random_salt();
    std::string ping = forward_ping(helo, secrets_, salt, nonce);
    if (ping.empty()) {
      reason_ = line_->peer() + ": it sends no HELO where the handshake has one";
      return Outcome::Misconfigured;
    }
    iovec part{ping.data(), ping.size()};
    bool is_sent = line_->write({&part, 1}, patient.slice()).advance == Advance::Done;
    reason_ = line_->reason();
    std::string pong = is_sent ? await_value(patient) : std::string();
    if (pong.empty()) {
      return Outcome::Again;
    }
    std::string why = judge_pong(pong, secrets_, salt, nonce);
    reason_ = line_->peer() + ": " + why;
    return why.empty() ? Outcome::Done : Outcome::Misconfigured;
  }

  /// What the receiver says next; empty when it says nothing, and then reason_ is set.
  std::string await_value(const Patience& patient) ROOM(carrier) {
    for (;;) {
      std::string value = take_value(received_);
      if (!value.empty()) {
        return value;
      }
      Advance advance = line_->receive(patient.slice());
      if (advance == Advance::Failed || (advance == Advance::Pending && patient.is_over())) {
        reason_ = advance == Advance::Failed ? line_->reason()
                                             : line_->peer() +
                                                   ": the receiver's part of the handshake does not come; "
                                                   "it has to have a shared_key as well";
        return take_value(received_);
      }
    }
  }

  Outcome lost() ROOM(carrier) {
    has_lost_ = true;
    reason_ = line_->reason();
    take_acknowledgements(received_, chunks_);
    bool is_refusal = line_->is_refusal();
    line_->close();
    return is_refusal ? Outcome::Misconfigured : Outcome::Again;
  }

  const ForwardSinkConfig& config_;
  ForwardSecrets secrets_;
  std::string id_;
  int hurry_;
  std::unique_ptr<Outgoing> line_ OWNED(carrier);
  std::string received_ OWNED(carrier);
  Offered offered_ OWNED(carrier);
  std::deque<ForwardChunk> chunks_ OWNED(carrier);
  size_t next_ OWNED(carrier) = 0;
  size_t offset_ OWNED(carrier) = 0;
  int64_t moved_at_ OWNED(carrier) = 0;
  bool has_lost_ OWNED(carrier) = false;  // the last attempt a connection that was up
  int64_t retry_after_ OWNED(carrier) = 0;
  std::string reason_ OWNED(carrier);
};

void declare(void* raw, std::string_view folder, Wiring&) {
  auto& config = *static_cast<ForwardSinkConfig*>(raw);
  read_target(config, AddressForm::Network, uint16_t{24224});
  declare_tls(config, TlsRole::Client, folder);
  if (config.shared_key.empty() && !config.username.empty()) {
    throw std::invalid_argument("username: users belong to the handshake; set shared_key too");
  }
  char name[256] = "";
  if (config.hostname.empty() && gethostname(name, sizeof name - 1) == 0) {
    config.hostname = name;
  }
}

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<ForwardSink>(*static_cast<const ForwardSinkConfig*>(make.config), make);
}

}  // namespace

extern const Plugin sink_forward;
const Plugin sink_forward = {
    .kind = Kind::Sink,
    .name = "forward",
    .doc = "rows to a receiver of the Fluentd forward protocol",
    .options = options,
    .primary = "to",
    .config = config_type<ForwardSinkConfig>,
    .declare = declare,
    .needs = tls_needs<ForwardSinkConfig>,
    .sink = make,
    .format = "forward",
    .has_one_format = true,
};

}  // namespace stook
