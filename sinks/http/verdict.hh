// SPDX-License-Identifier: Apache-2.0
/// What the status of an answer says about a retry.
#pragma once

#include <string>
#include <string_view>

#include "core/base/status.hh"
#include "sinks/http/exchange.hh"

namespace stook {

/// What becomes of a shipment that got this status, when the kind of peer knows nothing better.
/// 2xx: Done. 408, 425, 429 and 5xx: Again, but for 501 and 505. What says that the peer does not speak with us, or not
/// like this, is Misconfigured: 3xx, 401, 403, 404, 405 and some more. The rest is Refused.
Outcome outcome_of_status(int status);

/// The same for a whole answer, be it none: what fails on the way is Again, or Misconfigured when only another setting
/// helps. A 400 of nginx that is about TLS is Misconfigured.
Outcome outcome_of(const HttpAnswer& answer);

/// One sentence: `POST http://host/path: 503 Service Unavailable: the begin of the answer; what to change`.
std::string sentence_of(std::string_view shown, const HttpAnswer& answer);

/// The begin of an answer on one line, without what surrounds it.
std::string begin_of(std::string_view body);

}  // namespace stook
