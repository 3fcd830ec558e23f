// SPDX-License-Identifier: Apache-2.0
#include "sinks/net/chunks.hh"

#include <zlib.h>

#include <new>

#include "core/data/object.hh"
#include "core/net/forward_auth.hh"
#include "sinks/net/frames.hh"

namespace stook {

namespace {

constexpr size_t chunk_size = 512 * 1024;

void append_cell(std::string& to, const Cell& cell) {
  std::string bytes(cell_room(cell), '\0');
  to.append(bytes.data(), put_cell(bytes.data(), cell));
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string new_id() {
  std::string id;
  for (char c : random_salt()) {
    auto byte = static_cast<unsigned char>(c);
    id += "0123456789abcdef"[byte >> 4];
    id += "0123456789abcdef"[byte & 15];
  }
  return id;
}

/// The rows that are gathered for one tag.
struct Gathering {
  std::string tag;  // as msgpack
  std::string entries;
  uint64_t rows = 0;
};

void end_chunk(Gathering& gathering, bool is_packed, std::deque<ForwardChunk>& chunks) {
  if (gathering.rows == 0) {
    return;
  }
  ForwardChunk chunk{new_id(), "\x93" + gathering.tag};
  std::string packed = is_packed ? gzip(gathering.entries) : std::string();
  append_cell(chunk.message, Cell::of_slice(Type::Bytes, is_packed ? packed : gathering.entries));
  chunk.message += is_packed ? '\x83' : '\x82';
  append_cell(chunk.message, Cell::of_text("chunk"));
  append_cell(chunk.message, Cell::of_text(chunk.id));
  append_cell(chunk.message, Cell::of_text("size"));
  append_cell(chunk.message, Cell::of_unsigned(gathering.rows));
  if (is_packed) {
    append_cell(chunk.message, Cell::of_text("compressed"));
    append_cell(chunk.message, Cell::of_text("gzip"));
  }
  chunks.push_back(std::move(chunk));
  gathering.entries.clear();
  gathering.rows = 0;
}

}  // namespace

std::deque<ForwardChunk> make_chunks(Shipment shipment, bool is_packed) {
  std::deque<ForwardChunk> chunks;
  Gathering gathering;
  for (const Payload* payload : shipment) {
    PayloadRows rows(*payload);
    for (size_t i = 0; i < rows.size(); i++) {
      ObjectReader reader(rows[i]);
      std::string_view tag = reader.skip();
      std::string_view entry = rows[i].substr(tag.size());
      Cell unused{};
      uint32_t size = 0;
      bool is_entry = !tag.empty() && reader.next(unused, size) == Item::Array && size == 2;
      if (!is_entry) {
        return {};
      }
      if (tag != gathering.tag || gathering.entries.size() + entry.size() > chunk_size) {
        end_chunk(gathering, is_packed, chunks);
        gathering.tag = tag;
      }
      gathering.entries += entry;
      gathering.rows++;
    }
  }
  end_chunk(gathering, is_packed, chunks);
  return chunks;
}

std::string take_value(std::string& received) {
  std::string value(ObjectReader(received).skip());
  received.erase(0, value.size());
  return value;
}

void take_acknowledgements(std::string& received, std::deque<ForwardChunk>& chunks) {
  for (std::string value = take_value(received); !value.empty(); value = take_value(received)) {
    ObjectReader reader(value);
    Cell cell{};
    uint32_t pairs = 0;
    if (reader.next(cell, pairs) != Item::Map) {
      continue;
    }
    for (uint32_t i = 0; i < pairs; i++) {
      bool is_ack = reader.skip() == std::string_view(
                                         "\xa3"
                                         "ack");
      std::string_view id = reader.skip();
      uint32_t unused = 0;
      if (!is_ack || ObjectReader(id).next(cell, unused) != Item::Value || !cell.is_slice()) {
        continue;
      }
      for (ForwardChunk& chunk : chunks) {
        chunk.is_acknowledged = chunk.is_acknowledged || chunk.id == cell.bytes();
      }
    }
  }
}

}  // namespace stook
