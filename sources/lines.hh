// SPDX-License-Identifier: Apache-2.0
/// Lines into rows: what `file`, `stdin` and `tail` share. Bytes are read straight into the arena of the open bundle and
/// cut there, so that a cell is a slice of what read(2) wrote. Room: the source's front.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/identity.hh"
#include "core/api/plugin.hh"
#include "core/api/source.hh"

namespace stook {

/// Where a LineReader's bytes come from.
class Bytes {
 public:
  virtual ~Bytes() = default;
  /// Reads up to `size` bytes and returns how many; 0: there are no more; -1: `errno` and `reason` say why, EAGAIN is
  /// no failure.
  virtual ssize_t read(char* to, size_t size) = 0;
  /// The last failure in words.
  virtual std::string reason() const;

 protected:
  int error_ = 0;
};

/// Bytes of a descriptor, from where it stands.
class PlainBytes final : public Bytes {
 public:
  explicit PlainBytes(int fd) : fd_(fd) {}
  ssize_t read(char* to, size_t size) override;

 private:
  int fd_;
};

/// The keys that lines have, in the order in which they are declared.
enum LineKey : size_t { line_message, line_truncated, line_recv_time, line_id, line_path, line_offset, line_partial };
/// How many of them a source declares: those without a file, of files, of files that grow.
inline constexpr size_t stream_keys = 4;
inline constexpr size_t file_keys = 6;
inline constexpr size_t tail_keys = 7;
/// Declares the first `count` line keys.
void declare_lines(Wiring& wiring, size_t count);
/// What `stook.id` of a file's rows begins with, before the offset: the source, and which file at which time of its life.
std::string id_of_file(std::string_view source, const Inode& inode, uint64_t lives);

/// How far one stream of lines has been cut.
struct LineState {
  /// Offset of the first byte that is in no row.
  uint64_t position = 0;
  /// The rest of a line that was too long is being skipped up to its newline.
  bool is_skipping = false;
  /// The last row was the begin of a line that had no newline yet.
  bool is_after_partial = false;
};

/// Which stream a row belongs to.
struct LineOrigin {
  std::string_view path;
  uint64_t partition = 0;
  /// What `stook.id` begins with.
  std::string_view id;
};

/// Cuts bytes at newlines and appends a row a line. A `\r` before the newline goes. A line longer than `max_line` is cut
/// there, `truncated` is set, and the rest is skipped without being kept.
/// *Invariants:* holds at most max_line and one read of bytes that are in no row yet (`pending`).
/// *Rooms:* the source's front.
class LineReader {
 public:
  /// Some: rows or at least bytes came, there may be more. Paused: the pool is empty, nothing was read.
  /// Blocked: EAGAIN. End: no more bytes; an unfinished line may be pending. Failed: ask the bytes for the reason.
  enum class Step : uint8_t { Some, Paused, Blocked, End, Failed };

  explicit LineReader(size_t max_line) : max_line_(max_line) {}

  /// Before the first read. `keys`: how many line keys the source has declared.
  void attach(Feed& feed, size_t keys);
  /// Fills the open bundle once: at most one read, at most one bundle. Cost: ≤ 60 ns a line of 200 bytes with read(2),
  /// test/bench/lines.cc.
  [[nodiscard]] Step read(Bytes& bytes, LineState& state, const LineOrigin& origin) ROOM(front);
  /// Makes a row of the unfinished line; false: the pool is empty, nothing was done.
  [[nodiscard]] bool flush(LineState& state, const LineOrigin& origin, bool is_partial) ROOM(front);
  /// Whether complete lines are pending: the next `read` makes rows whatever the bytes say.
  bool has_lines() const { return has_lines_; }
  /// Bytes that were read and are in no row.
  size_t pending() const { return pending_size_; }
  std::string_view pending_bytes() const { return {pending_.get(), pending_size_}; }
  /// Whether somebody reads `stook.id`.
  bool wants_id() const { return line_id < keys_ && feed_->out(line_id) != no_key; }
  /// Forgets what is pending: the caller reads again from state.position.
  void forget();
  /// Rows made so far.
  uint64_t rows() const { return rows_; }
  /// Lines cut at max_line so far.
  uint64_t truncated() const { return truncated_; }

 private:
  /// What is in `bytes` behind the last row.
  struct Rest {
    const char* begin;
    size_t size;
  };
  size_t wanted(const Bundle& bundle, size_t used) const;
  Rest cut(Bundle& bundle, const char* begin, const char* end, LineState& state) ROOM(front);
  Row append(Bundle& bundle, Column* message, std::string_view line, bool is_whole) ROOM(front);
  void fill(Bundle& bundle, size_t first, const LineOrigin& origin) ROOM(front);
  void fill_ids(Bundle& bundle, size_t first, std::string_view id) ROOM(front);
  void keep(Rest rest);
  Column* column(Bundle& bundle, size_t key) const ROOM(front);

  Feed* feed_ = nullptr;
  size_t keys_ = 0;
  size_t max_line_;
  size_t rows_of_bundle_ = 256;
  size_t average_ = 200;
  uint64_t truncated_ = 0;
  uint64_t rows_ = 0;
  std::unique_ptr<char[]> pending_;
  size_t pending_size_ = 0;
  size_t pending_room_ = 0;
  size_t scanned_ = 0;  // so many of the pending bytes hold no newline
  bool has_lines_ = false;
  std::vector<uint64_t> offsets_;  // of the rows that were just made, when their ids are wanted
};

}  // namespace stook
