// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/monitor_deeds.hh"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/plan/registry.hh"

using namespace stook;
using Deed = MonitorRequest::Deed;
namespace fs = std::filesystem;

namespace {

/// A folder that only this process's user writes to, with a configuration and a folder for logs.
class Site {
 public:
  Site() {
    char name[] = "/tmp/stook-monitor-XXXXXX";
    root = fs::canonical(::mkdtemp(name));
    fs::create_directory(root / "logs");
    mode("", 0755);
    mode("logs", 0755);
    write("stook.conf", "stack = in:TCP, out:FILE\n[in]\nlisten = 127.0.0.1:0\n[out]\npath = logs/out.log\n");
  }
  ~Site() { fs::remove_all(root); }
  std::string at(const std::string& path) const { return (root / path).string(); }
  void mode(const char* path, mode_t mode) const { REQUIRE(::chmod(at(path).c_str(), mode) == 0); }
  void write(const std::string& path, const std::string& text) const {
    std::ofstream(at(path)) << text;
    mode(path.c_str(), 0644);
  }
  std::string read(const std::string& path) const {
    std::stringstream text;
    text << std::ifstream(at(path)).rdbuf();
    return text.str();
  }
  MonitorDeeds deeds() const { return {at("stook.conf"), {"", ::geteuid(), ::getegid(), {}}, ::geteuid()}; }
  Granted open(const std::string& path) const { return deeds().grant({Deed::Open, false, {}, at(path)}); }

  fs::path root;
};

std::string text_of(const std::vector<NamedSocket>& sockets) {
  std::string text;
  for (const NamedSocket& one : sockets) {
    text += one.id + (one.listening.is_stream ? " tcp " : " udp ") + one.listening.endpoint.text();
    text += one.listening.is_shared ? " shared;" : ";";
  }
  return text;
}

bool says(const Granted& granted, const std::string& part) {
  return !granted.fd && granted.why.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a configuration names addresses and files, with what stands for those not given") {
  Site site;
  ::setenv("STOOK_TEST_PORT", "601", 1);
  site.write("more.conf", "[two]\nlisten = 127.0.0.1:${STOOK_TEST_PORT}\n");
  site.write("stook.conf", R"(
    logfile = )" + site.at("logs/../logs/own.log") +
                               R"(
    include = more.conf
    stack = one:SYSLOG, out:FILE
    stack = two:TCP, keep(true), em:LOGEMU
    stack = udp("*:514", "[::1]:515"), other:FILE(path=/var/log/$host.log)
    stack = local:UNIX, third:FILE(path=/a/./b)
    [one]
    udp = *, 127.0.0.2
    tls = 127.0.0.1
    reuseport = yes
    unix = /dev/log
    [local]
    listen = /run/x.sock
    [out]
    path = logs/out.log
  )");
  ConfigNames names = names_of(site.at("stook.conf"));
  CHECK(text_of(names.sockets) ==
        "one udp *:514 shared;one udp 127.0.0.2:514 shared;one tcp 127.0.0.1:6514 shared;two tcp 127.0.0.1:601;"
        "udp udp *:514;udp udp [::1]:515;");
  CHECK(names.outputs == std::vector<std::string>{site.at("logs/out.log"), "/var/log/ulogd_syslogemu.log", "/a/b",
                                                  site.at("logs/own.log")});
  CHECK(names.log == site.at("logs/own.log"));
  std::sort(names.files.begin(), names.files.end());
  CHECK(names.files == std::vector<std::string>{site.at("more.conf"), site.at("stook.conf")});
}

TEST_CASE("each source that listens at an IP address is known") {
  Site site;
  for (const Plugin* plugin : all_plugins()) {
    auto has_listen = [](const Option& row) { return std::string_view(row.name) == "listen"; };
    bool listens = std::any_of(plugin->options.begin(), plugin->options.end(), has_listen);
    if (plugin->kind != Kind::Source || !listens || std::string_view(plugin->name) == "unix") {
      continue;
    }
    site.write("stook.conf", "stack = x:" + std::string(plugin->name) + ", NULL\n[x]\nlisten = 127.0.0.1:9\n");
    INFO(plugin->name);
    CHECK(names_of(site.at("stook.conf")).sockets.size() == 1);
  }
}

TEST_CASE("nobody's code is run to find out") {
  Site site;
  site.write("evil.lua", "local f = io and io.open('" + site.at("trace") +
                             "', 'w')\nif f then f:close() end\nerror('it has run')\n");
  site.write("stook.conf",
             "scripts = .\nstack = in:TCP, evil, lua(script=evil.lua), out:LUA\nstack = made:LUA, NULL\n"
             "[in]\nlisten = 127.0.0.1:514\n[out]\nscript = evil.lua\n[made]\nscript = evil.lua\n");
  CHECK(text_of(names_of(site.at("stook.conf")).sockets) == "in tcp 127.0.0.1:514;");
  CHECK_FALSE(fs::exists(site.at("trace")));
}

TEST_CASE("what the configuration names is bound, and nothing else") {
  Site site;
  Granted granted = site.deeds().grant({Deed::Listen, true, "in", "127.0.0.1:0"});
  INFO(granted.why);
  REQUIRE(granted.fd);
  int listens = 0;
  socklen_t size = sizeof listens;
  CHECK(::getsockopt(granted.fd.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0);
  CHECK(listens == 1);
  for (const MonitorRequest& request : {MonitorRequest{Deed::Listen, false, "in", "127.0.0.1:0"},
                                        MonitorRequest{Deed::Listen, true, "out", "127.0.0.1:0"},
                                        MonitorRequest{Deed::Listen, true, "in", "127.0.0.1:1"},
                                        MonitorRequest{Deed::Listen, true, "in", "0.0.0.0:0"}}) {
    CHECK(says(site.deeds().grant(request), "names no such listener"));
  }
}

TEST_CASE("an output is opened for append, and is made when there is none") {
  Site site;
  Granted granted = site.open("logs/out.log");
  INFO(granted.why);
  REQUIRE(granted.fd);
  struct stat about {};
  REQUIRE(::fstat(granted.fd.get(), &about) == 0);
  CHECK((about.st_mode & 07777 & ~0640) == 0);
  CHECK(::write(granted.fd.get(), "one\n", 4) == 4);
  granted = site.open("logs/out.log");
  REQUIRE(granted.fd);
  CHECK(::write(granted.fd.get(), "two\n", 4) == 4);
  CHECK(site.read("logs/out.log") == "one\ntwo\n");
  CHECK(says(site.open("logs/other.log"), "names no such output"));
  CHECK(says(site.open("stook.conf"), "names no such output"));
}

TEST_CASE("links, folders and pipes are not opened, nor anything where others may write") {
  Site site;
  site.write("secret", "x");
  fs::create_symlink(site.at("secret"), site.at("logs/out.log"));
  CHECK(says(site.open("logs/out.log"), "open: "));
  fs::remove(site.at("logs/out.log"));
  fs::create_directory(site.at("logs/out.log"));
  CHECK(says(site.open("logs/out.log"), "open: "));
  fs::remove(site.at("logs/out.log"));
  REQUIRE(::mkfifo(site.at("logs/out.log").c_str(), 0600) == 0);
  CHECK(says(site.open("logs/out.log"), "open: "));  // nobody reads it
  Fd reader(::open(site.at("logs/out.log").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  CHECK(says(site.open("logs/out.log"), "no regular file"));
  fs::remove(site.at("logs/out.log"));
  for (mode_t mode : {0777, 01777}) {
    site.mode("logs", mode);
    CHECK(says(site.open("logs/out.log"), "logs may be written by others"));
  }
  site.mode("logs", 0755);
  fs::create_directory_symlink(site.at("logs"), site.at("way"));
  site.write("stook.conf", "stack = in:TCP(listen=127.0.0.1:0), out:FILE\n[out]\npath = way/out.log\n");
  CHECK(site.open("way/out.log").fd);  // a link that only the owner can have made
  CHECK(fs::exists(site.at("logs/out.log")));
}

TEST_CASE("a configuration that others may write, or that is not right, names nothing") {
  Site site;
  site.mode("stook.conf", 0666);
  CHECK(says(site.open("logs/out.log"), "stook.conf may be written by others"));
  site.mode("stook.conf", 0644);
  site.write("more.conf", "loglevel = info\n");
  site.write("stook.conf", "include = more.conf\n" + site.read("stook.conf"));
  CHECK(site.open("logs/out.log").fd);
  site.mode("more.conf", 0666);
  CHECK(says(site.open("logs/out.log"), "more.conf may be written by others"));
  site.mode("more.conf", 0644);
  site.write("stook.conf", "stack = in:TCP, out:FIEL\n");
  CHECK(says(site.open("logs/out.log"), "stook.conf:1: "));
  fs::remove(site.at("stook.conf"));
  CHECK(says(site.open("logs/out.log"), "stook.conf"));
  if (::geteuid() == 0) {
    REQUIRE(::chown(site.at("more.conf").c_str(), 12345, 0) == 0);
    MonitorDeeds of_another(site.at("more.conf"), {"", 12345, 12345, {}}, 0);  // not even if it is stookd's user
    CHECK(says(of_another.grant({Deed::Open, false, {}, "/a"}), "more.conf belongs to 12345"));
  }
}
