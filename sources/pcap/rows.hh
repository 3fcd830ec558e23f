// SPDX-License-Identifier: Apache-2.0
/// Packets into rows, with the keys that ulogd's NFLOG has. Room: the source's front.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/api/plugin.hh"
#include "sources/pcap/frame.hh"

namespace stook {

enum PcapKey : size_t {
  pcap_pkt,
  pcap_pktlen,
  pcap_pktcount,
  pcap_mac,
  pcap_mac_len,
  pcap_sender,
  pcap_addrlen,
  pcap_type,
  pcap_time_sec,
  pcap_time_usec,
  pcap_time,
  pcap_family,
  pcap_protocol,
  pcap_prefix,
  pcap_hook,
  pcap_mark,
  pcap_in,
  pcap_out,
  pcap_uid,
  pcap_gid,
  pcap_number,
  pcap_number_global,
  pcap_vlan,
  pcap_id,
  pcap_path,
  pcap_keys
};

/// `is_live`: the packets come from no file, and have no key of one.
void declare_pcap_keys(Wiring& wiring, bool is_live = false);

/// Which packets have one lane: those of a flow, in both directions, have the same number.
uint64_t flow_number(const LinkFrame& frame);

/// *Rooms:* its front.
class PcapRows {
 public:
  /// REQUIRES: the feed's source has declared these keys, `is_live` as here.
  void attach(Feed& feed, bool is_live = false) ROOM(front);
  /// What `file.path` and `stook.id` are for the rows that follow.
  void begin_file(const std::string& path, std::string id) ROOM(front) {
    path_ = path;
    id_ = std::move(id);
  }
  /// Appends a row. REQUIRES: the bundle has room.
  void put(Bundle& bundle, const CapturedPacket& packet, const LinkFrame& frame, uint64_t offset) ROOM(front);

 private:
  void put_bytes(Bundle& bundle, Row row, const CapturedPacket& packet, const LinkFrame& frame) ROOM(front);
  void put_more(Bundle& bundle, Row row, const LinkFrame& frame, uint64_t offset) ROOM(front);
  void set(Bundle& bundle, PcapKey key, Row row, const Cell& cell) const ROOM(front) {
    if (ids_[key] != no_key) {
      bundle.put(ids_[key], row, cell);
    }
  }
  void set_number(Bundle& bundle, PcapKey key, Row row, int64_t number) const ROOM(front) {
    if (number >= 0) {
      set(bundle, key, row, Cell::of_unsigned(static_cast<uint64_t>(number)));
    }
  }

  KeyId ids_[pcap_keys] OWNED(front) = {};
  bool wants_head_ OWNED(front) = false;  // something before the network layer
  bool wants_more_ OWNED(front) = false;  // keys that few read
  uint64_t rows_ OWNED(front) = 0;
  std::string path_ OWNED(front);
  std::string id_ OWNED(front);
};

}  // namespace stook
