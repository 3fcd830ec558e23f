// SPDX-License-Identifier: Apache-2.0
/// parse_access: takes lines of a web server's access log apart.
///
/// The format is `common`, `combined` (the default), `vhost_combined`, or the very string of nginx's log_format or
/// Apache's LogFormat directive. It is compiled once; each line is then walked from left to right, a field ending at the
/// text that the format has behind it. There is no regular expression, and no guessing: a line that does not follow the
/// format to its last byte keeps its text and gets a parse_error that names the field.
///
/// Keys are nginx's variable names, for Apache too: %h is remote_addr, %>s status, %b body_bytes_sent, %{Referer}i
/// http_referer, %D request_time_us. The time ($time_local, $time_iso8601, %t) is `time`; the request is split into
/// method, path and protocol, and stays in one piece under `request` when it is no request line (a port scan). `-` means
/// that the key is absent. Values of several upstreams (`0.1, 0.2`) stay text. \xNN and the like are undone.
///
///     stack=log:TAIL,parse:PARSE_ACCESS,out:STDOUT
///     [parse]
///     format=$remote_addr [$time_local] "$request" $status $request_time
///
/// `192.0.2.7 [21/Nov/2026:03:38:00 +0000] "GET / HTTP/2.0" 200 0.004` becomes
/// `remote_addr=192.0.2.7 time=2026-11-21T03:38:00Z method=GET path=/ protocol=HTTP/2.0 status=200 request_time=0.004`.
#include <stdexcept>

#include "core/api/parser.hh"
#include "core/api/plugin.hh"
#include "core/data/access_walker.hh"
#include "core/data/time_text.hh"

namespace stook {

enum class AccessEscape : uint8_t { Default, None };
template <>
inline constexpr std::string_view choice_names<AccessEscape>[] = {"default", "none"};

namespace {
struct AccessConfig {
  std::string key;
  std::string format;
  AccessEscape escape = AccessEscape::Default;
  bool split_request = true;
  std::vector<std::string> types;
  std::string zone;
  bool keep_text = false;
  AccessFormat compiled;
};

constexpr Option access_options[] = {
    option<&AccessConfig::format>(
        "format", "combined", "common, combined, vhost_combined, or an nginx log_format or Apache LogFormat string"),
    option<&AccessConfig::key>("key", "message", "where the line is"),
    option<&AccessConfig::escape>("escape", "default", "whether backslashes in values are undone, as nginx's escape="),
    option<&AccessConfig::split_request>("split_request", "yes", "split the request into method, path and protocol"),
    option<&AccessConfig::types>("types", "", "other types of keys, as name:integer; integer, real, text or mixed"),
    option<&AccessConfig::zone>("zone", "UTC", "zone of times that say none: UTC, local or +02:00"),
    option<&AccessConfig::keep_text>("keep_text", "no", "keep the line as well"),
};

/// Takes lines apart. *Invariants:* a line that is refused leaves no cell behind. *Rooms:* a replica per worker.
class ParseAccess final : public Filter {
 public:
  explicit ParseAccess(const AccessConfig& config)
      : config_(config),
        walker_(config.compiled, config.escape == AccessEscape::Default, config.split_request, Zone(config.zone)),
        columns_(walker_.slots()) {}

  void run(Batch& batch) override ROOM(worker) {
    TextRows texts(batch, batch.in(0), batch.out(0), config_.keep_text);
    for (size_t slot = 0; slot < columns_.size(); slot++) {
      columns_[slot] = batch.write(batch.out(1 + slot));
      walker_.want(slot, columns_[slot] != nullptr);
    }
    Column* const* columns = columns_.data();
    for (Row row : batch.rows()) {
      std::string_view text = texts.text(row);
      std::string_view reason =
          text.data() == nullptr ? "not an access line: the row has no text" : walker_.walk(text, batch.arena());
      if (!reason.empty()) {
        texts.fail_copied(row, reason);
        continue;
      }
      texts.done(row);
      for (const AccessWalker::Found& found : walker_.found()) {
        columns[found.slot]->set(row, found.cell);
      }
    }
  }

 private:
  const AccessConfig& config_;
  AccessWalker walker_;
  std::vector<Column*> columns_;  // by slot; taken anew for each batch
};

void declare_access(void* config, std::string_view, Wiring& wiring) {
  auto& access = *static_cast<AccessConfig*>(config);
  access.compiled = compile_access_format(access.format);
  for (const std::string& entry : access.types) {
    size_t colon = entry.find(':');
    std::string name = entry.substr(0, colon);
    bool is_done = false;
    for (AccessField& field : access.compiled.fields) {
      if (field.key == name && colon != std::string::npos) {
        is_done = set_access_type(field, std::string_view(entry).substr(colon + 1));
      }
    }
    if (!is_done) {
      throw std::invalid_argument("types: \"" + entry +
                                  "\" is no field of the format with integer, real, text or mixed");
    }
  }
  wiring.reads.push_back({access.key, Type::Text});
  wiring.writes.push_back({"parse_error", Type::Text, {}, "why the line is refused"});
  for (const AccessField& field : access.compiled.fields) {
    if (field.kind == AccessKind::Time) {
      Zone zone = read_option("zone", [&] { return Zone(access.zone); });
      read_option("format", [&] { TimeReader check(field.time_format, zone); });
    }
    if (!field.key.empty()) {
      wiring.writes.push_back({field.key, access_type(field.kind), {}, {}});
    }
    if (field.kind == AccessKind::Request && access.split_request) {
      wiring.writes.push_back({"method", Type::Text, {}, "of the request"});
      wiring.writes.push_back({"path", Type::Text, {}, "of the request, with its query"});
      wiring.writes.push_back({"protocol", Type::Text, {}, "of the request"});
    }
  }
}
}  // namespace

extern const Plugin filter_parse_access;
const Plugin filter_parse_access = {
    .kind = Kind::Filter,
    .name = "parse_access",
    .doc = "takes lines of a web server's access log apart",
    .options = access_options,
    .primary = "format",
    .config = config_type<AccessConfig>,
    .declare = declare_access,
    .filter = make_filter<ParseAccess, AccessConfig>,
};

}  // namespace stook
