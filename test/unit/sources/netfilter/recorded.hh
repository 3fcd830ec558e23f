// SPDX-License-Identifier: Apache-2.0
/// Datagrams of netlink as they were recorded, written in hexadecimal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stook::test {

/// Bytes at a multiple of eight, as the source has them.
class Recorded {
 public:
  explicit Recorded(std::string_view hex) : words_(hex.size() / 16 + 1), size_(hex.size() / 2) {
    for (size_t i = 0; i < size_; i++) {
      data()[i] = static_cast<char>(std::stoi(std::string(hex.substr(2 * i, 2)), nullptr, 16));
    }
  }
  char* data() { return reinterpret_cast<char*>(words_.data()); }
  std::string_view bytes() const { return {reinterpret_cast<const char*>(words_.data()), size_}; }
  /// The first bytes of it.
  std::string_view cut(size_t size) const { return bytes().substr(0, size); }

 private:
  std::vector<uint64_t> words_;
  size_t size_;
};

}  // namespace stook::test
