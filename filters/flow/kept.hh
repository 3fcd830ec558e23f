// SPDX-License-Identifier: Apache-2.0
/// Templates and sampling over restarts: the file in which a collector keeps them. Room: the worker that runs the filter; it
/// waits for the disk, at most once a minute, when templates have changed, and at the end.
///
/// Format, text, one item a line, items separated by one blank; numbers are decimal, bytes hex:
///
///     stook-templates 1
///     domain <version> <number> <port and address> <sampling>
///     sampler <id> <sampling>                                   (of the domain before)
///     template <id> <1: of options> <scopes> <fields>           (of the domain before; the fields as they came)
///     end <lines> <crc32c>
///
/// Domains used last come first, and the file ends before it is larger than 8 MiB. It is replaced as a whole (kept_text.hh); one
/// whose end does not hold is left out, and `.old` is read in its place.
///
/// Replicas of one filter have a file each: `FILE`, `FILE.2`, … up to `FILE.16`, whichever nobody else holds by a lock on
/// `FILE.lock`, …; a replica reads all of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/fd.hh"
#include "filters/flow/domains.hh"

namespace stook {

/// The text of the format above.
std::string show_templates(const FlowDomains& domains, size_t most = 8 * 1024 * 1024);
/// Takes up what a text says. False: its end does not hold, and nothing is taken.
[[nodiscard]] bool take_templates(std::string_view text, FlowDomains& domains, int64_t now);

class KeptTemplates {
 public:
  /// An empty name: nothing is kept.
  KeptTemplates(std::string file, std::string_view id) : file_(std::move(file)), id_(id) {}

  /// Reads what there is. Once, before the first message.
  void load(FlowDomains& domains, int64_t now);
  /// Writes when something has changed and the last time is a minute ago, or at the end.
  void save(const FlowDomains& domains, int64_t now, bool is_last);

 private:
  std::string slot(int number) const;
  void claim();

  std::string file_;
  std::string id_;
  std::string own_;
  Fd lock_;
  uint64_t saved_changes_ = 0;
  int64_t saved_at_ = 0;
};

}  // namespace stook
