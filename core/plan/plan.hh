// SPDX-License-Identifier: Apache-2.0
/// Floor 3b. The Plan: everything that is decided before threads exist. Built once in main, then shared as const.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/plugin.hh"
#include "core/base/log.hh"
#include "core/base/status.hh"
#include "core/data/schema.hh"
#include "core/net/address.hh"
#include "core/plan/written.hh"
#include "core/spool/settings.hh"

namespace stook {

/// What a sink's worker half does when the sink has no free payload: wait (the pressure reaches the source), or drop.
enum class Full : uint8_t { Wait, Drop };
/// What becomes of a row that failed in an element: it goes on, it is dropped and counted, or it goes to another stack.
enum class OnError : uint8_t { Pass, Drop, Stack };
/// When a sink that did not take a shipment is asked again (ns): after a random part of a pause that doubles from `first`
/// to `most`, for `give_up` or, where that is 0, for ever.
struct RetryRules {
  int64_t first = 200'000'000;
  int64_t most = 30'000'000'000;
  int64_t give_up = 0;
};

/// How long a sink's rows are collected before they are offered together: until there are `rows` of them, or `bytes`
/// bytes, or until `time` ns are over; 0 does not count, and all 0 collects nothing.
struct HoldRules {
  int64_t time = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  /// The most bytes that are held, full batches that wait for the sink included.
  uint64_t most = 64 << 20;
  bool is_on() const { return time > 0 || rows > 0 || bytes > 0; }
};

/// One instance: an id, its plugin and its settings. Used by every stack that names the id.
struct Instance {
  std::string id;
  const Plugin* plugin = nullptr;
  /// Where the configuration first names it.
  Place place;
  std::shared_ptr<void> config;
  Wiring wiring;

  // Sources.
  bool has_own_front = false;
  /// The processor that the own front is bound to; -1: none.
  int processor = -1;
  size_t lanes = 1;
  /// A source of rows that a sink refused: the id of that sink; else empty.
  std::string refusals_of;
  // Filters and sinks.
  OnError on_error = OnError::Pass;
  // Sinks.
  Full full = Full::Wait;
  HoldRules hold;
  SpoolSettings spool;  // folder empty: none
  RetryRules retry;
  /// Rows that the sink refuses go to a stack whose source is `ID.refused`.
  bool hands_on_refused = false;
  /// The folder in which rows are kept that the sink refuses; empty: they are dropped.
  std::string letters;
  uint64_t letters_most = 0;
  const Plugin* codec = nullptr;
  std::shared_ptr<void> codec_config;
  Wiring codec_wiring;
  /// Groups: the sinks that they are made of, which are theirs alone and no instances of the plan; `last` is the last one.
  /// Shared by the copies of an instance.
  std::vector<std::shared_ptr<const Instance>> members;
  /// Groups whose members have different formats: their payloads are msgpack, and the carrier writes them in each one's.
  /// Of the keys in there, these are about the row: only codecs that name them write them.
  bool is_recoded = false;
  std::vector<std::string> meta_keys;

  /// Everything that the configuration says about it, in one form: plugin and options after substitution. Two instances
  /// of one id, one text and one `wiring.content` do the same.
  std::string text;
  /// A source that keeps positions in a file, so that what was not delivered is read again.
  bool keeps_positions = false;
  /// Its events below this level are not written; else the log's own level holds.
  std::optional<Level> log_level;
};

/// An instance at one position of a route's tree of stacks.
struct Node {
  const Instance* instance = nullptr;
  /// The keys of the element's declared reads and writes (for a sink: its codec's), in order.
  std::vector<KeyId> in;
  std::vector<KeyId> out;
  /// Sinks with an address: the keys of its pattern, in order.
  std::vector<KeyId> address;
  /// Positions in Route::nodes. A sink has none.
  std::vector<size_t> children;
  /// on_error = Stack: the positions that failed rows go to.
  std::vector<size_t> error_children;
  /// Sinks: position in Route::sinks.
  size_t sink = 0;
};

/// All stacks that start at one source, as a tree: stacks that begin with the same ids share that prefix.
struct Route {
  const Instance* source = nullptr;
  /// The KeyId of each of the source's declared writes; no_key: nobody reads it.
  std::vector<KeyId> source_out;
  KeySchema schema;
  std::vector<Node> nodes;
  /// Where the tree starts.
  std::vector<size_t> roots;
  /// The distinct sinks that the route reaches.
  std::vector<const Instance*> sinks;
  /// Dealt: any worker may take any bundle. Else lane i runs on worker lane_worker[i].
  bool is_dealt = true;
  /// What pins the route, for people; empty when dealt.
  std::string pinned_by;
  std::vector<size_t> lane_worker;
  size_t source_rows = 256;
  size_t capacity = 256;
  size_t bundles = 16;
  size_t open_keys = 256;
  /// How many bundles may be unacknowledged beside those in `bundles` and in payloads: filters and sinks of this route
  /// keep rows for later.
  size_t held = 0;

  /// What `held` is for a route that keeps rows.
  static constexpr size_t held_most = 10'000;
};

/// How much of the system is out of reach of a daemon once it has started. Log: nothing, but the kernel's log tells of each
/// call that would be refused.
enum class SandboxMode : uint8_t { Yes, No, Log };
/// How a line of the daemon's own log is written.
enum class LogForm : uint8_t { Logfmt, Json };

/// [global]
struct Settings {
  std::string logfile = "stderr";
  Level loglevel = Level::Notice;
  LogForm log_format = LogForm::Logfmt;
  size_t threads = 0;    // workers; 0 in the file means one for each processor; a Plan has the number
  size_t keyspool = 16;  // bundles of each source
  size_t rows = 256;     // rows of a bundle
  size_t open_keys = 256;
  size_t slots = 8;  // payloads of each (worker, sink)
  std::string pidfile;
  std::string user;
  std::string group;
  SandboxMode sandbox = SandboxMode::Yes;
  std::vector<std::string> read_paths;  // what the sandbox leaves open beside what the configuration names
  std::vector<std::string> write_paths;
  std::string state_dir;  // where sources keep positions
  std::string letters;    // where rows go that a sink will never take, a folder for each sink; empty: they are dropped
  uint64_t letters_size = 256 << 20;
  Duration stop_timeout{10'000'000'000};
  Duration stall_after{60'000'000'000};
  std::string control;              // path of the control socket, empty: none
  std::optional<Endpoint> metrics;  // where /metrics is served over HTTP
  std::optional<Endpoint> live;     // where the live page is served, on this machine alone
  Size memory_max;                  // 0: no limit
};

class Plan {
 public:
  Settings settings;
  /// Shared with the plan before it, whose equal instances this one takes over, and with what still runs them.
  std::vector<std::shared_ptr<Instance>> instances;
  std::vector<std::unique_ptr<Route>> routes;
  /// For people who look at what runs.
  std::vector<WrittenInstance> written;
  /// The configuration file, and those that it includes and that say anything.
  std::vector<std::string> files;
  /// Those that hold its secrets.
  std::vector<std::string> secret_files;

  /// The instance of that id, or null.
  const Instance* find(std::string_view id) const;
  /// The same instance, shared: whoever runs it keeps it alive. REQUIRES: it is of this plan.
  std::shared_ptr<const Instance> share(const Instance& instance) const;
  /// The most memory that bundles, payloads and their columns can take, in bytes, and nothing else.
  uint64_t memory_bound() const;
  /// `stook plan`: routes, lanes, keys with producers and readers, memory, threads.
  std::string show() const;
};

/// All mistakes of one configuration.
struct ConfigErrors : std::runtime_error {
  explicit ConfigErrors(std::vector<ConfigError> all_);
  std::vector<ConfigError> all;
};

struct Trial;

/// What a plan is made from.
struct PlanRequest {
  /// A configuration file; or, when empty, `stack`: a stack line given on the command line, options inline.
  std::string file;
  std::string stack;
  /// What the command line overrides: 0 is nothing.
  size_t threads = 0;
  size_t keyspool = 0;
  std::string loglevel;
  std::string logfile;
  /// `stook test`: what differs in a plan under test; null: nothing. See core/plan/trial.hh.
  const Trial* trial = nullptr;
};

/// Reads and checks everything, and opens nothing but configuration files and scripts. Throws ConfigErrors.
std::unique_ptr<Plan> make_plan(const PlanRequest& request);

/// The errors as people read them: `file:line: [section] option: what; hint`, the line, a caret. One text for all.
std::string show_errors(const ConfigErrors& errors);
/// The same as a JSON array.
std::string show_errors_json(const ConfigErrors& errors);

}  // namespace stook
