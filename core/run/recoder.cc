// SPDX-License-Identifier: Apache-2.0
#include "core/run/recoder.hh"

#include <algorithm>
#include <cstring>

#include "core/data/object.hh"

namespace stook {

namespace {
/// Rows that are put back at a time, and names beside those that the codec reads: few, as each name has a column.
constexpr size_t rows_at_once = 128;
constexpr size_t open_keys = 1024;
/// The members of a row for which no name was left: codecs of all keys write them among the others.
constexpr const char* rest_key = "\x01rest";

/// The next value, containers as objects; false when there is none.
bool next_cell(ObjectReader& reader, Cell& cell) {
  ObjectReader ahead = reader;
  uint32_t size = 0;
  Item item = ahead.next(cell, size);
  if (item == Item::Value) {
    reader = ahead;
    return true;
  }
  std::string_view object = reader.skip();
  cell = Cell::of_slice(Type::Object, object);
  return !object.empty();
}
}  // namespace

Recoder::Recoder(const Instance& sink, const std::vector<std::string>& meta_keys) {
  auto add = [&](const std::string& name) {
    bool is_meta = std::find(meta_keys.begin(), meta_keys.end(), name) != meta_keys.end();
    return schema_.add({name, Type::Mixed, {}, {}, is_meta});
  };
  for (const Read& read : sink.codec_wiring.reads) {
    in_.push_back(add(read.key));
  }
  for (const Key& key : sink.codec_wiring.writes) {
    out_.push_back(add(key.name));
  }
  for (const std::string& name : meta_keys) {
    add(name);
  }
  rest_ = schema_.add({rest_key, Type::Object, {}, {}, false});
  keys_ = std::make_unique<OpenKeys>(schema_, open_keys);
  bundle_ = std::make_unique<Bundle>(rows_at_once, rows_at_once, keys_->capacity());
  codec_ = sink.codec->codec({sink.codec_config.get(), sink.id, {}});
}

const std::vector<size_t>& Recoder::recode(const Payload& from, Payload& to) {
  lost_.clear();
  to.reset();
  to.lane = from.lane;
  to.sequence = from.sequence;
  to.sealed_at = from.sealed_at;
  size_t row = 0;
  size_t begin = 0;
  for (size_t k = 0; k < from.parts(); k++) {
    to.begin_part(from.part(k).address);
    for (size_t end = row + from.part(k).rows; row < end; row++) {
      size_t row_end = from.row_ends()[row];
      read(from.bytes().substr(begin, row_end - begin), row);
      begin = row_end;
      if (bundle_->rows() == rows_at_once) {
        write(to);
      }
    }
    write(to);
  }
  return lost_;
}

void Recoder::read(std::string_view bytes, size_t number) {
  if (bundle_->rows() == 0) {
    first_ = number;
  }
  Row row = bundle_->append();
  if (read_members(bytes, row)) {
    rows_.add(row);
  } else {
    lost_.push_back(number);
  }
}

bool Recoder::read_members(std::string_view bytes, Row row) {
  ObjectReader reader(bytes);
  Cell name{};
  uint32_t size = 0;
  if (reader.next(name, size) != Item::Map) {
    return false;
  }
  for (; size > 0; size--) {
    std::string_view pairs = bytes.substr(bytes.size() - reader.left());
    Cell value{};
    bool is_member =
        next_cell(reader, name) && next_cell(reader, value) && (name.type == Type::Text || name.type == Type::Bytes);
    if (!is_member) {
      return false;
    }
    KeyId id = keys_->intern(name.bytes());
    if (id == no_key) {
      put_rest(row, pairs, size);
      return true;
    }
    bundle_->put(id, row, value);
  }
  return true;
}

void Recoder::put_rest(Row row, std::string_view pairs, uint32_t size) {
  char* begin = bundle_->arena().reserve(pairs.size() + 9);
  char* to = put_map_head(begin, size);
  std::memcpy(to, pairs.data(), pairs.size());
  auto used = static_cast<size_t>(to - begin) + pairs.size();
  bundle_->arena().commit(used);
  Cell members = Cell::of_slice(Type::Object, {begin, used});
  members.is_number = true;
  bundle_->put(rest_, row, members);
}

void Recoder::write(Payload& to) {
  if (bundle_->rows() == 0) {
    return;
  }
  room::enter(room::worker);  // the codec is this thread's alone
  Batch batch(*bundle_, rows_, *keys_, {in_, out_}, meter_);
  codec_->encode(batch, to);
  room::enter(room::carrier);
  to.count_rows(rows_.size() - batch.faulted().size());
  for (Row row : batch.faulted()) {
    lost_.push_back(first_ + row);
  }
  std::sort(lost_.begin(), lost_.end());
  bundle_->reset();
  keys_->refresh();
  rows_.clear();
}

}  // namespace stook
