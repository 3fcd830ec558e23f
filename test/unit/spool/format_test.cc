// SPDX-License-Identifier: Apache-2.0
#include "core/spool/format.hh"

#include <catch2/catch.hpp>
#include <random>

#include "rows.hh"

using namespace stook;

namespace {
const SpoolUuid uuid{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

Payload parted() {
  Payload payload;
  payload.begin_part("one.log");
  payload.append("first\nsecond\n");
  payload.end_row_at(6);
  payload.end_row_at(13);
  payload.count_rows(2);
  payload.begin_part("");
  payload.append("third\n");
  payload.end_row();
  payload.count_rows(1);
  return payload;
}
}  // namespace

TEST_CASE("a payload comes back from its record with parts, addresses and row ends") {
  const uint32_t seed = spool_seed(uuid);
  ByteBuffer bytes;
  put_record(parted(), 7, 100, 1234, seed, bytes);
  REQUIRE(bytes.size() % 8 == 0);
  REQUIRE(bytes.size() == record_size(body_length(parted())));
  auto header = read_record_header(bytes.data(), seed);
  REQUIRE(header);
  CHECK(header->sequence == 7);
  std::string_view body(bytes.data() + record_header_size, header->length);
  REQUIRE(is_body_right(*header, body));
  auto fixed = read_body_header(body);
  REQUIRE(fixed);
  CHECK(fixed->rows_before == 100);
  CHECK(fixed->sealed_wall == 1234);
  CHECK(body_bytes(body, *fixed) == "first\nsecond\nthird\n");
  Payload back;
  REQUIRE(read_body(body, back));
  CHECK(back.rows() == 3);
  REQUIRE(back.parts() == 2);
  CHECK(back.part(0).address == "one.log");
  CHECK(back.part_bytes(0) == "first\nsecond\n");
  CHECK(back.part_bytes(1) == "third\n");
  REQUIRE(back.row_ends().size() == 3);
  CHECK(back.row_ends()[2] == 19);
}

TEST_CASE("a payload without row ends and one without bytes come back") {
  Payload bare;
  bare.begin_part("x");
  bare.count_rows(5);
  ByteBuffer bytes;
  put_record(bare, 1, 0, 0, 0, bytes);
  auto header = read_record_header(bytes.data(), 0);
  REQUIRE(header);
  Payload back;
  REQUIRE(read_body({bytes.data() + record_header_size, header->length}, back));
  CHECK(back.rows() == 5);
  CHECK(back.row_ends().empty());
  CHECK(back.size() == 0);
}

TEST_CASE("a record of another spool does not verify") {
  ByteBuffer bytes;
  put_record(parted(), 7, 100, 1234, spool_seed(uuid), bytes);
  CHECK_FALSE(read_record_header(bytes.data(), spool_seed({})));
}

TEST_CASE("no flipped bit of a record, a segment's header or a footer goes unseen") {
  const uint32_t seed = spool_seed(uuid);
  ByteBuffer record;
  put_record(parted(), 7, 100, 1234, seed, record);
  const size_t length = body_length(parted());
  for (size_t bit = 0; bit < (record_header_size + length) * 8; bit++) {
    ByteBuffer hurt = record;
    hurt[bit / 8] = static_cast<char>(hurt[bit / 8] ^ 1 << bit % 8);
    auto header = read_record_header(hurt.data(), seed);
    CHECK_FALSE((header && is_body_right(*header, {hurt.data() + record_header_size, header->length})));
  }
  char head[segment_header_size];
  put_segment_header({4096, uuid, 9, 10, 11}, head);
  REQUIRE(read_segment_header(head));
  CHECK(read_segment_header(head)->first_sequence == 10);
  char foot[segment_footer_size];
  put_segment_footer({9, 3, 12, 20, 5}, seed, foot);
  REQUIRE(read_segment_footer(foot, seed));
  CHECK(read_segment_footer(foot, seed)->rows_after == 20);
  for (size_t bit = 0; bit < segment_header_size * 8; bit++) {
    head[bit / 8] = static_cast<char>(head[bit / 8] ^ 1 << bit % 8);
    CHECK_FALSE(read_segment_header(head));
    head[bit / 8] = static_cast<char>(head[bit / 8] ^ 1 << bit % 8);
  }
  for (size_t bit = 0; bit < segment_footer_size * 8; bit++) {
    foot[bit / 8] = static_cast<char>(foot[bit / 8] ^ 1 << bit % 8);
    CHECK_FALSE(read_segment_footer(foot, seed));
    foot[bit / 8] = static_cast<char>(foot[bit / 8] ^ 1 << bit % 8);
  }
}

TEST_CASE("a body of random bytes is refused or fits") {
  const uint64_t seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20'000; round++) {
    std::string body(random() % 120, '\0');
    for (char& c : body) {
      c = random() % 3 == 0 ? static_cast<char>(random() % 8) : '\0';
    }
    Payload into;
    if (read_body(body, into)) {
      CHECK(into.size() <= body.size());
    }
  }
}
