// SPDX-License-Identifier: Apache-2.0
#include "test/unit/kit.hh"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <stdexcept>

#include "core/base/room.hh"
#include "core/base/text.hh"
#include "core/data/object.hh"

namespace stook::test {

const Plugin& plugin(Kind kind, std::string_view name) {
  for (const Plugin* candidate : all_plugins()) {
    if (candidate->kind == kind && candidate->name == name) {
      return *candidate;
    }
  }
  throw std::runtime_error("no such plugin: " + std::string(name));
}

namespace {
void fill(void* config, std::span<const Option> options, const Options& given) {
  for (const Option& option : options) {
    const char* text = option.fallback;
    bool is_given = false;
    std::string why;
    for (const auto& [name, value] : given) {
      if (name == option.name) {
        is_given = true;
        if (!option.assign(config, value, option, why)) {
          throw std::invalid_argument(name + ": " + why);
        }
      }
    }
    if (!is_given && text == nullptr) {
      throw std::invalid_argument(std::string(option.name) + ": mandatory");
    }
    if (!is_given && !option.assign(config, text, option, why)) {
      throw std::logic_error(std::string("bad default of ") + option.name + ": " + why);
    }
  }
}
}  // namespace

Rig::Rig(Kind kind, std::string_view name, const Options& options, const std::string& folder)
    : plugin_(plugin(kind, name)), config_(plugin_.config.make(), plugin_.config.destroy) {
  room::enter(room::worker);
  fill(config_.get(), plugin_.options, options);
  if (plugin_.declare != nullptr) {
    plugin_.declare(config_.get(), folder, wiring_);
  }
  for (const Read& read : wiring_.reads) {
    in_.push_back(schema_.add({read.key, read.type, {}, {}}));
  }
  for (const Key& key : wiring_.writes) {
    out_.push_back(schema_.add(key));
  }
  keys_ = std::make_unique<OpenKeys>(schema_, 256);
  bundle_ = std::make_unique<Bundle>(256, 512, keys_->capacity());
  clear();
  Make make{config_.get(), "rig", {}};
  if (plugin_.filter != nullptr) {
    filter_ = plugin_.filter(make);
  }
  if (plugin_.codec != nullptr) {
    codec_ = plugin_.codec(make);
  }
}

Rig& Rig::row(std::string_view key, std::string_view text) {
  Row row = bundle_->append();
  rows_.add(row);
  bundle_->put(keys_->intern(key), row, Cell::of_text(bundle_->arena().copy(text)));
  return *this;
}

Rig& Rig::row(const std::vector<std::pair<std::string, Cell>>& cells) {
  Row row = bundle_->append();
  rows_.add(row);
  for (const auto& [key, cell] : cells) {
    bundle_->put(keys_->intern(key), row, cell);
  }
  return *this;
}

Rig& Rig::run() {
  room::enter(room::worker);
  Batch batch(*bundle_, rows_, *keys_, {in_, out_}, meter_);
  filter_->run(batch);
  faults_.assign(batch.faulted().begin(), batch.faulted().end());
  return *this;
}

Rig& Rig::tick(int64_t now, bool is_last) {
  room::enter(room::worker);
  clear();
  Batch batch(*bundle_, rows_, *keys_, {in_, out_}, meter_);
  filter_->tick(batch, now, is_last);
  return *this;
}

bool Rig::more() {
  room::enter(room::worker);
  size_t waiting = filter_->waiting();
  for (size_t i = 0; i < keys_->size(); i++) {
    bundle_->remove(static_cast<KeyId>(i));
  }
  rows_.select_all(std::min(waiting, bundle_->capacity()));
  while (bundle_->rows() < rows_.size()) {
    (void)bundle_->append();
  }
  Batch batch(*bundle_, rows_, *keys_, {in_, out_}, meter_);
  if (waiting > 0) {
    meter_.appended.add(rows_.size());
    filter_->more(batch);
    faults_.assign(batch.faulted().begin(), batch.faulted().end());
  }
  return waiting > 0;
}

namespace {
// Each row ends where the next begins, and the last where the bytes end.
void check_ends(const Payload& payload, size_t rows) {
  std::span<const uint32_t> ends = payload.row_ends();
  bool is_right = ends.size() == rows ? ends.empty() || ends.back() == payload.size() : payload.size() == 0;
  for (size_t i = 1; i < ends.size(); i++) {
    is_right = is_right && ends[i] >= ends[i - 1];
  }
  if (!is_right) {
    throw std::logic_error("the codec ended " + std::to_string(ends.size()) + " rows of " + std::to_string(rows));
  }
}
}  // namespace

std::string Rig::encode() {
  room::enter(room::worker);
  Batch batch(*bundle_, rows_, *keys_, {in_, out_}, meter_);
  Payload payload;
  payload.begin_part({});
  codec_->encode(batch, payload);
  faults_.assign(batch.faulted().begin(), batch.faulted().end());
  check_ends(payload, rows_.size() - faults_.size());
  return std::string(payload.bytes());
}

std::vector<int> Rig::selected() const {
  return {rows_.begin(), rows_.end()};
}

const Cell* Rig::cell(std::string_view key, size_t row) const {
  KeyId id = keys_->find(key);
  const Column* column = id == no_key ? nullptr : bundle_->column(id);
  const Cell* cell = column == nullptr ? nullptr : column->find(static_cast<Row>(row));
  if (cell == nullptr || !cell->is_json) {
    return cell;
  }
  auto& [object, bytes] = objects_.emplace_back();
  object = Cell::of_slice(Type::Object, object_bytes(*cell, bytes));
  return &object;
}

namespace {
std::string show_cell(const Cell& cell) {
  char buffer[64];
  switch (cell.type) {
    case Type::Null:
      return "null";
    case Type::Boolean:
      return cell.is_truth() ? "true" : "false";
    case Type::Integer:
    case Type::Time:
      return std::to_string(cell.integer);
    case Type::Unsigned:
      return std::to_string(cell.bits);
    case Type::Real:
      std::snprintf(buffer, sizeof buffer, "%.17g", cell.real);
      return buffer;
    default:
      return "\"" + printable(cell.bytes(), 4096) + "\"";
  }
}
}  // namespace

std::string Rig::show(size_t row) const {
  std::string text;
  for (size_t i = 0; i < keys_->size(); i++) {
    KeyId id = static_cast<KeyId>(i);
    const Column* column = bundle_->column(id);
    if (column != nullptr && column->has(static_cast<Row>(row))) {
      const Cell& cell = (*column)[static_cast<Row>(row)];
      text += text.empty() ? "" : " ";
      text += std::string(keys_->name(id)) + "=" + show_cell(cell) + "(" + std::string(type_name(cell.type)) + ")";
    }
  }
  return text;
}

std::string Rig::show_all() const {
  std::string text;
  for (Row row : rows_) {
    text += show(row) + "\n";
  }
  return text;
}

void Rig::clear() {
  for (Receipt* released : bundle_->released) {
    (void)released->settle(Fate::Done);
  }
  bundle_->released.clear();
  bundle_->reset();
  receipts_.emplace_back().open(nullptr, receipts_.size());
  bundle_->receipt = &receipts_.back();
  rows_.clear();
  faults_.clear();
}

size_t Rig::held() const {
  size_t held = 0;
  for (const Receipt& receipt : receipts_) {
    held += static_cast<size_t>(receipt.holders() - 1);
  }
  return held - bundle_->released.size();
}

}  // namespace stook::test
