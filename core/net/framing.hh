// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Where records begin and end in a stream of bytes. Pure: it looks at bytes, keeps none, and allocates nothing.
///
/// | framing | a record is |
/// |---|---|
/// | lf | what stands before a LF; a CR before it goes |
/// | nul | what stands before a NUL |
/// | octets | a decimal count of bytes, a blank, and so many bytes (RFC 6587, section 3.4.1) |
/// | auto | each record: octets when it begins with a digit, else lf; empty lines between records are none |
/// | length32, length16 | a big-endian count of 4 or 2 bytes, and so many bytes |
/// | ipfix | a message of IPFIX, whose length is in its head (RFC 7011, section 3.1) |
///
/// A count of octets has 1 to 7 digits, no sign and no leading zero, and is at most max_line + 1024; a length is at most
/// 16 MiB. Anything else is a fault of the peer: where the next record begins is not known any more.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/api/option.hh"

namespace stook {

enum class Framing : uint8_t { Lf, Nul, Octets, Auto, Length32, Length16, Ipfix };
template <>
inline constexpr std::string_view choice_names<Framing>[] = {"lf",       "nul",      "octets", "auto",
                                                             "length32", "length16", "ipfix"};

/// How the records of a source are framed.
struct FrameRules {
  Framing framing = Framing::Lf;
  /// A longer record is cut here.
  size_t max_line = 256 * 1024;
  /// While buffers are short records are cut here already.
  size_t cut_at = SIZE_MAX;

  size_t most() const { return max_line < cut_at ? max_line : cut_at; }
};

/// Where a stream stands between two reads.
struct FrameState {
  /// So many bytes more belong to a record that has been cut.
  uint64_t skips = 0;
  /// The value of `skips` up to the next delimiter.
  static constexpr uint64_t to_delimiter = UINT64_MAX;
};

/// What stands next in a stream.
struct Frame {
  /// Cut: the begin of a record longer than max_line; its rest is skipped. Unfinished: more bytes are needed.
  /// Wrong: the peer breaks the framing.
  enum class Kind : uint8_t { Whole, Cut, Unfinished, Wrong };
  Kind kind = Kind::Unfinished;
  std::string_view text;
};

/// Cuts bytes into records. *Invariants:* `rest` is what is in no record yet, at most max_line + 16 bytes once `next` has
/// said Unfinished.
class FrameCutter {
 public:
  /// `scanned`: so many of the bytes are known to hold no delimiter.
  FrameCutter(const FrameRules& rules, FrameState& state, std::string_view bytes, size_t scanned = 0)
      : rules_(rules),
        state_(state),
        at_(bytes.data()),
        end_(bytes.data() + bytes.size()),
        scan_(bytes.data() + scanned) {}

  Frame next();
  std::string_view rest() const { return {at_, static_cast<size_t>(end_ - at_)}; }
  /// After Wrong: what is wrong, in words.
  const char* fault() const { return fault_; }

 private:
  bool skip();
  Frame next_line(char delimiter);
  Frame next_counted();
  Frame odd_count(const char* p);
  Frame next_measured(size_t prefix);
  Frame next_ipfix();
  Frame body(const char* begin, uint64_t size);
  Frame wrong(const char* why);

  const FrameRules& rules_;
  FrameState& state_;
  const char* at_;
  const char* end_;
  const char* scan_;  // no delimiter before this
  const char* fault_ = "";
};

/// Whether `next` would say anything but Unfinished.
bool has_frame(const FrameRules& rules, FrameState state, std::string_view bytes, size_t scanned = 0);

/// What there is of an unfinished record, without its count; empty when nothing is.
std::string_view unfinished_text(const FrameRules& rules, FrameState state, std::string_view rest);

}  // namespace stook
