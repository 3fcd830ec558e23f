// SPDX-License-Identifier: Apache-2.0
#include "core/net/rows.hh"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/api/identity.hh"
#include "core/base/clock.hh"

namespace stook {

namespace {

const Key& key_of(NetKey key) {
  static const Key keys[net_keys] = {
      {"message", Type::Text, "", "the record, without its framing", false},
      {"truncated", Type::Boolean, "", "set when the record was longer than max_line", false},
      {"partial", Type::Boolean, "", "set when the record was not complete: its peer closed, or fell silent", false},
      {"recv.time", Type::Time, "", "when the record was read", true},
      {"stook.id", Type::Text, "", "tells the row from all others", true},
      {"peer.ip", Type::Address, "", "the address it came from", true},
      {"peer.port", Type::Unsigned, "", "the port it came from", true},
      {"peer.pid", Type::Unsigned, "", "the process that sent it, as the kernel says", true},
      {"peer.uid", Type::Unsigned, "", "that process's user", true},
      {"peer.gid", Type::Unsigned, "", "that process's group", true},
      {"tag", Type::Text, "", "the tag it came with", false},
      {"time", Type::Time, "", "the time it came with", false},
      {"record", Type::Object, "", "the record, a map, not looked into", false},
  };
  return keys[static_cast<size_t>(key)];
}

void put_all(Column* column, size_t first, size_t end, const Cell& cell) {
  for (size_t row = first; column != nullptr && row < end; row++) {
    column->set(static_cast<Row>(row), cell);
  }
}

}  // namespace

std::string Peer::text() const {
  if (!process) {
    return address.text();
  }
  return "pid " + std::to_string(process->pid) + " of uid " + std::to_string(process->uid);
}

NetRows::NetRows(std::span<const NetKey> keys) {
  std::fill(std::begin(places_), std::end(places_), int8_t{-1});
  for (size_t i = 0; i < keys.size(); i++) {
    places_[static_cast<size_t>(keys[i])] = static_cast<int8_t>(i);
  }
}

void NetRows::declare(Wiring& wiring, std::span<const NetKey> keys) {
  for (NetKey key : keys) {
    wiring.writes.push_back(key_of(key));
  }
}

void NetRows::attach(Feed& feed) {
  feed_ = &feed;
  id_ = id_of_run(feed.id());
}

void NetRows::put_peer(Bundle& bundle, size_t first, const Peer& peer) const {
  size_t end = bundle.rows();
  std::string_view ip = peer.address.ip();
  if (!ip.empty()) {
    if (Column* column_of_ip = column(bundle, NetKey::PeerIp)) {
      put_all(column_of_ip, first, end, Cell::of_slice(Type::Address, bundle.arena().copy(ip)));
    }
    put_all(column(bundle, NetKey::PeerPort), first, end, Cell::of_unsigned(peer.address.port()));
  }
  if (peer.process) {
    put_all(column(bundle, NetKey::PeerPid), first, end, Cell::of_unsigned(static_cast<uint64_t>(peer.process->pid)));
    put_all(column(bundle, NetKey::PeerUid), first, end, Cell::of_unsigned(peer.process->uid));
    put_all(column(bundle, NetKey::PeerGid), first, end, Cell::of_unsigned(peer.process->gid));
  }
}

void NetRows::put_time(Bundle& bundle, size_t first) const {
  if (Column* time = column(bundle, NetKey::RecvTime)) {
    put_all(time, first, bundle.rows(), Cell::of_time(wall_ns()));
  }
}

void NetRows::put_id(Bundle& bundle, Row row, uint64_t stream, uint64_t position) const {
  constexpr size_t digits = 20;
  char* begin = bundle.arena().reserve(id_.size() + 2 * digits + 1);
  std::memcpy(begin, id_.data(), id_.size());
  char* at = std::to_chars(begin + id_.size(), begin + id_.size() + digits, stream).ptr;
  *at++ = '.';
  at = std::to_chars(at, at + digits, position).ptr;
  auto size = static_cast<size_t>(at - begin);
  bundle.arena().commit(size);
  bundle.put(id_of(NetKey::Id), row, Cell::of_text({begin, size}));
}

}  // namespace stook
