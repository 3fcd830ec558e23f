// SPDX-License-Identifier: Apache-2.0
/// The records that net_send sends: the same ones in every run, made from a fixed seed, about 200 bytes each.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace net_bench {

/// So many different records, sent again and again: enough that no branch knows them by heart.
constexpr size_t pool = 4096;

/// Numbers that look random and are the same everywhere.
class Dice {
 public:
  uint32_t roll(uint32_t sides) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<uint32_t>((state_ >> 33) % sides);
  }

 private:
  uint64_t state_ = 20261121;
};

inline std::string sentence(Dice& dice, size_t size) {
  constexpr std::string_view words[] = {"accepted", "request", "from",   "client", "with", "session", "timeout",
                                        "after",    "retry",   "worker", "queue",  "of",   "bytes",   "closed"};
  std::string text;
  while (text.size() < size) {
    text += words[dice.roll(std::size(words))];
    text += dice.roll(6) == 0 ? " " + std::to_string(dice.roll(100000)) + " " : " ";
  }
  text.resize(size - 1);
  return text + ".";
}

/// RFC 5424 with an element of structured data. The time has milliseconds, as not everybody writes those that are 0 alike.
inline std::string syslog_record(Dice& dice) {
  constexpr const char* apps[] = {"sshd", "nginx", "postfix/smtpd", "kernel", "app", "systemd"};
  char head[160];
  std::snprintf(
      head, sizeof head,
      "<%u>1 2026-11-21T%02u:%02u:%02u.%03uZ web%u.example.org %s %u ID%u [ex@32473 iut=\"%u\" source=\"%s\"] ",
      dice.roll(24) * 8 + dice.roll(8), dice.roll(24), dice.roll(60), dice.roll(60), 1 + dice.roll(999),
      1 + dice.roll(40), apps[dice.roll(6)], 1 + dice.roll(32000), dice.roll(100), dice.roll(10), apps[dice.roll(6)]);
  std::string record = head;
  return record + sentence(dice, 200 - record.size());
}

/// An object of JSON.
inline std::string json_record(Dice& dice) {
  constexpr const char* levels[] = {"info", "warning", "error", "debug"};
  char head[160];
  std::snprintf(
      head, sizeof head,
      "{\"time\":\"2026-11-21T%02u:%02u:%02uZ\",\"host\":\"web%u\",\"level\":\"%s\",\"status\":%u,\"bytes\":%u,"
      "\"took\":%u.%03u,\"message\":\"",
      dice.roll(24), dice.roll(60), dice.roll(60), 1 + dice.roll(40), levels[dice.roll(4)], 200 + dice.roll(304),
      dice.roll(1000000), dice.roll(10), dice.roll(1000));
  std::string record = head;
  return record + sentence(dice, 198 - record.size()) + "\"}";
}

template <class Make>
std::vector<std::string> records(Make make) {
  Dice dice;
  std::vector<std::string> all;
  for (size_t i = 0; i < pool; i++) {
    all.push_back(make(dice));
  }
  return all;
}

}  // namespace net_bench
