// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <sstream>

#include "core/base/clock.hh"
#include "sinks/capture.hh"
#include "test/unit/kit.hh"

using namespace stook;
using stook::test::Options;

namespace {
/// A folder of its own, gone with the test.
struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/stook-file-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() { (void)std::system(("rm -rf " + path).c_str()); }
  std::string operator/(const std::string& name) const { return path + "/" + name; }
  std::string read(const std::string& name) const {
    std::ifstream file(path + "/" + name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path + "/" + name) << text; }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    DIR* folder = opendir(path.c_str());
    while (dirent* entry = readdir(folder)) {
      if (entry->d_name[0] != '.') {
        all.emplace_back(entry->d_name);
      }
    }
    closedir(folder);
    std::sort(all.begin(), all.end());
    return all;
  }
  bool has(const std::string& name) const { return access((path + "/" + name).c_str(), F_OK) == 0; }
};

/// A sink with its config, and the payloads that are offered to it.
struct Case {
  std::shared_ptr<void> config;
  Wiring wiring;
  std::unique_ptr<Sink> sink;
  std::deque<Payload> payloads;

  explicit Case(const Options& options, const char* header = "", std::string_view name = "file",
                bool is_binary = false) {
    room::enter(room::carrier);
    const Plugin& plugin = stook::test::plugin(Kind::Sink, name);
    config.reset(plugin.config.make(), plugin.config.destroy);
    for (const Option& option : plugin.options) {
      const char* text = option.fallback;
      for (const auto& [key, value] : options) {
        text = key == option.name ? value.c_str() : text;
      }
      std::string why;
      REQUIRE(text != nullptr);
      REQUIRE(option.assign(config.get(), text, option, why));
    }
    if (plugin.declare != nullptr) {
      plugin.declare(config.get(), "/etc/stook", wiring);
    }
    sink = plugin.sink({.config = config.get(), .id = "out", .header = header, .is_binary = is_binary});
  }
  Payload* add(std::string_view bytes, std::string_view address = {}) {
    Payload& payload = payloads.emplace_back();
    payload.sequence = payloads.size();
    payload.begin_part(address);
    payload.append(bytes);
    payload.count_rows(1);
    return &payload;
  }
  Outcome deliver(std::vector<Payload*> shipment) { return sink->deliver(shipment); }
  Outcome deliver(std::string_view bytes, std::string_view address = {}) { return deliver({add(bytes, address)}); }
  void finish() {
    while (sink->next_time() == 0) {
      sink->on_time(monotonic_ns());
    }
  }
};

std::string lines(int from, int to) {
  std::string text;
  for (int i = from; i < to; i++) {
    text += "{\"line\":" + std::to_string(i) + "}\n";
  }
  return text;
}

/// No file may grow past this size: a disk that is full to the byte.
struct FullDisk {
  rlimit before{};
  explicit FullDisk(rlim_t size) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit limit{size, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before); }
};

std::string error_of(const Options& options) {
  try {
    Case wrong(options);
    wrong.sink->open();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}
}  // namespace

TEST_CASE("rows are appended, folders made and permissions set") {
  Folder folder;
  Case out({{"path", folder / "a/b/out.json"}, {"mode", "0600"}});
  out.sink->open();
  CHECK(out.deliver({out.add("one\n"), out.add("two\n"), out.add(""), out.add("three\n")}) == Outcome::Done);
  CHECK(out.deliver("four\n") == Outcome::Done);
  CHECK(folder.read("a/b/out.json") == "one\ntwo\nthree\nfour\n");
  struct stat about {};
  REQUIRE(stat((folder / "a/b/out.json").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  Case again({{"path", folder / "a/b/out.json"}}, "head\n");
  again.sink->open();
  CHECK(again.deliver("five\n") == Outcome::Done);
  CHECK(folder.read("a/b/out.json") == "one\ntwo\nthree\nfour\nfive\n");
}

TEST_CASE("a full disk is answered by Again, and what follows continues at the very byte") {
  Folder folder;
  Case out({{"path", folder / "out"}});
  out.sink->open();
  std::vector<Payload*> shipment = {out.add(lines(0, 100)), out.add(lines(100, 200)), out.add(lines(200, 300))};
  {
    FullDisk disk(2501);
    CHECK(out.deliver(shipment) == Outcome::Again);
    CHECK(out.sink->reason() == "write " + folder / "out" + ": File too large");
    CHECK(out.deliver(shipment) == Outcome::Again);
    CHECK(folder.read("out").size() == 2501);
  }
  {
    FullDisk disk(2503);
    CHECK(out.deliver(shipment) == Outcome::Again);
  }
  // The carrier may offer more behind what it offered before.
  shipment.push_back(out.add(lines(300, 400)));
  CHECK(out.deliver(shipment) == Outcome::Done);
  CHECK((folder.read("out") == lines(0, 400)));
}

TEST_CASE("a file truncated in the midst of a record goes on with the whole record") {
  Folder folder;
  Case out({{"path", folder / "out"}});
  out.sink->open();
  Payload* payload = out.add(lines(0, 300));
  std::string all(payload->bytes());
  {
    FullDisk disk(2501);
    CHECK(out.deliver({payload}) == Outcome::Again);
  }
  REQUIRE(truncate((folder / "out").c_str(), 0) == 0);
  CHECK(out.deliver({payload}) == Outcome::Done);
  size_t start = all.rfind('\n', 2500) + 1;
  CHECK((folder.read("out") == all.substr(start)));
}

TEST_CASE("a record of which a part is written ends there when it is not offered again") {
  Folder folder;
  Case out({{"path", folder / "out"}});
  out.sink->open();
  Payload* payload = out.add(lines(0, 300));
  std::string all(payload->bytes());
  {
    FullDisk disk(2501);
    CHECK(out.deliver({payload}) == Outcome::Again);
    out.sink->forget(Shipment(&payload, 1));
    CHECK(out.deliver(lines(300, 301)) == Outcome::Again);
  }
  CHECK(out.deliver({&out.payloads.back()}) == Outcome::Done);
  CHECK(out.deliver(lines(301, 302)) == Outcome::Done);
  CHECK((folder.read("out") == all.substr(0, 2501) + "\n" + lines(300, 302)));
}

TEST_CASE("a file replaced in the midst of a record gets the whole record") {
  Folder folder;
  Case out({{"path", folder / "out"}});
  out.sink->open();
  Payload* payload = out.add(lines(0, 300));
  std::string all(payload->bytes());
  {
    FullDisk disk(2501);
    CHECK(out.deliver({payload}) == Outcome::Again);
  }
  rename((folder / "out").c_str(), (folder / "old").c_str());
  out.sink->reopen();
  CHECK(out.deliver({payload}) == Outcome::Done);
  CHECK((folder.read("out") == all.substr(all.rfind('\n', 2500) + 1)));
}

TEST_CASE("the head of a line, of a writer that was killed, stays a line of its own") {
  Folder folder;
  folder.write("out", "one\ntw");
  {
    Case out({{"path", folder / "out"}});
    out.sink->open();
    CHECK(folder.read("out") == "one\ntw");
    CHECK(out.deliver("two\n") == Outcome::Done);
    out.sink->reopen();
    CHECK(out.deliver("three\n") == Outcome::Done);
    CHECK(folder.read("out") == "one\ntw\ntwo\nthree\n");
  }
  Case without({{"path", folder / "records"}});  // a format whose records do not end in a newline
  without.sink->open();
  CHECK(without.deliver("a;") == Outcome::Done);
  without.sink->reopen();
  CHECK(without.deliver("b;") == Outcome::Done);
  CHECK(folder.read("records") == "a;b;");
  folder.write("packed", "\x81");
  Case packed({{"path", folder / "packed"}}, "", "file", true);
  packed.sink->open();
  CHECK(packed.deliver("\xa1\n") == Outcome::Done);
  CHECK(folder.read("packed") == "\x81\xa1\n");
}

TEST_CASE("the rest of a half-written line follows its head, though the file was opened again between them") {
  Folder folder;
  Case out({{"path", folder / "out"}});
  out.sink->open();
  Payload* payload = out.add(lines(0, 300));
  std::string all(payload->bytes());
  {
    FullDisk disk(2501);
    CHECK(out.deliver({payload}) == Outcome::Again);
  }
  out.sink->reopen();
  CHECK(out.deliver({payload}) == Outcome::Done);
  CHECK((folder.read("out") == all));
}

TEST_CASE("reopen opens by path") {
  Folder folder;
  Case out({{"path", folder / "out"}}, "head\n");
  out.sink->open();
  CHECK(out.deliver("one\n") == Outcome::Done);
  rename((folder / "out").c_str(), (folder / "out.1").c_str());
  CHECK(out.deliver("two\n") == Outcome::Done);
  out.sink->reopen();
  CHECK(out.deliver("three\n") == Outcome::Done);
  CHECK(folder.read("out.1") == "head\none\ntwo\n");
  CHECK(folder.read("out") == "head\nthree\n");
}

TEST_CASE("files rotate between records, the newest is .1, and each begins with the header") {
  Folder folder;
  Case out({{"path", folder / "out"}, {"rotate", "100"}, {"keep_files", "2"}}, "head\n");
  out.sink->open();
  std::vector<Payload*> shipment;
  for (int i = 0; i < 50; i++) {
    shipment.push_back(out.add(lines(i, i + 1)));
  }
  CHECK(out.deliver(shipment) == Outcome::Done);
  CHECK(folder.names() == std::vector<std::string>{"out", "out.1", "out.2"});
  auto body = [&](const std::string& name) {
    std::string text = folder.read(name);
    CHECK(text.substr(0, 5) == "head\n");
    CHECK(text.size() < 100 + 14);
    return text.substr(5);
  };
  std::string tail = body("out.2") + body("out.1") + body("out");
  CHECK(tail == lines(0, 50).substr(lines(0, 50).size() - tail.size()));
}

TEST_CASE("rotated files are compressed and hold the same bytes") {
  Folder folder;
  std::string text = lines(0, 60000);
  for (const char* how : {"gzip", "zstd"}) {
    Case out({{"path", folder / how}, {"rotate", "100kB"}, {"compress", how}});
    out.sink->open();
    CHECK(out.deliver(text) == Outcome::Done);
    CHECK(out.deliver("next\n") == Outcome::Done);
    CHECK(folder.read(how) == "next\n");
    out.finish();
    out.sink->close();
    CHECK_FALSE(folder.has(std::string(how) + ".1"));
  }
  CHECK(folder.names() == std::vector<std::string>{"gzip", "gzip.1.gz", "zstd", "zstd.1.zst"});
  std::string back(text.size() + 1, '\0');
  gzFile file = gzopen((folder / "gzip.1.gz").c_str(), "rb");
  CHECK(gzread(file, back.data(), static_cast<unsigned>(back.size())) == static_cast<int>(text.size()));
  gzclose(file);
  CHECK((back.substr(0, text.size()) == text));
  std::string packed = folder.read("zstd.1.zst");
  back.assign(text.size(), '\0');
  size_t size = ZSTD_decompress(back.data(), back.size(), packed.data(), packed.size());
  CHECK(size == text.size());
  CHECK((back == text));
}

TEST_CASE("rows go where their address says, and not all files stay open") {
  Folder folder;
  Case out({{"path", folder / "$host.log"}});
  CHECK(out.wiring.address == folder / "$host.log");
  REQUIRE(out.wiring.reads.size() == 1);
  CHECK(out.wiring.reads[0].key == "host");
  out.sink->open();
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  Payload* both = out.add("a\n", folder / "a.log");
  both->begin_part(folder / "b.log");
  both->append(std::string_view("b\n"));
  both->count_rows(1);
  CHECK(out.deliver({both, out.add("c\n", folder / "a.log")}) == Outcome::Done);
  CHECK(folder.read("a.log") == "a\nc\n");
  CHECK(folder.read("b.log") == "b\n");
  for (int i = 0; i < 1200; i++) {
    REQUIRE(out.deliver("x\n", folder / ("n" + std::to_string(i) + ".log")) == Outcome::Done);
  }
  size_t open = 0;
  DIR* fds = opendir("/proc/self/fd");
  while (readdir(fds) != nullptr) {
    open++;
  }
  closedir(fds);
  CHECK(open < 1050);
  CHECK(out.deliver("d\n", folder / "a.log") == Outcome::Done);
  CHECK(folder.read("a.log") == "a\nc\nd\n");
}

TEST_CASE("an address that can be no file is refused, and its neighbours are written once") {
  Folder folder;
  mkdir((folder / "wall").c_str(), 0700);
  Case out({{"path", folder / "$host"}});
  out.sink->open();
  std::vector<Payload*> all = {out.add("a\n", folder / "good"), out.add("b\n", folder / "wall"),
                               out.add("c\n", folder / "good")};
  CHECK(out.deliver(all) == Outcome::Refused);
  CHECK(out.sink->reason() == "cannot open " + folder / "wall" + ": Is a directory; name a file in that folder");
  CHECK(out.deliver({all[0]}) == Outcome::Done);
  CHECK(out.deliver({all[1]}) == Outcome::Refused);
  CHECK(out.deliver({all[2]}) == Outcome::Done);
  CHECK(folder.read("good") == "a\nc\n");
  CHECK(out.deliver({all[0]}) == Outcome::Done);
  CHECK(folder.read("good") == "a\nc\na\n");
}

TEST_CASE("what cannot be opened says what to do") {
  Folder folder;
  CHECK(error_of({{"path", folder / "no/out"}, {"create_folders", "no"}}) ==
        "cannot open " + folder / "no/out" +
            ": No such file or directory; create the folder, or set create_folders = yes");
  folder.write("file", "");
  CHECK(error_of({{"path", folder / "file/out"}}).find("Not a directory") != std::string::npos);
  chmod(folder.path.c_str(), 0777);
  REQUIRE(symlink("/tmp/nowhere", (folder / "link").c_str()) == 0);
  CHECK(error_of({{"path", folder / "link"}}) == "cannot open " + folder / "link" +
                                                     ": Too many levels of symbolic links; it is a symbolic link in a "
                                                     "folder that others may write to, name the "
                                                     "file itself");
}

TEST_CASE("wrong options of the file sink say what would be right") {
  CHECK(error_of({{"path", "/tmp/x"}, {"sync", "often"}}) ==
        "sync is 'often'; it takes never, batch or a time such as 1s");
  CHECK(error_of({{"path", "/tmp/x"}, {"mode", "0999"}}) == "mode is '0999'; it takes octal permissions such as 0640");
  CHECK(error_of({{"path", "/tmp/"}}) == "path names no file; it takes one such as /var/log/stook/access.json");
  CHECK(error_of({{"path", "/tmp/${x"}}) == "${ without }; write $$ for a dollar");
}

TEST_CASE("an idle file asks for no wake-up, a dirty one for its sync") {
  Folder folder;
  Case idle({{"path", folder / "idle"}});
  idle.sink->open();
  CHECK(idle.deliver("x\n") == Outcome::Done);
  CHECK(idle.sink->next_time() == -1);
  Case synced({{"path", folder / "synced"}, {"sync", "1h"}});
  synced.sink->open();
  CHECK(synced.sink->next_time() == -1);
  CHECK(synced.deliver("x\n") == Outcome::Done);
  int64_t due = synced.sink->next_time();
  CHECK(due > 0);
  synced.sink->on_time(due);
  CHECK(synced.sink->next_time() == -1);
  Case timed({{"path", folder / "timed"}, {"rotate_every", "1h"}});
  timed.sink->open();
  CHECK(timed.sink->next_time() == -1);
  CHECK(timed.deliver("x\n") == Outcome::Done);
  due = timed.sink->next_time();
  CHECK(due > monotonic_ns());
  timed.sink->on_time(due);
  CHECK(timed.sink->next_time() == -1);
  CHECK(folder.read("timed.1") == "x\n");
  CHECK(folder.read("timed").empty());
}

TEST_CASE("capture keeps bytes and answers by its script") {
  capture::clear();
  Case out({}, "", "capture");
  out.sink->open();
  capture::script("out", {Outcome::Again, Outcome::Refused});
  CHECK(out.deliver("a\n") == Outcome::Again);
  CHECK(out.deliver("a\n") == Outcome::Refused);
  CHECK(out.deliver("b\n", "there") == Outcome::Done);
  capture::Taken taken = capture::taken("out");
  CHECK(taken.bytes == "b\n");
  CHECK(taken.rows == 1);
  CHECK(taken.calls == 3);
  CHECK(taken.addresses == std::vector<std::string>{"there"});
}

TEST_CASE("a file reopened in the midst of a record goes on at the byte when it is the same one") {
  Folder folder;
  Case out({{"path", folder / "out"}});
  out.sink->open();
  Payload* payload = out.add(lines(0, 300));
  {
    FullDisk disk(2501);
    CHECK(out.deliver({payload}) == Outcome::Again);
  }
  out.sink->reopen();
  CHECK(out.deliver({payload}) == Outcome::Done);
  CHECK((folder.read("out") == lines(0, 300)));
}
