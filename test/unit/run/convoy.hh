// SPDX-License-Identifier: Apache-2.0
/// A group under test behind a delivery: members that a test kills and revives, a clock that it turns, numbered rows.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/run/delivery.hh"

namespace stook::test {

/// A member: writes rows one after the other, as a file would, and knows how far it got with what it did not finish.
struct Porter {
  bool opens = true;
  bool is_up = true;
  size_t takes = 0;           // so many rows of an offer are written before a member that is down fails
  std::set<uint64_t> guilty;  // rows that it refuses
  bool names_guilty = false;  // takes the others of the offer
  bool refuses_all = false;

  size_t asked = 0;
  std::vector<uint64_t> rows;  // as written
  std::set<uint64_t> torn;     // written by offers of which none was done
  std::map<std::tuple<const Payload*, uint32_t, uint64_t>, size_t> progress;
};

/// *Rooms:* enters the carrier's room when it is made.
class Convoy {
 public:
  using Options = std::vector<std::pair<std::string, std::string>>;
  /// `plugin` is the group's; `names` become the option `members`. With an option `last` the last porter is that one.
  Convoy(const std::string& plugin, size_t porters, const Options& options = {});
  /// Before the delivery opens: rows come as msgpack, and members get them in the format raw, which has no form for row
  /// `unwritable` and its multiples.
  void recode(size_t unwritable);

  /// Adds a payload with rows that are numbered on; row r has the r-th of these addresses.
  void take(const std::vector<std::string>& addresses);
  void take(size_t rows) { take(std::vector<std::string>(rows)); }
  /// Serves until nothing moves without time.
  void serve();
  /// Turns the clock to when the delivery wakes by itself, and serves.
  void wake();
  static void turn(int64_t ns);
  /// Wakes it until nothing waits. False when that takes a thousand times.
  bool drain();

  std::deque<Porter> porters;
  Instance instance;
  SinkMeter meter;
  std::vector<Fate> fates;
  std::vector<std::string> address_of;  // by row number, which counts from 0
  std::unique_ptr<Delivery> delivery;

 private:
  std::deque<std::unique_ptr<Payload>> payloads_;
  size_t unwritable_ = 0;
};

}  // namespace stook::test
