// SPDX-License-Identifier: Apache-2.0
#include "core/base/log_form.hh"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "core/base/fd.hh"

using namespace stook;

namespace {

/// A pipe into which the log's last lines are written.
std::string last_events() {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  Fd in(ends[0]);
  {
    Fd out(ends[1]);
    write_last_events(out.get());
  }
  std::string text;
  char bytes[4096];
  for (ssize_t got = 0; (got = ::read(in.get(), bytes, sizeof bytes)) > 0;) {
    text.append(bytes, static_cast<size_t>(got));
  }
  return text;
}

/// A socket that stands for journald's, to which the log goes while this lives.
class Journal {
 public:
  Journal() {
    char name[] = "/tmp/stook-journal-XXXXXX";
    folder_ = ::mkdtemp(name);
    path = folder_ + "/socket";
    fd_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    set_log_file("journald:" + path);
  }
  ~Journal() {
    set_log_file("stderr");
    set_log_level(Level::Notice);
    set_instance_levels({});
    ::unlink(path.c_str());
    ::rmdir(folder_.c_str());
  }
  /// The next entry, or nothing.
  std::string entry() {
    char bytes[8192];
    ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    return got < 0 ? std::string() : std::string(bytes, static_cast<size_t>(got));
  }

  std::string path;

 private:
  std::string folder_;
  Fd fd_;
};

}  // namespace

TEST_CASE("a line of JSON has the fields of the line of logfmt") {
  Fields fields;
  fields("instance", "out")("rows", 212)("least", INT64_MIN)("reason", "disk \"full\"\\")("id", "007")("empty", "");
  CHECK(json_log_line("2026-01-02T03:04:05.006Z", "warning", "sink_refused", fields.text()) ==
        R"({"time":"2026-01-02T03:04:05.006Z","level":"warning","event":"sink_refused","instance":"out","rows":212,)"
        R"("least":"-9223372036854775808","reason":"disk \"full\"\\","id":"007","empty":""})");
  CHECK(json_log_line("", "info", "started", "") == R"({"level":"info","event":"started"})");
}

TEST_CASE("fields are taken apart as they were put together, whatever is in them") {
  unsigned seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  constexpr std::string_view signs = "ab =\"\\,{}:0";
  for (int round = 0; round < 2000; round++) {
    std::vector<std::string> values(random() % 4);
    Fields fields;
    for (std::string& value : values) {
      for (size_t size = random() % 8; size > 0; size--) {
        value += signs[random() % signs.size()];
      }
      fields("name", value);
    }
    std::string text = fields.text();
    std::string_view rest = text;
    std::vector<std::string> taken;
    for (LogField field; take_field(rest, field);) {
      CHECK(field.name == "name");
      taken.push_back(field.value);
    }
    REQUIRE(taken == values);
  }
}

TEST_CASE("journald gets the event, its priority and each field") {
  Journal journal;
  log_event(Level::Warning, "tail_polls", Fields()("instance", "in")("file.path", "/a b"));
  CHECK(journal.entry() ==
        "PRIORITY=4\nSYSLOG_IDENTIFIER=stookd\nMESSAGE=event=tail_polls instance=in file.path=\"/a b\"\n"
        "STOOK_EVENT=tail_polls\nSTOOK_INSTANCE=in\nSTOOK_FILE_PATH=/a b\n");
  CHECK(journal.entry().empty());
}

TEST_CASE("an instance's level holds for its events alone") {
  Journal journal;
  set_log_level(Level::Notice);
  set_instance_levels({{"loud", Level::Debug}, {"quiet", Level::Error}});
  struct {
    Level level;
    const char* instance;
    bool is_written;
  } cases[] = {{Level::Debug, "loud", true},  {Level::Warning, "quiet", false}, {Level::Error, "quiet", true},
               {Level::Info, "other", false}, {Level::Notice, "other", true},   {Level::Debug, "", false},
               {Level::Notice, "", true}};
  for (const auto& one : cases) {
    INFO(one.instance);
    Fields fields;
    fields("rows", 1);
    if (one.instance[0] != '\0') {
      fields("instance", one.instance);
    }
    log_event(one.level, "started", fields);
    CHECK(journal.entry().empty() != one.is_written);
  }
  set_instance_levels({});
  CHECK_FALSE(is_logged(Level::Debug));
}

TEST_CASE("the last lines are kept for a crash, and no more than those") {
  Journal journal;
  for (int i = 0; i < 40; i++) {
    log_event(Level::Notice, "started", Fields()("number", i));
    journal.entry();
  }
  std::string text = last_events();
  CHECK(text.find("number=7\n") == std::string::npos);
  CHECK(text.find("number=8\n") < text.find("number=9\n"));
  CHECK(text.ends_with("event=started number=39\n"));
}
