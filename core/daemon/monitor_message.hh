// SPDX-License-Identifier: Apache-2.0
/// Floor 5. What stookd and its monitor say to each other: one packet of a SOCK_SEQPACKET pair a request, one an answer.
///
/// A request is 1160 bytes: the form (1), the deed (1 listen, 2 open), 1 for a socket of streams, the id's length, the
/// target's length (two bytes, the low one first), two zeros, 128 bytes for the id, 1024 for the target. What a text does
/// not fill is zero. A listen has the id of a source, and an address as the configuration's texts mean it; an open has no
/// id, and an absolute path. An answer is 260 bytes: the form (1), 1 granted or 2 refused, the reason's length as above, 256
/// bytes for the reason; a descriptor goes with it when it is granted. A packet that is anything else is refused whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/root_door.hh"

namespace stook {

struct MonitorRequest {
  enum class Deed : uint8_t { Listen = 1, Open = 2 };
  Deed deed = Deed::Open;
  bool is_stream = false;
  std::string id;
  std::string target;
};

inline constexpr size_t monitor_request_size = 1160;
inline constexpr size_t monitor_answer_size = 260;

/// The packet; empty when it is no request, or when its texts are too long.
std::string write_request(const MonitorRequest& request);
/// None when the bytes are anything but what write_request gives.
std::optional<MonitorRequest> read_request(std::string_view bytes);

/// The packet. A reason that is too long is cut.
std::string write_answer(bool is_granted, std::string_view reason);
/// The reason of a refusal, empty when it is granted; none when the bytes are anything but what write_answer gives.
std::optional<std::string> read_answer(std::string_view bytes);

/// Sends an answer: with its descriptor, where there is one; else with the reason, where there is one. False: nobody
/// listens any more.
[[nodiscard]] bool send_answer(int socket, const Granted& answer);
/// Waits for an answer. `is_whole` is false when none has come, and then nobody is to be asked again.
struct ReceivedAnswer {
  bool is_whole = false;
  Granted granted;
};
ReceivedAnswer receive_answer(int socket);

}  // namespace stook
