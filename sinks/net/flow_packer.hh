// SPDX-License-Identifier: Apache-2.0
/// Makes messages of NetFlow 9 (RFC 3954) and IPFIX (RFC 7011) out of records: templates, sets and sequence numbers. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/api/option.hh"

namespace stook {

/// When templates are sent. Once: before their first use, and again as `nth` and `period` say. Always: with each message that
/// uses them.
enum class SendTemplate : uint8_t { Once, Always, Never };
template <>
inline constexpr std::string_view choice_names<SendTemplate>[] = {"once", "always", "never"};

struct FlowPacking {
  bool is_ipfix = true;
  uint32_t domain = 0;
  /// Bytes of a message; one record alone may be longer.
  size_t mtu = 512;
  /// Sets of a message.
  size_t sets = 16;
  SendTemplate send_template = SendTemplate::Once;
  /// Templates are sent again after so many messages, and after so long (ns); 0: not.
  uint64_t nth = 16;
  int64_t period = 60'000'000'000;
};

/// One record, as sinks/codecs/flow_fields.hh describes it.
struct FlowPiece {
  std::string_view fields;
  std::string_view values;
};
/// The first record of these bytes, which it is taken from; false: there is none.
[[nodiscard]] bool next_piece(std::string_view& bytes, FlowPiece& piece);

/// Records of one template are together in a message, in their order; those of several templates are not in theirs.
/// *Invariants:* numbers of templates go from `first_template` up, one for each set of fields; when there are too many, all of
/// them begin anew.
class FlowPacker {
 public:
  static constexpr size_t largest = 65'507;
  static constexpr size_t most_templates = 4096;

  explicit FlowPacker(const FlowPacking& packing);

  /// Adds a record. False: it does not fit beside the others, which go first.
  [[nodiscard]] bool add(const FlowPiece& piece, int64_t monotonic_now);
  bool is_empty() const { return records_ == 0; }
  /// The message; counts it as sent. `wall`: ns since 1970; `boot`: this machine's start in ms since 1970.
  std::string take(int64_t wall, int64_t boot, int64_t monotonic_now);
  /// A new session: all templates are due. The sequence of IPFIX begins at 0 (RFC 7011, section 3.1).
  void restart();
  /// Messages that were taken are not sent, so many with so many records: they do not count, and their templates are due.
  void take_back(uint32_t messages, uint32_t records);
  uint32_t records() const { return records_; }

 private:
  struct Form {
    uint16_t id;
    uint32_t fields;
    bool is_known = false;   // the peer has it, as far as we know
    bool is_in_use = false;  // in the message at hand
    uint64_t sent_with = 0;  // message
    int64_t sent_at = 0;
  };

  /// The records of one template in the message at hand.
  struct OpenSet {
    uint16_t id = 0;
    std::string records;
  };

  Form& form_of(std::string_view fields);
  OpenSet* set_of(const Form& form);
  bool has_room(const FlowPiece& piece, bool is_due, bool is_new_set) const;
  bool is_due(const Form& form, int64_t now) const;
  void begin();

  const FlowPacking packing_;
  std::unordered_map<std::string, Form> forms_;
  Form* last_form_ = nullptr;
  std::string last_fields_;
  // The message at hand.
  std::string templates_;
  std::vector<OpenSet> sets_;  // the first `open_` of them
  size_t open_ = 0;
  size_t data_size_ = 0;  // of the open sets, with their heads
  std::vector<Form*> used_;
  uint32_t records_ = 0;
  uint32_t new_templates_ = 0;
  // The session.
  uint64_t messages_ = 0;
  uint32_t sequence_ = 0;  // records sent before, or messages
};

}  // namespace stook
