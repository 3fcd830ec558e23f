// SPDX-License-Identifier: Apache-2.0
/// The body of an HTTP request: so many bytes, or chunks (RFC 9112, section 7.1). Pure.
///
/// A chunk is a size of 1 to 8 hex digits, an extension that is ignored, CR LF, the bytes, CR LF; the last one has size 0 and
/// is followed by trailers, which are ignored, and an empty line. Lines of sizes are no longer than 256 bytes, and all
/// trailers together than 16 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sources/http/head.hh"

namespace stook {

/// Finds the bytes of one body among those of its connection. *Invariants:* after End or Wrong nothing is taken.
class HttpBodyReader {
 public:
  enum class Step : uint8_t { Bytes, More, End, Wrong };

  void begin(const HttpHead& head);
  /// Looks at the next bytes of the connection, and takes some of them away. Bytes: `piece` is a part of the body; call
  /// again. More: all are taken, the body goes on. End: what is left belongs to the next request. Wrong: see `refusal`.
  Step next(std::string_view& bytes, std::string_view& piece);
  const HttpRefusal& refusal() const { return refusal_; }

 private:
  enum class State : uint8_t { Length, Size, Extension, SizeEnd, Data, DataEnd, Trailer, End, Wrong };
  bool step(std::string_view& bytes);
  bool take_digit(char c);
  bool end_chunk(char c);
  bool take_trailer(char c);
  bool wrong(const char* reason);

  State state_ = State::End;
  uint64_t left_ = 0;  // of the body, or of the chunk
  size_t digits_ = 0;
  size_t line_ = 0;      // bytes of the line at hand
  size_t trailers_ = 0;  // bytes of all of them
  bool is_after_cr_ = false;
  HttpRefusal refusal_;
};

}  // namespace stook
