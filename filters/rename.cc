// SPDX-License-Identifier: Apache-2.0
/// rename: gives keys another name; values stay as they are.
///
///   [names]
///   names = agent=http.user_agent, remote_addr=ip.saddr
///
///   {"agent":"curl","remote_addr":"192.0.2.1"}   →   {"http.user_agent":"curl","ip.saddr":"192.0.2.1"}
///
/// What the new name held before is gone in the rows that have the old one. Renames happen one after another.
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/api/plugin.hh"

namespace stook {

namespace {

struct RenameConfig {
  std::vector<std::string> names;
  std::vector<Wiring::Rename> renames;
};

constexpr std::array options = {
    option<&RenameConfig::names>("names", required, "old and new names as from=to"),
};

/// *Rooms:* one replica, its worker.
class Rename final : public Filter {
 public:
  explicit Rename(const RenameConfig& config) : config_(config) {}

  void run(Batch& batch) override ROOM(worker) {
    for (const Wiring::Rename& one : config_.renames) {
      KeyId from = batch.keys().find(one.from);
      if (batch.read(from) == nullptr) {
        continue;
      }
      KeyId to = batch.keys().intern(one.to);
      if (to == no_key) {
        batch.meter().keys_lost.add(batch.rows().size());
        continue;
      }
      const Column* taken = batch.read(to);
      if (taken == nullptr || taken->is_empty()) {
        batch.bundle().rename(from, to);
      } else {
        move_rows(batch, from, to);
      }
    }
  }

 private:
  /// Row by row, so that rows without the old name keep what the new one holds.
  static void move_rows(Batch& batch, KeyId from, KeyId to) {
    Column& target = batch.bundle().writable(to);
    Column& source = batch.bundle().writable(from);
    for (Row row : batch.rows()) {
      if (source.has(row)) {
        target.set(row, source[row]);
        source.clear(row);
      }
    }
  }

  const RenameConfig& config_;
};

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<RenameConfig*>(raw);
  config.renames.clear();
  for (const std::string& entry : config.names) {
    size_t sign = entry.find('=');
    std::string from(trim(std::string_view(entry).substr(0, sign)));
    std::string to(sign == std::string::npos ? "" : trim(std::string_view(entry).substr(sign + 1)));
    if (from.empty() || to.empty()) {
      throw std::invalid_argument("names: " + entry + " is no pair of names; write from=to, as in agent=user_agent");
    }
    if (from == to) {
      throw std::invalid_argument("names: " + from + " has that name already; another one would be right");
    }
    config.renames.push_back({from, to});
  }
  if (config.renames.empty()) {
    throw std::invalid_argument("names: nothing is renamed; write from=to, as in agent=user_agent");
  }
  wiring.renames = config.renames;
}

}  // namespace

extern const Plugin filter_rename;
const Plugin filter_rename = {
    .kind = Kind::Filter,
    .name = "rename",
    .doc = "gives keys another name",
    .options = options,
    .primary = "names",
    .config = config_type<RenameConfig>,
    .declare = declare,
    .filter = make_filter<Rename, RenameConfig>,
};

}  // namespace stook
