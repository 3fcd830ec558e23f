// SPDX-License-Identifier: Apache-2.0
/// Rows as datagrams, one each: UDP, or a unix socket.
///
/// A row is delivered when the kernel has taken its datagram, and nobody has said by then that it went to nobody.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "core/net/outgoing_datagrams.hh"
#include "sinks/net/config.hh"
#include "sinks/net/offered.hh"
#include "sinks/net/patience.hh"

namespace stook {

namespace {
constexpr int64_t datagram_patience = 5'000'000'000;
constexpr int64_t datagram_soon = 1'000'000;
constexpr size_t most_at_once = 64;
constexpr char a_datagram[] = "a datagram";

/// *Invariants:* rows before `next_` of the shipment at hand are sent. *Rooms:* its carrier.
class DatagramSink final : public Sink {
 public:
  DatagramSink(const SocketConfig& config, const Make& make)
      : config_(config), hurry_(make.hurry), frames_(RowFraming::Nul, make.is_binary), datagrams_(config_.endpoint) {}

  void open() override ROOM(carrier) {}

  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    retry_after_ = 0;
    bool is_old = datagrams_.is_up();
    Outcome outcome = send(shipment);
    // Neither a socket whose peer has begun anew since the last delivery nor a name with more addresses is a reason to
    // wait.
    bool is_anew = is_old && config_.endpoint.is_unix();
    while (!datagrams_.is_up() && (std::exchange(is_anew, false) || datagrams_.has_another())) {
      outcome = send(shipment);
    }
    return outcome;
  }

  std::string reason() const override ROOM(carrier) { return reason_; }
  std::span<const RefusedRow> refused_rows() const override ROOM(carrier) { return refused_; }
  int64_t retry_after() const override ROOM(carrier) { return retry_after_; }
  void forget(Shipment) override ROOM(carrier) { offered_.forget(); }
  void close() override ROOM(carrier) { datagrams_.close(); }

 private:
  struct Place {
    size_t payload = 0;
    size_t row = 0;
  };

  Outcome send(Shipment shipment) ROOM(carrier) {
    if (Outcome outcome = connect(); outcome != Outcome::Done) {
      return outcome;
    }
    if (!offered_.is(shipment)) {
      offered_.remember(shipment);
      next_ = {};
      refused_ = frames_.misfits(shipment, a_datagram);
    }
    Patience patient(hurry_, datagram_patience);
    while (next_.payload < shipment.size()) {
      size_t count = gather(shipment);
      int sent = datagrams_.send({messages_.data(), count});
      if (sent >= 0) {
        advance(shipment, count, static_cast<size_t>(sent));
        patient.renew();
      } else if (Outcome outcome = fail(errno, shipment, patient); outcome != Outcome::Done) {
        return outcome;
      }
    }
    offered_.forget();
    reason_ = refused_.empty() ? "" : refused_.front().reason;
    return refused_.empty() ? Outcome::Done : Outcome::Refused;
  }

  Outcome connect() ROOM(carrier) {
    bool was_up = datagrams_.is_up();
    Advance advance = datagrams_.connect(Patience(hurry_, datagram_patience).slice());
    if (advance != Advance::Done) {
      reason_ = datagrams_.reason();
      retry_after_ = advance == Advance::Pending ? datagram_soon : 0;
      return advance == Advance::Failed && datagrams_.is_refusal() ? Outcome::Misconfigured : Outcome::Again;
    }
    if (!was_up) {
      frames_.set_most(datagrams_.largest());
    }
    return Outcome::Done;
  }

  // Rows from next_ on, of one payload, but for those that fit in no datagram.
  size_t gather(Shipment shipment) ROOM(carrier) {
    PayloadRows rows(*shipment[next_.payload]);
    size_t count = 0;
    for (gathered_ = next_.row; gathered_ < rows.size() && count < most_at_once; gathered_++) {
      if (!frames_.fits(rows[gathered_])) {
        continue;
      }
      std::string_view body = frames_.body(rows[gathered_]);
      parts_[count] = {const_cast<char*>(body.data()), body.size()};  // iovec serves reading calls too
      messages_[count] = {};
      messages_[count].msg_hdr.msg_iov = &parts_[count];
      messages_[count].msg_hdr.msg_iovlen = 1;
      rows_[count++] = gathered_;
    }
    return count;
  }

  // So many of those gathered are sent.
  void advance(Shipment shipment, size_t count, size_t sent) ROOM(carrier) {
    next_.row = sent < count ? rows_[sent] : gathered_;
    if (next_.row >= PayloadRows(*shipment[next_.payload]).size()) {
      next_ = {next_.payload + 1, 0};
    }
  }

  // Done: it may be tried once more.
  Outcome fail(int error, Shipment shipment, const Patience& patient) ROOM(carrier) {
    if (error == EINTR) {
      return Outcome::Done;
    }
    if (error == EMSGSIZE) {
      frames_.set_most(std::min(frames_.most(), parts_[0].iov_len - 1));
      refused_ = frames_.misfits(shipment, a_datagram);
      return Outcome::Done;
    }
    Advance advance = datagrams_.fail(error, patient.slice());
    reason_ = datagrams_.reason();
    if (advance == Advance::Pending) {
      bool is_over = patient.is_over();
      retry_after_ = is_over ? datagram_soon : 0;
      return is_over ? Outcome::Again : Outcome::Done;
    }
    retry_after_ = datagrams_.pause();
    return datagrams_.is_refusal() ? Outcome::Misconfigured : Outcome::Again;
  }

  const SocketConfig& config_;
  int hurry_;
  RowFrames frames_ OWNED(carrier);  // for their bodies
  OutgoingDatagrams datagrams_ OWNED(carrier);
  Offered offered_ OWNED(carrier);
  Place next_ OWNED(carrier);
  std::vector<RefusedRow> refused_ OWNED(carrier);  // of the shipment at hand: rows that are not sent
  size_t gathered_ OWNED(carrier) = 0;              // the row behind those that were looked at
  std::array<size_t, most_at_once> rows_ OWNED(carrier);
  std::array<iovec, most_at_once> parts_ OWNED(carrier);
  std::array<mmsghdr, most_at_once> messages_ OWNED(carrier);
  int64_t retry_after_ OWNED(carrier) = 0;
  std::string reason_ OWNED(carrier);
};
}  // namespace

std::unique_ptr<Sink> make_datagram_sink(const SocketConfig& config, const Make& make) {
  return std::make_unique<DatagramSink>(config, make);
}

}  // namespace stook
