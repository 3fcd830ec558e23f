// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. What a source's script writes as JSON text: from there into the open bundle. Room: the source's front.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/json.hh"
#include "core/api/plugin.hh"
#include "core/base/log.hh"
#include "core/lua/agent/pieces.hh"
#include "core/lua/agent/tokens.hh"

namespace stook {

/// Where `write(text)` of a script goes. *Rooms:* the source's front.
class WrittenText {
 public:
  virtual ~WrittenText() = default;
  virtual void add(std::string_view text) ROOM(front) = 0;
  /// Hands on what is whole; false: there is no room at the moment.
  [[nodiscard]] virtual bool drain() ROOM(front) = 0;
  /// No more comes.
  virtual void end() ROOM(front) = 0;
};

/// Makes rows of it: a member whose key is declared becomes a cell of its type, all others become one object, `rest`, as
/// ScriptRows does it. What is no JSON object, or has a member of another type than its key, is skipped and counted as
/// `framing`.
class WrittenRows final : public WrittenText {
 public:
  /// `keys`: of source_keys; they live as long as this.
  WrittenRows(Feed& feed, const std::vector<Key>& keys, Tokens& tokens);

  void add(std::string_view text) override ROOM(front) { pieces_.add(text); }
  [[nodiscard]] bool drain() override ROOM(front);
  /// What has not come to its end is counted as `framing`.
  void end() override ROOM(front);
  /// Counts the rows that nobody takes any more.
  uint64_t abandon() ROOM(front);

 private:
  struct Taken {
    size_t place;
    Cell cell;
  };
  void put(Bundle& bundle) ROOM(front);
  bool take(const JsonMember& member);
  bool fit(Type type, Cell& cell, Arena& arena) const;
  size_t find(std::string_view name);
  Cell rest_of(Arena& arena) const;
  void lose(std::string_view reason, std::string_view text) ROOM(front);

  Feed& feed_;
  const std::vector<Key>& keys_;
  Tokens& tokens_;
  JsonPieces pieces_;
  bool has_piece_ = false;  // one that found no room
  JsonReader reader_;
  std::vector<Taken> taken_;
  std::vector<const JsonMember*> others_;
  size_t next_key_ = 0;  // behind the one that was found last
  size_t time_;
  size_t rest_;
  std::string reason_;
  LogLimit limit_;
};

}  // namespace stook
