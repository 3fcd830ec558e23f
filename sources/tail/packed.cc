// SPDX-License-Identifier: Apache-2.0
#include "sources/tail/packed.hh"

#include <unistd.h>

#include <algorithm>

namespace stook {

namespace {

constexpr size_t piece = 64 * 1024;
constexpr size_t most_of_turn = 4 * 1024 * 1024;

}  // namespace

ssize_t KeptBytes::read(char* to, size_t size) {
  ssize_t got = bytes_->read(to, size);
  if (got > 0) {
    auto have = static_cast<size_t>(got);
    total_ += have;
    last_.append(to + have - std::min<size_t>(have, marker_length), std::min<size_t>(have, marker_length));
    last_.erase(0, last_.size() - std::min<size_t>(last_.size(), marker_length));
  }
  return got;
}

Fingerprint KeptBytes::marker(uint64_t length) const {
  size_t most = std::min<uint64_t>(length, last_.size());
  return extended({}, std::string_view(last_).substr(last_.size() - most));
}

void Packed::begin() {
  lseek(fd_, 0, SEEK_SET);
  bytes = std::make_unique<KeptBytes>(make_bytes(packing_, fd_));
  lines.forget();
}

std::string Packed::head() {
  begin();
  std::string text(head_length, '\0');
  size_t have = 0;
  for (ssize_t got; have < text.size() && (got = bytes->read(text.data() + have, text.size() - have)) > 0;) {
    have += static_cast<size_t>(got);
  }
  text.resize(have);
  return text;
}

Packed::Skip Packed::skip(uint64_t offset, const Fingerprint& marker) {
  auto room = std::make_unique<char[]>(piece);
  for (size_t turn = 0; bytes->total() < offset; turn += piece) {
    if (turn >= most_of_turn) {
      return Skip::More;
    }
    if (bytes->read(room.get(), std::min<uint64_t>(piece, offset - bytes->total())) <= 0) {
      return Skip::Differs;
    }
  }
  return bytes->marker(marker.length) == marker ? Skip::There : Skip::Differs;
}

Sniffed sniff(int fd) {
  char bytes[6];
  ssize_t got = pread(fd, bytes, sizeof bytes, 0);
  std::string_view head(bytes, got > 0 ? static_cast<size_t>(got) : 0);
  bool is_other = head.substr(0, 3) == "BZh" || head == std::string_view(
                                                            "\xfd"
                                                            "7zXZ\0",
                                                            6);
  return {packing_of(head), is_other};
}

}  // namespace stook
