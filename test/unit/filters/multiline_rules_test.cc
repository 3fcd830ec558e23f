// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "core/base/text.hh"
#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
using Texts = std::vector<std::string>;

/// Events of a rule, `first` lines in the first bundle.
Texts events(const char* rule, const Texts& lines, size_t first) {
  Rig rig(Kind::Filter, "multiline", {{"rule", rule}});
  const char* key = std::string_view(rule) == "docker" ? "log" : "message";
  Texts found;
  auto gather = [&] {
    for (int row : rig.selected()) {
      found.emplace_back(rig.cell(key, static_cast<size_t>(row))->bytes());
    }
  };
  for (size_t i = 0; i <= lines.size(); i++) {
    if (i == first || i == lines.size()) {
      rig.run();
      gather();
      rig.clear();
    }
    if (i < lines.size()) {
      rig.row(key, lines[i]);
    }
  }
  rig.tick(1, true);
  gather();
  return found;
}

/// Each of `wanted` is an event by that rule, wherever the bundle ends.
void check(const char* rule, const Texts& wanted) {
  Texts lines;
  for (const std::string& event : wanted) {
    for (size_t begin = 0; begin <= event.size();) {
      size_t end = std::min(event.find('\n', begin), event.size());
      lines.push_back(event.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  for (size_t first = 0; first <= lines.size(); first++) {
    INFO(rule << ", " << first << " lines in the first bundle");
    REQUIRE(events(rule, lines, first) == wanted);
  }
}
}  // namespace

TEST_CASE("java: exceptions with their frames, causes and what hides in them") {
  check("java",
        {"2026-11-21 03:38:00,123 INFO  [main] com.example.App - started",
         "Exception in thread \"main\" java.lang.RuntimeException: failed\n"
         "\tat com.example.App.run(App.java:42)\n"
         "\tat java.base/java.lang.Thread.run(Thread.java:1583)\n"
         "\tat com.example.App$$Lambda/0x000001.apply(Unknown Source)\n"
         "Caused by: java.io.IOException: disk\n"
         "\tat com.example.Disk.read(Disk.java:7) ~[app.jar:1.2]\n"
         "\t... 12 more\n"
         "\tSuppressed: java.lang.IllegalStateException: close\n"
         "\t\tat com.example.Disk.close(Disk.java:9)\n"
         "\t\t... 13 more\n"
         "\tCaused by: java.lang.Error: deep\n"
         "\t\t... 14 common frames omitted",
         "java.lang.IllegalArgumentException: a message\n"
         "    of two lines, the second indented\n"
         "    at com.example.App.check(App.java:3)",
         "java.rmi.ServerException: RemoteException occurred in server thread; nested exception is:\n"
         "java.rmi.UnmarshalException: error unmarshalling; nested exception is: \n"
         "\tjava.io.EOFException\n"
         "\tat sun.rmi.server.UnicastServerRef.dispatch(UnicastServerRef.java:333)",
         "org.example.NoStackException\n",
         "2026-11-21 03:38:01,000 ERROR [http-1] com.example.Web - request failed: java.lang.NullPointerException\n"
         "\tat com.example.Web.handle(Web.java:11)",
         "a plain line", "  an indented one that is no frame", "",
         "\"worker-1\" #12 prio=5 os_prio=0 tid=0x1 nid=0x2 waiting for monitor entry\n"
         "\tat com.example.Lock.take(Lock.java:5)\n"
         "\t- waiting to lock <0x00000007d58f5e60> (a java.lang.Object)",
         "last"});
}

TEST_CASE("python: tracebacks up to the error, chained ones, and groups") {
  check("python", {"INFO:root:started",
                   "Traceback (most recent call last):\n"
                   "  File \"/srv/app.py\", line 10, in <module>\n"
                   "    main()\n"
                   "    ~~~~^^\n"
                   "  File \"/srv/app.py\", line 7, in main\n"
                   "    raise KeyError(\"x\")\n"
                   "  [Previous line repeated 995 more times]\n"
                   "KeyError: 'x'\n"
                   "\n"
                   "During handling of the above exception, another exception occurred:\n"
                   "\n"
                   "Traceback (most recent call last):\n"
                   "  File \"/srv/app.py\", line 12, in <module>\n"
                   "    raise app.errors.Failed(\"y\") from error\n"
                   "app.errors.Failed: y",
                   "INFO:root:next", "  indented",
                   "Traceback (most recent call last):\n"
                   "  File \"x.py\", line 1\n"
                   "    f(\n"
                   "     ^\n"
                   "SyntaxError: '(' was never closed",
                   "Traceback (most recent call last):\n"
                   "  File \"x.py\", line 1, in <module>\n"
                   "KeyboardInterrupt",
                   "Traceback (most recent call last):\n"
                   "  File \"x.py\", line 1, in <module>",
                   "2026-11-21 03:38:00 something else got in between",
                   "  + Exception Group Traceback (most recent call last):\n"
                   "  |   File \"g.py\", line 3, in <module>\n"
                   "  |     raise ExceptionGroup(\"two\", [a, b])\n"
                   "  | ExceptionGroup: two (2 sub-exceptions)\n"
                   "  +-+---------------- 1 ----------------\n"
                   "    | Traceback (most recent call last):\n"
                   "    |   File \"g.py\", line 1, in f\n"
                   "    | ValueError: a\n"
                   "    +---------------- 2 ----------------\n"
                   "    | TypeError: b\n"
                   "    +------------------------------------",
                   "done"});
}

TEST_CASE("go: panics, fatal errors, and dumps of goroutines") {
  check("go", {"2026/11/21 03:38:00 listening on :8080",
               "panic: runtime error: invalid memory address or nil pointer dereference [recovered]\n"
               "\tpanic: again\n"
               "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x45e0a1]\n"
               "\n"
               "goroutine 1 [running]:\n"
               "main.(*Server).handle(0xc000012345, {0x6f1a88, 0xc00009e0f0})\n"
               "\t/srv/main.go:8 +0x1d\n"
               "panic({0x45e5a0?, 0x4b3a80?})\n"
               "\t/usr/lib/go/src/runtime/panic.go:785 +0x132\n"
               "main.Map[...](0x1)\n"
               "\t/srv/map.go:3 +0x2\n"
               "...additional frames elided...\n"
               "created by main.main in goroutine 7\n"
               "\t/srv/main.go:5 +0x2f\n"
               "\n"
               "goroutine 18 [chan receive, 5 minutes]:\n"
               "net/http.(*conn).serve(0xc0001a2000, {0x6f1a88, 0xc00009e0f0})\n"
               "\t/usr/lib/go/src/net/http/server.go:2092 +0x5f0\n"
               "rax    0xca\n"
               "rip    0x45e0a1",
               "exit status 2",
               "fatal error: all goroutines are asleep - deadlock!\n"
               "\n"
               "goroutine 1 [chan receive]:\n"
               "main.main()\n"
               "\t/srv/main.go:4 +0x28",
               "2026/11/21 03:38:00 http: panic serving 192.0.2.1:4711: boom\n"
               "goroutine 21 [running]:\n"
               "net/http.(*conn).serve.func1()\n"
               "\t/usr/lib/go/src/net/http/server.go:1947 +0xbe",
               "plain", "  indented",
               "runtime: goroutine stack exceeds 1000000000-byte limit\n"
               "fatal error: stack overflow\n"
               "\n"
               "runtime stack:\n"
               "runtime.throw({0x46a0f8?, 0x0?})\n"
               "\t/usr/lib/go/src/runtime/panic.go:1067 +0x48\n",
               "end"});
}

TEST_CASE("ruby: errors with their frames, as Ruby and as Rails write them") {
  check("ruby", {"I, [2026-11-21T03:38:00.123456 #7]  INFO -- : started",
                 "/srv/app.rb:10:in `show': undefined method `name' for nil:NilClass (NoMethodError)\n"
                 "\n"
                 "  user.name\n"
                 "      ^^^^^\n"
                 "\tfrom /srv/app.rb:5:in `block in <main>'\n"
                 "\tfrom /srv/app.rb:1:in `<main>'",
                 "app.rb:2:in 'Integer#/': divided by 0 (ZeroDivisionError)\n"
                 "\tfrom app.rb:2:in 'Object#half'",
                 "E, [2026-11-21T03:38:00.123456 #7] ERROR -- : next",
                 "NoMethodError (undefined method `name' for nil:NilClass):\n"
                 "\n"
                 "app/controllers/users_controller.rb:10:in `show'\n"
                 "lib/middleware.rb:3:in `call'",
                 "Traceback (most recent call last):\n"
                 "\t1: from t.rb:5:in `<main>'\n"
                 "t.rb:1:in `bar': boom (RuntimeError)",
                 "plain", "  indented", "end"});
}

TEST_CASE("dotnet: exceptions with their frames and inner exceptions") {
  check("dotnet", {"started",
                   "Unhandled exception. System.InvalidOperationException: outer\n"
                   " ---> System.IO.IOException: inner\n"
                   "   at App.Disk.Read(String path) in /srv/Disk.cs:line 7\n"
                   "   --- End of inner exception stack trace ---\n"
                   "   at App.Program.Main(String[] args) in /srv/Program.cs:line 3\n"
                   "--- End of stack trace from previous location ---\n"
                   "   at App.Program.<Main>(String[] args)",
                   "fail: Microsoft.AspNetCore.Server.Kestrel[13]\n"
                   "      Connection id \"0HM\" failed\n"
                   "      System.TimeoutException: late\n"
                   "         at App.Web.Get()",
                   "info: App[0]\n      ok", "", "end"});
}

TEST_CASE("docker: parts go together until one ends in a newline, each stream by itself") {
  CHECK(events("docker", {"one\n", "a long", " line\n", "\n", "rest"}, 2) == Texts{"one", "a long line", "", "rest"});
  Rig rig(Kind::Filter, "multiline", {{"rule", "docker"}});
  auto row = [&](const char* log, const char* stream) {
    rig.row({{"log", Cell::of_text(log)}, {"stream", Cell::of_text(stream)}});
  };
  row("out 1 ", "stdout");
  row("err\n", "stderr");
  row("out 2\n", "stdout");
  rig.run();
  CHECK(rig.show_all() ==
        "log=\"out 1 out 2\"(text) stream=\"stdout\"(text)\nlog=\"err\"(text) stream=\"stderr\"(text)\n");
}

TEST_CASE("cri: the parts of a line lose their heads, which become keys") {
  Rig rig(Kind::Filter, "multiline", {{"rule", "cri"}});
  rig.row("message", "2026-11-21T03:38:00.000000001Z stdout F one");
  rig.row("message", "2026-11-21T03:38:00.000000002Z stdout P a ");
  rig.row("message", "2026-11-21T03:38:00.000000003Z stderr F err");
  rig.row("message", "2026-11-21T03:38:00.000000004+01:00 stdout F:x long line");
  rig.row("message", "2026-11-21T03:38:00.000000005Z stdout F ");
  rig.row("message", "no such line");
  rig.row("message", "2026-11-21T03:38:00.000000006Z stdout X one");
  rig.run();
  CHECK(rig.show_all() ==
        "message=\"one\"(text) time=1795232280000000001(time) stream=\"stdout\"(text)\n"
        "message=\"a long line\"(text) time=1795232280000000002(time) stream=\"stdout\"(text)\n"
        "message=\"err\"(text) time=1795232280000000003(time) stream=\"stderr\"(text)\n"
        "message=\"\"(text) time=1795232280000000005(time) stream=\"stdout\"(text)\n"
        "message=\"no such line\"(text)\n"
        "message=\"2026-11-21T03:38:00.000000006Z stdout X one\"(text)\n");
  rig.clear();
  rig.row("message", "2026-11-21T03:38:01.000000000Z stdout P begin ").run();
  CHECK(rig.selected().empty());
  rig.clear();
  rig.row("message", "2026-11-21T03:38:02.000000000Z stdout F end").run();
  CHECK(rig.show() == "message=\"begin end\"(text) time=1795232281000000000(time) stream=\"stdout\"(text)");
}

TEST_CASE("no rule reads beyond a line or loses one, whatever it is made of") {
  uint32_t seed = 7;
  CAPTURE(seed);
  auto dice = [&] { return seed = seed * 1664525u + 1013904223u, seed >> 16; };
  const Texts words = {"\tat ",
                       " ",
                       "\t",
                       "Caused by:",
                       "... 1",
                       "Error",
                       ":",
                       "Traceback (most recent call last):",
                       "panic: ",
                       "goroutine 1 [x]:",
                       "(",
                       ")",
                       "'",
                       "a.rb:1:in ",
                       "from ",
                       "--- End of ",
                       "During handling of the above exception"};
  for (const char* rule : {"java", "python", "go", "ruby", "dotnet", "cri"}) {
    for (int round = 0; round < 200; round++) {
      Rig rig(Kind::Filter, "multiline", {{"rule", rule}});
      std::string all;
      std::string joined;
      auto gather = [&] {
        for (int row : rig.selected()) {
          joined += std::string(rig.cell("message", static_cast<size_t>(row))->bytes()) + "\n";
        }
      };
      std::vector<std::vector<char>> blocks;  // each line ends where its memory does
      for (unsigned count = dice() % 12; count > 0; count--) {
        std::string line;
        for (unsigned size = dice() % 4; size > 0; size--) {
          line += words[dice() % words.size()];
        }
        all += line + "\n";
        line += '!';
        blocks.emplace_back(line.begin(), line.end() - 1);
        blocks.back().shrink_to_fit();
        rig.row({{"message", Cell::of_text({line.size() > 1 ? blocks.back().data() : "", line.size() - 1})}});
      }
      rig.run();
      gather();
      rig.tick(1, true);
      gather();
      REQUIRE(joined == all);
    }
  }
}
