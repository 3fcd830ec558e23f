// SPDX-License-Identifier: Apache-2.0
#include "filters/flow/carried.hh"

#include "core/data/endian.hh"

namespace stook {

void CarriedCells::begin(const Batch& batch, KeyId message) {
  cells_.clear();
  of_row_.assign(Column::max_rows, {0, 0});
  present_.clear();
  for (size_t i = 0; i < batch.keys().size(); i++) {
    auto key = static_cast<KeyId>(i);
    if (key != message && batch.bundle().column(key) != nullptr) {
      present_.push_back(key);
    }
  }
}

void CarriedCells::take(const Batch& batch, Row row) {
  size_t begin = cells_.size();
  for (KeyId key : present_) {
    const Column* column = batch.bundle().column(key);
    if (column->has(row)) {
      cells_.push_back({key, (*column)[row]});
    }
  }
  of_row_[row] = {begin, cells_.size()};
}

void CarriedCells::put(Batch& batch, Row from, Row first, uint32_t count) const {
  auto [begin, end] = of_row_[from];
  for (size_t i = begin; i < end; i++) {
    Column& column = batch.bundle().writable(cells_[i].key);
    for (uint32_t k = 0; k < count; k++) {
      column.set(static_cast<Row>(first + k), cells_[i].cell);
    }
  }
}

void put_exporter(std::string& to, const Batch& batch, KeyId ip, KeyId port, Row row) {
  const Column* ips = batch.read(ip);
  const Column* ports = batch.read(port);
  const Cell* address = ips == nullptr ? nullptr : ips->find(row);
  const Cell* number = ports == nullptr ? nullptr : ports->find(row);
  char bytes[2];
  put_big(bytes, static_cast<uint16_t>(number == nullptr ? 0 : number->bits));
  to.assign(bytes, sizeof bytes);
  if (address != nullptr && address->is_slice()) {
    to.append(address->bytes());
  }
}

}  // namespace stook
