// SPDX-License-Identifier: Apache-2.0
/// Floor 5. Rows of a test file: into a bundle, and compared with what came out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/data/bundle.hh"
#include "core/data/schema.hh"
#include "core/tool/stest/file.hh"

namespace stook {

/// Whether a text is an object that can be fed; else one sentence on why not, `what is wrong; what would be right`.
[[nodiscard]] bool check_fed_row(const std::string& text, std::string& why);
/// Whether a text is an object that can be expected.
[[nodiscard]] bool check_expected_row(const std::string& text, std::string& why);

/// Appends the row; its cells refer to its text. Values become what the key's declared type asks for where they can.
/// REQUIRES: the row has been checked, and the bundle has room.
void put_row(const TestRow& row, Bundle& bundle, OpenKeys& keys);

/// Whether what came is what was expected.
bool matches(const TestRow& expected, const std::string& came);
/// For people: in which keys two objects differ, one line each; empty where they are no objects.
std::vector<std::string> differences(const TestRow& expected, const std::string& came);
/// The value of a key in an object as its text; empty: it is not there, or the text is no object.
std::string member_text(const std::string& object, const std::string& key);
/// What came, as a row of a test file.
std::string row_text(const std::string& came);

}  // namespace stook
