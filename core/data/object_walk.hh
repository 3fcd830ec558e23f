// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Where values of msgpack end in a stream: bytes are stepped over as they come, and nothing is kept, decoded,
/// reserved or called recursively, so that a length which lies costs nothing. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/data/object.hh"

namespace stook {

/// How far a walk came: so many bytes are stepped over. Whole: the values end there. Unfinished: more bytes are needed;
/// those that are not taken come first again. Wrong: this is no msgpack, or breaks a limit.
struct Stride {
  enum class End : uint8_t { Whole, Unfinished, Wrong };
  End end;
  size_t taken;
};

/// Steps over one or several values. *Invariants:* the values still to come, over all levels, are at least as many
/// bytes, and together with what is to come of the value at hand no more than may still come.
class ObjectWalk {
 public:
  /// `count` values begin, of `most` bytes together; each has `depth` levels at the most. REQUIRES: depth <= max_depth.
  void begin(uint64_t most, uint32_t count = 1, size_t depth = max_object_depth);
  Stride go(std::string_view bytes);
  /// After Wrong: why, in words.
  const char* fault() const { return fault_; }

  /// A map in an entry of the forward protocol stands one level below it.
  static constexpr size_t max_depth = max_object_depth + 1;

 private:
  struct Head {
    uint8_t size;      // of the tag and what counts
    bool is_measured;  // a count stands behind the tag, in `size` - 1 bytes, or, of extensions, one less
    bool is_nest;
    uint8_t unit;  // values a count of a container stands for; or bytes that come in any case
    uint8_t fixed;
  };
  static Head head_of(uint8_t tag);
  bool enter(uint64_t values);
  bool finish();

  uint64_t left_ = 0;   // bytes that may still come
  uint64_t owed_ = 0;   // values that have to
  uint64_t skips_ = 0;  // bytes of the value at hand that are not looked at
  size_t depth_ = 0;
  size_t most_depth_ = 0;
  uint64_t counts_[max_depth + 1] = {};  // by level: values to come there
  const char* fault_ = "";
};

}  // namespace stook
