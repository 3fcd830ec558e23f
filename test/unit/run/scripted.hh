// SPDX-License-Identifier: Apache-2.0
/// A delivery under test: a sink whose answers a test decides, a clock that it turns, and payloads of numbered rows.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/run/delivery.hh"

namespace stook::test {

/// What the sink of a Desk answers and what came to it.
struct Scenario {
  /// Asked at each offer with the texts of its rows; Done where it is empty.
  std::function<Outcome(const std::vector<std::string>&)> answer;
  std::string reason = "the test says so";
  int64_t retry_after = 0;
  bool refuses_all = false;
  std::vector<RefusedRow> refused_rows;  // what it says of its next Refused
  size_t shipment_bytes = SIZE_MAX;
  std::vector<std::vector<std::string>> offers;
  std::vector<std::string> delivered;
  std::vector<std::string> addresses;  // of what was delivered, one a part
  size_t forgotten = 0;                // payloads that are not offered again

  /// Refuses shipments with any of these rows.
  void refuse(std::set<std::string> guilty) {
    answer = [guilty = std::move(guilty)](const std::vector<std::string>& rows) {
      for (const std::string& row : rows) {
        if (guilty.count(row) != 0) {
          return Outcome::Refused;
        }
      }
      return Outcome::Done;
    };
  }
};

/// *Rooms:* enters the carrier's room when it is made.
class Desk {
 public:
  explicit Desk(const RetryRules& retry = {}, const std::string& letters = {}, uint64_t letters_most = 256 << 20);

  /// Adds a payload with these rows, each followed by a newline, `part_rows` of them to each address.
  void take(const std::vector<std::string>& rows, size_t part_rows = SIZE_MAX);
  /// A payload that says how many rows it has and not where they end.
  void take_blind(const std::string& bytes, size_t rows);
  /// Serves until nothing moves without time.
  void serve();
  /// Turns the clock to when the delivery wakes by itself, and serves. How far it was turned.
  int64_t wake();
  void turn(int64_t ns);

  Scenario scenario;
  Instance instance;
  SinkMeter meter;
  /// In the order in which they became final.
  std::vector<std::pair<uint64_t, Fate>> finished;
  std::unique_ptr<Delivery> delivery;

 private:
  Payload& add();
  std::deque<std::unique_ptr<Payload>> payloads_;
};

}  // namespace stook::test
