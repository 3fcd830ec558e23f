// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "core/api/cursor.hh"
#include "core/base/status.hh"
#include "sources/kmsg/record.hh"
#include "test/unit/sources/fake_feed.hh"

namespace stook::test {
namespace {

const char records[] =
    "6,188,304747,-;acpi PNP0A08:00: OS supports [MSI]\n SUBSYSTEM=acpi\n DEVICE=+acpi:PNP0A08:00\n"
    "30,189,304750,-,caller=T1;systemd[1]: Gr\\xc3\\xbc\\xc3\\x9fe\\x5cn\n"
    "3,192,999,c;later\n";

TEST_CASE("a record of the kernel's log is read, with its device and its escaped bytes") {
  KernelRecord record;
  std::string_view text = records;
  size_t size = kernel_record_end(text, false);
  REQUIRE(size > 0);
  REQUIRE(read_kernel_record(text.substr(0, size), record));
  CHECK(record.pri == 6);
  CHECK(record.sequence == 188);
  CHECK(record.usec == 304747);
  CHECK(record.message == "acpi PNP0A08:00: OS supports [MSI]");
  CHECK(record.subsystem == "acpi");
  CHECK(record.device == "+acpi:PNP0A08:00");
  text.remove_prefix(size);
  REQUIRE(read_kernel_record(text, record));
  char bytes[100];
  CHECK(std::string_view(bytes, static_cast<size_t>(put_kernel_text(bytes, record.message) - bytes)) ==
        "systemd[1]: Grüße\\n");
  for (const char* bad : {"", "6", "6,1", "6,1,2", "6,1,2,-", "x,1,2,-;a\n", "6,-1,2,-;a\n", "-1,1,2,-;a\n"}) {
    CAPTURE(bad);
    CHECK_FALSE(read_kernel_record(bad, record));
  }
}

TEST_CASE("records become rows, and those that are missing between two of them are counted") {
  TempFolder folder;
  folder.write("kmsg", records);
  FakeFeed feed("kmsg", {{"path", folder.path("kmsg")}});
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.joined("message") == "acpi PNP0A08:00: OS supports [MSI]|systemd[1]: Grüße\\n|later");
  CHECK(feed.joined("facility") == "kern|daemon|kern");
  CHECK(feed.joined("severity") == "info|info|err");
  CHECK(feed.joined("kmsg.sequence") == "188|189|192");
  CHECK(feed.joined("kmsg.device") == "+acpi:PNP0A08:00|-|-");
  CHECK(feed.lost[static_cast<size_t>(Loss::Kernel)] == 2);
}

TEST_CASE("after a restart the log goes on behind what was delivered, and a gap over it is counted") {
  TempFolder folder;
  folder.write("kmsg", records);
  FakeFeed feed("kmsg", {{"path", folder.path("kmsg")}, {"state_file", folder.path("pos")}});
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  folder.write("kmsg", std::string(records) + "6,193,1000,-;new\n6,200,1001,-;newer\n");
  feed.has_finished = false;
  feed.restart();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.joined("kmsg.sequence") == "188|189|192|193|200");
  CHECK(feed.lost[static_cast<size_t>(Loss::Kernel)] == 2 + 6);
  // As after a boot: another id in the kept position, and the numbers begin anew.
  folder.write("pos", show_cursor("00000000-0000-0000-0000-000000000000 900", 99));
  folder.write("kmsg", "6,5,1,-;boot\n");
  feed.has_finished = false;
  feed.source().stop();
  feed.restart();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.values("message").back() == "boot");
  CHECK(feed.lost[static_cast<size_t>(Loss::Kernel)] == 2 + 6);
}

TEST_CASE("a cursor is read back as it was written, and a damaged one is not believed") {
  std::string cursor;
  uint64_t generation = 0;
  std::string text = show_cursor("s=1;i=2;b=3", 7);
  REQUIRE(read_cursor(text, cursor, generation));
  CHECK(cursor == "s=1;i=2;b=3");
  CHECK(generation == 7);
  for (size_t i = 0; i < text.size(); i++) {
    std::string bad = text;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    CHECK_FALSE(read_cursor(bad, cursor, generation));
    CHECK_FALSE(read_cursor(text.substr(0, i), cursor, generation));
  }
  TempFolder folder;
  folder.write("pos", "stook-pos 1 3\n");
  CHECK_THROWS_AS(CursorFile(folder.path("pos"), "in").load(), SetupError);
  folder.write("pos.old", show_cursor("old", 2));
  CursorFile kept(folder.path("pos"), "in");
  kept.load();
  CHECK(kept.cursor() == "old");
}

TEST_CASE("only what was delivered is kept") {
  TempFolder folder;
  room::enter(room::front);
  Loop loop(false);
  CursorFile file(folder.path("pos"), "in");
  file.load();
  file.fed(1, "a");
  file.fed(2, "b");
  file.fed(5, "c");
  file.delivered(loop, 4);
  file.save();
  CursorFile again(folder.path("pos"), "in");
  again.load();
  CHECK(again.cursor() == "b");
}

}  // namespace
}  // namespace stook::test
