// SPDX-License-Identifier: Apache-2.0
/// Elements of a set of nftables: a line of text into one, and a batch of them into the messages of one transaction.
///
/// linux/netfilter/nf_tables.h is the specification of the messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stook {

/// Where a set is.
struct SetPlace {
  uint8_t family = 0;  // NFPROTO_*
  std::string table;
  std::string set;
};
/// Reads `inet filter banned`. Throws std::invalid_argument with one sentence.
SetPlace read_set_place(const std::string& text);

/// What a set takes.
struct SetShape {
  uint32_t key_type = 0;  // as the program nft numbers them
  uint32_t key_size = 0;
  uint32_t flags = 0;  // NFT_SET_*
  // Of maps: NFT_DATA_VERDICT or, again as nft numbers them.
  uint32_t data_type = 0;
  uint32_t data_size = 0;
};
/// Reads the body of an NFT_MSG_NEWSET. False: it is none. REQUIRES: it lies at a multiple of four.
[[nodiscard]] bool read_set_shape(std::string_view body, SetShape& shape);
/// Why elements of such a set cannot be written, as the end of a sentence; empty: they can.
std::string lack_of_set(const SetShape& shape);

/// What is to be done with one element. Times are ms.
struct SetElement {
  bool is_added = true;
  std::string first;  // the bytes of its key, or of the first one
  std::string last;
  bool is_interval = false;
  bool is_concatenation = false;
  bool is_single = true;  // one key, be it in a set of intervals
  // Of maps: bytes, or what becomes of packets.
  std::string value;
  std::string chain;  // of `jump` and `goto`
  int32_t verdict = 0;
  bool is_verdict = false;
  bool has_value() const { return is_added && (is_verdict || !value.empty()); }
  uint64_t timeout = 0;  // 0: that of the set
};
/// Reads `192.0.2.7`, `add 192.0.2.7`, `add 192.0.2.7 10m` or `delete 192.0.2.7`; networks and ranges of sets of
/// intervals too; `192.0.2.7 . 443` of concatenations; `192.0.2.7 : drop 10m` of maps. Returns why it is none, or nothing.
[[nodiscard]] std::string read_set_element(std::string_view line, const SetShape& shape, SetElement& element);

/// Messages of one transaction. All of it is done, or nothing.
class SetBatch {
 public:
  /// Begins anew.
  void begin();
  /// The kernel names a message that it refuses by its `sequence`, from 1 on.
  void put(const SetPlace& place, const SetElement& element, uint32_t sequence);
  void end();
  std::string_view bytes() const { return bytes_; }

 private:
  void put_mark(uint16_t type);

  std::string bytes_;
};

}  // namespace stook
