// SPDX-License-Identifier: Apache-2.0
/// What the ledger calls the losses of sources.
#pragma once

#include <string_view>
#include <vector>

namespace stook {

/// The reasons at sources of this plugin, in the order of `Loss`: their `loss_name`, but `overrun` for what the kernel lost
/// because the buffer of a netlink socket was full.
std::vector<std::string_view> loss_reasons(std::string_view plugin);

}  // namespace stook
