// SPDX-License-Identifier: Apache-2.0
#include "core/plan/describe.hh"

#include <catch2/catch.hpp>

#include "core/plan/describe_table.hh"
#include "core/plan/registry.hh"
#include "core/plan/settings.hh"

using namespace stook;

TEST_CASE("a plugin is found in any case, by its kind or by its name alone") {
  CHECK(find_plugin(Kind::Sink, "FILE") == find_plugins("sink.file").at(0));
  CHECK(find_plugins("file").size() == 2);
  CHECK(find_plugins("sink:File").size() == 1);
  CHECK(find_plugins("filter.file").empty());
  CHECK(find_plugins("sink.").empty());
  CHECK(foreign_name("/usr/lib/x86_64-linux-gnu/ulogd/ulogd_filter_IFINDEX.so") == "IFINDEX");
  CHECK(foreign_name("NFLOG") == "NFLOG");
}

TEST_CASE("a description shows options with kind, default and range, and the keys") {
  CHECK(describe(*find_plugin(Kind::Source, "file"), Layout::Text) ==
        "source file: does nothing\n"
        "an argument without a name sets path: file(…)\n"
        "\n"
        "option  kind                default    what\n"
        "path    text                mandatory  file to read\n"
        "limit   integer, 0 to 1000  0          rows to read, 0 for all\n"
        "\n"
        "as every source:\n"
        "\n"
        "option     kind                 default  what\n"
        "lanes      integer, 1 to 64     1        parts whose rows keep their order, run side by side\n"
        "front      usual, main or own   usual    thread that reads: main, or one of its own; usual: its own for lua, "
        "else main\n"
        "cpu        integer, -1 to 1023  -1       processor to which that thread is bound, then one of its own; "
        "counted from 0, -1: none\n"
        "log_level  text                          least level of its events in the log; empty: that of the log\n");
  std::string text = describe(*find_plugin(Kind::Filter, "parse"), Layout::Text);
  CHECK(text.find("reads, with the defaults:\n\nkey      type\nmessage  text\n") != std::string::npos);
  CHECK(text.find("status       integer  answer\n") != std::string::npos);
}

TEST_CASE("a description as markdown is the table of the plugin's own options") {
  CHECK(describe(*find_plugin(Kind::Filter, "keep"), Layout::Markdown) ==
        "an argument without a name sets if: keep(…)\n"
        "\n"
        "| option | kind | default | what |\n"
        "|---|---|---|---|\n"
        "| if | text | mandatory | comparison that stays |\n");
}

TEST_CASE("a description as JSON has everything") {
  CHECK(describe(*find_plugin(Kind::Codec, "csv"), Layout::Json) ==
        "{\"kind\": \"codec\", \"name\": \"csv\", \"doc\": \"does nothing\",\n"
        " \"options\": [\n"
        "  {\"name\": \"columns\", \"kind\": \"list\", \"default\": \"\", \"doc\": \"keys of the columns\"},\n"
        "  {\"name\": \"colour\", \"kind\": \"choice\", \"default\": \"red\", \"choices\": [\"red\", \"green\"], "
        "\"doc\": "
        "\"colour of the lines\"}],\n"
        " \"common_options\": [],\n"
        " \"reads\": [],\n"
        " \"writes\": []}");
}

TEST_CASE("the list has all plugins by kind") {
  std::string list = list_plugins();
  CHECK(list.find("sources:\n  file   does nothing\n  stdin  does nothing\n\nfilters:\n") == 0);
  CHECK(list.find("codecs:\n  csv      does nothing\n") != std::string::npos);
}

TEST_CASE("rows without fault have none, and each fault is named") {
  for (const Plugin* plugin : all_plugins()) {
    CHECK(check_rows(*plugin).empty());
  }
  struct Config {
    uint64_t number;
    std::string text;
  };
  static const Option options[] = {option<&Config::number>("number", "many", "a number."),
                                   option<&Config::text>("text", "", ""), option<&Config::text>("text", "", "again"),
                                   option<&Config::text>("format", "", "taken")};
  Plugin plugin{Kind::Sink, "bad", "does nothing.", options, "none", config_type<Config>};
  CHECK(
      check_rows(plugin) ==
      std::vector<std::string>{
          "the doc of sink bad ends with a full stop", "the doc of sink bad's option number ends with a full stop",
          "sink bad's option number has a wrong default: not an integer of at least 0; it takes digits, or 0x and hex "
          "digits, that fit into 64 bits",
          "sink bad's option text has no doc", "sink bad's option text has a name that is taken",
          "sink bad's option format has a name that is taken", "sink bad has no option none, its primary one"});
}

TEST_CASE("levels have names and ulogd's numbers") {
  Level level = Level::Debug;
  CHECK(find_level("8", level));
  CHECK(level == Level::Fatal);
  CHECK(find_level("Warning", level));
  CHECK(level == Level::Warning);
  CHECK_FALSE(find_level("2", level));
}
