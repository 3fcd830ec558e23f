// SPDX-License-Identifier: Apache-2.0
#include "core/data/schema.hh"

#include <catch2/catch.hpp>

using namespace stook;

TEST_CASE("planned keys keep their numbers and open keys follow") {
  KeySchema schema;
  KeyId message = schema.add({"message", Type::Text, {}, {}});
  CHECK(schema.add({"message", Type::Text, {}, {}}) == message);
  OpenKeys keys(schema, 4);
  CHECK(keys.find("message") == message);
  CHECK(keys.find("status") == no_key);
  KeyId status = keys.intern("status");
  CHECK(index_of(status) == 1);
  CHECK(keys.intern("status") == status);
  CHECK(keys.name(status) == "status");
  CHECK(keys.is_planned(message));
  CHECK_FALSE(keys.is_planned(status));
}

TEST_CASE("a full dictionary says no, and forgets open keys between bundles under a new stamp") {
  KeySchema schema;
  schema.add({"message", Type::Text, {}, {}});
  OpenKeys keys(schema, 16);
  uint64_t stamp = keys.stamp();
  for (int i = 0; i < 16; i++) {
    CHECK(keys.intern("key" + std::to_string(i)) != no_key);
  }
  CHECK(keys.intern("one more") == no_key);
  CHECK(keys.intern("key3") != no_key);
  keys.refresh();
  CHECK(keys.stamp() != stamp);
  CHECK(keys.find("key3") == no_key);
  CHECK(index_of(keys.find("message")) == 0);
  CHECK(keys.intern("one more") != no_key);
}

TEST_CASE("names of every length and byte find themselves") {
  KeySchema schema;
  OpenKeys keys(schema, 256);
  std::vector<std::string> names;
  for (int length = 0; length < 64; length++) {
    names.push_back(std::string(static_cast<size_t>(length), '\0') + "x");
    names.push_back(std::string(static_cast<size_t>(length), 'x') + std::string(1, '\xff'));
  }
  for (size_t i = 0; i < names.size(); i++) {
    CHECK(index_of(keys.intern(names[i])) == i);
  }
  for (size_t i = 0; i < names.size(); i++) {
    CHECK(index_of(keys.find(names[i])) == i);
  }
}
