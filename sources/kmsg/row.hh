// SPDX-License-Identifier: Apache-2.0
/// The keys of the kernel's records. Room: the source's front.
#pragma once

#include <string>

#include "core/api/plugin.hh"
#include "sources/kmsg/record.hh"

namespace stook {

void declare_kernel_keys(Wiring& wiring);
/// Appends a row. `boot`: which boot it is, for `stook.id`. REQUIRES: bundle.has_room().
void put_kernel_row(Feed& feed, Bundle& bundle, const KernelRecord& record, const std::string& boot) ROOM(front);

}  // namespace stook
