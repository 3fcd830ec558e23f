// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/unixsock_reader.hh"

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>

namespace stook {

namespace {

/// In ulogd's order, which its GPRINT and OPRINT show.
enum UnixsockKey : size_t {
  raw_mac,
  raw_pkt,
  raw_pktlen,
  raw_pktcount,
  oob_prefix,
  time_sec,
  time_usec,
  oob_mark,
  oob_in,
  oob_out,
  oob_hook,
  mac_len,
  seq_local,
  seq_global,
  oob_family,
  oob_protocol,
  oob_uid,
  oob_gid,
  raw_label,
  raw_type,
  mac_saddr,
  mac_addrlen,
  user_name,
  user_number,
  os_name,
  os_rel,
  os_vers,
  app_name
};

}  // namespace

void declare_unixsock_keys(Wiring& wiring) {
  wiring.writes = {{"raw.mac", Type::Bytes, "", "never there: the protocol has none", true},
                   {"raw.pkt", Type::Bytes, "", "the packet from its IP header on", true},
                   {"raw.pktlen", Type::Unsigned, "B", "its bytes", false},
                   {"raw.pktcount", Type::Unsigned, "", "1", false},
                   {"oob.prefix", Type::Text, "", "the prefix that the sender gives", false},
                   {"oob.time.sec", Type::Unsigned, "s", "when the packet came, since 1970", false},
                   {"oob.time.usec", Type::Unsigned, "us", "never there", false},
                   {"oob.mark", Type::Unsigned, "", "never there", false},
                   {"oob.in", Type::Text, "", "the interface it came by", false},
                   {"oob.out", Type::Text, "", "the interface it leaves by", false},
                   {"oob.hook", Type::Unsigned, "", "never there", false},
                   {"raw.mac_len", Type::Unsigned, "B", "never there", false},
                   {"oob.seq.local", Type::Unsigned, "", "never there", false},
                   {"oob.seq.global", Type::Unsigned, "", "never there", false},
                   {"oob.family", Type::Unsigned, "", "2 IPv4, 10 IPv6", false},
                   {"oob.protocol", Type::Unsigned, "", "never there", false},
                   {"oob.uid", Type::Unsigned, "", "never there", false},
                   {"oob.gid", Type::Unsigned, "", "never there", false},
                   {"raw.label", Type::Unsigned, "", "state: 0 drop, 1 open, 2 established, 3 close, 4 unknown", false},
                   {"raw.type", Type::Unsigned, "", "never there", false},
                   {"raw.mac.saddr", Type::Bytes, "", "never there", true},
                   {"raw.mac.addrlen", Type::Unsigned, "B", "never there", false},
                   {"nufw.user.name", Type::Text, "", "the user", false},
                   {"nufw.user.id", Type::Unsigned, "", "the user's number", false},
                   {"nufw.os.name", Type::Text, "", "the system of the user's machine", false},
                   {"nufw.os.rel", Type::Text, "", "its release", false},
                   {"nufw.os.vers", Type::Text, "", "its version", false},
                   {"nufw.app.name", Type::Text, "", "the program", false}};
}

void put_unixsock_row(Feed& feed, Bundle& bundle, const UnixsockUnit& unit) {
  Row row = bundle.append();
  auto number = [&](size_t key, uint64_t value) {
    if (KeyId id = feed.out(key); id != no_key) {
      bundle.put(id, row, Cell::of_unsigned(value));
    }
  };
  auto bytes = [&](size_t key, Type type, std::string_view value) {
    KeyId id = feed.out(key);
    if (id != no_key && !value.empty()) {
      bundle.put(id, row, Cell::of_slice(type, bundle.arena().copy(value)));
    }
  };
  if (!unit.packet.empty()) {
    unsigned version = static_cast<unsigned char>(unit.packet[0]) >> 4;
    bytes(raw_pkt, Type::Bytes, unit.packet);
    number(raw_pktlen, unit.packet.size());
    if (version == 4 || version == 6) {
      number(oob_family, version == 4 ? AF_INET : AF_INET6);
    }
  }
  number(raw_pktcount, 1);
  bytes(oob_prefix, Type::Text, unit.prefix);
  bytes(oob_in, Type::Text, unit.in);
  bytes(oob_out, Type::Text, unit.out);
  bytes(user_name, Type::Text, unit.user);
  bytes(os_name, Type::Text, unit.system);
  bytes(os_rel, Type::Text, unit.release);
  bytes(os_vers, Type::Text, unit.version);
  bytes(app_name, Type::Text, unit.program);
  if (unit.time) {
    number(time_sec, *unit.time);
  }
  if (unit.user_id) {
    number(user_number, *unit.user_id);
  }
  if (unit.state) {
    number(raw_label, *unit.state);
  }
}

void UnixsockReader::shrink(StreamShape& shape) {
  count_out(shape);
  if (bytes_.empty()) {
    std::string().swap(bytes_);
  }
  count_in(shape);
}

RecordReader::Step UnixsockReader::receive(Receiver& from, StreamShape& shape) {
  size_t held = bytes_.size();
  count_out(shape);
  bytes_.resize(held + read_size);
  count_in(shape);
  ssize_t got = from.receive(bytes_.data() + held, read_size);
  int error = errno;
  bytes_.resize(held + static_cast<size_t>(std::max<ssize_t>(got, 0)));
  errno = error;
  if (got <= 0) {
    return got == 0 ? Step::End : errno == EAGAIN ? Step::Blocked : Step::Failed;
  }
  shape.rows.feed().count_bytes(static_cast<uint64_t>(got));
  return Step::Some;
}

RecordReader::Step UnixsockReader::read(Receiver& from, StreamShape& shape, const Peer&, uint64_t number) {
  Feed& feed = shape.rows.feed();
  if (!has_records_) {
    if (feed.bundle(number) == nullptr) {
      return Step::Paused;
    }
    if (Step step = receive(from, shape); step != Step::Some) {
      return step;
    }
  }
  size_t taken = 0;
  Step step = take_units(feed, number, taken);
  bytes_.erase(0, taken);
  has_records_ = step == Step::Paused;
  return step;
}

/// `taken`: so many of the bytes were units.
RecordReader::Step UnixsockReader::take_units(Feed& feed, uint64_t number, size_t& taken) {
  for (std::string_view rest = bytes_; !rest.empty(); rest = std::string_view(bytes_).substr(taken)) {
    UnixsockStart start = start_of_unit(rest);
    if (start.kind != UnixsockStart::Kind::Whole) {
      return start.kind == UnixsockStart::Kind::Wrong ? Step::Wrong : Step::Some;
    }
    Bundle* bundle = feed.bundle(number);
    if (bundle == nullptr) {
      return Step::Paused;
    }
    UnixsockUnit unit;
    if (read_unixsock_unit(rest.substr(0, start.size), unit)) {
      put_unixsock_row(feed, *bundle, unit);
    } else {
      feed.lose(Loss::Unreadable, 1);
    }
    taken += start.size;
  }
  return Step::Some;
}

bool UnixsockReader::flush(StreamShape& shape, const Peer&, uint64_t) {
  if (!bytes_.empty()) {
    shape.rows.feed().lose(Loss::Framing, 1);
    bytes_.clear();
  }
  return true;
}

}  // namespace stook
