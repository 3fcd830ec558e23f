// SPDX-License-Identifier: Apache-2.0
/// Floor 1. Undoing what servers and loggers write with a backslash.
#pragma once

#include <string_view>

namespace stook {

/// Copies a text and undoes \xNN, \", \', \\, \/, \n, \t, \r, \b, \f, \v and \uNNNN (pairs of surrogates too, as UTF-8).
/// What else stands behind a backslash stays as it is. `to` has text.size() bytes; returns the end.
char* undo_backslashes(char* to, std::string_view text);

}  // namespace stook
