// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/event_filter.hh"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/data/endian.hh"

namespace stook {

namespace {

constexpr size_t most_choices = 16;  // jumps are of 255 steps at most
constexpr uint32_t all = UINT32_MAX;
constexpr auto search = static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_NLATTR);
constexpr auto search_within = static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_NLATTR_NEST);
/// Places of the program's memory.
enum Memory : uint32_t { tuple_at, word };

/// A program as it grows. *Invariants:* jumps to the end are made right by `finish`.
class EventProgram {
 public:
  EventProgram() {
    add(BPF_LD | BPF_W | BPF_ABS, offsetof(nlmsghdr, nlmsg_seq));
    add(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, let_through);
    add(BPF_LD | BPF_IMM, size_t{NLMSG_HDRLEN} + sizeof(nfgenmsg));
    find(search, CTA_TUPLE_ORIG);
    add(BPF_ST, tuple_at);
  }

  void take_protocols(const std::vector<uint8_t>& protocols) {
    if (protocols.empty() || protocols.size() > most_choices) {
      return;
    }
    add(BPF_LD | BPF_MEM, tuple_at);
    find(search_within, CTA_TUPLE_PROTO);
    find(search_within, CTA_PROTO_NUM);
    add(BPF_MISC | BPF_TAX, 0);
    add(BPF_LD | BPF_B | BPF_IND, NLA_HDRLEN);
    for (size_t i = 0; i < protocols.size(); i++) {
      add(BPF_JMP | BPF_JEQ | BPF_K, protocols[i], static_cast<uint8_t>(protocols.size() - i));  // behind the refusal
    }
    add(BPF_RET | BPF_K, 0);
  }

  void take_networks(const std::vector<FlowChoice::Network>& networks, uint32_t attribute) {
    if (networks.empty() || networks.size() > most_choices) {
      return;
    }
    add(BPF_LD | BPF_MEM, tuple_at);
    find(search_within, CTA_TUPLE_IP);
    find(search_within, attribute);
    add(BPF_MISC | BPF_TAX, 0);
    add(BPF_LD | BPF_W | BPF_IND, NLA_HDRLEN);
    add(BPF_ST, word);
    std::vector<sock_filter> looks;
    for (const FlowChoice::Network& network : networks) {
      if (network.address.size() == sizeof(uint32_t)) {
        uint32_t mask = network.bits == 0 ? 0 : all << (32 - network.bits);
        looks.push_back({BPF_LD | BPF_MEM, 0, 0, word});
        looks.push_back({BPF_ALU | BPF_AND | BPF_K, 0, 0, mask});
        looks.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 0, big<uint32_t>(network.address.data()) & mask});
      }
    }
    for (size_t i = 2; i < looks.size(); i += 3) {  // behind the refusal
      looks[i].jt = static_cast<uint8_t>(looks.size() - i);
    }
    program_.insert(program_.end(), looks.begin(), looks.end());
    add(BPF_RET | BPF_K, 0);
  }

  std::vector<sock_filter> finish() {
    for (size_t i = 0; i < program_.size(); i++) {
      auto to_end = static_cast<uint8_t>(program_.size() - i - 1);
      sock_filter& one = program_[i];
      one.jt = one.jt == let_through ? to_end : one.jt;
      one.jf = one.jf == let_through ? to_end : one.jf;
    }
    add(BPF_RET | BPF_K, all);
    return std::move(program_);
  }

 private:
  static constexpr uint8_t let_through = 255;

  void add(uint16_t code, size_t k, uint8_t yes = 0, uint8_t no = 0) {
    program_.push_back({code, yes, no, static_cast<uint32_t>(k)});
  }
  // Where an attribute begins; a message without it is let through.
  void find(uint32_t how, uint32_t attribute) {
    add(BPF_LDX | BPF_IMM, attribute);
    add(BPF_LD | BPF_W | BPF_ABS, how);
    add(BPF_JMP | BPF_JEQ | BPF_K, 0, let_through, 0);
  }

  std::vector<sock_filter> program_;
};

}  // namespace

std::vector<sock_filter> event_filter(const FlowChoice& choice) {
  EventProgram program;
  size_t bare = EventProgram().finish().size();
  program.take_protocols(choice.protocols());
  program.take_networks(choice.sources(), CTA_IP_V4_SRC);
  program.take_networks(choice.destinations(), CTA_IP_V4_DST);
  std::vector<sock_filter> made = program.finish();
  return made.size() > bare ? made : std::vector<sock_filter>();
}

}  // namespace stook
