// SPDX-License-Identifier: Apache-2.0
#include "core/run/fate.hh"

#include <catch2/catch.hpp>

#include "core/run/bisection.hh"
#include "core/run/member_fates.hh"

using namespace stook;

namespace {
void let_go(const Payload& payload) {
  if (FollowedRows* followed = FollowedRows::of(payload.receipts);
      followed != nullptr && followed->settle(Fate::Done)) {
    FollowedRows::end(*followed);
  }
}

/// Four rows, all of them followed; and of another bundle, whose receipt it has as well.
struct FollowedPayload {
  FollowedPayload() {
    bundle.open(reinterpret_cast<Ledger*>(&bundle), 1);
    payload.begin_part({});
    for (size_t row = 0; row < 4; row++) {
      payload.append("a row\n");
      payload.end_row();
      notes.push_back(std::make_shared<Note>());
      begin_fate(*notes.back(), "out");
      FollowedRows::in(payload).rows.push_back({row, notes.back()});
    }
    payload.count_rows(4);
    payload.receipts.push_back(&bundle);
    FollowedRows::of(payload.receipts)->hold();
  }
  ~FollowedPayload() { let_go(payload); }
  FollowedPayload(const FollowedPayload&) = delete;
  FollowedPayload& operator=(const FollowedPayload&) = delete;
  std::string fates() const {
    std::string all;
    for (const auto& note : notes) {
      RowFate fate = read_fate(*note);
      all += (all.empty() ? "" : " ") + (fate.fate.empty() ? "-" : fate.fate + fate.why);
    }
    return all;
  }

  Receipt bundle;
  std::vector<std::shared_ptr<Note>> notes;
  Payload payload;
};
}  // namespace

TEST_CASE("a row that is followed has its sink, and no fate until somebody tells it") {
  FollowedPayload rows;
  CHECK(rows.fates() == "- - - -");
  CHECK(read_fate(*rows.notes[2]).sink == "out");
  CHECK(rows.payload.receipts.size() == 2);
  tell_fate(rows.payload, "delivered", {});
  CHECK(rows.fates() == "delivered delivered delivered delivered");
  CHECK(read_fate(*rows.notes[2]).at > 0);
}

TEST_CASE("of a payload that nobody follows nothing is told") {
  Payload payload;
  Receipt bundle;
  bundle.open(reinterpret_cast<Ledger*>(&bundle), 1);
  tell_fate(payload, "delivered", {});
  payload.receipts.push_back(&bundle);
  CHECK_FALSE(is_followed(payload));
  tell_fate(payload, "delivered", {});
  CHECK(payload.receipts.size() == 1);
}

TEST_CASE("what becomes of a piece is told of its rows alone") {
  FollowedPayload rows;
  Payload piece;
  cut_rows(rows.payload, 1, 3, piece);
  CHECK(is_followed(piece));
  tell_fate(piece, "letter", "400");
  CHECK(rows.fates() == "- letter400 letter400 -");
  cut_rows(rows.payload, 3, 4, piece);
  tell_fate(piece, "delivered", {});
  cut_rows(rows.payload, 0, 1, piece);
  tell_fate(piece, "delivered", {});
  CHECK(rows.fates() == "delivered letter400 letter400 delivered");
}

TEST_CASE("the first fate of a row holds") {
  FollowedPayload rows;
  tell_fate(rows.payload, "spooled", {});
  tell_fate(rows.payload, "dropped", "too late");
  CHECK(rows.fates() == "spooled spooled spooled spooled");
}

TEST_CASE("a payload whose rows are gone tells of them all the same, and so do its receipts alone") {
  FollowedPayload rows;
  Payload other;
  rows.payload.exchange_rows(other);
  SECTION("by the payload") {
    tell_fate(rows.payload, "spooled", {});
  }
  SECTION("by its receipts") {
    tell_fate(rows.payload.receipts, "spooled", {});
  }
  CHECK(rows.fates() == "spooled spooled spooled spooled");
}

TEST_CASE("rows that are copied to other payloads are followed there, by their new positions") {
  FollowedPayload rows;
  Payload first;
  Payload second;
  second.begin_part({});
  second.append("another one\n");
  second.end_row();
  second.count_rows(1);
  FollowedRows::copy(rows.payload, 0, 1, first);
  FollowedRows::copy(rows.payload, 1, 1, second);
  second.count_rows(1);
  FollowedRows::copy(rows.payload, 2, 2, second);
  REQUIRE(is_followed(second));
  const FollowedRows& copied = *FollowedRows::of(second.receipts);
  REQUIRE(copied.rows.size() == 3);
  CHECK(copied.rows[0].row == 1);
  CHECK(copied.rows[2].row == 3);
  CHECK(copied.holders() == 1);
  tell_fate(second, "delivered", {});
  tell_fate(first, "letter", {});
  CHECK(rows.fates() == "letter delivered delivered delivered");
  let_go(first);
  let_go(second);
}

TEST_CASE("a reason of any length and of any bytes leaves the other parts as they are") {
  FollowedPayload rows;
  tell_fate(rows.payload, "dropped", std::string(1000, '\x1f'));
  RowFate fate = read_fate(*rows.notes[0]);
  CHECK(fate.sink == "out");
  CHECK(fate.fate == "dropped");
  CHECK(fate.why.find('\x1f') == std::string::npos);
}

TEST_CASE("of a group it is told which members have a row") {
  FollowedPayload rows;
  Instance group;
  for (const char* id : {"a", "b", "c"}) {
    auto member = std::make_shared<Instance>();
    member->id = id;
    group.members.push_back(member);
  }
  MemberMeter meters[3];
  Payload* payload = &rows.payload;
  std::string said;
  bool is_first = true;
  SECTION("a mirror goes on without two") {
    meters[1].missed_rows.add(7);
    MemberFates fates(group, meters, {&payload, 1}, is_first);
    meters[0].rows.add(4);
    meters[1].missed_rows.add(4);
    meters[2].missed_rows.add(4);
    fates.tell({&payload, 1});
    CHECK(read_fate(*rows.notes[0]).why == "by a, missed by b, c");
  }
  SECTION("one of several takes all") {
    MemberFates fates(group, meters, {&payload, 1}, is_first);
    meters[2].rows.add(4);
    fates.tell({&payload, 1});
    CHECK(read_fate(*rows.notes[0]).why == "by c");
  }
  SECTION("all take it") {
    MemberFates fates(group, meters, {&payload, 1}, is_first);
    for (MemberMeter& meter : meters) {
      meter.rows.add(4);
    }
    fates.tell({&payload, 1});
    CHECK(read_fate(*rows.notes[0]).why.empty());
  }
  SECTION("who took it before is not known the second time") {
    MemberFates fates(group, meters, {&payload, 1}, false);
    meters[2].rows.add(4);
    fates.tell({&payload, 1});
    CHECK(read_fate(*rows.notes[0]).why.empty());
  }
  CHECK(read_fate(*rows.notes[0]).fate == "delivered");
}
