// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/monitor_message.hh"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace stook {

namespace {
constexpr char form = 1;
constexpr size_t id_at = 8;
constexpr size_t id_most = 128;
constexpr size_t target_at = id_at + id_most;
constexpr size_t target_most = 1024;
static_assert(target_at + target_most == monitor_request_size);

constexpr char granted_code = 1;
constexpr char refused_code = 2;
constexpr size_t reason_at = 4;
constexpr size_t reason_most = monitor_answer_size - reason_at;

bool is_control(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), is_control);
}

bool is_right(const MonitorRequest& request) {
  bool fits = request.id.size() <= id_most && request.target.size() <= target_most && !request.target.empty();
  if (!fits || !is_plain(request.id) || !is_plain(request.target)) {
    return false;
  }
  switch (request.deed) {
    case MonitorRequest::Deed::Listen:
      return !request.id.empty();
    case MonitorRequest::Deed::Open:
      return request.id.empty() && !request.is_stream && request.target.front() == '/';
  }
  return false;
}

void put_size(std::string& bytes, size_t at, size_t size) {
  bytes[at] = static_cast<char>(size & 0xff);
  bytes[at + 1] = static_cast<char>(size >> 8 & 0xff);
}

size_t byte_of(std::string_view bytes, size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

size_t size_of(std::string_view bytes, size_t at) {
  return byte_of(bytes, at) | byte_of(bytes, at + 1) << 8;
}

/// Room for the one descriptor that goes with an answer.
struct FdRoom {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> bytes{};
};

Fd fd_of(msghdr& message) {
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  bool is_fd = head != nullptr && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
               head->cmsg_len == CMSG_LEN(sizeof(int));
  if (!is_fd) {
    return {};
  }
  int fd = -1;
  ::memcpy(&fd, CMSG_DATA(head), sizeof fd);
  return Fd(fd);
}

}  // namespace

std::string write_request(const MonitorRequest& request) {
  if (!is_right(request)) {
    return {};
  }
  std::string bytes(monitor_request_size, '\0');
  bytes[0] = form;
  bytes[1] = static_cast<char>(request.deed);
  bytes[2] = request.is_stream ? 1 : 0;
  bytes[3] = static_cast<char>(request.id.size());
  put_size(bytes, 4, request.target.size());
  std::copy(request.id.begin(), request.id.end(), bytes.begin() + id_at);
  std::copy(request.target.begin(), request.target.end(), bytes.begin() + target_at);
  return bytes;
}

// Whatever is not as the writer writes it, down to the last zero, is no request.
std::optional<MonitorRequest> read_request(std::string_view bytes) {
  if (bytes.size() != monitor_request_size || byte_of(bytes, 3) > id_most || size_of(bytes, 4) > target_most) {
    return std::nullopt;
  }
  bool is_listen = bytes[1] == static_cast<char>(MonitorRequest::Deed::Listen);
  MonitorRequest request;
  request.deed = is_listen ? MonitorRequest::Deed::Listen : MonitorRequest::Deed::Open;
  request.is_stream = bytes[2] == 1;
  request.id = bytes.substr(id_at, byte_of(bytes, 3));
  request.target = bytes.substr(target_at, size_of(bytes, 4));
  return write_request(request) == bytes ? std::optional(request) : std::nullopt;
}

std::string write_answer(bool is_granted, std::string_view reason) {
  reason = reason.substr(0, reason_most);
  std::string bytes(monitor_answer_size, '\0');
  bytes[0] = form;
  bytes[1] = is_granted ? granted_code : refused_code;
  put_size(bytes, 2, reason.size());
  std::replace_copy_if(reason.begin(), reason.end(), bytes.begin() + reason_at, is_control, ' ');
  return bytes;
}

std::optional<std::string> read_answer(std::string_view bytes) {
  if (bytes.size() != monitor_answer_size || size_of(bytes, 2) > reason_most) {
    return std::nullopt;
  }
  bool is_granted = bytes[1] == granted_code;
  std::string reason(bytes.substr(reason_at, size_of(bytes, 2)));
  bool is_right = is_granted == reason.empty() && is_plain(reason) && write_answer(is_granted, reason) == bytes;
  return is_right ? std::optional(reason) : std::nullopt;
}

bool send_answer(int socket, const Granted& answer) {
  std::string bytes = write_answer(answer.why.empty(), answer.why);
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  FdRoom room;
  if (answer.fd) {
    message.msg_control = room.bytes.data();
    message.msg_controllen = room.bytes.size();
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    int fd = answer.fd.get();
    ::memcpy(CMSG_DATA(head), &fd, sizeof fd);
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(bytes.size());
}

ReceivedAnswer receive_answer(int socket) {
  std::array<char, monitor_answer_size + 1> bytes{};
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  FdRoom room;
  ssize_t got = 0;
  do {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room.bytes.data();
    message.msg_controllen = room.bytes.size();
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) {
    return {};
  }
  ReceivedAnswer answer;
  answer.granted.fd = fd_of(message);
  std::optional<std::string> reason = read_answer({bytes.data(), static_cast<size_t>(got)});
  answer.is_whole = reason.has_value() && (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  answer.granted.why = reason.value_or("");
  return answer;
}

}  // namespace stook
