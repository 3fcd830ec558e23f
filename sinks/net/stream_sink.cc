// SPDX-License-Identifier: Apache-2.0
/// Rows into a connection: TCP, TLS or a unix stream.
///
/// A row is delivered when the peer's kernel has acknowledged its last byte (SIOCOUTQ); over TLS, and on a unix socket,
/// when nothing at all is on its way any more. A connection that ends before takes nothing with it: what was not
/// acknowledged is sent again on the next one, from the begin of a row. What the peer's kernel had acknowledged and
/// the peer had not read when it died is beyond reach; no byte stream tells.
#include <algorithm>

#include "core/base/log.hh"
#include "core/net/outgoing.hh"
#include "sinks/net/cargo.hh"
#include "sinks/net/config.hh"
#include "sinks/net/patience.hh"

namespace stook {

namespace {
/// How long one call waits for a peer that is there and does not move, and for one that has to be found.
constexpr int64_t patience = 5'000'000'000;
constexpr int64_t connect_patience = 1'000'000'000;
/// What goes on by itself is looked after soon.
constexpr int64_t soon = 1'000'000;

/// *Invariants:* a connection carries whole frames, but for its last one. *Rooms:* its carrier.
class StreamSink final : public Sink {
 public:
  StreamSink(const SocketConfig& config, const Make& make)
      : config_(config),
        id_(make.id),
        hurry_(make.hurry),
        frames_(config_.framing, make.is_binary),
        cargo_(frames_, config_.tls, make.header) {}

  void open() override ROOM(carrier) {
    auto tls = config_.tls ? std::make_unique<TlsContext>(config_, TlsRole::Client) : nullptr;
    line_ = std::make_unique<Outgoing>(config_.endpoint, std::move(tls), config_.connect_timeout.ns);
  }

  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    retry_after_ = 0;
    bool was_within_row = cargo_.is_within_row();
    if (!cargo_.take(shipment)) {
      if (was_within_row) {
        line_->close();  // the rest of that row is not offered any more
      }
      refused_ = frames_.misfits(shipment, "its framing can say");
    }
    bool is_old = line_->is_up();
    Outcome outcome = ship();
    // A connection that has ended since the last delivery is no reason to wait.
    return is_old && has_lost_ ? ship() : outcome;
  }

  std::string reason() const override ROOM(carrier) { return reason_; }
  std::span<const RefusedRow> refused_rows() const override ROOM(carrier) { return refused_; }
  int64_t retry_after() const override ROOM(carrier) { return retry_after_; }

  void forget(Shipment) override ROOM(carrier) {
    if (cargo_.is_within_row()) {
      line_->close();
    }
    cargo_.forget();
  }

  // Connections that are up keep what they were made with.
  void reopen() override ROOM(carrier) { reload_certificates(line_->tls(), id_); }

  void close() override ROOM(carrier) { line_->close(); }

 private:
  Outcome ship() ROOM(carrier) {
    has_lost_ = false;
    if (line_->is_up() && !line_->look()) {
      return lost();
    }
    if (Outcome outcome = connect(); outcome != Outcome::Done) {
      return outcome;
    }
    Patience patient(hurry_, patience);
    for (uint64_t sent = 0, left = 0;;) {
      Advance advance = push(patient.slice());
      if (advance == Advance::Done) {
        cargo_.forget();
        reason_ = refused_.empty() ? "" : refused_.front().reason;
        return refused_.empty() ? Outcome::Done : Outcome::Refused;
      }
      if (advance == Advance::Failed) {
        return lost();
      }
      if (patient.is_over()) {
        return slow();
      }
      bool has_moved = cargo_.sent() != sent || line_->unacknowledged() != left;
      sent = cargo_.sent();
      left = line_->unacknowledged();
      if (has_moved) {
        patient.renew();
      }
    }
  }

  // Writes what is left, and waits for its end to arrive.
  Advance push(int64_t until) ROOM(carrier) {
    while (cargo_.has_more()) {
      Written written = line_->write(cargo_.next(), until);
      cargo_.advance(written.bytes);
      if (written.advance != Advance::Done) {
        return written.advance;
      }
    }
    return line_->wait_acknowledged(until);
  }

  Outcome connect() ROOM(carrier) {
    if (line_->is_up()) {
      return Outcome::Done;
    }
    Patience patient(hurry_, connect_patience);
    Advance advance = line_->connect(patient.slice());
    while (advance == Advance::Pending && !patient.is_over()) {
      advance = line_->connect(patient.slice());
    }
    if (advance == Advance::Done) {
      cargo_.restart();
      log_event(Level::Info, "sink_connected", Fields()("instance", id_)("peer", line_->peer()));
      return Outcome::Done;
    }
    reason_ = line_->reason();
    retry_after_ = advance == Advance::Pending ? soon : 0;
    return advance == Advance::Failed && line_->is_refusal() ? Outcome::Misconfigured : Outcome::Again;
  }

  // What is acknowledged by now is not sent again.
  void note() ROOM(carrier) {
    uint64_t left = line_->unacknowledged();
    if (line_->is_exact() || left == 0) {
      cargo_.acknowledge(cargo_.sent() - std::min(left, cargo_.sent()));
    }
  }

  Outcome lost() ROOM(carrier) {
    has_lost_ = true;
    reason_ = line_->reason();
    bool is_refusal = line_->is_refusal();
    if (!is_refusal) {
      note();  // a peer that does not know us has read nothing of what its kernel took
    }
    line_->close();
    return is_refusal ? Outcome::Misconfigured : Outcome::Again;
  }

  Outcome slow() ROOM(carrier) {
    note();
    reason_ = line_->reason();
    retry_after_ = soon;
    return Outcome::Again;
  }

  const SocketConfig& config_;
  std::string id_;
  int hurry_;
  RowFrames frames_;
  Cargo cargo_ OWNED(carrier);
  std::vector<RefusedRow> refused_ OWNED(carrier);  // of the shipment at hand: rows that are not sent
  std::unique_ptr<Outgoing> line_ OWNED(carrier);
  bool has_lost_ OWNED(carrier) = false;  // the last attempt a connection that was up
  int64_t retry_after_ OWNED(carrier) = 0;
  std::string reason_ OWNED(carrier);
};
}  // namespace

std::unique_ptr<Sink> make_stream_sink(const SocketConfig& config, const Make& make) {
  return std::make_unique<StreamSink>(config, make);
}

}  // namespace stook
