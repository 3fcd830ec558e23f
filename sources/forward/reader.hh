// SPDX-License-Identifier: Apache-2.0
/// One connection of the forward protocol: its messages into rows, and the answers it gets. Room: the source's front.
///
/// A message is an array of msgpack: `[tag, time, record, options?]`, `[tag, [[time, record], …], options?]`, or
/// `[tag, bytes, options?]`, where the bytes are entries one behind the other, or gzip of them (1f 8b begins no
/// entry). The options are a map; with `chunk` the answer is `{"ack": chunk}`, once all rows of the message are final.
/// nil is no message.
///
/// An entry becomes a row as soon as it is there, before its message has ended: memory is that of one entry. Of a
/// message that breaks off, the rows so far stand and no chunk is acknowledged, so that its sender sends all of it
/// again.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "core/data/bundle.hh"
#include "core/data/object_walk.hh"
#include "core/net/forward_auth.hh"
#include "core/net/rows.hh"
#include "core/net/stream_reader.hh"
#include "sources/forward/buffer.hh"
#include "sources/forward/inflate.hh"

namespace stook {

class ForwardReader;

/// What the readers of a source share.
struct ForwardRules {
  /// A longer entry is skipped, and counted as too_long.
  size_t max_record = 256 * 1024;
  /// The bytes of a message's entries, before they are inflated.
  uint64_t max_message = 16 << 20;
  /// Without a shared key there is no handshake.
  ForwardSecrets secrets{};
};

/// Who sends what a reader answers. *Rooms:* the source's front.
class ForwardAnswers {
 public:
  virtual ~ForwardAnswers() = default;
  virtual void answer(ForwardReader& reader, std::string_view bytes) ROOM(front) = 0;
};

/// *Invariants:* `chunks_` are in the order of their rows; a row is marked with its number within the connection, so
/// that a chunk is final when its last row is.
class ForwardReader final : public RecordReader {
 public:
  ForwardReader(const ForwardRules& rules, ForwardAnswers& answers, Connection* connection)
      : rules_(rules), answers_(answers), connection_(connection) {}

  /// The connection is there: the handshake begins, if there is to be one.
  void begin() ROOM(front);
  [[nodiscard]] Step read(Receiver& from, StreamShape& shape, const Peer& peer, uint64_t number) override ROOM(front);
  /// An entry that has not ended is no row.
  [[nodiscard]] bool flush(StreamShape&, const Peer&, uint64_t) override ROOM(front) { return true; }
  bool has_records() const override { return has_records_; }
  bool is_within_record() const override { return phase_ != Phase::Message || !bytes_.is_empty(); }
  bool has_buffer() const override { return held() > 0; }
  void shrink(StreamShape& shape) override;
  void count_in(StreamShape& shape) const override { shape.buffered += held(); }
  void count_out(StreamShape& shape) const override { shape.buffered -= held(); }
  const char* fault() const override { return fault_; }

  /// All rows before this one, counted from 0, are final.
  void acknowledge(uint64_t rows) ROOM(front);
  /// Whether there are chunks whose rows are not final.
  bool is_awaited() const { return !chunks_.empty(); }
  Connection* connection() const { return connection_; }

 private:
  enum class Phase : uint8_t { Ping, Message, Single, Entries, Packed, Gzip, Options };
  /// Went: there may be more to do. Short: more bytes are needed. Full: the pool is empty. Wrong: see fault_.
  enum class Turn : uint8_t { Went, Short, Full, Wrong };

  Step receive(Receiver& from) ROOM(front);
  Turn advance() ROOM(front);
  Turn take_ping() ROOM(front);
  Turn open_message() ROOM(front);
  Turn take_entry(WaitingBytes& from, size_t size, uint64_t most) ROOM(front);
  Turn take_entries() ROOM(front);
  Turn take_packed() ROOM(front);
  Turn take_gzip() ROOM(front);
  Turn inflate_some() ROOM(front);
  Turn take_options() ROOM(front);
  Turn end_message(std::string_view chunk) ROOM(front);
  Turn end_entries() ROOM(front);
  Turn wrong(const char* why);
  size_t held() const { return bytes_.memory() + inflated_.memory(); }
  void take(WaitingBytes& from, size_t bytes);
  bool put(std::string_view entry) ROOM(front);
  Bundle* bundle() ROOM(front);
  void end_run() ROOM(front);

  const ForwardRules& rules_;
  ForwardAnswers& answers_;
  Connection* connection_;
  WaitingBytes bytes_;
  WaitingBytes inflated_;
  std::unique_ptr<ChunkInflater> inflater_;
  Phase phase_ = Phase::Message;
  bool has_records_ = false;
  bool has_options_ = false;
  const char* fault_ = "";
  std::string tag_;
  std::string nonce_;
  std::string auth_;
  uint64_t entries_ = 0;  // of an array, to come
  uint64_t left_ = 0;     // bytes that the message's entries may still have

  // The value at hand.
  ObjectWalk walk_;
  bool is_walking_ = false;
  bool is_long_ = false;  // its begin has been thrown away
  size_t walked_ = 0;     // so many of the waiting bytes are known to be its

  // What is acknowledged.
  struct Awaited {
    uint64_t rows;
    std::string chunk;
  };
  std::deque<Awaited> chunks_;
  uint64_t rows_ = 0;
  uint64_t final_rows_ = 0;

  // For the time of one call of `read`.
  StreamShape* shape_ = nullptr;
  const Peer* peer_ = nullptr;
  uint64_t number_ = 0;
  uint64_t inflated_now_ = 0;
  Bundle* run_ = nullptr;  // rows from `run_first_` on are new
  size_t run_first_ = 0;
  std::string_view run_tag_;
};

}  // namespace stook
