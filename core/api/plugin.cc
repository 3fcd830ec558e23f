// SPDX-License-Identifier: Apache-2.0
#include "core/api/plugin.hh"

namespace stook {

std::string_view kind_name(Kind kind) {
  constexpr std::string_view names[] = {"source", "filter", "codec", "sink"};
  return names[static_cast<size_t>(kind)];
}

std::string_view remark_name(Remark remark) {
  static constexpr std::string_view names[remarks] = {
      "checkpoint_failures", "hole_bytes",  "refused_connections", "tls_failures", "auth_failures", "answers_2xx",
      "answers_3xx",         "answers_4xx", "answers_429",         "answers_5xx",  "no_answers"};
  return names[static_cast<size_t>(remark)];
}

Remark remark_of_answer(int status) {
  switch (status / 100) {
    case 2:
      return Remark::Answers2xx;
    case 3:
      return Remark::Answers3xx;
    case 4:
      return status == 429 ? Remark::Answers429 : Remark::Answers4xx;
    case 5:
      return Remark::Answers5xx;
    default:
      return Remark::NoAnswers;
  }
}

std::string_view loss_name(Loss loss) {
  constexpr std::string_view names[losses] = {"kernel", "overrun", "pool", "too_long", "unreadable", "framing"};
  return names[static_cast<size_t>(loss)];
}

}  // namespace stook
