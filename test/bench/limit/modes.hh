// SPDX-License-Identifier: Apache-2.0
//
// The workloads of the baseline. Each reads the file `in`, writes the file `out` and returns how many lines it could
// not read; such lines are left out of the output.
#pragma once

#include <cstddef>
#include <string>

namespace limit {

/// Combined lines to JSON lines.
size_t run_access(const std::string& in, const std::string& out);

/// The same without the rows of status < 400; with `kib`, and with the agent under another name.
size_t run_access_filter(const std::string& in, const std::string& out);

/// Combined lines to JSON lines by a PCRE2 pattern; the time stays the text it was.
size_t run_regex(const std::string& in, const std::string& out);

/// Lines to the same lines.
size_t run_raw(const std::string& in, const std::string& out);

/// JSON lines to JSON lines, those with status >= 400, every value decoded and encoded.
size_t run_json(const std::string& in, const std::string& out);

/// Combined lines, parsed once, to OUT.json, OUT.csv (with a line of names), OUT.raw and OUT.pattern.
size_t run_four(const std::string& in, const std::string& out);

}  // namespace limit
