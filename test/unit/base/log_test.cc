// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.hh"

#include <stdlib.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/base/status.hh"

using namespace stook;

namespace {
std::string slurp(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A folder for one test's log file; afterwards the log is as it was.
struct Folder {
  Folder() {
    char name[] = "/tmp/stook-log-XXXXXX";
    path = ::mkdtemp(name);
    file = path + "/log";
  }
  ~Folder() {
    set_log_file("stderr");
    set_log_level(Level::Notice);
    std::remove(file.c_str());
    std::remove((file + ".1").c_str());
    ::rmdir(path.c_str());
  }
  std::string path;
  std::string file;
};

std::string without_time(const std::string& line) {
  return line.substr(line.find(' ') + 1);
}
}  // namespace

TEST_CASE("fields are logfmt whatever is in them") {
  CHECK(Fields()("rows", 12)("path", "/a/b").text() == " rows=12 path=/a/b");
  CHECK(Fields()("reason", "disk full").text() == " reason=\"disk full\"");
  CHECK(Fields()("v", "").text() == " v=\"\"");
  CHECK(Fields()("v", "a\"b\\c").text() == " v=\"a\\\"b\\\\c\"");
  CHECK(Fields()("v", "a\nlevel=fatal\x9b").text() == " v=\"a\\nlevel=fatal\\x9b\"");
  CHECK(Fields()("v", std::string(600, 'x')).text() == " v=" + std::string(512, 'x'));
  CHECK(Fields()("least", INT64_MIN)("most", UINT64_MAX).text() ==
        " least=-9223372036854775808 most=18446744073709551615");
}

TEST_CASE("an event is one line, and lower levels are silent") {
  Folder folder;
  set_log_file(folder.file);
  log_event(Level::Info, "unheard");
  log_event(Level::Warning, "sink_refused", Fields()("instance", "out"));
  set_log_level(Level::Debug);
  log_event(Level::Debug, "heard");
  std::istringstream lines(slurp(folder.file));
  std::string line;
  REQUIRE(std::getline(lines, line));
  CHECK(line.rfind("time=", 0) == 0);
  CHECK(without_time(line) == "level=warning event=sink_refused instance=out");
  REQUIRE(std::getline(lines, line));
  CHECK(without_time(line) == "level=debug event=heard");
  CHECK_FALSE(std::getline(lines, line));
}

TEST_CASE("a reopened log goes on in a new file of the same path") {
  Folder folder;
  set_log_file(folder.file);
  log_event(Level::Error, "before");
  std::rename(folder.file.c_str(), (folder.file + ".1").c_str());
  log_event(Level::Error, "between");
  reopen_log();
  log_event(Level::Error, "after");
  CHECK(slurp(folder.file + ".1").find("event=between") != std::string::npos);
  CHECK(slurp(folder.file).find("event=after") != std::string::npos);
  CHECK(slurp(folder.file).find("event=between") == std::string::npos);
}

TEST_CASE("a log file that cannot be opened is named, and the log goes on where it was") {
  Folder folder;
  set_log_file(folder.file);
  std::string text;
  try {
    set_log_file(folder.path + "/none/log");
  } catch (const SetupError& error) {
    text = error.what();
    CHECK(error.code == ENOENT);
  }
  CHECK(text == "log file " + folder.path + "/none/log: No such file or directory");
  log_event(Level::Error, "still");
  CHECK(slurp(folder.file).find("event=still") != std::string::npos);
}

TEST_CASE("a call site speaks at most its burst and then counts") {
  LogLimit limit(3);
  int spoken = 0;
  for (int i = 0; i < 10; i++) {
    auto pass = limit.pass();
    spoken += pass ? 1 : 0;
    CHECK(pass.suppressed == 0);
  }
  CHECK(spoken == 3);
}

TEST_CASE("lines of many threads do not mix") {
  Folder folder;
  set_log_file(folder.file);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([] {
      for (int i = 0; i < 50; i++) {
        log_event(Level::Error, "many", Fields()("text", std::string(100, 'x')));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::istringstream lines(slurp(folder.file));
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    CHECK(without_time(line) == "level=error event=many text=" + std::string(100, 'x'));
    count++;
  }
  CHECK(count == 200);
}
