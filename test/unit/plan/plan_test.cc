// SPDX-License-Identifier: Apache-2.0
#include "core/plan/plan.hh"

#include <sched.h>

#include <catch2/catch.hpp>

#include "test/unit/plan/fixture.hh"

using namespace stook;
using namespace stook::test;

namespace {
std::unique_ptr<Plan> plan_of(const std::string& stack) {
  return make_plan({{}, stack});
}

// The tree of a route: `id(children)`, failed rows behind `!`.
std::string show_tree(const Route& route, const std::vector<size_t>& nodes) {
  std::string out;
  for (size_t at : nodes) {
    const Node& node = route.nodes[at];
    out += (out.empty() ? "" : " ") + node.instance->id;
    out += node.children.empty() ? "" : "(" + show_tree(route, node.children) + ")";
    out += node.error_children.empty() ? "" : "!(" + show_tree(route, node.error_children) + ")";
  }
  return out;
}

std::string names(const Route& route, const std::vector<KeyId>& ids) {
  std::string out;
  for (KeyId id : ids) {
    out += (out.empty() ? "" : " ") + (id == no_key ? "-" : route.schema.key(id).name);
  }
  return out;
}

const Node& node(const Route& route, const std::string& id) {
  for (const Node& one : route.nodes) {
    if (one.instance->id == id) {
      return one;
    }
  }
  throw std::runtime_error("no node " + id);
}
}  // namespace

TEST_CASE("stacks of one source share their heads") {
  auto plan = plan_of_text(
      "stack = in:STDIN, p:PARSE, k:KEEP, a:STDOUT\n"
      "stack = in, p, b:FILE\n"
      "stack = in, p, k, c:FILE\n"
      "stack = other:STDIN, b\n"
      "[k]\nif = status > 1\n[c]\npath = c\n");
  REQUIRE(plan->routes.size() == 2);
  CHECK(show_tree(*plan->routes[0], plan->routes[0]->roots) == "p(k(a c) b)");
  CHECK(show_tree(*plan->routes[1], plan->routes[1]->roots) == "b");
  CHECK(plan->routes[0]->sinks.size() == 3);
  for (size_t i = 0; i < plan->routes[0]->nodes.size(); i++) {
    for (size_t child : plan->routes[0]->nodes[i].children) {
      CHECK(child > i);
    }
  }
  CHECK(plan->find("k") == node(*plan->routes[0], "k").instance);
  CHECK(plan->find("none") == nullptr);
}

TEST_CASE("a lone name is a section's, then a bound id's, then a plugin's with a fresh id") {
  auto plan = plan_of_text(
      "stack = stdin, named, keep(status > 1), keep(size > 1), stdout\n"
      "stack = stdin, x:PARSE, stdout\n"
      "stack = y:STDIN, x, z:STDOUT\n"
      "[named]\nplugin = PARSE\n[stdin2]\nlanes = 3\n");
  REQUIRE(plan->routes.size() == 3);
  CHECK(show_tree(*plan->routes[0], plan->routes[0]->roots) == "named(keep(keep2(stdout)))");
  CHECK(plan->routes[1]->source->id == "stdin2");
  CHECK(plan->routes[1]->source->lanes == 3);
  CHECK(show_tree(*plan->routes[1], plan->routes[1]->roots) == "x(stdout2)");
  CHECK(show_tree(*plan->routes[2], plan->routes[2]->roots) == "x(z)");
}

TEST_CASE("failed rows pass, drop or go to a stack of their own") {
  auto plan = plan_of_text(
      "stack = in:STDIN, a:PARSE, b:PARSE, out:STDOUT\n"
      "[a]\non_error = Drop\n[b]\non_error = keep(parse_error != \"\"), bad:file(path = bad)\n");
  const Route& route = *plan->routes.front();
  CHECK(show_tree(route, route.roots) == "a(b(out)!(keep(bad)))");
  CHECK(plan->find("a")->on_error == OnError::Drop);
  CHECK(plan->find("b")->on_error == OnError::Stack);
  CHECK(plan->find("out")->on_error == OnError::Pass);
  CHECK(route.sinks.size() == 2);
}

TEST_CASE("reads and writes have one number for each name, and what nobody reads has none") {
  auto plan = plan_of("stdin, parse, keep(status >= 500), stdout(format = csv, columns = \"status, path\")");
  const Route& route = *plan->routes.front();
  CHECK(names(route, route.source_out) == "message - -");
  CHECK(names(route, node(route, "parse").in) == "message");
  CHECK(names(route, node(route, "parse").out) == "status path -");
  CHECK(names(route, node(route, "keep").in) == "status");
  CHECK(names(route, node(route, "stdout").in) == "status path");
}

TEST_CASE("who reads all keys reads no meta key, and who names it does") {
  auto plan = plan_of("stdin, stdout");
  CHECK(names(*plan->routes[0], plan->routes[0]->source_out) == "message size -");
  plan = plan_of("stdin, keep(file.path == 1), stdout");
  CHECK(names(*plan->routes[0], plan->routes[0]->source_out) == "message size file.path");
  plan = plan_of("stdin, file(path = '/var/${file.path}', format = raw)");
  CHECK(names(*plan->routes[0], plan->routes[0]->source_out) == "message - file.path");
  CHECK(names(*plan->routes[0], node(*plan->routes[0], "file").address) == "file.path");
}

TEST_CASE("behind an element that opens, any key may be read") {
  auto plan = plan_of("stdin, open, keep(anything > 1), stdout");
  const Route& route = *plan->routes.front();
  KeyId id = node(route, "keep").in.front();
  REQUIRE(id != no_key);
  CHECK(route.schema.key(id).type == Type::Mixed);
  CHECK(route.open_keys == 256);
  CHECK(plan_of("stdin, stdout")->routes[0]->open_keys == 0);
  CHECK_THROWS_AS(plan_of("stdin, open, remove(anything), keep(anything > 1), stdout"), ConfigErrors);
  CHECK_THROWS_AS(plan_of("stdin, keep(anything > 1), open, stdout"), ConfigErrors);
}

TEST_CASE("removed and renamed keys are gone below, and stay in other branches") {
  CHECK_THROWS_AS(plan_of("stdin, remove(message, size), parse, stdout"), ConfigErrors);
  CHECK_THROWS_AS(plan_of("stdin, rename(message, text), parse, stdout"), ConfigErrors);
  CHECK_THROWS_AS(plan_of("stdin, rename(none, text), stdout"), ConfigErrors);
  CHECK_NOTHROW(plan_of("stdin, rename(message, text, text, line), parse(line), stdout"));
  CHECK_THROWS_AS(plan_of("stdin, rename(message, text, text, line), parse(text), stdout"), ConfigErrors);
  auto plan = plan_of("stdin, rename(message, text), parse(text), stdout(format = csv, columns = status)");
  const Route& route = *plan->routes.front();
  CHECK(names(route, route.source_out) == "message - -");
  CHECK(route.schema.key(node(route, "parse").in.front()).type == Type::Text);
  CHECK(plan_of_text("stack = in:STDIN, r:REMOVE, a:STDOUT\nstack = in, p:PARSE, b:STDOUT\n[r]\nkeys = message\n"));
}

TEST_CASE("a key may change its type once it was removed, and differ between branches") {
  CHECK_NOTHROW(plan_of("stdin, parse, remove(status), parse_text, stdout"));
  auto plan = plan_of_text("stack = in:STDIN, p:PARSE, a:STDOUT\nstack = in, t:PARSE_TEXT, b:STDOUT\n");
  const Route& route = *plan->routes.front();
  CHECK(route.schema.key(route.schema.find("status")).type == Type::Mixed);
}

TEST_CASE("pairs that name no option are elements of a list without a name") {
  CHECK(plan_of("stdin, remove(a = 1, b = \"c, d\", on_error = drop), stdout")->find("remove")->wiring.removes ==
        std::vector<std::string>{"a = 1", "b = \"c, d\""});
  CHECK_THROWS_AS(plan_of("stdin, remove(a = 1, on_eror = drop), stdout"), ConfigErrors);
  CHECK_THROWS_AS(plan_of("stdin, keep(a = 1), stdout"), ConfigErrors);
}

TEST_CASE("an optional read that nobody writes has no key") {
  auto plan = plan_of("stdin, sum, stdout");
  const Route& route = *plan->routes.front();
  CHECK(names(route, node(route, "sum").in) == "message -");
}

TEST_CASE("options of a sink and its codec stand together") {
  auto plan = plan_of("stdin, file(format = csv, columns = message, colour = green, full = drop)");
  CHECK(plan->find("file")->full == Full::Drop);
  CHECK(std::string(plan->find("file")->codec->name) == "csv");
  CHECK(plan->find("file")->codec_wiring.reads.size() == 1);
  CHECK_THROWS_AS(plan_of("stdin, file(format = raw, columns = message)"), ConfigErrors);
  CHECK_THROWS_AS(plan_of("stdin, file(format = cvs)"), ConfigErrors);
}

TEST_CASE("lanes are dealt unless somebody remembers rows") {
  auto plan = plan_of("stdin(lanes = 4), parse, stdout");
  CHECK(plan->routes[0]->is_dealt);
  CHECK(plan->routes[0]->lane_worker.empty());
  PlanRequest request{{}, "stdin(lanes = 4), dedupe, stdout", 2, 0};
  plan = make_plan(request);
  CHECK_FALSE(plan->routes[0]->is_dealt);
  CHECK(plan->routes[0]->lane_worker == std::vector<size_t>{0, 1, 0, 1});
  CHECK(plan->routes[0]->pinned_by == "filter 'dedupe' remembers rows of a lane");
}

TEST_CASE("lanes that reach one shared instance meet on one worker") {
  auto plan = plan_of_text(
      "threads = 4\n"
      "stack = a:STDIN, s:SUM, x:STDOUT\n"
      "stack = b:STDIN, s, y:STDOUT\n"
      "stack = c:STDIN, d:DEDUPE, z:STDOUT\n"
      "[a]\nlanes = 2\n[b]\nlanes = 2\n[c]\nlanes = 3\n");
  REQUIRE(plan->routes.size() == 3);
  size_t shared = plan->routes[0]->lane_worker[0];
  CHECK(plan->routes[0]->lane_worker == std::vector<size_t>(2, shared));
  CHECK(plan->routes[1]->lane_worker == std::vector<size_t>(2, shared));
  for (size_t worker : plan->routes[2]->lane_worker) {
    CHECK(worker != shared);
  }
  CHECK(plan->routes[0]->capacity == 512);
  CHECK(plan->routes[2]->capacity == 256);
  CHECK(plan->show().find("note: all its lanes run on worker 0") != std::string::npos);
}

TEST_CASE("settings come from the file, then from the command line") {
  Files files;
  files.write("x.conf",
              "[global]\nloglevel = 7\nkeyspool = 5\nthreads = 3\nrows = 16\nstop_timeout = 2s\nlogfile = \"x\"\n"
              "stack = in:STDIN, out:STDOUT\n");
  auto plan = make_plan({"x.conf", {}});
  CHECK(plan->settings.loglevel == Level::Error);
  CHECK(plan->settings.threads == 3);
  CHECK(plan->settings.stop_timeout.ns == 2'000'000'000);
  CHECK(plan->settings.logfile == "x");
  CHECK(plan->routes[0]->bundles == 5);
  CHECK(plan->routes[0]->source_rows == 16);
  plan = make_plan({"x.conf", {}, 1, 9});
  CHECK(plan->settings.threads == 1);
  CHECK(plan->routes[0]->bundles == 9);
  cpu_set_t set;
  REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
  CHECK(plan_of("stdin, stdout")->settings.threads == static_cast<size_t>(CPU_COUNT(&set)));
}

TEST_CASE("a plan shows routes, stacks, keys, sinks, memory and threads") {
  auto plan = make_plan({{}, "stdin, parse, keep(status > 1), out:file(path = x, format = csv, columns = path)", 1, 0});
  CHECK(plan->show() ==
        "route stdin: 1 lane, 16 bundles of 256 rows, at most 4.38 MiB\n"
        "  lanes are dealt: any worker takes any bundle, and sinks put them in order\n"
        "  stacks:\n"
        "    stdin:stdin -> parse:parse -> keep:keep -> out:file(csv)\n"
        "  keys:\n"
        "    message text (stdin) -> parse\n"
        "    size integer B (stdin): nobody reads it, not produced\n"
        "    file.path text (stdin): nobody reads it, not produced\n"
        "    status integer (parse) -> keep\n"
        "    path text (parse) -> out\n"
        "    parse_error text (parse): nobody reads it, not produced\n"
        "  sinks:\n"
        "    out file, format csv, 8 slots for each worker, full = wait\n"
        "memory: at most 12.38 MiB in bundles and payloads\n"
        "threads: main, 1 worker, 1 carrier\n");
}

TEST_CASE("a plan shows who renames a key") {
  std::string text = plan_of("stdin, rename(message, text), parse(text), stdout")->show();
  CHECK(text.find("    message text (stdin) -> rename and stdout\n") != std::string::npos);
  CHECK(text.find("    text text (rename) -> parse and stdout\n") != std::string::npos);
}
