// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. Which worker runs which lane, and how much memory all of it can take.
#pragma once

#include "core/plan/plan.hh"

namespace stook {

/// The number of processors that this process may use, at least 1.
size_t processors();

/// Sets the sizes of a route's bundles from the settings.
void size_route(const Settings& settings, Route& route);

/// Decides for each route whether its lanes are dealt or pinned. Lanes that reach one shared instance go to one worker;
/// groups of lanes go, the largest first, to the worker that has the fewest.
void place_lanes(Plan& plan);

/// The most memory that one route's bundles, or its payloads, can take, in bytes.
uint64_t bundle_bound(const Route& route);
uint64_t payload_bound(const Settings& settings, const Route& route);

}  // namespace stook
