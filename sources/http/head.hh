// SPDX-License-Identifier: Apache-2.0
/// The head of an HTTP request: request line and headers, RFC 9112. Pure.
///
/// Read as it is written there and not as some others guess: what two readers might understand in two ways is refused, as
/// a request that hides behind another one begins so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace stook {

/// A head is no longer than this, and has no more headers.
inline constexpr size_t http_head_most = 16 * 1024;
inline constexpr size_t http_headers_most = 100;

/// Why a request is refused: a status, and one sentence of static storage.
struct HttpRefusal {
  int status = 0;
  const char* reason = "";
};

/// How a body is packed.
enum class HttpCoding : uint8_t { None, Gzip, Zstd };

/// What a head says. Texts are slices of it, but for the path of a target that has none, which is `/`.
struct HttpHead {
  std::string_view method;
  std::string_view path;  // of the target, up to its query; * of OPTIONS
  std::string_view content_type;
  std::string_view authorization;
  HttpCoding coding = HttpCoding::None;
  bool is_chunked = false;
  bool has_length = false;
  uint64_t length = 0;
  bool expects_continue = false;
  bool keeps_alive = true;
};

/// The size of the head that begins these bytes, its empty line included; 0: it is not complete. `scanned`: so many bytes
/// are known not to hold its end.
size_t http_head_size(std::string_view bytes, size_t scanned = 0);

/// Reads a whole head. False: it is refused; `keeps_alive` is of no use then.
[[nodiscard]] bool read_http_head(std::string_view head, HttpHead& read, HttpRefusal& refusal);

}  // namespace stook
