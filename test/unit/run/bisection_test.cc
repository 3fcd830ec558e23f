// SPDX-License-Identifier: Apache-2.0
#include "core/run/bisection.hh"

#include <catch2/catch.hpp>
#include <cmath>
#include <deque>
#include <random>
#include <string>

using namespace stook;

namespace {
/// Payloads of so many rows each, numbered through: a row's text is its number and a newline.
std::deque<Payload> payloads_of(const std::vector<size_t>& sizes) {
  std::deque<Payload> all;
  size_t number = 0;
  for (size_t size : sizes) {
    Payload& payload = all.emplace_back();
    payload.begin_part({});
    for (size_t i = 0; i < size; i++) {
      payload.append(std::to_string(number++) + "\n");
      payload.end_row();
    }
    payload.count_rows(size);
  }
  return all;
}

/// What a bisection with these guilty rows came to.
struct Bisected {
  size_t requests = 1;  // the first one was refused before it began
  std::string delivered;
  std::vector<size_t> refused;
  std::vector<Settled> settled;
};

Bisected bisect(std::deque<Payload>& payloads, const std::vector<bool>& guilty) {
  Bisected result;
  std::vector<Payload*> shipment;
  for (Payload& payload : payloads) {
    shipment.push_back(&payload);
  }
  Bisection bisection;
  bisection.begin(shipment, 1);
  while (bisection.is_active()) {
    std::string bytes;
    size_t rows = 0;
    for (const Payload* payload : bisection.offer()) {
      bytes += payload->bytes();
      rows += payload->rows();
    }
    result.requests++;
    size_t first = std::stoul(bytes);
    bool is_refused = false;
    for (size_t i = first; i < first + rows; i++) {
      is_refused = is_refused || guilty[i];
    }
    if (!is_refused) {
      result.delivered += bytes;
      bisection.settle(Fate::Done);
    } else if (!bisection.split()) {
      REQUIRE(rows == 1);
      result.refused.push_back(first);
      bisection.settle(Fate::Refused);
    }
    bisection.collect(result.settled);
  }
  return result;
}

std::string numbers(const std::vector<bool>& left_out) {
  std::string text;
  for (size_t i = 0; i < left_out.size(); i++) {
    text += left_out[i] ? "" : std::to_string(i) + "\n";
  }
  return text;
}
}  // namespace

TEST_CASE("one guilty row of n is found with 2 log2 n + 1 requests at the most, wherever it stands") {
  std::mt19937 random(7);
  for (size_t n = 2; n <= 4096; n = n < 130 ? n + 1 : n + 1 + random() % (n / 8)) {
    std::deque<Payload> payloads = payloads_of({n});
    double most = 2 * std::log2(static_cast<double>(n)) + 1;
    size_t step = n < 130 ? 1 : 1 + n / 40;
    for (size_t at = 0; at < n; at += step) {
      std::vector<bool> guilty(n, false);
      guilty[at] = true;
      Bisected result = bisect(payloads, guilty);
      CAPTURE(n, at, result.requests);
      REQUIRE(static_cast<double>(result.requests) <= most + 1e-9);
      REQUIRE(result.refused == std::vector<size_t>{at});
    }
  }
}

TEST_CASE("4096 rows: the first one costs 25 requests and the last one 14") {
  std::deque<Payload> payloads = payloads_of({4096});
  std::vector<bool> guilty(4096, false);
  guilty[0] = true;
  CHECK(bisect(payloads, guilty).requests == 25);
  guilty[0] = false;
  guilty[4095] = true;
  CHECK(bisect(payloads, guilty).requests == 14);
}

TEST_CASE("random guilty rows stand alone, and their neighbours arrive once and in order") {
  for (uint32_t seed = 1; seed <= 300; seed++) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::vector<size_t> sizes;
    size_t n = 0;
    for (size_t left = 1 + random() % 64; left > 0; left--) {
      sizes.push_back(1 + random() % (random() % 8 == 0 ? 256 : 16));
      n += sizes.back();
    }
    n += n == 1 ? 1 : 0;
    sizes.back() += n == 2 && sizes.size() == 1 && sizes[0] == 1 ? 1 : 0;
    std::deque<Payload> payloads = payloads_of(sizes);
    std::vector<bool> guilty(n, false);
    size_t count = 1 + random() % std::min<size_t>(n, random() % 4 == 0 ? n : 5);
    for (size_t i = 0; i < count; i++) {
      guilty[random() % n] = true;
    }
    size_t different = static_cast<size_t>(std::count(guilty.begin(), guilty.end(), true));
    Bisected result = bisect(payloads, guilty);
    REQUIRE(result.delivered == numbers(guilty));
    REQUIRE(result.refused.size() == different);
    double most = static_cast<double>(different) * 2 * std::log2(static_cast<double>(n)) + 1;
    REQUIRE(static_cast<double>(result.requests) <= most + 1e-9);
    REQUIRE(result.settled.size() == sizes.size());
    size_t row = 0;
    for (size_t i = 0; i < sizes.size(); i++) {
      bool is_refused = false;
      for (size_t k = 0; k < sizes[i]; k++) {
        is_refused = guilty[row++] || is_refused;
      }
      REQUIRE(result.settled[i].payload == &payloads[i]);
      REQUIRE(result.settled[i].fate == (is_refused ? Fate::Refused : Fate::Done));
    }
  }
}

TEST_CASE("a piece has the addresses, the order and the place of its rows") {
  Payload whole;
  whole.lane = 3;
  whole.sequence = 9;
  whole.sealed_at = 77;
  for (std::string address : {"a", "b", "c"}) {
    whole.begin_part(address);
    for (int i = 0; i < 3; i++) {
      whole.append(address + std::to_string(i));
      whole.end_row();
    }
    whole.count_rows(3);
  }
  Payload piece;
  cut_rows(whole, 2, 7, piece);
  CHECK(piece.bytes() == "a2b0b1b2c0");
  CHECK(piece.rows() == 5);
  CHECK(std::vector<uint32_t>(piece.row_ends().begin(), piece.row_ends().end()) ==
        std::vector<uint32_t>{2, 4, 6, 8, 10});
  REQUIRE(piece.parts() == 3);
  CHECK((piece.part(0).address + piece.part(1).address + piece.part(2).address) == "abc");
  CHECK(piece.part(1).rows == 3);
  CHECK(piece.whole == &whole);
  CHECK(piece.whole_at == 4);
  CHECK((piece.lane == 3 && piece.sequence == 9 && piece.sealed_at == 77));
}
