// SPDX-License-Identifier: Apache-2.0
#include "filters/flow/values.hh"

#include <bit>

#include "core/data/endian.hh"

namespace stook {

namespace {

constexpr int64_t second = 1'000'000'000;
constexpr int64_t millisecond = 1'000'000;
constexpr uint64_t most_milliseconds = INT64_MAX / millisecond;
constexpr int64_t no_time = INT64_MIN;
/// Seconds from 1900 to 1970, and of the first era of NTP, which ends in 2036.
constexpr int64_t ntp_to_unix = 2'208'988'800;
constexpr int64_t ntp_era = int64_t{1} << 32;

uint64_t number_at(const char* at, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; i++) {
    value = value << 8 | static_cast<unsigned char>(at[i]);
  }
  return value;
}

int64_t signed_at(const char* at, size_t size) {
  auto shift = static_cast<unsigned>(64 - 8 * size);
  return static_cast<int64_t>(number_at(at, size) << shift) >> shift;
}

/// 32 bits of seconds and 32 of their fraction; seconds in the lower half are those after 2036 (RFC 4330, section 3).
int64_t ntp_at(const char* at) {
  int64_t seconds = big<uint32_t>(at);
  uint64_t fraction = big<uint32_t>(at + 4);
  seconds += seconds < ntp_era / 2 ? ntp_era : 0;
  return (seconds - ntp_to_unix) * second + static_cast<int64_t>((fraction * second) >> 32);
}

}  // namespace

template <class Make>
void FlowValues::put_each(KeyId key, const char* at, Make&& make) {
  Column* column = batch_.write(key);
  if (column == nullptr) {
    return;
  }
  for (uint32_t i = 0; i < count_; i++, at += stride_) {
    column->set(static_cast<Row>(first_ + i), make(at));
  }
}

void FlowValues::put_unsigned(KeyId key, std::string_view bytes) {
  const char* at = bytes.data();
  switch (bytes.size()) {
    case 1:
      put_each(key, at, [](const char* p) { return Cell::of_unsigned(static_cast<unsigned char>(*p)); });
      break;
    case 2:
      put_each(key, at, [](const char* p) { return Cell::of_unsigned(big<uint16_t>(p)); });
      break;
    case 4:
      put_each(key, at, [](const char* p) { return Cell::of_unsigned(big<uint32_t>(p)); });
      break;
    case 8:
      put_each(key, at, [](const char* p) { return Cell::of_unsigned(big<uint64_t>(p)); });
      break;
    default:
      put_each(key, at, [&](const char* p) { return Cell::of_unsigned(number_at(p, bytes.size())); });
  }
}

int64_t FlowValues::time_of(const FlowField& field, const char* at) const {
  uint64_t value = 0;
  switch (field.decode) {
    case FlowDecode::Seconds:
      return int64_t{big<uint32_t>(at)} * second;
    case FlowDecode::Milliseconds:
      value = big<uint64_t>(at);
      return value > most_milliseconds ? no_time : static_cast<int64_t>(value) * millisecond;
    case FlowDecode::Ntp:
      return ntp_at(at);
    case FlowDecode::Delta:
      return clock_.sent - static_cast<int64_t>(number_at(at, field.length)) % (INT64_MAX / 4000) * 1000;
    case FlowDecode::Uptime:
      value = number_at(at, field.length);
      if (clock_.uptime != FlowClock::unknown) {
        // The counter of milliseconds wraps after 49 days: only the difference counts.
        auto age = static_cast<int32_t>(static_cast<uint32_t>(clock_.uptime) - static_cast<uint32_t>(value));
        return clock_.sent - int64_t{age} * millisecond;
      }
      return clock_.start == FlowClock::unknown ? no_time
                                                : clock_.start + static_cast<int64_t>(value & 0xffffffff) * millisecond;
    default:
      return no_time;
  }
}

void FlowValues::put_time(const FlowField& field, std::string_view bytes) {
  Column* whole = batch_.write(field.key);
  Column* seconds = batch_.write(field.seconds);
  Column* microseconds = batch_.write(field.microseconds);
  const char* at = bytes.data();
  for (uint32_t i = 0; i < count_; i++, at += stride_) {
    Row row = static_cast<Row>(first_ + i);
    int64_t time = time_of(field, at);
    if (time == no_time) {
      batch_.meter().type_faults.add(1);
      continue;
    }
    if (whole != nullptr) {
      whole->set(row, Cell::of_time(time));
    }
    bool is_countable = time >= 0;
    if (seconds != nullptr && is_countable) {
      seconds->set(row, Cell::of_unsigned(static_cast<uint64_t>(time / second)));
    }
    if (microseconds != nullptr && is_countable) {
      microseconds->set(row, Cell::of_unsigned(static_cast<uint64_t>(time % second / 1000)));
    }
  }
}

void FlowValues::put_mac(KeyId key, const char* at) {
  constexpr char hex[] = "0123456789abcdef";
  constexpr size_t size = 17;
  put_each(key, at, [&](const char* p) {
    char* text = batch_.arena().take(size);
    for (size_t i = 0; i < 6; i++) {
      auto byte = static_cast<unsigned char>(p[i]);
      text[3 * i] = hex[byte >> 4];
      text[3 * i + 1] = hex[byte & 15];
      if (i < 5) {
        text[3 * i + 2] = ':';
      }
    }
    return Cell::of_text({text, size});
  });
}

// Exporters fill texts of fixed length up with NUL.
void FlowValues::put_text(KeyId key, std::string_view bytes) {
  put_each(key, bytes.data(), [&](const char* p) {
    std::string_view text(p, bytes.size());
    return Cell::of_text(text.substr(0, text.find_last_not_of('\0') + 1));
  });
}

void FlowValues::put(const FlowField& field, std::string_view bytes) {
  if (field.is_lost) {
    batch_.meter().keys_lost.add(count_);
    return;
  }
  if (field.is_time) {
    put_time(field, bytes);
    return;
  }
  const char* at = bytes.data();
  switch (field.decode) {
    case FlowDecode::Skip:
      break;
    case FlowDecode::Unsigned:
      put_unsigned(field.key, bytes);
      break;
    case FlowDecode::Signed:
      put_each(field.key, at, [&](const char* p) { return Cell::of_integer(signed_at(p, bytes.size())); });
      break;
    case FlowDecode::Real:
      if (bytes.size() == 4) {
        put_each(field.key, at,
                 [](const char* p) { return Cell::of_real(double{std::bit_cast<float>(big<uint32_t>(p))}); });
      } else {
        put_each(field.key, at, [](const char* p) { return Cell::of_real(std::bit_cast<double>(big<uint64_t>(p))); });
      }
      break;
    case FlowDecode::Boolean:
      put_each(field.key, at, [](const char* p) { return Cell::of_boolean(*p == 1); });
      break;
    case FlowDecode::Mac:
      put_mac(field.key, at);
      break;
    case FlowDecode::Text:
      put_text(field.key, bytes);
      break;
    case FlowDecode::Address:
      put_each(field.key, at, [&](const char* p) { return Cell::of_slice(Type::Address, {p, bytes.size()}); });
      break;
    case FlowDecode::Bytes:
      put_each(field.key, at, [&](const char* p) { return Cell::of_slice(Type::Bytes, {p, bytes.size()}); });
      break;
    default: {
      Column* column = batch_.write(field.key);
      for (uint32_t i = 0; column != nullptr && i < count_; i++, at += stride_) {
        int64_t time = time_of(field, at);
        if (time != no_time) {
          column->set(static_cast<Row>(first_ + i), Cell::of_time(time));
        }
      }
    }
  }
}

}  // namespace stook
