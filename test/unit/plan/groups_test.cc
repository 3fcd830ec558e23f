// SPDX-License-Identifier: Apache-2.0
#include "core/plan/groups.hh"

#include <catch2/catch.hpp>

#include "test/unit/plan/fixture.hh"

using namespace stook;
using namespace stook::test;

namespace {
// `id(plugin)` of the group's members, in order.
std::string show_members(const Instance& group) {
  std::string out;
  for (const auto& member : group.members) {
    out += (out.empty() ? "" : " ") + member->id + "(" + member->plugin->name + ")";
  }
  return out;
}
}  // namespace

TEST_CASE("a group is one sink, and its members are its own") {
  auto plan = plan_of_text(
      "stack = in:STDIN, out:failover(a:FILE, b:FILE(path = two), last = c:FILE)\n"
      "[a]\npath = one\nformat = csv\ncolumns = message\n"
      "[b]\nformat = csv\ncolumns = message\n"
      "[c]\npath = three\nformat = csv\ncolumns = message\n");
  REQUIRE(plan->routes[0]->sinks.size() == 1);
  const Instance& group = *plan->find("out");
  CHECK(show_members(group) == "a(file) b(file) c(file)");
  CHECK(plan->find("a") == nullptr);
  CHECK(std::string(group.codec->name) == "csv");
  CHECK(group.codec_wiring.reads.size() == 1);
  CHECK(plan->routes[0]->nodes[0].in.size() == 1);
  CHECK(plan->show().find("      member a file\n      member b file\n      member c file\n") != std::string::npos);
}

TEST_CASE("members may stand in the group's section, be plugins without an id, and be bound elsewhere") {
  auto plan = plan_of_text(
      "stack = in:STDIN, out:FAILOVER\n"
      "stack = other:STDIN, out\n"
      "[out]\nlast = c\nmembers = FILE, b\n"
      "[b]\nplugin = FILE\npath = two\n"
      "[c]\nplugin = STDOUT\n");
  CHECK(show_members(*plan->find("out")) == "file(file) b(file) c(stdout)");
  CHECK(plan->routes.size() == 2);
  CHECK(plan->routes[1]->sinks[0] == plan->routes[0]->sinks[0]);
}

TEST_CASE("a group has changed when a member has") {
  auto text_of_group = [](const std::string& path) {
    auto plan = plan_of_text("stack = in:STDIN, out:failover(a:FILE, b:FILE)\n[b]\npath = " + path + "\n");
    return plan->find("out")->text;
  };
  CHECK(text_of_group("one") == text_of_group("one"));
  CHECK(text_of_group("one") != text_of_group("two"));
}

TEST_CASE("start_by divides the group's payloads by its key") {
  auto plan = plan_of_text("stack = in:STDIN, failover(STDOUT, FILE, start_by = message)\n");
  const Instance& group = *plan->find("failover");
  CHECK(group.wiring.address == "${message}");
  REQUIRE(plan->routes[0]->nodes[0].address.size() == 1);
  CHECK(plan->routes[0]->schema.key(plan->routes[0]->nodes[0].address[0]).name == "message");
}

TEST_CASE("members whose target depends on the row in the same way share the group's payloads") {
  auto plan = plan_of_text("stack = in:STDIN, failover(a:FILE(path = $message), b:FILE(path = $message))\n");
  CHECK(plan->find("failover")->wiring.address == "$message");
}

TEST_CASE("groups work for failed rows") {
  auto plan = plan_of_text(
      "stack = in:STDIN, parse, STDOUT\n"
      "[parse]\non_error = bad:failover(a:FILE, b:FILE)\n");
  CHECK(show_members(*plan->find("bad")) == "a(file) b(file)");
}

TEST_CASE("a member that is no sink is named") {
  CHECK(errors_of_text("stack = in:STDIN, out:failover(a:FILE, b:KEEP)\n") ==
        "x.conf:1: [out] members: 'keep' is a filter, and a sink belongs here; a group is made of sinks\n"
        "    stack = in:STDIN, out:failover(a:FILE, b:KEEP)\n"
        "                                           ^~~~~~\n");
  CHECK(errors_of_text("stack = in:STDIN, out:failover(a:FILE, b:FIEL)\n") ==
        "x.conf:1: [out] members: no sink 'FIEL' in this build; did you mean 'file'?\n"
        "    stack = in:STDIN, out:failover(a:FILE, b:FIEL)\n"
        "                                           ^~~~~~\n");
}

TEST_CASE("one sink is no group") {
  CHECK(errors_of_text("stack = in:STDIN, out:failover(a:FILE)\n") ==
        "x.conf:1: [out] members: one sink only; a group has two or more, as in failover(a:FILE, b:FILE)\n"
        "    stack = in:STDIN, out:failover(a:FILE)\n"
        "                                   ^~~~~~\n");
  CHECK(errors_of_text("stack = in:STDIN, out:failover\n") ==
        "x.conf:1: [out] members: sink 'failover' needs this option; it is: sinks\n"
        "    stack = in:STDIN, out:failover\n"
        "                      ^~~~~~~~~~~~\n");
}

TEST_CASE("a member stands in one group, and in no stack") {
  CHECK(errors_of_text("stack = in:STDIN, out:failover(a:FILE, a)\n") ==
        "x.conf:1: [out] members: 'a' is a member of 'out' already; a member is a sink, and stands in one group and in "
        "no "
        "stack\n"
        "    stack = in:STDIN, out:failover(a:FILE, a)\n"
        "                                           ^\n");
  CHECK(errors_of_text("stack = in:STDIN, out:failover(a:FILE, b:FILE)\nstack = in, a\n") ==
        "x.conf:1: [out] members: 'a' is the sink of a stack, at x.conf:2; a member is a sink, and stands in one group "
        "and "
        "in no stack\n"
        "    stack = in:STDIN, out:failover(a:FILE, b:FILE)\n"
        "                                   ^~~~~~\n");
}

TEST_CASE("a group is no member") {
  CHECK(errors_of_text("stack = in:STDIN, out:failover(a:FILE, b:failover(c:FILE, d:FILE))\n") ==
        "x.conf:1: [out] members: 'b' is a group itself; a member is a sink, and stands in one group and in no stack\n"
        "    stack = in:STDIN, out:failover(a:FILE, b:failover(c:FILE, d:FILE))\n"
        "                                           ^~~~~~~~~~~~~~~~~~~~~~~~~~\n");
}

TEST_CASE("what the rows of a group have in common is said of the group") {
  CHECK(errors_of_text("stack = in:STDIN, out:failover(a:FILE, b:FILE)\n[a]\nfull = drop\n") ==
        "x.conf:3: [a] full: 'a' is a member of group 'out', which alone has this option; it may stand in [out]\n"
        "    full = drop\n"
        "    ^~~~\n");
  CHECK(errors_of_text("stack = in:STDIN, out:failover(a:FILE, b:FILE)\n[out]\nformat = csv\n") ==
        "x.conf:3: [out] format: a group has the format of its members; it may stand in theirs\n"
        "    format = csv\n"
        "    ^~~~~~\n");
}

TEST_CASE("members of different formats get the rows as msgpack, with all that one of them reads") {
  auto plan = plan_of_text(
      "stack = in:STDIN, out:failover(a:FILE, b:FILE)\n"
      "[a]\nformat = csv\ncolumns = message\n[b]\nformat = csv\ncolumns = message, size\n");
  const Instance& group = *plan->find("out");
  CHECK(group.is_recoded);
  CHECK(std::string(group.codec->name) == "msgpack");
  REQUIRE(group.codec_wiring.reads.size() == 2);
  CHECK_FALSE(group.codec_wiring.reads_all);
  CHECK(group.codec_wiring.reads[0].key == "message");
  CHECK(group.codec_wiring.reads[1].key == "size");
  auto open = plan_of_text("stack = in:STDIN, out:failover(a:FILE, b:FILE)\n[b]\nformat = csv\ncolumns = file.path\n");
  CHECK(open->find("out")->codec_wiring.reads_all);
  CHECK(open->find("out")->meta_keys == std::vector<std::string>{"file.path"});
  auto same = plan_of_text("stack = in:STDIN, out:failover(a:FILE, b:FILE)\n[a]\nformat = json\n");
  CHECK_FALSE(same->find("out")->is_recoded);
}

TEST_CASE("a member's own target and start_by do not go together") {
  CHECK(errors_of_text("stack = in:STDIN, out:failover(a:FILE(path = $size), b:FILE, start_by = message)\n") ==
        "x.conf:1: [out] members: the target of 'a' depends on the row, and start_by divides the rows already; give it "
        "one "
        "target, or leave start_by out\n"
        "    stack = in:STDIN, out:failover(a:FILE(path = $size), b:FILE, start_by = message)\n"
        "                                   ^~~~~~~~~~~~~~~~~~~~\n");
  CHECK(errors_of_text("stack = in:STDIN, out:failover(a:FILE(path = $size), b:FILE)\n") ==
        "x.conf:1: [out] members: the targets of 'a' and 'b' depend on the row in different ways; give each one "
        "target, or "
        "all the same\n"
        "    stack = in:STDIN, out:failover(a:FILE(path = $size), b:FILE)\n"
        "                                                         ^~~~~~\n");
}

TEST_CASE("a group's unknown options, and a second last, are told with the right ones") {
  CHECK(errors_of_text("stack = in:STDIN, out:failover(a:FILE, b:FILE, strat_by = x)\n") ==
        "x.conf:1: [out] strat_by: no such option in sink 'failover'; did you mean 'start_by'?\n"
        "    stack = in:STDIN, out:failover(a:FILE, b:FILE, strat_by = x)\n"
        "                                                   ^~~~~~~~\n");
  CHECK(errors_of_text("stack = in:STDIN, out:failover(a:FILE, b:FILE)\n[out]\nlast = c:FILE, d:FILE\n") ==
        "x.conf:3: [out] last: more than one sink; it takes one\n"
        "    last = c:FILE, d:FILE\n"
        "           ^~~~~~~~~~~~~~\n");
  CHECK(errors_of_text("stack = in:STDIN, out:failover(a:FILE, b:FILE, last = c:FILE)\n[c]\npaht = x\n") ==
        "x.conf:3: [c] paht: no such option in sink 'file'; did you mean 'path'?\n"
        "    paht = x\n"
        "    ^~~~\n");
  CHECK(errors_of_text("stack = in:STDIN, failover(a:FILE, b:FILE, start_by = mesage)\n") ==
        "x.conf:1: [failover] reads key 'mesage', which nothing before it writes; did you mean 'message'? there are "
        "file.path, message and size\n"
        "    stack = in:STDIN, failover(a:FILE, b:FILE, start_by = mesage)\n"
        "                                                          ^~~~~~\n");
}
