// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/packet_verdict.hh"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <sys/socket.h>

#include <charconv>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "core/base/status.hh"
#include "core/data/endian.hh"

namespace stook {

namespace {

struct VerdictLines {
  // Taken when a source opens its queues, and when a sink meets the rows of another source.
  std::mutex lock;
  std::map<uint32_t, std::weak_ptr<VerdictLine>> all;
  uint32_t last = 0;
};
VerdictLines& lines() {
  static VerdictLines the;
  return the;
}

}  // namespace

std::optional<uint32_t> action_named(std::string_view text) {
  constexpr std::string_view onward = "queue:";
  if (text.substr(0, onward.size()) == onward) {
    uint16_t queue = 0;
    const char* end = text.data() + text.size();
    auto [at, error] = std::from_chars(text.data() + onward.size(), end, queue);
    return error == std::errc() && at == end ? std::optional<uint32_t>(NF_QUEUE_NR(uint32_t{queue})) : std::nullopt;
  }
  return text == "accept"   ? std::optional<uint32_t>(NF_ACCEPT)
         : text == "drop"   ? std::optional<uint32_t>(NF_DROP)
         : text == "repeat" ? std::optional<uint32_t>(NF_REPEAT)
                            : std::nullopt;
}

void VerdictPile::put(uint16_t queue, uint32_t id, const PacketVerdict& verdict) {
  put(NFQNL_MSG_VERDICT, queue, id, verdict);
}

void VerdictPile::put_up_to(uint16_t queue, uint32_t id, const PacketVerdict& verdict) {
  put(NFQNL_MSG_VERDICT_BATCH, queue, id, verdict);
}

void VerdictPile::put(uint16_t type, uint16_t queue, uint32_t id, const PacketVerdict& verdict) {
  nlmsghdr* header = mnl_nlmsg_put_header(bytes_.data() + size_);
  header->nlmsg_type = static_cast<uint16_t>(NFNL_SUBSYS_QUEUE << 8 | type);
  header->nlmsg_flags = NLM_F_REQUEST;
  header->nlmsg_seq = verdict_sequence;
  auto* part = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  part->nfgen_family = AF_UNSPEC;
  part->version = NFNETLINK_V0;
  put_big(reinterpret_cast<char*>(&part->res_id), queue);
  char numbers[sizeof(nfqnl_msg_verdict_hdr)];
  put_big(put_big(numbers, verdict.action), id);
  mnl_attr_put(header, NFQA_VERDICT_HDR, sizeof numbers, numbers);
  if (verdict.has_mark) {
    char mark[sizeof verdict.mark];
    put_big(mark, verdict.mark);
    mnl_attr_put(header, NFQA_MARK, sizeof mark, mark);
  }
  size_ += header->nlmsg_len;  // a multiple of four, as all of its parts are
}

VerdictLine::VerdictLine(uint32_t number, Fd socket, uint16_t first, size_t queues)
    : number_(number), socket_(std::move(socket)), first_(first), done_(queues) {}

bool VerdictLine::send(std::string_view messages) const {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent = -1;
  do {
    sent = ::sendto(socket_.get(), messages.data(), messages.size(), 0, reinterpret_cast<sockaddr*>(&kernel),
                    sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

void VerdictLine::set_done(uint16_t queue, uint32_t id) {
  std::atomic<uint32_t>& done = done_[queue - first_];
  uint32_t before = done.load(std::memory_order_relaxed);
  while (is_behind(id, before) &&
         !done.compare_exchange_weak(before, id, std::memory_order_release, std::memory_order_relaxed)) {}
}

std::shared_ptr<VerdictLine> open_verdict_line(int socket, uint16_t first, size_t queues) {
  Fd own(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  if (!own) {
    throw SetupError(std::string("cannot hold the socket of a queue: ") + std::strerror(errno), errno);
  }
  std::lock_guard guard(lines().lock);
  std::erase_if(lines().all, [](const auto& one) { return one.second.expired(); });
  auto line = std::make_shared<VerdictLine>(++lines().last, std::move(own), first, queues);
  lines().all[line->number()] = line;
  return line;
}

std::shared_ptr<VerdictLine> find_verdict_line(uint32_t number) {
  std::lock_guard guard(lines().lock);
  auto found = lines().all.find(number);
  return found == lines().all.end() ? nullptr : found->second.lock();
}

}  // namespace stook
