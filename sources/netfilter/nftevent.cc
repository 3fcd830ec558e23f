// SPDX-License-Identifier: Apache-2.0
/// nftevent: changes of the rules of nftables, one row each, as `nft monitor` has them.
///
/// The changes of one transaction come one after the other, and `gen` behind them, with who made them.
///
///     stack=rules:NFTEVENT,out:JSON
///
/// Rows of `nft add rule inet filter input tcp dport 22 accept comment \"ssh\"`:
///
///     nft.event=new nft.object=rule nft.family=inet nft.table=filter nft.chain=input nft.handle=7 nft.comment=ssh nft.generation=12
///     nft.event=new nft.object=gen nft.generation=12 nft.process=nft nft.pid=4711
#include <linux/netfilter/nfnetlink.h>

#include <string>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "sources/netfilter/listening_source.hh"
#include "sources/netfilter/nft_change.hh"
#include "sources/netfilter/nft_object.hh"

namespace stook {

namespace {

constexpr Option options[] = {
    option<&ListeningConfig::buffer>("netlink_socket_buffer_size", "0",
                                     "bytes that the kernel holds; 0 is the system's default", {0, 1073741824}),
    option<&ListeningConfig::buffer_most>("netlink_socket_buffer_maxsize", "0",
                                          "bytes up to which that grows when it was full; 0 is 32 MiB",
                                          {0, 1073741824}),
    option<&ListeningConfig::netns>("netns", "", "network namespace to listen in, a name or a path; empty: one's own"),
};

enum ChangeKey : size_t {
  change_event,
  change_object,
  change_family,
  change_table,
  change_chain,
  change_set,
  change_name,
  change_handle,
  change_comment,
  change_element,
  change_end,
  change_timeout,
  change_generation,
  change_process,
  change_pid,
  change_raw,
  change_time
};

void declare(void*, std::string_view, Wiring& wiring) {
  wiring.writes = {
      {"nft.event", Type::Text, "", "new or del", false},
      {"nft.object", Type::Text, "", "table, chain, rule, set, set_elem, obj, flowtable, or gen at the end", false},
      {"nft.family", Type::Text, "", "inet, ip, ip6, arp, bridge or netdev", false},
      {"nft.table", Type::Text, "", "the table", false},
      {"nft.chain", Type::Text, "", "the chain", false},
      {"nft.set", Type::Text, "", "the set", false},
      {"nft.name", Type::Text, "", "of named counters and the like", false},
      {"nft.handle", Type::Unsigned, "", "the kernel's number of it", false},
      {"nft.comment", Type::Text, "", "its comment", false},
      {"nft.element", Type::Text, "", "of an element: its key in hexadecimal", false},
      {"nft.is_end", Type::Boolean, "", "the element is what stands behind an interval, whose first one came before",
       false},
      {"nft.timeout", Type::Unsigned, "ms", "of an element that has a time", false},
      {"nft.generation", Type::Unsigned, "", "which state of the rules this leads to; 16 bits of it, but for gen",
       false},
      {"nft.process", Type::Text, "", "who made the change; of gen", false},
      {"nft.pid", Type::Unsigned, "", "its process; of gen", false},
      {"nft", Type::Bytes, "", "the message, as nf_tables has it", true},
      {"recv.time", Type::Time, "", "when it was read", true}};
}

/// *Rooms:* its front.
class Nftevent final : public ListeningSource {
 public:
  explicit Nftevent(const ListeningConfig& config) : ListeningSource(config, NFNLGRP_NFTABLES, "changes of nftables") {}

 protected:
  bool is_row(const NetlinkMessage& message) const override ROOM(front) { return is_nft_change(message.type); }
  Made put(Bundle& bundle, const NetlinkMessage& message, size_t row) override ROOM(front);

 private:
  void fill(Bundle& bundle, const NftChange& change, const NftElement& element) ROOM(front);
};

/// A message on elements is a row for each of them.
Nftevent::Made Nftevent::put(Bundle& bundle, const NetlinkMessage& message, size_t row) {
  NftChange change;
  if (!read_nft_change(message.type, message.body, change)) {
    return Made::Unreadable;
  }
  NftElement element;
  bool is_over = change.elements.empty() ? row > 0 : !read_nft_element(change.elements, row, element);
  if (is_over) {
    return Made::Nothing;
  }
  fill(bundle, change, element);
  if (KeyId id = feed().out(change_raw); id != no_key) {
    bundle.put(id, static_cast<Row>(bundle.rows() - 1), Cell::of_slice(Type::Bytes, bundle.arena().copy(message.body)));
  }
  return Made::One;
}

void Nftevent::fill(Bundle& bundle, const NftChange& change, const NftElement& element) {
  Row row = bundle.append();
  auto set = [&](ChangeKey key, const Cell& cell) ROOM(front) {
    if (KeyId id = feed().out(key); id != no_key) {
      bundle.put(id, row, cell);
    }
  };
  auto text = [&](ChangeKey key, std::string_view value) ROOM(front) {
    if (!value.empty()) {
      set(key, Cell::of_text(bundle.arena().copy(value)));
    }
  };
  auto number = [&](ChangeKey key, uint64_t value) ROOM(front) {
    if (value != 0) {
      set(key, Cell::of_unsigned(value));
    }
  };
  std::string hexadecimal;
  for (char byte : element.key) {
    constexpr char digits[] = "0123456789abcdef";
    hexadecimal += digits[static_cast<unsigned char>(byte) >> 4];
    hexadecimal += digits[byte & 15];
  }
  set(change_event, Cell::of_text(change.is_new ? "new" : "del"));
  set(change_object, Cell::of_text(change.object));
  text(change_family, nft_family(change.family));
  text(change_table, change.table);
  text(change_chain, change.chain);
  text(change_set, change.set);
  text(change_name, change.name);
  number(change_handle, change.handle);
  text(change_comment, change.comment);
  text(change_element, hexadecimal);
  if (element.is_end) {
    set(change_end, Cell::of_boolean(true));
  }
  number(change_timeout, element.timeout);
  number(change_generation, change.generation);
  text(change_process, change.process);
  number(change_pid, change.pid);
  set(change_time, Cell::of_time(wall_ns()));
}

void needs_of(const void* config, Needs& needs) {
  add_netlink_needs(static_cast<const ListeningConfig*>(config)->netns, needs);
}

}  // namespace

extern const Plugin source_nftevent;
const Plugin source_nftevent = {
    .kind = Kind::Source,
    .name = "nftevent",
    .doc = "Changes of the rules of nftables",
    .options = options,
    .config = config_type<ListeningConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Nftevent, ListeningConfig>,
};

}  // namespace stook
