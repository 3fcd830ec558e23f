// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "sources/proc/connections.hh"
#include "sources/proc/processes.hh"
#include "test/unit/sources/fake_feed.hh"

namespace stook::test {
namespace {

TEST_CASE("a process's name may hold what it likes") {
  ProcessStat stat;
  REQUIRE(read_process_stat(
      "7 (a) b (c\n) S 1 7 7 0 -1 4194560 1 2 3 4 50 25 0 0 20 0 3 0 1234 100 42 18446744073709551615", stat));
  CHECK(stat.name == "a) b (c\n");
  CHECK(stat.state == 'S');
  CHECK(stat.ppid == 1);
  CHECK(stat.ticks == 75);
  CHECK(stat.threads == 3);
  CHECK(stat.started == 1234);
  for (const char* bad : {"", "7", "7 (a", "7 )a( S 1", "7 (a)", "7 (a) SS 1"}) {
    CAPTURE(bad);
    CHECK_FALSE(read_process_stat(bad, stat));
  }
}

TEST_CASE("ends of sockets are read in network order") {
  SocketEnd end;
  REQUIRE(read_socket_end("0100007F:1F90", end));
  CHECK(std::string(end.bytes, end.size) == std::string("\x7f\0\0\1", 4));
  CHECK(end.port == 8080);
  REQUIRE(read_socket_end("B80D01200000000067452301EFCDAB89:0035", end));
  CHECK(std::string(end.bytes, end.size) ==
        std::string("\x20\x01\x0d\xb8\0\0\0\0\x01\x23\x45\x67\x89\xab\xcd\xef", 16));
  for (const char* bad : {"", "local_address", "0100007F", "0100007G:1F90", "0100007F:", "0100007F:1F9x", "00:1"}) {
    CAPTURE(bad);
    CHECK_FALSE(read_socket_end(bad, end));
  }
}

TEST_CASE("counters of a recorded machine become rows, processors as parts since the last look") {
  TempFolder folder;
  REQUIRE(mkdir(folder.path("net").c_str(), 0700) == 0);
  folder.write("stat", "cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 100 0 50 800 50 0 0 0 0 0\nintr 5\n");
  folder.write("meminfo", "MemTotal:        1000 kB\nMemFree:          10 kB\nHugePages_Total:       0\n");
  folder.write("diskstats",
               "   8       0 sda 3 0 8 1 5 0 16 2 0 40 3 0 0 0 0\n   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0\n");
  folder.write("net/dev", "Inter-|   Receive\n face |bytes\n  eth0: 100 2 3 4 0 0 0 0 200 5 6 7 0 0 0 0\n");
  FakeFeed feed("proc", {{"root", folder.path()}, {"interval", "10ms"}, {"rounds", "2"}});
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.rows >= 5; }));
  CHECK(feed.joined("proc") == "cpu|cpu|mem|disk|net");
  CHECK(feed.joined("name") == "all|cpu0|-|sda|eth0");
  CHECK(feed.values("mem.total")[2] == "1024000");
  CHECK(feed.values("disk.read_bytes")[3] == "4096");
  CHECK(feed.values("disk.busy")[3] == "40");
  CHECK(feed.values("net.receive_drops")[4] == "4");
  CHECK(feed.values("net.sent_bytes")[4] == "200");
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.rows == 10);
}

TEST_CASE("files are told with what the system says of them, and those that are not there too") {
  TempFolder folder;
  folder.write("a.log", "12345");
  folder.write("b.log", "");
  FakeFeed feed("stat",
                {{"path", folder.path("*.log") + "," + folder.path("none") + "," + folder.path()}, {"rounds", "1"}});
  feed.start();
  REQUIRE(feed.turn_until([&] { return feed.has_finished; }));
  CHECK(feed.joined("file.path") ==
        folder.path("a.log") + "|" + folder.path("b.log") + "|" + folder.path("none") + "|" + folder.path());
  CHECK(feed.joined("exists") == "true|true|false|true");
  CHECK(feed.joined("file.kind") == "file|file|-|folder");
  CHECK(feed.values("file.size")[0] == "5");
  CHECK(feed.values("file.mode")[0] == "0600");
}

TEST_CASE("an option of proc that is none is told with those there are") {
  CHECK_THROWS_WITH(FakeFeed("proc", {{"what", "cpu, men"}}),
                    "what has 'men'; it takes cpu, mem, disk, net, processes and connections");
}

}  // namespace
}  // namespace stook::test
