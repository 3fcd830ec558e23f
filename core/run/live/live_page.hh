// SPDX-License-Identifier: Apache-2.0
/// Floor 4. The live page: what the control socket tells, drawn in a browser.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/loop.hh"
#include "core/base/room.hh"
#include "core/run/control.hh"
#include "core/run/http_pages.hh"

namespace stook {

/// One page, which asks for the rest: the ledger, health, the configuration as it is written, and the rows that pass an
/// element. It can look and change nothing.
///
/// A browser asks for rows again and again, and has a tap between two questions; a tap that nobody has asked for during five
/// seconds is taken away.
/// *Rooms:* main.
class LivePage {
 public:
  /// Taps of all browsers.
  static constexpr size_t most_taps = 4;
  static constexpr int64_t patience = 5'000'000'000;

  /// `config`: the instances as they are written, as JSON.
  LivePage(Loop& loop, const Control& control, std::function<std::string()> config);

  void add_to(HttpPages& pages);

 private:
  /// The page with its style and script; made by embed.py.
  static const std::string_view text;

  struct Tap {
    std::string query;
    std::unique_ptr<Control::Stream> rows;
    std::string said;
    int64_t asked_at = 0;
  };
  HttpPage ask(std::string_view request) const ROOM(front);
  HttpPage tap(std::string_view query) ROOM(front);
  HttpPage read(Tap& tap) ROOM(front);
  void on_time() ROOM(front);

  Loop& loop_;
  const Control& control_;
  std::function<std::string()> config_;
  std::vector<Tap> taps_;
  Watcher timer_;
};

}  // namespace stook
