// SPDX-License-Identifier: Apache-2.0
/// One record of the kernel's log, as /dev/kmsg gives it. Room: none.
///
/// Format (Documentation/ABI/testing/dev-kmsg): `PRI,SEQUENCE,USEC,FLAGS[,…];MESSAGE\n`, and then lines ` NAME=VALUE\n`.
/// PRI is facility * 8 + severity, USEC counts from boot, without the time asleep. Bytes outside printable ASCII, and
/// backslashes, are \xNN in the message and the values. Fields that later kernels add before the semicolon are skipped.
#pragma once

#include <cstdint>
#include <string_view>

namespace stook {

struct KernelRecord {
  int pri = 0;
  uint64_t sequence = 0;
  uint64_t usec = 0;
  /// Still with \xNN.
  std::string_view message;
  std::string_view subsystem;
  std::string_view device;
};

/// Where the first record of the text ends: behind the last of its lines that begin with a blank. With `is_all` the end of
/// the text ends it too; else 0 when it may go on.
size_t kernel_record_end(std::string_view text, bool is_all);
/// False: this is no record.
[[nodiscard]] bool read_kernel_record(std::string_view text, KernelRecord& record);
/// Writes the bytes that \xNN stands for; needs as much room as the text has. Returns the end.
char* put_kernel_text(char* to, std::string_view text);

}  // namespace stook
