// SPDX-License-Identifier: Apache-2.0
/// A feed without an engine: bundles of a small pool, sealed ones kept as rows of text until the test gives them back.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/api/source.hh"
#include "core/data/pool.hh"
#include "core/data/schema.hh"
#include "test/unit/kit.hh"

namespace stook::test {

/// A source plugin with its options, as the planner would fill them. Every declared key is read, or only those named.
class FakeFeed final : public Feed {
 public:
  FakeFeed(std::string_view name, const Options& options, size_t bundles = 4, size_t rows = 256,
           const std::vector<std::string>& read = {});
  ~FakeFeed() override;

  // What a source sees.
  void mark(uint64_t stream, uint64_t position, uint64_t partition = 0) override;
  void seal() override;
  void finish() override { has_finished = true; }
  void lose(Loss why, uint64_t count) override { lost[static_cast<size_t>(why)] += count; }
  void count_bytes(uint64_t count) override { bytes += count; }
  Loop& loop() override { return loop_; }
  std::string_view id() const override { return "in"; }

  // What a test sees.
  void start() ROOM(front);
  /// Stops and closes the source as an engine does at the end, and makes a new one with the same options.
  void restart() ROOM(front);
  /// Turns the loop until a condition holds, for ten seconds at most.
  template <class Done>
  bool turn_until(Done&& done) ROOM(front) {
    for (int64_t end = loop_.now() + 10'000'000'000; loop_.now() < end;) {
      turn(1);
      if (done()) {
        return true;
      }
    }
    return false;
  }
  void turn(int turns = 4) ROOM(front);
  /// Gives the bundles that were sealed first back to the pool, all by default. Acknowledges when told to.
  void give_back(size_t bundles = SIZE_MAX, bool is_acknowledged = true) ROOM(front);
  /// Values of one key, absent ones as "-".
  std::vector<std::string> values(const std::string& key = "message");
  std::string joined(const std::string& key = "message", const char* between = "|");
  size_t held() const { return held_.size(); }

  bool keeps_giving_back = true;  // after each seal, as a fast engine does
  bool is_paused = false;
  bool has_finished = false;
  uint64_t bytes = 0;
  uint64_t pauses = 0;
  uint64_t lost[losses] = {};
  uint64_t rows = 0;
  uint64_t bundles_sealed = 0;
  bool keeps_text = true;  // false: rows are only counted
  Source& source() { return *source_; }

 protected:
  Bundle* next_bundle(size_t lane) override ROOM(front);

 private:
  struct Sealed {
    Bundle* bundle;
    std::vector<Mark> marks;
  };
  void make();
  void keep_rows(Bundle& bundle);

  const Plugin& plugin_;
  std::shared_ptr<void> config_;
  KeySchema schema_;
  std::vector<KeyId> keys_;
  std::vector<std::vector<std::string>> texts_;
  Loop loop_{false};
  Pool<Bundle> pool_;
  std::vector<Mark> marks_;
  std::deque<Sealed> held_;
  std::unique_ptr<Source> source_;
};

/// A folder that is there as long as the test.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  std::string path(const std::string& name = {}) const { return name.empty() ? path_ : path_ + "/" + name; }
  void write(const std::string& name, std::string_view text) const;
  void append(const std::string& name, std::string_view text) const;
  std::string read(const std::string& name) const;

 private:
  std::string path_;
};

}  // namespace stook::test
