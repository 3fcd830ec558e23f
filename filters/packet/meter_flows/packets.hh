// SPDX-License-Identifier: Apache-2.0
/// Packets of a batch, by the keys that `base` makes. Room: the worker that runs the filter.
#pragma once

#include <cstdint>

#include "core/api/plugin.hh"
#include "core/data/batch.hh"
#include "filters/packet/meter_flows/flow.hh"

namespace stook {

/// What a meter reads, in the order in which it declares it.
enum MeterIn : size_t {
  meter_source,
  meter_destination,
  meter_protocol,
  meter_tcp_source,
  meter_tcp_destination,
  meter_udp_source,
  meter_udp_destination,
  meter_sctp_source,
  meter_sctp_destination,
  meter_fin,
  meter_syn,
  meter_rst,
  meter_psh,
  meter_ack,
  meter_urg,
  meter_icmp_type,
  meter_icmp_code,
  meter_icmp_echo,
  meter_icmp6_type,
  meter_icmp6_code,
  meter_icmp6_echo,
  meter_total,
  meter_payload,
  meter_raw_length,
  meter_time,
  meter_second,
  meter_microsecond,
  meter_in,
  meter_out,
  meter_ins
};
void declare_meter_reads(Wiring& wiring);

/// *Invariants:* the columns are those of the batch that `begin` was given.
class MeterPackets {
 public:
  /// `seed`: keys are hashed with it, so that nobody outside can make them collide.
  explicit MeterPackets(uint64_t seed) : seed_(seed) {}

  /// `now`: the time of packets that have none.
  void begin(const Batch& batch, int64_t now);
  /// False: the row is no packet of IP.
  [[nodiscard]] bool read(Row row, MeteredPacket& packet) const;

 private:
  MeterKey key_of(Row row, MeteredPacket& packet) const;
  uint32_t length(Row row, bool is_wide) const;
  int64_t time(Row row) const;
  uint8_t flags(Row row) const;

  uint64_t seed_;
  int64_t now_ = 0;
  const Column* columns_[meter_ins] = {};
};

}  // namespace stook
