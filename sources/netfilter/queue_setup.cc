// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/queue_setup.hh"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdio>
#include <cstring>

#include "core/base/status.hh"
#include "core/data/endian.hh"

namespace stook {

namespace {

constexpr uint32_t prepare_sequence = 1;

void put_command(NetlinkRequest& request, uint8_t command) {
  char bytes[sizeof(nfqnl_msg_config_cmd)] = {};
  bytes[offsetof(nfqnl_msg_config_cmd, command)] = static_cast<char>(command);
  request.put(NFQA_CFG_CMD, {bytes, sizeof bytes});
}

}  // namespace

NetlinkRequest queue_request(uint16_t queue, uint32_t sequence) {
  return {NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG, NLM_F_ACK, AF_UNSPEC, queue, sequence};
}

void prepare_queues(NetlinkSocket& socket) {
  // A command of old that does nothing, but for those who may not ask.
  NetlinkRequest probe = queue_request(0, prepare_sequence);
  put_command(probe, NFQNL_CFG_CMD_PF_BIND);
  int error = socket.ask(probe, prepare_sequence);
  if (error == EPERM || error == EACCES) {
    throw_no_capability("cannot take packets from netfilter's queues", error);
  }
  if (error != 0) {
    throw SetupError(
        "this kernel has no queues of netfilter, CONFIG_NETFILTER_NETLINK_QUEUE: " + std::string(std::strerror(error)),
        error);
  }
}

void put_bind(NetlinkRequest& request, const QueueRules& rules) {
  put_command(request, NFQNL_CFG_CMD_BIND);
  char mode[sizeof(nfqnl_msg_config_params)] = {};
  put_big(mode, rules.copy_range);
  mode[offsetof(nfqnl_msg_config_params, copy_mode)] = static_cast<char>(rules.copy_mode);
  request.put(NFQA_CFG_PARAMS, {mode, sizeof mode});
  request.put32(NFQA_CFG_QUEUE_MAXLEN, rules.length);
  put_flags(request, NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_GSO | NFQA_CFG_F_UID_GID,
            (rules.is_fail_open ? NFQA_CFG_F_FAIL_OPEN : 0U) | (rules.has_large ? NFQA_CFG_F_GSO : 0U) |
                (rules.has_owner ? NFQA_CFG_F_UID_GID : 0U));
}

void put_unbind(NetlinkRequest& request) {
  put_command(request, NFQNL_CFG_CMD_UNBIND);
}

void put_flags(NetlinkRequest& request, uint32_t which, uint32_t flags) {
  request.put32(NFQA_CFG_MASK, which);
  request.put32(NFQA_CFG_FLAGS, flags);
}

std::string holder_of_queue(uint16_t queue) {
  std::string holder;
  std::FILE* file = std::fopen("/proc/net/netfilter/nfnetlink_queue", "re");
  char line[256];
  while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
    unsigned number = 0;
    unsigned port = 0;
    if (std::sscanf(line, "%u %u", &number, &port) == 2 && number == queue) {
      holder = "port id " + std::to_string(port);
    }
  }
  if (file != nullptr) {
    std::fclose(file);
  }
  return holder;
}

}  // namespace stook
