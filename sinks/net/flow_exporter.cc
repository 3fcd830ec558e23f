// SPDX-License-Identifier: Apache-2.0
/// Messages to a collector. What is offered together is packed into as few messages as fit; none waits for more rows, so that
/// nothing is left behind at the end. A message by UDP is delivered when the kernel has taken it: whether it came, nobody
/// tells. By TCP it is delivered when the peer's kernel has acknowledged its last byte; a connection that ends before begins
/// a new session, with its templates and a sequence from 0, at the first row that was not.
#include "sinks/net/flow_exporter.hh"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "core/base/clock.hh"
#include "core/base/log.hh"
#include "core/net/outgoing.hh"
#include "core/net/outgoing_datagrams.hh"
#include "sinks/net/flow_load.hh"
#include "sinks/net/offered.hh"
#include "sinks/net/patience.hh"

namespace stook {

namespace {

constexpr int64_t exporter_patience = 5'000'000'000;
constexpr int64_t exporter_connect_patience = 1'000'000'000;
constexpr int64_t exporter_soon = 1'000'000;

/// *Rooms:* its carrier.
class FlowExporter final : public Sink {
 public:
  FlowExporter(const ExporterConfig& config, const Make& make)
      : config_(config), id_(make.id), hurry_(make.hurry), load_(config.packing), datagrams_(config.endpoint) {}

  void open() override ROOM(carrier) {
    if (!config_.is_udp) {
      auto tls = config_.tls ? std::make_unique<TlsContext>(config_, TlsRole::Client) : nullptr;
      line_ = std::make_unique<Outgoing>(config_.endpoint, std::move(tls), config_.connect_timeout.ns);
    }
  }

  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    retry_after_ = 0;
    if (!offered_.is(shipment)) {
      let_go();
      offered_.remember(shipment);
      load_.begin();
    }
    Outcome outcome = config_.is_udp ? send(shipment) : write(shipment);
    while (config_.is_udp && !datagrams_.is_up() && datagrams_.has_another()) {
      outcome = send(shipment);
    }
    if (outcome == Outcome::Done) {
      offered_.forget();
      reason_ = load_.refused().empty() ? "" : load_.refused().front().reason;
      return load_.refused().empty() ? Outcome::Done : Outcome::Refused;
    }
    return outcome;
  }

  std::string reason() const override ROOM(carrier) { return reason_; }
  std::span<const RefusedRow> refused_rows() const override ROOM(carrier) { return load_.refused(); }
  int64_t retry_after() const override ROOM(carrier) { return retry_after_; }
  void forget(Shipment) override ROOM(carrier) {
    let_go();
    offered_.forget();
  }
  void reopen() override ROOM(carrier) { reload_certificates(line_ ? line_->tls() : nullptr, id_); }
  void close() override ROOM(carrier) {
    datagrams_.close();
    if (line_) {
      line_->close();
    }
  }

 private:
  // What is packed and not sent was none. A message may have been sent in part.
  void let_go() ROOM(carrier) {
    if (!config_.is_udp && line_ && line_->is_up() && !load_.ready().empty()) {
      line_->close();
    }
    load_.let_go();
  }

  Outcome send(Shipment shipment) ROOM(carrier) {
    bool was_up = datagrams_.is_up();
    Advance advance = datagrams_.connect(Patience(hurry_, exporter_patience).slice());
    if (advance != Advance::Done) {
      return fail(advance, advance == Advance::Pending ? exporter_soon : 0);
    }
    if (!was_up) {
      load_.begin_session();
    }
    Patience patient(hurry_, exporter_patience);
    for (load_.pack(shipment); !load_.ready().empty(); load_.pack(shipment)) {
      int sent = send_some();
      if (sent >= 0) {
        load_.drop(static_cast<size_t>(sent));
        patient.renew();
        continue;
      }
      if (errno == EINTR) {
        continue;
      }
      advance = datagrams_.fail(errno, patient.slice());
      if (advance == Advance::Failed || patient.is_over()) {
        return fail(advance, advance == Advance::Pending ? exporter_soon : datagrams_.pause());
      }
    }
    return Outcome::Done;
  }

  Outcome fail(Advance advance, int64_t retry_after) ROOM(carrier) {
    reason_ = datagrams_.reason();
    retry_after_ = retry_after;
    return advance == Advance::Failed && datagrams_.is_refusal() ? Outcome::Misconfigured : Outcome::Again;
  }

  int send_some() ROOM(carrier) {
    size_t count = 0;
    for (const ReadyMessage& message : load_.ready()) {
      size_t i = count++;
      parts_[i] = {const_cast<char*>(message.bytes.data()), message.bytes.size()};  // iovec serves reading calls too
      headers_[i] = {};
      headers_[i].msg_hdr.msg_iov = &parts_[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
    return datagrams_.send({headers_.data(), count});
  }

  Outcome connect_stream() ROOM(carrier) {
    if (line_->is_up() && line_->look()) {
      return Outcome::Done;
    }
    line_->close();
    Patience patient(hurry_, exporter_connect_patience);
    Advance advance = line_->connect(patient.slice());
    while (advance == Advance::Pending && !patient.is_over()) {
      advance = line_->connect(patient.slice());
    }
    if (advance == Advance::Done) {
      load_.begin_session();
      written_ = 0;
      log_event(Level::Info, "sink_connected", Fields()("instance", id_)("peer", line_->peer()));
      return Outcome::Done;
    }
    reason_ = line_->reason();
    retry_after_ = advance == Advance::Pending ? exporter_soon : 0;
    return advance == Advance::Failed && line_->is_refusal() ? Outcome::Misconfigured : Outcome::Again;
  }

  // Messages stay in `ready_` until all of them are acknowledged.
  Outcome write(Shipment shipment) ROOM(carrier) {
    if (Outcome outcome = connect_stream(); outcome != Outcome::Done) {
      return outcome;
    }
    Patience patient(hurry_, exporter_patience);
    for (;;) {
      if (load_.ready().empty()) {
        load_.pack(shipment);
        written_ = 0;
        if (load_.ready().empty()) {
          return Outcome::Done;
        }
      }
      uint64_t before = written_;
      Advance advance = push(patient.slice());
      if (advance == Advance::Done) {
        load_.drop(load_.ready().size());
        patient.renew();
      } else if (advance == Advance::Failed) {
        reason_ = line_->reason();
        bool is_refusal = line_->is_refusal();
        line_->close();
        return is_refusal ? Outcome::Misconfigured : Outcome::Again;
      } else if (patient.is_over()) {
        reason_ = line_->reason();
        retry_after_ = exporter_soon;
        return Outcome::Again;
      } else if (written_ > before) {
        patient.renew();
      }
    }
  }

  Advance push(int64_t until) ROOM(carrier) {
    for (;;) {
      uint64_t skip = written_;
      size_t count = 0;
      for (const ReadyMessage& message : load_.ready()) {
        if (skip >= message.bytes.size()) {
          skip -= message.bytes.size();
          continue;
        }
        parts_[count++] = {const_cast<char*>(message.bytes.data()) + skip, message.bytes.size() - skip};
        skip = 0;
      }
      if (count == 0) {
        return line_->wait_acknowledged(until);
      }
      Written written = line_->write({parts_.data(), count}, until);
      written_ += written.bytes;
      if (written.advance != Advance::Done) {
        return written.advance;
      }
    }
  }

  const ExporterConfig& config_;
  std::string id_;
  int hurry_;
  FlowLoad load_ OWNED(carrier);
  OutgoingDatagrams datagrams_ OWNED(carrier);
  std::unique_ptr<Outgoing> line_ OWNED(carrier);
  Offered offered_ OWNED(carrier);
  uint64_t written_ OWNED(carrier) = 0;  // bytes of the messages that are ready, on this connection
  std::array<iovec, FlowLoad::most_ready> parts_ OWNED(carrier);
  std::array<mmsghdr, FlowLoad::most_ready> headers_ OWNED(carrier);
  int64_t retry_after_ OWNED(carrier) = 0;
  std::string reason_ OWNED(carrier);
};

}  // namespace

void read_flow_target(ExporterConfig& config, const std::string& target, uint16_t port) {
  size_t colon = target.find("://");
  std::string proto = target.substr(0, colon == std::string::npos ? 0 : colon);
  if (proto != "udp" && proto != "tcp" && proto != "tls") {
    throw std::invalid_argument("dest: `" + target +
                                "` names no way; write udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT");
  }
  config.is_udp = proto == "udp";
  config.tls = config.tls || proto == "tls";
  if (config.is_udp && config.tls) {
    throw std::invalid_argument("dest: there is no TLS by UDP; write tls://HOST:PORT");
  }
  try {
    config.endpoint = parse_endpoint(std::string_view(target).substr(colon + 3), AddressForm::Network, port);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument("dest: " + std::string(error.what()));
  }
  if (config.endpoint.host == "*" || config.endpoint.port == 0) {
    throw std::invalid_argument("dest: `" + target + "` is nobody; write a host and a port from 1 to 65535");
  }
}

std::unique_ptr<Sink> make_exporter(const ExporterConfig& config, const Make& make) {
  return std::make_unique<FlowExporter>(config, make);
}

}  // namespace stook
