// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What a connection's bytes go to: a StreamReader, or a reader of a protocol in which the source answers.
/// Room: the source's front.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>

#include "core/base/room.hh"

namespace stook {

class Connection;
struct Peer;
struct StreamShape;

/// Where a connection's bytes come from.
class Receiver {
 public:
  virtual ~Receiver() = default;
  /// Up to `size` bytes; 0: the peer has closed; -1: `errno` says why, EAGAIN is no failure.
  virtual ssize_t receive(char* to, size_t size) = 0;
};

/// Makes rows of one connection's bytes. *Rooms:* its front.
class RecordReader {
 public:
  /// Some: bytes came, there may be more. Paused: the pool is empty, nothing more was read. Blocked: EAGAIN.
  /// End: the peer has closed; an unfinished record may be pending. Failed: errno says why.
  /// Wrong: the framing is broken, `fault` says how; what came before it is in rows. Refused: the peer has not proved that it may
  /// send, `fault` says why; nothing it sent was a record yet.
  enum class Step : uint8_t { Some, Paused, Blocked, End, Failed, Wrong, Refused };

  virtual ~RecordReader() = default;
  /// One read, at most 64 KiB, and the rows in it. `number`: of the stream within the source.
  [[nodiscard]] virtual Step read(Receiver& from, StreamShape& shape, const Peer& peer, uint64_t number)
      ROOM(front) = 0;
  /// Makes a partial row of an unfinished record; false: the pool is empty, nothing was done.
  [[nodiscard]] virtual bool flush(StreamShape& shape, const Peer& peer, uint64_t number) ROOM(front) = 0;
  /// Whether whole records are pending, because the pool was empty: the next `read` makes rows and reads nothing.
  virtual bool has_records() const = 0;
  /// Whether a record has begun and not ended.
  virtual bool is_within_record() const = 0;
  /// Whether a buffer is held.
  virtual bool has_buffer() const = 0;
  /// Gives the buffer back when it is empty.
  virtual void shrink(StreamShape& shape) = 0;
  /// A reader comes from another source, or goes: its buffer counts, or counts no more.
  virtual void count_in(StreamShape& shape) const = 0;
  virtual void count_out(StreamShape& shape) const = 0;
  virtual const char* fault() const = 0;
};

/// A protocol in which a source answers its peers. *Rooms:* its front.
class Protocol {
 public:
  virtual ~Protocol() = default;
  /// The reader of a connection that was just taken.
  virtual std::unique_ptr<RecordReader> reader(Connection& connection) ROOM(front) = 0;
  /// Bytes may flow, TLS has shaken hands.
  virtual void begin(Connection& connection) ROOM(front) = 0;
  /// The server lets go of a connection: nothing more is read from it, and it may be kept to answer what was read.
  virtual void release(std::unique_ptr<Connection> connection) ROOM(front) = 0;
};

}  // namespace stook
