// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "test/unit/lua/library/library_kit.hh"

using namespace stook::test;

TEST_CASE("stook.ip knows addresses") {
  CHECK(value_of("stook.ip.parse('192.0.2.17'), stook.ip.parse('2001:DB8:0:0::5'), stook.ip.parse('300.1.1.1')") ==
        R"("192.0.2.17", "2001:db8::5", nil)");
  CHECK(value_of("stook.ip.version('1.2.3.4'), stook.ip.version('::'), stook.ip.version('x')") == "4, 6, nil");
  CHECK(
      value_of("stook.ip.mask('192.0.2.17', 24), stook.ip.mask('2001:db8:1:2:3::5', 24, 48), stook.ip.mask('x', 1)") ==
      R"("192.0.2.0", "2001:db8:1::", nil)");
  CHECK(value_of("stook.ip.mask('255.255.255.255', 0), stook.ip.mask('255.255.255.255', 32), "
                 "stook.ip.mask('255.255.255.255', 9)") == R"("0.0.0.0", "255.255.255.255", "255.128.0.0")");
  CHECK(value_of("stook.ip.mask('1.2.3.4', 33)") ==
        "error: stook.ip.mask: argument 2 is out of range; of IPv4 there are 0 to 32 bits");
  for (const char* text : {"10.1.2.3", "172.31.0.1", "192.168.1.1", "127.0.0.1", "fd00::1", "fe80::1", "::1",
                           "::ffff:10.0.0.1", "100.64.0.1"}) {
    CAPTURE(text);
    CHECK(value_of("stook.ip.is_private('" + std::string(text) + "')") == "true");
  }
  CHECK(value_of("stook.ip.is_private('172.32.0.1'), stook.ip.is_private('2001:db8::1'), stook.ip.is_private('')") ==
        "false, false, nil");
}

TEST_CASE("a set of networks finds the smallest one that holds an address") {
  CHECK(result_of(
            "local s = stook.ip.set{ '10.0.0.0/8', '2001:db8::/32', ['10.1.0.0/16'] = 'office', ['10.1.2.3'] = 7 } "
            "return s:get('10.9.9.9'), s:get('10.1.9.9'), s:get('10.1.2.3'), s:get('11.0.0.0'), s:has('2001:db8::9'), "
            "s:has('2001:db9::9'), s:has('no'), s:has(nil)") ==
        R"("10.0.0.0/8", "office", 7, nil, true, false, false, false)");
  CHECK(result_of("return stook.ip.set{}:has('1.2.3.4'), stook.ip.set{'0.0.0.0/0'}:has('1.2.3.4'), "
                  "stook.ip.set{'0.0.0.0/0'}:has('::2'), stook.ip.set{'::/0'}:has('1.2.3.4')") ==
        "false, true, false, true");
  CHECK(value_of("stook.ip.set{'10.0.0.0/33'}") ==
        "error: stook.ip.set: '10.0.0.0/33' is no network; \"192.0.2.0/24\", \"2001:db8::/32\" or an address would be");
  CHECK(value_of("stook.ip.set('x')") ==
        "error: stook.ip.set: argument 1 is a string; it would be a table of networks");
  CHECK(value_of("stook.ip.set{{}}").find("'table' is no network") != std::string::npos);
}

TEST_CASE("a trie says what a look at every network says") {
  unsigned seed = std::random_device()();
  CAPTURE(seed);
  CHECK(result_of("math.randomseed(" + std::to_string(seed) + R"()
local function some() return ("%d.%d.%d.%d"):format(10, math.random(0, 3), math.random(0, 3), math.random(0, 255)) end
for round = 1, 50 do
  local networks, list = {}, {}
  for i = 1, math.random(1, 40) do
    local bits = math.random(8, 32)
    networks[stook.ip.mask(some(), bits) .. "/" .. bits] = bits
  end
  local set = stook.ip.set(networks)
  for i = 1, 100 do
    local ip, want = some(), nil
    for network, bits in pairs(networks) do
      if stook.ip.mask(ip, bits) .. "/" .. bits == network and bits > (want or 0) then want = bits end
    end
    if set:get(ip) ~= want then return ip, want, set:get(ip) end
  end
end
return "same")") == "\"same\"");
}

TEST_CASE("objects of the library show no inside and take no other object for themselves") {
  CHECK(value_of("getmetatable(stook.ip.set{}), pcall(setmetatable, stook.ip.set{}, {})").rfind("false, false", 0) ==
        0);
  CHECK(result_of("return stook.ip.set{}.has({}, '1.2.3.4')") ==
        "error: set:has: argument 1 is a table; it would be a set of networks: is it called with ':'?");
  check_harmless(
      "local t = {} for i = 1, 60000 do t[i] = '10.0.' .. (i >> 8) .. '.' .. (i & 255) end "
      "local all = {} while true do all[#all + 1] = stook.ip.set(t) end",
      {{"memory", "8MiB"}, {"budget", "2s"}});
  check_harmless("local s = stook.ip.set{} s.x = 1");
  check_harmless("getmetatable(stook.ip.set{}).__gc = print");
}
