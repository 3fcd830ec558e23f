// SPDX-License-Identifier: Apache-2.0
#include "core/net/address.hh"

#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <stdexcept>

#include "core/net/bound.hh"

namespace stook {

namespace {

std::string fault_of(std::string_view text, AddressForm form = AddressForm::Any) {
  try {
    parse_endpoint(text, form);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "none";
}

std::string kernel_text(const char* text) {
  auto address = SocketAddress::of(parse_endpoint(text));
  return address ? address->text() : "none";
}

}  // namespace

TEST_CASE("every form of an address is read and written the same") {
  for (const char* text :
       {"0.0.0.0:514", "[::]:514", "[fe80::1%lo]:0", "logs.example.org:6514", "*:514", "/run/stook.sock", "@stook"}) {
    CAPTURE(text);
    CHECK(parse_endpoint(text).text() == text);
  }
  CHECK(parse_endpoint("10.0.0.1", AddressForm::Network, 514).text() == "10.0.0.1:514");
  CHECK(parse_endpoint("[::1]", AddressForm::Network, 6514).text() == "[::1]:6514");
  CHECK(parse_endpoint("*", AddressForm::Network, 514).text() == "*:514");
}

TEST_CASE("a wrong address says what would be right") {
  CHECK(fault_of("") == "`` is no address; write 10.0.0.1:514, [::1]:514, host:514, /run/stook.sock or @stook");
  CHECK(fault_of(":514") == "`:514` names no host; write *:514 for all addresses of this machine");
  CHECK(fault_of("10.0.0.1") == "`10.0.0.1` has no port; write 10.0.0.1:514");
  CHECK(fault_of("::1:514") == "`::1:514` is an IPv6 address without brackets; write [::1]:514");
  CHECK(fault_of("2001:db8::ab") == "`2001:db8::ab` is an IPv6 address without brackets; write [2001:db8::ab]:514");
  CHECK(fault_of("::1") == "`::1` is an IPv6 address without brackets; write [::1]:514");
  CHECK(fault_of("[::1") == "`[::1` has no IPv6 address in its brackets; write [::1]:514");
  CHECK(fault_of("[::1]514") == "`[::1]514` goes on behind its bracket; write [::1]:514");
  CHECK(fault_of("host:65536") ==
        "`host:65536` has a port above 65535; a port is a number from 1 to 65535, as in 10.0.0.1:514");
  CHECK(fault_of("host:http") ==
        "`host:http` has no port behind its last colon; a port is a number from 1 to 65535, as in 10.0.0.1:514");
  CHECK(fault_of("10.1.2.300:514").starts_with("`10.1.2.300:514` is no address; "));
  CHECK(fault_of("300.1.1.1:514", AddressForm::Network) ==
        "`300.1.1.1:514` is no address; write 10.0.0.1:514, [::1]:514 or host:514");
  CHECK(fault_of("a b:1").starts_with("`a b:1` is no address; "));
  CHECK(fault_of("/") == "`/` names no unix socket; write /run/stook.sock, or @stook for an abstract one");
  CHECK(fault_of("/" + std::string(107, 'x')).ends_with(" is too long for a unix socket; the kernel takes 107 bytes"));
  CHECK(fault_of("/run/a", AddressForm::Network) ==
        "`/run/a` is a unix socket; here it has to be an address and a port, as 10.0.0.1:514");
  CHECK(fault_of("a:1", AddressForm::Unix) ==
        "`a:1` is no unix socket; write /run/stook.sock, or @stook for an abstract one");
}

TEST_CASE("a wrong address of this machine says what can be listened on") {
  auto fault = [](const char* text, AddressForm form = AddressForm::Network) -> std::string {
    try {
      parse_listening(text, form);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "none";
  };
  CHECK(fault("300.1.1.1:514") == "`300.1.1.1:514` is no address; write 10.0.0.1:514, [::1]:514 or *:514");
  CHECK(fault("300.1.1.1:514", AddressForm::Any) ==
        "`300.1.1.1:514` is no address; write 10.0.0.1:514, [::1]:514, *:514, /run/stook.sock or @stook");
  CHECK(fault("127.0.0.1:99999") ==
        "`127.0.0.1:99999` has a port above 65535; a port is a number from 1 to 65535, or 0 for any that "
        "is free");
  CHECK(fault("[::ffff:127.0.0.1]:514") == "`[::ffff:127.0.0.1]:514` is an IPv4 address in IPv6; write 127.0.0.1:514");
  CHECK(fault("[::1]:0") == "none");
}

TEST_CASE("two addresses exclude each other when they cannot be bound at once") {
  auto at = [](const char* text, bool is_stream = true, bool is_shared = false) {
    return Listening{parse_listening(text, AddressForm::Any), is_stream, false, is_shared};
  };
  CHECK(exclude_each_other(at("127.0.0.1:1"), at("127.0.0.1:1")));
  CHECK(exclude_each_other(at("*:1"), at("127.0.0.1:1")));
  CHECK(exclude_each_other(at("[::1]:1"), at("*:1")));
  CHECK(exclude_each_other(at("0.0.0.0:1"), at("127.0.0.1:1")));
  CHECK(exclude_each_other(at("[::1]:1"), at("[::]:1")));
  CHECK(exclude_each_other(at("[0:0::1]:1"), at("[::1]:1")));
  CHECK(exclude_each_other(at("/run/a"), at("/run/a", false)));
  CHECK(exclude_each_other(at("127.0.0.1:1", true, true), at("127.0.0.1:1")));
  CHECK_FALSE(exclude_each_other(at("127.0.0.1:1", true, true), at("*:1", true, true)));
  CHECK_FALSE(exclude_each_other(at("127.0.0.1:1"), at("127.0.0.1:1", false)));
  CHECK_FALSE(exclude_each_other(at("127.0.0.1:1"), at("127.0.0.1:2")));
  CHECK_FALSE(exclude_each_other(at("127.0.0.1:1"), at("127.0.0.2:1")));
  CHECK_FALSE(exclude_each_other(at("127.0.0.1:0"), at("127.0.0.1:0")));
  CHECK_FALSE(exclude_each_other(at("0.0.0.0:1"), at("[::]:1")));
  CHECK_FALSE(exclude_each_other(at("/run/a"), at("127.0.0.1:1")));
  CHECK_FALSE(exclude_each_other(at("@a"), at("@a", false)));
}

TEST_CASE("the kernel's form goes there and back") {
  for (const char* text : {"127.0.0.1:514", "[::1]:65535", "/run/stook.sock", "@stook"}) {
    CAPTURE(text);
    CHECK(kernel_text(text) == text);
  }
  CHECK(kernel_text("[::ffff:10.0.0.1]:514") == "10.0.0.1:514");
  CHECK(kernel_text("localhost:514") == "none");
  CHECK(kernel_text("*:514") == "none");
  CHECK(SocketAddress().text() == "unknown");
}

TEST_CASE("a peer is an IPv4 address or a network of IPv6") {
  auto group = [](const char* text) { return std::string(SocketAddress::of(parse_endpoint(text))->peer_group()); };
  CHECK(group("10.0.0.1:1") == group("[::ffff:10.0.0.1]:2"));
  CHECK(group("10.0.0.1:1") != group("10.0.0.2:1"));
  CHECK(group("[2001:db8:0:1::1]:1") == group("[2001:db8:0:1:ffff::9]:1"));
  CHECK(group("[2001:db8:0:1::1]:1") != group("[2001:db8:0:2::1]:1"));
  CHECK(group("@x").empty());
}

}  // namespace stook
