// SPDX-License-Identifier: Apache-2.0
/// Floor 0. The few ways in which a deed ends: what a sink answers, how a row's journey ends, and what start-up throws.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace stook {

/// What a sink says of a shipment. Done: the sink's own meaning of delivered holds for all of it.
/// Again: nothing is final, the very same shipment is offered later. Refused: it will never be taken as it is.
/// Misconfigured: as Again, but until somebody changes a setting, here or at the peer, it will not be taken.
/// Broken: as Again, but what fails is a device that seldom recovers (EIO).
enum class Outcome : uint8_t { Done, Again, Refused, Misconfigured, Broken };

/// How the journey of a bundle's rows ended. Lettered: they are kept as letters. The worst of all holders wins.
enum class Fate : uint8_t { Done, Lettered, Dropped, Refused };

/// A place in a configuration: file, line counted from 1, column counted from 1 and the length of what is meant.
/// An empty file is the command line. Line 0: no place in it. `text` is the line, to put a caret under.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  int length = 0;
  std::string text;
};

/// A mistake in the configuration. `what()` is one sentence; `hint` says what would be right, or is empty.
struct ConfigError : std::runtime_error {
  ConfigError(Place place_, const std::string& what_, std::string hint_ = {})
      : std::runtime_error(what_), place(std::move(place_)), hint(std::move(hint_)) {}
  Place place;
  std::string hint;
};

/// Something outside stook that start-up needs and did not get. `code` is the errno, 0 where there is none.
struct SetupError : std::runtime_error {
  explicit SetupError(const std::string& what_, int code_ = 0) : std::runtime_error(what_), code(code_) {}
  int code;
};

}  // namespace stook
