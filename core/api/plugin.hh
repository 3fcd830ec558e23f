// SPDX-License-Identifier: Apache-2.0
/// Floor 2. A plugin: one constant that says all there is to know about a source, filter, codec or sink.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/codec.hh"
#include "core/api/filter.hh"
#include "core/api/group.hh"
#include "core/api/needs.hh"
#include "core/api/option.hh"
#include "core/api/remark.hh"
#include "core/api/sink.hh"
#include "core/api/source.hh"
#include "core/base/clock.hh"
#include "core/data/schema.hh"

namespace stook {

enum class Kind : uint8_t { Source, Filter, Codec, Sink };
std::string_view kind_name(Kind kind);

/// What an instance remembers between rows. None: a replica per worker, any bundle may meet any replica.
/// Lane: a lane's rows in order always meet the same replica. Shared: there is exactly one replica.
enum class State : uint8_t { None, Lane, Shared };

/// A key that an element reads. `type` Mixed takes any.
struct Read {
  std::string key;
  Type type = Type::Mixed;
  bool is_optional = false;
  friend bool operator==(const Read&, const Read&) = default;
};

/// What an element says about itself once its options are known.
struct Wiring {
  std::vector<Read> reads;
  std::vector<Key> writes;
  /// Writes keys that only the data knows.
  bool opens = false;
  /// Reads every key that is there, but for meta keys.
  bool reads_all = false;
  /// Makes rows of its own, as many as came in at the most.
  bool appends = false;
  /// Makes rows without that limit (Filter::waiting).
  bool overflows = false;
  /// Keeps rows for later (Batch::hold), so that many bundles may be unacknowledged at once.
  bool holds = false;
  /// Keys it takes away.
  std::vector<std::string> removes;
  /// From one key to another. The new name has the old one's type.
  struct Rename {
    std::string from;
    std::string to;
    friend bool operator==(const Rename&, const Rename&) = default;
  };
  std::vector<Rename> renames;
  State state = State::None;
  /// Period of `tick` in ns, 0 for none.
  int64_t tick = 0;
  /// A sink whose target depends on the row: a pattern with keys, in whose expansion payloads are divided.
  std::string address;
  /// A sink all of whose rows become letters: there must be a folder for them.
  bool becomes_letters = false;
  /// What `declare` read from files, such as a script's text: when it changes, the element has changed.
  std::string content;
  friend bool operator==(const Wiring&, const Wiring&) = default;
};

/// Makes and destroys a plugin's config struct.
struct ConfigType {
  void* (*make)();
  void (*destroy)(void*);
};
template <class C>
inline constexpr ConfigType config_type = {[]() -> void* { return new C(); },
                                           [](void* c) { delete static_cast<C*>(c); }};
struct NoConfig {};

/// What a plugin's factory is given.
struct Make {
  /// The filled config struct. Lives as long as the instance.
  const void* config;
  /// The instance's id.
  std::string_view id;
  /// Sinks: what their codec puts at the head of a new file.
  std::string_view header;
  /// Groups: their members, in the order of the configuration, which the factory takes away; `last` is the last one.
  std::span<GroupMember> members{};
  /// Sinks that wait: the monotonic clock, or a test's.
  int64_t (*clock)() = monotonic_ns;
  /// Sinks that wait for a peer: readable from when the sink has to end. What waits then ends within a second, with Again.
  int hurry = -1;
  /// Sinks: their codec's rows are no lines (Plugin::is_binary).
  bool is_binary = false;
  /// Sinks: where they count what costs no row; null when nobody asks. Outlives the sink.
  RemarkMeter* remarks = nullptr;
};

/// One of these stands at the end of each plugin file.
struct Plugin {
  Kind kind;
  /// Lower case; a config may write it in any case.
  const char* name;
  /// One sentence for `stook list`, without a full stop.
  const char* doc;
  std::span<const Option> options;
  /// The option that a bare argument in a stack line sets: `keep(status >= 500)`.
  const char* primary = nullptr;
  ConfigType config = config_type<NoConfig>;
  /// Checks the options together, and says what is read and written. Throws ConfigError with an empty place, or
  /// std::invalid_argument with one sentence; paths are relative to `folder`, the config file's.
  /// The config may be completed here (scripts loaded, patterns compiled): it is constant afterwards.
  void (*declare)(void* config, std::string_view folder, Wiring& wiring) = nullptr;
  /// Adds what an instance with this config, as `declare` left it, needs of the system. A source or sink without it leaves
  /// the process without limits on files; filters and codecs without it need nothing.
  void (*needs)(const void* config, Needs& needs) = nullptr;
  std::unique_ptr<Source> (*source)(const Make&) = nullptr;
  std::unique_ptr<Filter> (*filter)(const Make&) = nullptr;
  std::unique_ptr<Codec> (*codec)(const Make&) = nullptr;
  std::unique_ptr<Sink> (*sink)(const Make&) = nullptr;
  /// Codecs: rows are bytes that end by themselves. Those of all others are text, and end with a newline or as their
  /// options say.
  bool is_binary = false;
  /// Sinks: the codec used when the config names none.
  const char* format = nullptr;
  /// Sinks: no other codec than that one fits.
  bool has_one_format = false;
  /// Sources: ends by itself when all is read.
  bool is_finite = false;
  /// Sinks made of sinks. The option `members` and, where there is one, `last` name them. Its codec is theirs.
  bool is_group = false;
};

/// The plugins of this build, by the generated table.
std::span<const Plugin* const> all_plugins();

/// Factories for the common case `T(const C& config)`.
template <class T, class C>
std::unique_ptr<Source> make_source(const Make& make) {
  return std::make_unique<T>(*static_cast<const C*>(make.config));
}
template <class T, class C>
std::unique_ptr<Filter> make_filter(const Make& make) {
  return std::make_unique<T>(*static_cast<const C*>(make.config));
}
template <class T, class C>
std::unique_ptr<Codec> make_codec(const Make& make) {
  return std::make_unique<T>(*static_cast<const C*>(make.config));
}
template <class T, class C>
std::unique_ptr<Sink> make_sink(const Make& make) {
  return std::make_unique<T>(*static_cast<const C*>(make.config));
}

}  // namespace stook
