// SPDX-License-Identifier: Apache-2.0
#include "core/net/reserved.hh"

#include <errno.h>
#include <unistd.h>

#include <cstring>

#include "core/base/status.hh"
#include "core/net/connection.hh"

namespace stook {

void ReservedSockets::bind(const Listening& listening, std::string_view owner) {
  sockets_.push_back(std::make_unique<BoundSocket>(listening, owner));
}

void ReservedSockets::give_to(uid_t user, gid_t group) {
  for (const auto& socket : sockets_) {
    const Endpoint& endpoint = socket->listening().endpoint;
    bool is_file = endpoint.is_unix() && endpoint.path.front() == '/';
    if (is_file && ::lchown(endpoint.path.c_str(), user, group) != 0) {
      throw SetupError("cannot give the socket " + endpoint.path + " to the user: " + std::strerror(errno), errno);
    }
  }
}

void ReservedSockets::offer() {
  for (const auto& socket : sockets_) {
    socket->offer({});
  }
}

}  // namespace stook
