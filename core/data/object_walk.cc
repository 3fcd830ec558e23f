// SPDX-License-Identifier: Apache-2.0
#include "core/data/object_walk.hh"

#include <algorithm>

#include "core/data/endian.hh"

namespace stook {

namespace {
uint64_t count_behind(const char* at, size_t width) {
  return width == 1 ? static_cast<uint8_t>(*at) : width == 2 ? big<uint16_t>(at) : big<uint32_t>(at);
}
}  // namespace

ObjectWalk::Head ObjectWalk::head_of(uint8_t tag) {
  constexpr uint8_t widths[] = {1, 2, 4};
  if (tag < 0x80 || tag >= 0xe0 || tag == 0xc0 || tag == 0xc2 || tag == 0xc3) {
    return {1, false, false, 0, 0};
  }
  if (tag < 0x90) {
    return {1, false, true, 0, static_cast<uint8_t>((tag & 0x0f) * 2)};
  }
  if (tag < 0xa0) {
    return {1, false, true, 0, static_cast<uint8_t>(tag & 0x0f)};
  }
  if (tag < 0xc0) {
    return {1, false, false, 0, static_cast<uint8_t>(tag & 0x1f)};
  }
  if (tag >= 0xc4 && tag <= 0xc6) {  // bin
    return {static_cast<uint8_t>(1 + widths[tag - 0xc4]), true, false, 1, 0};
  }
  if (tag >= 0xc7 && tag <= 0xc9) {  // ext: the type behind the count
    return {static_cast<uint8_t>(1 + widths[tag - 0xc7]), true, false, 1, 1};
  }
  if (tag == 0xca || tag == 0xcb) {
    return {1, false, false, 0, static_cast<uint8_t>(tag == 0xca ? 4 : 8)};
  }
  if (tag >= 0xcc && tag <= 0xd3) {  // integers of 1, 2, 4 and 8 bytes
    return {1, false, false, 0, static_cast<uint8_t>(1 << (tag & 3))};
  }
  if (tag >= 0xd4 && tag <= 0xd8) {  // fixext
    return {1, false, false, 0, static_cast<uint8_t>((1 << (tag - 0xd4)) + 1)};
  }
  if (tag >= 0xd9 && tag <= 0xdb) {
    return {static_cast<uint8_t>(1 + widths[tag - 0xd9]), true, false, 1, 0};
  }
  if (tag >= 0xdc && tag <= 0xdf) {
    return {static_cast<uint8_t>((tag & 1) == 0 ? 3 : 5), true, true, static_cast<uint8_t>(tag < 0xde ? 1 : 2), 0};
  }
  return {0, false, false, 0, 0};  // 0xc1 is never used
}

void ObjectWalk::begin(uint64_t most, uint32_t count, size_t depth) {
  left_ = most;
  owed_ = count;
  skips_ = 0;
  depth_ = 0;
  most_depth_ = depth;
  counts_[0] = count;
  fault_ = "";
}

/// A container of so many values begins.
bool ObjectWalk::enter(uint64_t values) {
  if (depth_ == most_depth_) {
    fault_ = "values nested deeper than 64 levels";
    return false;
  }
  if (values > left_ || owed_ > left_ - values) {
    fault_ = "a count of values that cannot all come";
    return false;
  }
  counts_[++depth_] = values;
  owed_ += values;
  return true;
}

/// A value has ended; true when that was the last one.
bool ObjectWalk::finish() {
  for (;;) {
    if (counts_[depth_] > 0) {
      return false;
    }
    if (depth_ == 0) {
      return true;
    }
    depth_--;
  }
}

Stride ObjectWalk::go(std::string_view bytes) {
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  auto stop = [&](Stride::End how) { return Stride{how, static_cast<size_t>(at - bytes.data())}; };
  for (;;) {
    uint64_t step = std::min(skips_, static_cast<uint64_t>(end - at));
    at += step;
    skips_ -= step;
    if (skips_ > 0) {
      return stop(Stride::End::Unfinished);
    }
    if (finish()) {
      return stop(Stride::End::Whole);
    }
    if (at == end) {
      return stop(Stride::End::Unfinished);
    }
    Head head = head_of(static_cast<uint8_t>(*at));
    if (head.size == 0) {
      fault_ = "no msgpack: the byte c1";
      return stop(Stride::End::Wrong);
    }
    if (head.size > end - at) {
      return stop(Stride::End::Unfinished);
    }
    uint64_t size = head.fixed;
    if (head.is_measured) {
      size += count_behind(at + 1, head.size - 1u) * head.unit;
    }
    // `owed_` has this value's first byte.
    uint64_t own = head.size + (head.is_nest ? 0 : size);
    if (own > left_ || owed_ - 1 > left_ - own) {
      fault_ = "a length beyond what may come";
      return stop(Stride::End::Wrong);
    }
    left_ -= own;
    owed_--;
    counts_[depth_]--;
    if (head.is_nest && !enter(size)) {
      return stop(Stride::End::Wrong);
    }
    at += head.size;
    skips_ = head.is_nest ? 0 : size;
  }
}

}  // namespace stook
