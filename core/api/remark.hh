// SPDX-License-Identifier: Apache-2.0
/// Floor 2. What an element counts beside rows and bytes: it costs no row, and somebody wants to know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/meter.hh"

namespace stook {

/// Of sources with positions: those that could not be written, and bytes of holes that were skipped. Of what listens:
/// connections that were refused, handshakes of TLS that failed, and peers that proved no key or password. Of what speaks HTTP:
/// requests by the class of their answer, 429 apart from the others of 4xx, and requests of a sink that had no answer.
enum class Remark : uint8_t {
  CheckpointFailures,
  HoleBytes,
  RefusedConnections,
  TlsFailures,
  AuthFailures,
  Answers2xx,
  Answers3xx,
  Answers4xx,
  Answers429,
  Answers5xx,
  NoAnswers
};
inline constexpr size_t remarks = 11;
/// The counter's name in the ledger: `checkpoint_failures`, `answers_2xx`.
std::string_view remark_name(Remark remark);
/// Under what an answer of HTTP counts; status 0: there was none.
Remark remark_of_answer(int status);

/// How much of each. One thread counts, any thread reads.
class RemarkMeter {
 public:
  void count(Remark what, uint64_t number = 1) { counts_[static_cast<size_t>(what)].add(number); }
  uint64_t read(Remark what) const { return counts_[static_cast<size_t>(what)].read(); }

 private:
  Counter counts_[remarks];
};

}  // namespace stook
