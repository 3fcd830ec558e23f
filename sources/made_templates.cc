// SPDX-License-Identifier: Apache-2.0
#include <time.h>

#include <cstring>

#include "sources/made.hh"

namespace stook {

namespace {

constexpr int64_t first_second = 1767225600;  // 2026-01-01T00:00:00Z
constexpr const char* paths[] = {"/",
                                 "/api/v1/orders",
                                 "/api/v1/items?id=4711&page=3",
                                 "/static/app.js",
                                 "/login",
                                 "/images/large/42.png",
                                 "/search?q=wool%20socks",
                                 "/favicon.ico",
                                 "/wp-login.php"};
constexpr const char* methods[] = {"GET", "GET", "GET", "GET", "GET", "POST", "POST", "HEAD", "PUT", "DELETE"};
constexpr const char* statuses[] = {"200", "200", "200", "200", "200", "200", "200", "304", "301", "206",
                                    "200", "200", "200", "200", "200", "404", "404", "403", "500", "502"};
constexpr const char* referrers[] = {"-", "-", "https://www.example.com/", "https://shop.example.org/cart"};
constexpr const char* agents[] = {
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15", "curl/7.88.1", "Go-http-client/1.1"};
constexpr const char* hosts[] = {"web1", "web2", "db1", "mail", "fw-north"};
constexpr const char* programs[] = {"sshd", "cron", "postfix/smtpd", "kernel", "systemd"};
constexpr const char* messages[] = {"Accepted publickey for deploy from 192.0.2.7 port 50122 ssh2",
                                    "Failed password for invalid user admin from 198.51.100.23 port 40112 ssh2",
                                    "connect from unknown[203.0.113.9]", "Started session 4242 of user root.",
                                    "(root) CMD (run-parts /etc/cron.hourly)"};
constexpr const char* levels[] = {"debug", "info", "info", "info", "warning", "error"};
constexpr uint16_t ports[] = {443, 443, 443, 80, 53, 22, 25, 8080};

}  // namespace

Templates::Templates(Made what, uint64_t seed) : state_(seed) {
  constexpr const char* formats[] = {"%d/%b/%Y:%H:%M:%S", "%b %e %H:%M:%S", "%Y-%m-%dT%H:%M:%S", ""};
  format_ = formats[static_cast<size_t>(what)];
  for (size_t i = 0; i < count; i++) {
    switch (what) {
      case Made::Access:
        make_access();
        break;
      case Made::Syslog:
        make_syslog();
        break;
      case Made::Json:
        make_json();
        break;
      case Made::Flows:
        make_flow();
        break;
    }
  }
}

/// splitmix64: every seed does, 0 as well.
uint64_t Templates::draw(uint64_t below) {
  uint64_t x = state_ += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return (x ^ (x >> 31)) % below;
}

int64_t Templates::time_of(uint64_t i) {
  return first_second * 1'000'000'000 + static_cast<int64_t>(i) * 1'000'000;
}

std::string Templates::address() {
  constexpr const char* nets[] = {"192.0.2.", "198.51.100.", "203.0.113.", "10.20.30."};
  std::string net = pick(nets);
  return draw(5) == 0 ? "2001:db8:1::" + std::to_string(1 + draw(9999)) : net + std::to_string(1 + draw(254));
}

void Templates::make_access() {
  std::string text = address() + (draw(20) == 0 ? " - alice [" : " - - [");
  size_t time_at = text.size();
  text += std::string(20, ' ') + " +0000] \"" + pick(methods);
  text += std::string(" ") + pick(paths) + " HTTP/1.1\" " + pick(statuses);
  text += " " + std::to_string(draw(50'000)) + " \"" + pick(referrers);
  text += std::string("\" \"") + pick(agents) + "\"";
  lines_.push_back({std::move(text), time_at});
}

void Templates::make_syslog() {
  std::string text = "<" + std::to_string(draw(24) * 8 + draw(8)) + ">";
  size_t time_at = text.size();
  text += std::string(15, ' ') + " " + pick(hosts);
  text += std::string(" ") + pick(programs) + "[" + std::to_string(1 + draw(65'000)) + "]: " + pick(messages);
  lines_.push_back({std::move(text), time_at});
}

void Templates::make_json() {
  std::string text = "{\"time\":\"";
  size_t time_at = text.size();
  text += std::string(19, ' ') + "Z\",\"level\":\"" + pick(levels);
  text += std::string("\",\"host\":\"") + pick(hosts) + "\",\"status\":" + pick(statuses);
  text += ",\"bytes\":" + std::to_string(draw(50'000)) + ",\"seconds\":0." + std::to_string(100 + draw(900));
  text += ",\"client\":{\"ip\":\"" + address() + "\",\"port\":" + std::to_string(1024 + draw(60'000)) + "}";
  text += std::string(",\"message\":\"") + pick(messages) + "\"}";
  lines_.push_back({std::move(text), time_at});
}

void Templates::make_flow() {
  Flow flow{};
  flow.address_size = draw(5) == 0 ? 16 : 4;
  for (size_t at : {size_t{0}, size_t{16}}) {
    constexpr unsigned char prefix[] = {0x20, 0x01, 0x0d, 0xb8};
    if (flow.address_size == 16) {
      std::memcpy(flow.addresses + at, prefix, sizeof prefix);
      flow.addresses[at + 15] = static_cast<char>(draw(256));
    } else {
      flow.addresses[at] = 10;
      flow.addresses[at + 2] = static_cast<char>(draw(16));
      flow.addresses[at + 3] = static_cast<char>(1 + draw(254));
    }
  }
  flow.packets = static_cast<uint32_t>(1 + draw(1000));
  flow.bytes = flow.packets * (40 + draw(1400));
  flow.src_port = static_cast<uint16_t>(1024 + draw(64'000));
  flow.dst_port = ports[draw(sizeof ports / sizeof ports[0])];
  flow.proto = draw(4) == 0 ? 17 : 6;
  flows_.push_back(flow);
}

std::string_view Templates::line(uint64_t i) {
  int64_t second = time_of(i) / 1'000'000'000;
  if (second != second_) {
    second_ = second;
    time_t clock = second;
    tm parts{};
    gmtime_r(&clock, &parts);
    time_size_ = strftime(time_, sizeof time_, format_, &parts);
  }
  Line& line = lines_[i % count];
  std::memcpy(line.text.data() + line.time_at, time_, time_size_);
  return line.text;
}

}  // namespace stook
