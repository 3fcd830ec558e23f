// SPDX-License-Identifier: Apache-2.0
/// What all sinks by HTTP do: a shipment becomes one request, and the answer says what becomes of its rows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/plugin.hh"
#include "core/base/room.hh"
#include "core/net/tls.hh"
#include "sinks/http/exchange.hh"
#include "sinks/http/gzip.hh"
#include "sinks/http/settings.hh"

namespace stook {

/// The row without the newline at its end.
inline std::string_view without_newline(std::string_view row) {
  return row.empty() || row.back() != '\n' ? row : row.substr(0, row.size() - 1);
}

/// *Invariants:* a request holds a whole shipment, so that what the engine offers is what a peer takes or refuses.
/// *Rooms:* its carrier.
class HttpSink : public Sink {
 public:
  HttpSink(const HttpSettings& settings, const Make& make)
      : settings_(settings), id_(make.id), hurry_(make.hurry), remarks_(make.remarks) {}

  void open() final ROOM(carrier);
  Outcome deliver(Shipment shipment) final ROOM(carrier);
  std::string reason() const final ROOM(carrier) { return reason_; }
  int64_t retry_after() const final ROOM(carrier) { return retry_after_; }
  size_t shipment_bytes() const final ROOM(carrier) { return settings_.request_size.bytes; }
  void reopen() final ROOM(carrier);

 protected:
  /// Appends the body of the request. Nothing: there is nothing to send.
  virtual void compose(Shipment shipment, std::string& body) ROOM(carrier) = 0;
  /// A header line of the request with this body; empty: none.
  virtual std::string header_for(std::string_view /*body*/) ROOM(carrier) { return {}; }
  /// Says what becomes of the shipment, after `explain` where that is not Done.
  virtual Outcome judge(Shipment shipment, const HttpAnswer& answer) ROOM(carrier);

  /// The bytes of each row of a shipment, in order, with what the codec ends rows with; a payload that is not divisible is
  /// one row. Valid until the next call.
  const std::vector<std::string_view>& rows_of(Shipment shipment) ROOM(carrier);

  void explain(const HttpAnswer& answer) ROOM(carrier);
  void explain(std::string reason) ROOM(carrier) { reason_ = settings_.shown + ": " + std::move(reason); }

 private:
  const HttpSettings& settings_;
  std::string id_;
  int hurry_;
  RemarkMeter* remarks_;
  std::unique_ptr<TlsContext> tls_ OWNED(carrier);  // null without TLS
  std::unique_ptr<HttpExchange> exchange_ OWNED(carrier);
  std::unique_ptr<HttpGzip> gzip_ OWNED(carrier);
  std::string body_ OWNED(carrier);
  std::vector<std::string_view> rows_ OWNED(carrier);
  std::string reason_ OWNED(carrier);
  int64_t retry_after_ OWNED(carrier) = 0;
};

}  // namespace stook
