// SPDX-License-Identifier: Apache-2.0
/// Rows as flow records: which keys become which elements, and the bytes of each. Room: the worker that encodes.
///
/// What a row becomes, for a sink that makes messages of it, is one record or several, each of them:
///
/// | bytes | what |
/// |---|---|
/// | 2 | size of the fields, big-endian |
/// | 2 | size of the values |
/// | … | the fields, as a template has them: number and length, and a PEN where the number's first bit is set |
/// | … | the values, as a set of data has them |
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/data/batch.hh"
#include "core/data/flow_elements.hh"
#include "core/data/payload.hh"

namespace stook {

/// Appends the value of a cell for an element; false: the element cannot hold it. `to` is as it was then.
[[nodiscard]] bool put_flow_value(std::string& to, const FlowElement& element, const Cell& cell);

/// One record while it is made.
class FlowRecord {
 public:
  static constexpr size_t most = 65'000;

  void clear() {
    fields_.clear();
    values_.clear();
  }
  /// A field of the element's own length, or of variable length. False: its cell does not fit.
  bool put(const FlowElement& element, const Cell& cell);
  /// A number of so many bytes.
  void put(uint16_t id, size_t size, uint64_t value);
  /// A value in bytes.
  void put(uint16_t id, std::string_view bytes);
  bool is_empty() const { return fields_.empty(); }
  bool fits() const { return fields_.size() + values_.size() <= most; }
  void append_to(Payload& payload) const;

 private:
  void field(uint32_t pen, uint16_t id, size_t length);

  std::string fields_;
  std::string values_;
};

/// The keys of a batch that stand for elements. *Invariants:* what is remembered holds for one dictionary and its stamp.
class FlowKeys {
 public:
  /// What a key is. Times come whole, or as seconds and microseconds.
  enum class Part : uint8_t { Value, Start, End, StartSecond, StartMicrosecond, EndSecond, EndMicrosecond };
  struct Present {
    const Column* column;
    Part part;
    /// The element, and the one for addresses of 16 bytes.
    const FlowElement* element;
    const FlowElement* wide;
  };

  FlowKeys();
  /// Those that have a value in some row. Valid until the next call.
  const std::vector<Present>& gather(const Batch& batch);

  /// The element for this cell: that of its width.
  static const FlowElement* element_of(const Present& present, const Cell& cell) {
    bool is_wide = (cell.type == Type::Address && cell.size == 16) ||
                   (cell.type == Type::Text && cell.bytes().find(':') != std::string_view::npos);
    return present.wide != nullptr && is_wide ? present.wide : present.element;
  }

 private:
  struct Known {
    KeyId id;
    Present present;
  };
  struct Elements {
    const FlowElement* element = nullptr;
    const FlowElement* wide = nullptr;
  };
  void learn(const Batch& batch, KeyId id);

  std::unordered_map<std::string_view, Elements> elements_;
  uint64_t stamp_ = 0;
  size_t known_size_ = 0;  // KeyIds looked at
  std::vector<Known> known_;
  std::deque<FlowElement> unknown_;  // elements of `ipfix.PEN.NUMBER`
  std::vector<Present> present_;
};

/// The times of a row, ns since 1970.
struct FlowTimes {
  static constexpr int64_t none = INT64_MIN;
  int64_t start = none;
  int64_t end = none;
};
FlowTimes flow_times(const std::vector<FlowKeys::Present>& keys, Row row);

}  // namespace stook
