// SPDX-License-Identifier: Apache-2.0
#include "sinks/http/sink.hh"

#include <pthread.h>
#include <signal.h>

#include "sinks/http/verdict.hh"

namespace stook {

namespace {
/// A body's buffer that is larger is given back.
constexpr size_t body_kept = 16 << 20;
}  // namespace

// Nothing is connected yet: a peer that is down when the daemon starts is as one that is down later.
void HttpSink::open() {
  // A connection that the peer has closed is an error here, not a signal.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  tls_ = settings_.tls ? std::make_unique<TlsContext>(settings_, TlsRole::Client) : nullptr;
  exchange_ = std::make_unique<HttpExchange>(settings_.target, tls_.get(), hurry_);
  if (settings_.gzip > 0) {
    gzip_ = std::make_unique<HttpGzip>(static_cast<int>(settings_.gzip));
  }
}

Outcome HttpSink::deliver(Shipment shipment) {
  reason_.clear();
  retry_after_ = 0;
  body_.clear();
  compose(shipment, body_);
  if (body_.empty()) {
    return Outcome::Done;
  }
  std::string header = header_for(body_);
  HttpAnswer answer = exchange_->send(gzip_ ? gzip_->squeeze(body_) : std::string_view(body_), header);
  retry_after_ = answer.retry_after;
  if (remarks_ != nullptr) {
    remarks_->count(remark_of_answer(answer.status));
  }
  if (body_.capacity() > body_kept) {
    body_ = std::string();
  }
  return judge(shipment, answer);
}

Outcome HttpSink::judge(Shipment, const HttpAnswer& answer) {
  Outcome outcome = outcome_of(answer);
  if (outcome != Outcome::Done) {
    explain(answer);
  }
  return outcome;
}

const std::vector<std::string_view>& HttpSink::rows_of(Shipment shipment) {
  rows_.clear();
  for (const Payload* payload : shipment) {
    if (!payload->is_divisible()) {
      rows_.push_back(payload->bytes());
      continue;
    }
    size_t at = 0;
    for (size_t end : payload->row_ends()) {
      rows_.push_back(payload->bytes().substr(at, end - at));
      at = end;
    }
  }
  return rows_;
}

void HttpSink::explain(const HttpAnswer& answer) {
  reason_ = sentence_of(settings_.shown, answer);
}

void HttpSink::reopen() {
  if (reload_certificates(tls_.get(), id_) && exchange_) {
    exchange_->renew();
  }
}

}  // namespace stook
