// SPDX-License-Identifier: Apache-2.0
/// Floor 4. The metrics of stook by name: what README.md here says of them is checked against this table. Pure.
#pragma once

#include "core/run/metric_text.hh"

namespace stook::metric {

using enum MetricKind;

#define STOOK_METRIC inline constexpr MetricFamily
// Rows, bytes and time, a sample for each line of the ledger.
constexpr std::string_view line_labels = "element, kind, plugin, route";
constexpr std::string_view reason_labels = "element, kind, plugin, route, reason";
STOOK_METRIC rows_in{"stook_rows_in_total", Counter, line_labels, "rows that came in"};
STOOK_METRIC rows_appended{"stook_rows_appended_total", Counter, line_labels, "rows made by the element"};
STOOK_METRIC rows_out{"stook_rows_out_total", Counter, line_labels, "rows handed on; of a sink: delivered"};
STOOK_METRIC rows_filtered{"stook_rows_filtered_total", Counter, line_labels, "rows dropped on purpose"};
STOOK_METRIC rows_held{"stook_rows_held_total", Counter, line_labels,
                       "rows kept back to become part of others, which count as appended"};
STOOK_METRIC rows_dropped{"stook_rows_dropped_total", Counter, reason_labels, "rows lost, by reason"};
STOOK_METRIC rows_routed{"stook_rows_routed_total", Counter, line_labels, "rows sent to another stack"};
STOOK_METRIC rows_letters{"stook_rows_letters_total", Counter, line_labels,
                          "rows that the sink did not take, kept as letters"};
STOOK_METRIC rows_spooled{"stook_rows_spooled", Gauge, line_labels, "rows that wait in a spool"};
STOOK_METRIC rows_in_flight{"stook_rows_in_flight", Gauge, line_labels, "rows on their way through the element"};
STOOK_METRIC rows_failed{"stook_rows_failed_total", Counter, line_labels, "rows that failed, whatever became of them"};
STOOK_METRIC bytes{"stook_bytes_total", Counter, line_labels, "bytes read, encoded, spooled or delivered"};
STOOK_METRIC busy{"stook_busy_seconds_total", Counter, line_labels, "time spent in the element, by all threads"};
STOOK_METRIC type_faults{"stook_type_faults_total", Counter, line_labels,
                         "values of another type than the declared one, read as absent"};
STOOK_METRIC keys_lost{"stook_keys_lost_total", Counter, line_labels, "keys of rows for which there was no room"};
STOOK_METRIC remarks{"stook_remarks_total", Counter, "element, kind, plugin, route, what",
                     "what costs no row; core/README.md has the names"};
STOOK_METRIC member{"stook_member", Gauge, "element, group, state", "1: the member of a group is in this state"};

// Sources.
constexpr std::string_view element_label = "element";
STOOK_METRIC source_bundles{"stook_source_bundles_total", Counter, element_label, "bundles sent to workers"};
STOOK_METRIC source_pauses{"stook_source_pauses_total", Counter, element_label,
                           "how often the source was paused as no bundle was at home"};
STOOK_METRIC source_paused{"stook_source_paused_seconds", Gauge, element_label,
                           "for how long the source has been paused; 0: it is not"};
STOOK_METRIC source_pool{"stook_source_pool_bundles", Gauge, element_label, "bundles of the source"};
STOOK_METRIC source_pool_out{"stook_source_pool_out", Gauge, element_label, "of those: not at home"};
STOOK_METRIC unsettled{"stook_unsettled_rows", Gauge, element_label,
                       "rows of a source, or of a sink with a spool, that are not final"};
STOOK_METRIC oldest{"stook_unsettled_seconds", Gauge, element_label, "age of the oldest of those"};
STOOK_METRIC stalled{"stook_stalled", Gauge, element_label, "1: none of those has become final for stall_after"};

// Sinks.
STOOK_METRIC sink_payloads{"stook_sink_payloads_total", Counter, element_label, "payloads delivered"};
STOOK_METRIC sink_shipments{"stook_sink_shipments_total", Counter, element_label, "shipments offered"};
STOOK_METRIC sink_retries{"stook_sink_retries_total", Counter, element_label, "shipments that were not taken"};
STOOK_METRIC sink_failing{"stook_sink_failing", Gauge, element_label, "1: the sink did not take its last shipment"};
STOOK_METRIC sink_failing_for{"stook_sink_failing_seconds", Gauge, element_label, "for how long it has taken nothing"};
STOOK_METRIC sink_failed{"stook_sink_failed", Gauge, element_label, "1: its device has not worked for ten minutes"};
STOOK_METRIC sink_asked{"stook_sink_call_seconds", Gauge, element_label,
                        "how long it has owed an answer; 0: it does not"};
STOOK_METRIC sink_oldest{"stook_sink_oldest_seconds", Gauge, element_label,
                         "age of the oldest payload that waits for it; 0: none does"};
STOOK_METRIC sink_age{"stook_sink_age_seconds", Histogram, element_label,
                      "age of a payload at its delivery, from the moment the source sealed its rows"};
STOOK_METRIC sink_delivery{"stook_sink_delivery_seconds", Histogram, element_label, "time of one shipment in the sink"};

// Between workers and sinks.
constexpr std::string_view slot_labels = "element, route";
STOOK_METRIC slots{"stook_slots", Gauge, slot_labels, "payload slots between the route's workers and the sink"};
STOOK_METRIC slots_out{"stook_slots_out", Gauge, slot_labels, "of those: with the sink"};
STOOK_METRIC slots_starved{"stook_slots_starved_total", Counter, slot_labels,
                           "how often a worker found no slot and had to wait for the sink"};

// Spools.
STOOK_METRIC spool_records{"stook_spool_records", Gauge, element_label, "payloads that wait in the spool"};
STOOK_METRIC spool_disk{"stook_spool_disk_bytes", Gauge, element_label, "bytes of the spool on the disk"};
STOOK_METRIC spool_most{"stook_spool_most_bytes", Gauge, element_label, "and how many it may have"};
STOOK_METRIC spool_syncs{"stook_spool_syncs_total", Counter, element_label, "syncs of its files"};
STOOK_METRIC spool_sync_failures{"stook_spool_sync_failures_total", Counter, element_label, "and those that failed"};
STOOK_METRIC spool_bad{"stook_spool_bad_bytes_total", Counter, element_label, "damaged bytes that were met"};

// Scripts.
STOOK_METRIC lua_states{"stook_lua_states", Gauge, element_label, "Lua states of the element"};
STOOK_METRIC lua_memory{"stook_lua_memory_bytes", Gauge, element_label, "memory that they use"};
STOOK_METRIC lua_memory_most{"stook_lua_memory_most_bytes", Gauge, element_label, "and how much they may use"};
STOOK_METRIC lua_time{"stook_lua_seconds_total", Counter, element_label, "time inside Lua"};
STOOK_METRIC lua_errors{"stook_lua_errors_total", Counter, element_label, "calls that raised an error"};
STOOK_METRIC lua_kills{"stook_lua_kills_total", Counter, element_label, "of those: ended beyond their budget"};

// The process.
STOOK_METRIC thread_cpu{"stook_thread_cpu_seconds_total", Counter, "room, thread", "CPU time of a thread"};
STOOK_METRIC healthy{"stook_healthy", Gauge, "", "1: `stook health` says that it is"};
STOOK_METRIC reloads{"stook_reloads_total", Counter, "result", "reloads of the configuration, good and failed"};
STOOK_METRIC reload_failed{"stook_reload_failed", Gauge, "", "1: the last one failed, the former configuration runs"};
STOOK_METRIC build{"stook_build_info", Gauge, "version", "1, with the version"};
STOOK_METRIC process_cpu{"process_cpu_seconds_total", Counter, "", "CPU time of the process"};
STOOK_METRIC process_start{"process_start_time_seconds", Gauge, "", "when it started, in seconds since 1970 UTC"};
STOOK_METRIC process_resident{"process_resident_memory_bytes", Gauge, "", "resident memory"};
STOOK_METRIC process_virtual{"process_virtual_memory_bytes", Gauge, "", "virtual memory"};
STOOK_METRIC process_fds{"process_open_fds", Gauge, "", "open descriptors"};
STOOK_METRIC process_most_fds{"process_max_fds", Gauge, "", "and how many there may be"};
#undef STOOK_METRIC

}  // namespace stook::metric
