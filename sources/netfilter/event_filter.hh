// SPDX-License-Identifier: Apache-2.0
/// Events of connections that a source would pass over, left with the kernel: a filter of classic BPF on its socket.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "sources/netfilter/flow_choice.hh"

namespace stook {

/// A program that lets through each message that a choice takes, and hardly another one; empty when it would let through all.
///
/// It looks for the attributes of an event (number 0, as lists have another) by the kernel's own search: protocols, and networks of
/// IPv4. What it cannot judge it lets through, as the source looks at each message itself: marks, networks of IPv6, lists of more
/// than some sixteen.
std::vector<sock_filter> event_filter(const FlowChoice& choice);

}  // namespace stook
