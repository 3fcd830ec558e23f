// SPDX-License-Identifier: Apache-2.0
#include "filters/multiline/event.hh"

namespace stook {

namespace {
/// What an event that is out of use keeps of its buffers.
constexpr size_t kept_bytes = 16 * 1024;
}  // namespace

void EventText::add(std::string_view line, std::string_view separator) {
  if (!has_lines_) {
    text_ = line;
    has_lines_ = true;
    return;
  }
  if (!is_owned_) {
    const char* end = text_.data() + text_.size();
    if (separator == "\n" && line.data() == end + 1 && *end == '\n') {
      text_ = {text_.data(), text_.size() + 1 + line.size()};
      return;
    }
    own();
  }
  buffer_.append(separator).append(line);
}

void EventText::own() {
  if (!is_owned_) {
    buffer_.assign(text_);
    is_owned_ = true;
  }
}

void EventText::trim(size_t keep) {
  if (buffer_.capacity() > keep) {
    std::string().swap(buffer_);
  }
}

void RowCopy::take(const Batch& batch, Row row, KeyId except) {
  const OpenKeys& keys = batch.keys();
  cells_.clear();
  bytes_.clear();
  for (size_t i = 0; i < keys.size(); i++) {
    KeyId id{static_cast<uint16_t>(i)};
    const Column* column = id == except ? nullptr : batch.bundle().column(id);
    const Cell* cell = column == nullptr ? nullptr : column->find(row);
    if (cell == nullptr) {
      continue;
    }
    CellCopy copy{id, !keys.is_planned(id), bytes_.size(), 0, 0, *cell};
    if (cell->is_slice()) {
      bytes_.append(cell->bytes());
    }
    if (copy.is_open) {
      copy.name = bytes_.size();
      copy.name_size = keys.name(id).size();
      bytes_.append(keys.name(id));
    }
    cells_.push_back(copy);
  }
}

void RowCopy::put(Batch& batch, Row row) const {
  const char* bytes = bytes_.empty() ? nullptr : batch.arena().copy(bytes_).data();
  for (const CellCopy& copy : cells_) {
    KeyId id = copy.is_open ? batch.keys().intern({bytes_.data() + copy.name, copy.name_size}) : copy.id;
    if (id == no_key) {
      batch.meter().keys_lost.add(1);
      continue;
    }
    Cell cell = copy.cell;
    if (cell.is_slice()) {
      cell.data = bytes == nullptr ? "" : bytes + copy.at;
    }
    batch.bundle().put(id, row, cell);
  }
}

void RowCopy::trim(size_t keep) {
  cells_.clear();
  if (bytes_.capacity() > keep) {
    std::string().swap(bytes_);
  }
}

void Event::clear() {
  text.clear();
  text.trim(kept_bytes);
  copy.trim(kept_bytes);
  receipts.clear();
  lines = 0;
  has_text = true;
  has_row = is_copied = is_truncated = is_changed = is_fresh = is_touched = false;
  seen_at = fresh_at = 0;
}

}  // namespace stook
