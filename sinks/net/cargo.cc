// SPDX-License-Identifier: Apache-2.0
#include "sinks/net/cargo.hh"

#include <algorithm>

namespace stook {

namespace {
/// Copied rows are sent in pieces of about this size: four records of TLS.
constexpr size_t gathered_size = 64 * 1024;
constexpr size_t most_parts = 64;
}  // namespace

bool Cargo::take(Shipment shipment) {
  bool is_known = offered_.is(shipment);
  shipment_ = shipment;
  if (is_known) {
    return true;
  }
  offered_.remember(shipment);
  begin_ = pass_ = next_ = {};
  parts_.clear();
  done_ = 0;
  sent_ = header_sent_ = 0;
  return false;
}

void Cargo::restart() {
  parts_.clear();
  done_ = 0;
  sent_ = header_sent_ = 0;
  pass_ = next_ = begin_;
  is_header_due_ = !header_.empty();
}

// To the next row.
void Cargo::step(Place& place) const {
  place.row++;
  if (place.row >= PayloadRows(*shipment_[place.payload]).size()) {
    place = {place.payload + 1, 0};
  }
}

// Whole payloads as they are, as long as each of their rows is a line.
bool Cargo::pass_through() {
  while (next_.payload < shipment_.size() && parts_.size() < most_parts) {
    const Payload& payload = *shipment_[next_.payload];
    PayloadRows rows(payload);
    for (size_t i = next_.row; i < rows.size(); i++) {
      if (!rows[i].ends_with('\n')) {
        return !parts_.empty();
      }
    }
    if (next_.row < rows.size()) {
      std::string_view bytes = payload.bytes().substr(next_.row == 0 ? 0 : rows.begin_of(next_.row));
      parts_.push_back({const_cast<char*>(bytes.data()), bytes.size()});  // iovec serves reading calls too
      size_ += bytes.size();
    }
    next_ = {next_.payload + 1, 0};
  }
  return !parts_.empty();
}

void Cargo::gather() {
  while (next_.payload < shipment_.size() && buffer_.size() < gathered_size) {
    PayloadRows rows(*shipment_[next_.payload]);
    for (; next_.row < rows.size() && buffer_.size() < gathered_size; next_.row++) {
      frames_.append(rows[next_.row], buffer_);
    }
    if (next_.row >= rows.size()) {
      next_ = {next_.payload + 1, 0};
    }
  }
}

std::span<const iovec> Cargo::next() {
  if (!parts_.empty()) {
    return parts_;
  }
  done_ = size_ = 0;
  buffer_.clear();
  if (is_header_due_) {
    frames_.append(header_, buffer_);
    header_sent_ = buffer_.size();
    is_header_due_ = false;
  } else if (!is_gathered_ && frames_.keeps_lines() && pass_through()) {
    return parts_;
  } else {
    gather();
  }
  if (!buffer_.empty()) {
    parts_.push_back({buffer_.data(), buffer_.size()});
    size_ = buffer_.size();
  }
  return parts_;
}

void Cargo::advance(size_t bytes) {
  sent_ += bytes;
  done_ += bytes;
  if (done_ >= size_) {
    parts_.clear();
    done_ = 0;
    return;
  }
  size_t skipped = bytes;
  auto part = parts_.begin();
  while (skipped >= part->iov_len) {
    skipped -= part->iov_len;
    ++part;
  }
  parts_.erase(parts_.begin(), part);
  parts_.front().iov_base = static_cast<char*>(parts_.front().iov_base) + skipped;
  parts_.front().iov_len -= skipped;
}

void Cargo::acknowledge(uint64_t bytes) {
  bytes -= std::min(bytes, header_sent_);
  Place place = pass_;
  while (place.payload < shipment_.size()) {
    PayloadRows rows(*shipment_[place.payload]);
    uint64_t size = place.row < rows.size() ? frames_.size(rows[place.row]) : 0;
    if (size > bytes) {
      break;
    }
    bytes -= size;
    step(place);
  }
  bool is_ahead = place.payload > begin_.payload || (place.payload == begin_.payload && place.row > begin_.row);
  begin_ = is_ahead ? place : begin_;
}

void Cargo::forget() {
  offered_.forget();
  shipment_ = {};
  begin_ = pass_ = next_ = {};
  parts_.clear();
  done_ = 0;
  sent_ = header_sent_ = 0;
}

}  // namespace stook
