// SPDX-License-Identifier: Apache-2.0
/// The scripts that are shipped.
#include <catch2/catch.hpp>

#include "test/unit/lua/script_kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
Rig shipped(const char* script, Options options = {}) {
  std::string here = __FILE__;
  options.emplace_back("script", script);
  return Rig(Kind::Filter, "lua", options, here.substr(0, here.rfind("test/unit/lua")) + "scripts");
}

void request(Rig& rig, int64_t status, std::string_view path, int64_t bytes = 1, std::string_view agent = "curl") {
  rig.row({{"status", Cell::of_integer(status)},
           {"path", Cell::of_text(path)},
           {"body_bytes_sent", Cell::of_integer(bytes)},
           {"http_user_agent", Cell::of_text(agent)}});
}
}  // namespace

TEST_CASE("label_web labels each request and leaves lines that did not parse") {
  Rig rig = shipped("label_web.lua", {{"set", "large=1KiB"}});
  request(rig, 200, "/api/x.css");
  request(rig, 404, "/wp-login.php");
  request(rig, 200, "/a/b.css", 1024);
  request(rig, 200, "/", 1023);
  rig.row("message", "not an access line");
  rig.run();
  REQUIRE(rig.faults().empty());
  const char* labels[] = {"api", "probe", "asset", "page"};
  for (size_t i = 0; i < 4; i++) {
    CHECK(rig.cell("label", i)->bytes() == labels[i]);
    CHECK((rig.cell("is_large", i) != nullptr) == (i == 2));
  }
  CHECK(rig.show(4) == "message=\"not an access line\"(text)");
}

TEST_CASE("drop_noise drops what nobody reads") {
  Rig rig = shipped("drop_noise.lua");
  request(rig, 200, "/healthz");
  request(rig, 304, "/");
  request(rig, 200, "/", 1, "kube-probe/1.27");
  request(rig, 200, "/");
  rig.row("message", "x");
  rig.run();
  CHECK(rig.faults().empty());
  CHECK(rig.selected() == std::vector<int>{3, 4});
}

TEST_CASE("mask_address leaves the network of an address and nothing else") {
  Rig rig = shipped("mask_address.lua");
  const char* before[] = {"192.0.2.17", "2001:db8:1:2::5", "::1", "fe80::1", "::ffff:1.2.3.4", "bad; input", ""};
  const char* after[] = {"192.0.2.0", "2001:db8:1::", "::", "fe80::", "::", "masked", "masked"};
  for (const char* address : before) {
    rig.row("remote_addr", address);
  }
  rig.row({{"client", Cell::of_slice(Type::Address, {"\xc0\0\2\x11", 4})}});
  rig.run();
  CHECK(rig.faults().empty());
  for (size_t i = 0; i < std::size(after); i++) {
    CHECK(rig.cell("remote_addr", i)->bytes() == after[i]);
  }
  const Cell* client = rig.cell("client", std::size(after));
  CHECK(client->type == Type::Address);
  CHECK(client->bytes() == std::string_view("\xc0\0\2\0", 4));
}

TEST_CASE("sample keeps failures and one of n") {
  Rig rig = shipped("sample.lua", {{"set", "n=5"}});
  for (int i = 0; i < 20; i++) {
    request(rig, i % 4 == 3 ? 500 : 200, "/");
  }
  rig.run();
  CHECK(rig.faults().empty());
  CHECK(rig.selected() == std::vector<int>{0, 3, 6, 7, 11, 13, 15, 19});
  CHECK(rig.cell("weight", 3)->integer == 1);
  CHECK(rig.cell("weight", 6)->integer == 5);
}
