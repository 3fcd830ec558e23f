// SPDX-License-Identifier: Apache-2.0
/// The planned keys of samples of sFlow.
#pragma once

#include <cstddef>
#include <vector>

#include "core/data/schema.hh"

namespace stook {

/// In the order of sampled_keys().
enum SampledKey : size_t {
  sampled_kind,
  sampled_agent,
  sampled_sub_agent,
  sampled_source,
  sampled_interval,
  sampled_pool,
  sampled_drops,
  sampled_in,
  sampled_out,
  sampled_frame_size,
  sampled_pkt,
  sampled_pktlen,
  sampled_pktcount,
  sampled_mac,
  sampled_mac_len,
  sampled_type,
  sampled_family,
  sampled_protocol,
  sampled_vlan,
  sampled_saddr,
  sampled_daddr,
  sampled_ip_protocol,
  sampled_sport,
  sampled_dport,
};

std::vector<Key> sampled_keys();

}  // namespace stook
