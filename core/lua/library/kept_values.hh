// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Dictionaries that outlive the process: behind `stook.keep`.
///
/// Each is a file `NAME.keep` in the folder, written as kept_text.hh says: one line `stook-keep 1 <size> <crc32c>`, in
/// decimal and hex, and so many bytes of msgpack: a map from each key to an array of its value and the time at which it
/// expires (ns since 1970, 0: never). Reading: the file, or else `NAME.keep.old`, whichever first is whole.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace stook {

class SharedValues;

/// Where kept dictionaries lie; empty: they last as long as the process. Called before scripts start; dictionaries of
/// scripts that were only looked at before are forgotten, and those of another folder.
void keep_values_in(const std::string& folder);

/// Forgets all of them, unsaved, and keeps none from here on: a test begins.
void forget_kept_values();

/// The dictionary of that name, read from its file when it is first asked for; from then on it is saved each second in
/// which it changed. Throws std::invalid_argument: the name is none, there are too many, or its files are damaged.
std::shared_ptr<SharedValues> kept_values(std::string_view name);

/// Saves what has changed. *Rooms:* any; waits for the disk.
void save_kept_values();

}  // namespace stook
