// SPDX-License-Identifier: Apache-2.0
/// nftset: adds elements to a named set of nftables, and takes them out again.
///
///     nft add set inet filter banned '{ type ipv4_addr; flags timeout; }'
///     nft add rule inet filter input ip saddr @banned drop
///
///     stack=log:TAIL,p:PARSE_SYSLOG,b:BRUTE_FORCE,ban:NFTSET
///     [ban]
///     set=inet filter banned
///     key=ip.saddr
///     timeout=10m
///
/// A row is a line of its codec, `raw` by default, which writes the value of `key`: `192.0.2.7`. A script may write more, as
/// `add 192.0.2.7 2h` or `delete 192.0.2.7`. Elements are those of sets of ipv4_addr, ipv6_addr, ether_addr, inet_proto,
/// inet_service and mark, and of concatenations of these, `192.0.2.7 . 443`; with flags interval networks and ranges as well. Elements
/// of maps have a value: `192.0.2.7 : 0x10` or, of verdicts, `192.0.2.7 : jump web`.
///
/// The rows that are delivered together are one transaction of nftables. An element that is there already, or that is to be
/// taken out and is not there, is no fault. A line that is no element is refused, and so is one that overlaps an interval.
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/api/plugin.hh"
#include "core/base/status.hh"
#include "sources/netfilter/netlink.hh"
#include "sources/netfilter/set_element.hh"

namespace stook {

namespace {

struct NftsetConfig {
  std::string set;
  Duration timeout;
  std::string netns;

  // Completed by declare.
  SetPlace place;
};

constexpr Option options[] = {
    option<&NftsetConfig::set>("set", required, "family, table and name of the set, as inet filter banned"),
    option<&NftsetConfig::timeout>("timeout", "0", "how long an element stays that does not say it; 0: as the set says",
                                   {0, 86400e9 * 365}),
    option<&NftsetConfig::netns>("netns", "", "network namespace of the set, a name or a path; empty: one's own"),
};

constexpr size_t largest_answer = 64 * 1024;
constexpr uint64_t answers_buffer = 1 << 20;  // errors of a whole transaction
constexpr size_t most_elements = 256;         // of a transaction
constexpr uint32_t shape_sequence = 1;
constexpr const char* other_value = "the map has another value for its key; delete that first";

void declare(void* raw, std::string_view, Wiring&) {
  auto& config = *static_cast<NftsetConfig*>(raw);
  config.place = read_set_place(config.set);
}

/// *Invariants:* a shipment that is offered again is done again from its begin, which changes nothing that was done.
/// *Rooms:* its carrier.
class Nftset final : public Sink {
 public:
  explicit Nftset(const NftsetConfig& config) : config_(config), socket_(largest_answer) {}

  void open() override ROOM(carrier) {
    socket_.open(config_.netns);
    socket_.set_buffer(answers_buffer);
    if (look() != Outcome::Done && error_ == EPERM) {
      throw_no_capability("cannot change sets of nftables", error_);
    }  // a set may be made later, by who loads the rules
  }

  Outcome deliver(Shipment shipment) override ROOM(carrier);
  std::string reason() const override ROOM(carrier) { return reason_; }
  std::span<const RefusedRow> refused_rows() const override ROOM(carrier) { return refused_; }

 private:
  struct Task {
    SetElement element;
    size_t row = 0;
    bool is_over = false;
  };

  Outcome look() ROOM(carrier);
  void take_line(std::string_view line, size_t row) ROOM(carrier);
  Outcome change(std::span<Task> tasks) ROOM(carrier);
  Outcome take_answers(std::span<Task> tasks) ROOM(carrier);
  Outcome take_refusal(Task& task, int error) ROOM(carrier);
  void refuse(const Task& task, const std::string& why) ROOM(carrier) {
    reason_ = why;
    refused_.push_back({task.row, why});
  }
  Outcome fail(Outcome outcome, const std::string& what, int error) ROOM(carrier) {
    reason_ = what + (error != 0 ? std::string(": ") + std::strerror(error) : std::string());
    error_ = error;
    return outcome;
  }
  std::string name() const { return "the set " + config_.set; }

  const NftsetConfig& config_;
  NetlinkSocket socket_ OWNED(carrier);
  SetShape shape_ OWNED(carrier);
  SetBatch batch_ OWNED(carrier);
  std::vector<Task> tasks_ OWNED(carrier);
  std::vector<RefusedRow> refused_ OWNED(carrier);
  std::string reason_ OWNED(carrier);
  int error_ OWNED(carrier) = 0;
  bool has_shape_ OWNED(carrier) = false;
};

/// Asks what the set takes.
Outcome Nftset::look() {
  NetlinkRequest request(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSET, NLM_F_ACK, config_.place.family, 0,
                         shape_sequence);
  request.put(NFTA_SET_TABLE, {config_.place.table.c_str(), config_.place.table.size() + 1});
  request.put(NFTA_SET_NAME, {config_.place.set.c_str(), config_.place.set.size() + 1});
  int error = socket_.send(request) ? EPROTO : errno;
  std::string_view bytes;
  while (error == EPROTO && socket_.receive(bytes) == NetlinkSocket::Step::Some) {
    NetlinkCutter cutter(bytes);
    for (NetlinkMessage message; cutter.next(message);) {
      bool is_set = message.type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSET);
      has_shape_ = is_set ? read_set_shape(message.body, shape_) : has_shape_;
      error = message.type == NLMSG_ERROR && message.sequence == shape_sequence ? message.error : error;
    }
  }
  if (error == EPERM) {
    return fail(Outcome::Misconfigured, "cannot change sets of nftables", error);
  }
  if (error != 0 || !has_shape_) {
    return fail(Outcome::Misconfigured, name() + " is not there; nft add set makes it", error == ENOENT ? 0 : error);
  }
  std::string lack = lack_of_set(shape_);
  bool has_time = config_.timeout.ns == 0 || (shape_.flags & NFT_SET_TIMEOUT) != 0;
  if (!lack.empty() || !has_time) {
    has_shape_ = false;
    return fail(Outcome::Misconfigured, name() + " " + (has_time ? lack : "takes no time-outs; give it flags timeout"),
                0);
  }
  return Outcome::Done;
}

Outcome Nftset::deliver(Shipment shipment) {
  refused_.clear();
  tasks_.clear();
  if (!has_shape_ && look() != Outcome::Done) {
    return Outcome::Misconfigured;
  }
  size_t row = 0;
  for (const Payload* payload : shipment) {
    size_t begin = 0;
    for (uint32_t end : payload->row_ends()) {
      take_line(payload->bytes().substr(begin, end - begin), row++);
      begin = end;
    }
  }
  for (size_t done = 0; done < tasks_.size(); done += most_elements) {
    std::span<Task> some = std::span(tasks_).subspan(done, std::min(most_elements, tasks_.size() - done));
    if (Outcome outcome = change(some); outcome != Outcome::Done) {
      return outcome;
    }
  }
  std::sort(refused_.begin(), refused_.end(), [](const RefusedRow& a, const RefusedRow& b) { return a.row < b.row; });
  return refused_.empty() ? Outcome::Done : Outcome::Refused;
}

void Nftset::take_line(std::string_view line, size_t row) {
  line = line.substr(0, line.find_last_not_of('\n') + 1);
  Task task;
  task.row = row;
  std::string why = read_set_element(line, shape_, task.element);
  if (!why.empty()) {
    refuse(task, why);
    return;
  }
  if (task.element.is_added && task.element.timeout == 0) {
    task.element.timeout = static_cast<uint64_t>(config_.timeout.ns) / 1'000'000;
  }
  tasks_.push_back(std::move(task));
}

/// Each round of it leaves out what the kernel has named, so that it ends.
Outcome Nftset::change(std::span<Task> tasks) {
  for (;;) {
    batch_.begin();
    for (size_t i = 0; i < tasks.size(); i++) {
      if (!tasks[i].is_over) {
        batch_.put(config_.place, tasks[i].element, static_cast<uint32_t>(i + 1));
      }
    }
    batch_.end();
    if (!socket_.send(batch_.bytes())) {
      return fail(Outcome::Again, "cannot tell the kernel", errno);
    }
    auto over = [&] {
      return std::count_if(tasks.begin(), tasks.end(), [](const Task& task) { return task.is_over; });
    };
    auto before = over();
    if (Outcome outcome = take_answers(tasks); outcome != Outcome::Done) {
      return outcome;
    }
    if (over() == before) {
      return Outcome::Done;
    }
  }
}

/// The kernel answers what it refuses, and before send(2) returns; of what it does it says nothing.
Outcome Nftset::take_answers(std::span<Task> tasks) {
  Outcome worst = Outcome::Done;
  std::string_view bytes;
  NetlinkSocket::Step step = socket_.receive(bytes);
  for (; step == NetlinkSocket::Step::Some; step = socket_.receive(bytes)) {
    NetlinkCutter cutter(bytes);
    for (NetlinkMessage message; cutter.next(message);) {
      if (message.type != NLMSG_ERROR || message.error == 0) {
        continue;
      }
      bool is_task = message.sequence >= 1 && message.sequence <= tasks.size();
      Outcome outcome = is_task ? take_refusal(tasks[message.sequence - 1], message.error)
                                : fail(Outcome::Again, "nftables refused the transaction", message.error);
      worst = outcome != Outcome::Done ? outcome : worst;
    }
  }
  if (step != NetlinkSocket::Step::Empty) {
    return fail(Outcome::Again, "cannot read the kernel's answer", errno);
  }
  return worst;
}

/// Done: the task is over, one way or the other.
Outcome Nftset::take_refusal(Task& task, int error) {
  switch (error) {
    case ENOENT:
      if (task.element.is_added) {
        has_shape_ = false;
        return fail(Outcome::Misconfigured, name() + " is not there any more; nft add set makes it", 0);
      }
      break;
    case EEXIST:
      if (task.element.has_value()) {
        refuse(task, other_value);
      } else if (!task.element.is_single) {
        refuse(task, "it overlaps an interval of the set");
      }  // one key that overlaps an interval is in it
      break;
    case EPERM:
      return fail(Outcome::Misconfigured, "cannot change sets of nftables", error);
    case EBUSY:
      if (task.element.has_value()) {  // kernels of old say so of another value
        refuse(task, other_value);
        break;
      }
      return fail(Outcome::Again, "nftables cannot change the set now", error);
    case EAGAIN:
    case EINTR:
    case ENOBUFS:
    case ENOMEM:
      return fail(Outcome::Again, "nftables cannot change the set now", error);
    case ENFILE:
    case ENOSPC:
      return fail(Outcome::Again, name() + " is full", 0);
    default:
      refuse(task, std::string("nftables refuses it: ") + std::strerror(error));
  }
  task.is_over = true;
  return Outcome::Done;
}

void needs_of(const void* config, Needs& needs) {
  add_netlink_needs(static_cast<const NftsetConfig*>(config)->netns, needs);
}

}  // namespace

extern const Plugin sink_nftset;
const Plugin sink_nftset = {
    .kind = Kind::Sink,
    .name = "nftset",
    .doc = "Adds elements to a named set of nftables, and takes them out",
    .options = options,
    .primary = "set",
    .config = config_type<NftsetConfig>,
    .declare = declare,
    .needs = needs_of,
    .sink = make_sink<Nftset, NftsetConfig>,
    .format = "raw",
};

}  // namespace stook
