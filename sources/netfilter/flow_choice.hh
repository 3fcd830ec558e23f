// SPDX-License-Identifier: Apache-2.0
/// Which connections a source takes: by the networks of both ends and by protocol.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sources/netfilter/tracked_flow.hh"

namespace stook {

/// Lists that are empty take all. *Invariants:* networks have addresses of 4 or 16 bytes, bits behind their prefix clear.
class FlowChoice {
 public:
  /// Each throws std::invalid_argument with one sentence. Networks are 192.0.2.0/24 or 2001:db8::/32, protocols names as in
  /// /etc/protocols or numbers.
  void take_sources(const std::vector<std::string>& networks);
  void take_destinations(const std::vector<std::string>& networks);
  void take_protocols(const std::vector<std::string>& names);

  /// A mark, or a mark and a mask as 0x10/0xf0. Empty: any.
  void take_mark(const std::string& text);

  bool takes(const TrackedFlow& flow) const;

  struct Network {
    std::string address;
    unsigned bits;
  };
  const std::vector<Network>& sources() const { return sources_; }
  const std::vector<Network>& destinations() const { return destinations_; }
  const std::vector<uint8_t>& protocols() const { return protocols_; }

 private:
  static std::vector<Network> read(const char* option, const std::vector<std::string>& networks);
  static bool has(const std::vector<Network>& networks, std::string_view address);

  std::vector<Network> sources_;
  std::vector<Network> destinations_;
  std::vector<uint8_t> protocols_;
  uint32_t mark_ = 0;
  uint32_t mark_mask_ = 0;
};

}  // namespace stook
