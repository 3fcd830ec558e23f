// SPDX-License-Identifier: Apache-2.0
/// multiline: makes one event of the lines that belong together, such as those of a stack trace.
///
/// Which lines do is said by a rule (`java`, `python`, `go`, `ruby`, `dotnet`; `docker` and `cri` for the parts into which
/// containers' long lines are cut) or by patterns: `start` begins an event, `continue` belongs to the line before, `end`
/// is the last line. Lines of different files never mix. The event is the row of its first line, with all lines in its
/// text. It is handed on when the next one begins, when `end` matched, or `flush` after its last line. One that is longer
/// than max_lines or max_bytes is cut and marked as truncated, and so is each further line of it, a row of its own.
///
///     stack=in:TAIL,join:MULTILINE(java),out:FILE
///     [in]
///     path=/var/log/app/app.log
///
/// `java.io.IOException: disk`, `\tat a.B.c(B.java:7)` and `Caused by: …` become one row, message="java.io.IOException:
/// disk\n\tat a.B.c(B.java:7)\nCaused by: …". Until the event has been delivered, no position moves past its first line.
#include <algorithm>
#include <stdexcept>

#include "core/api/plugin.hh"
#include "filters/multiline/joiner.hh"

namespace stook {

namespace {

constexpr Option multiline_options[] = {
    option<&MultilineConfig::rule>("rule", "none", "whose lines these are; none: what the patterns say"),
    option<&MultilineConfig::start>("start", "", "regular expression of a line that begins an event"),
    option<&MultilineConfig::continuation>("continue", "",
                                           "regular expression of a line that belongs to the one before"),
    option<&MultilineConfig::end>("end", "", "regular expression of a line that ends an event"),
    option<&MultilineConfig::keep_start>("keep_start", "yes", "whether the line that matched start is in the event"),
    option<&MultilineConfig::keep_end>("keep_end", "yes", "whether the line that matched end is in the event"),
    option<&MultilineConfig::key>("key", "", "where the line is; without it message, and log for docker"),
    option<&MultilineConfig::by>("by", "",
                                 "rows are joined when these keys have the same values; without it file.path, and for "
                                 "docker stream as well"),
    option<&MultilineConfig::separator>("separator", "\\n",
                                        "what stands between joined lines; \\n, \\t and \\xNN are known"),
    option<&MultilineConfig::max_lines>("max_lines", "1000", "lines after which an event is cut", {1, 1e6}),
    option<&MultilineConfig::max_bytes>("max_bytes", "256KiB", "size at which an event is cut",
                                        {64, 16.0 * 1024 * 1024}),
    option<&MultilineConfig::flush>("flush", "2s", "an unfinished event is handed on this long after its last line",
                                    {10e6, 60e9}),
    option<&MultilineConfig::match_limit>("match_limit", "1000000",
                                          "steps after which the search of a regular expression is given up", {1, 1e9}),
};

std::unique_ptr<Regex> compile(const char* name, const std::string& pattern) {
  if (pattern.empty()) {
    return nullptr;
  }
  try {
    return std::make_unique<Regex>(pattern);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(std::string(name) + ": " + error.what());
  }
}

void declare_patterns(MultilineConfig& config) {
  config.starts = compile("start", config.start);
  config.continues = compile("continue", config.continuation);
  config.ends = compile("end", config.end);
  bool has_patterns = config.starts || config.continues || config.ends;
  bool is_parts = config.rule == Rule::Docker || config.rule == Rule::Cri;
  if (config.rule == Rule::None && !has_patterns) {
    throw std::invalid_argument(
        "rule: neither a rule nor a pattern says which lines belong together; write one, as in multiline(java), or set "
        "start, continue or end");
  }
  if (is_parts && has_patterns) {
    throw std::invalid_argument(
        "rule: docker and cri take no patterns; join the parts first, and their lines by another multiline behind it");
  }
}

void declare(void* raw, std::string_view, Wiring& wiring) {
  auto& config = *static_cast<MultilineConfig*>(raw);
  declare_patterns(config);
  bool is_docker = config.rule == Rule::Docker;
  if (config.key.empty()) {
    config.key = is_docker ? "log" : "message";
  }
  bool is_given = !config.by.empty();
  if (!is_given) {
    config.by = is_docker ? std::vector<std::string>{"file.path", "stream"} : std::vector<std::string>{"file.path"};
  }
  wiring.reads = {{config.key, Type::Text}, {"truncated", Type::Mixed, true}};
  for (const std::string& key : config.by) {
    wiring.reads.push_back({key, Type::Mixed, !is_given});
  }
  wiring.writes = {{"truncated", Type::Boolean, "", "set when the event or one of its lines was cut"}};
  if (config.rule == Rule::Cri) {
    wiring.writes.push_back({"time", Type::Time, "", "when the container wrote the line"});
    wiring.writes.push_back({"stream", Type::Text, "", "stdout or stderr"});
  }
  wiring.appends = true;
  wiring.holds = true;
  wiring.state = State::Lane;
  wiring.tick = std::clamp<int64_t>(config.flush.ns / 4, 10'000'000, 1'000'000'000);
}

/// *Rooms:* one replica for each lane, its worker.
class Multiline final : public Filter {
 public:
  explicit Multiline(const MultilineConfig& config) : joiner_(config) {}
  void run(Batch& batch) override ROOM(worker) { joiner_.run(batch); }
  void tick(Batch& batch, int64_t now, bool is_last) override ROOM(worker) { joiner_.tick(batch, now, is_last); }

 private:
  Joiner joiner_;
};

}  // namespace

extern const Plugin filter_multiline;
const Plugin filter_multiline = {
    .kind = Kind::Filter,
    .name = "multiline",
    .doc = "makes one event of the lines that belong together, such as those of a stack trace",
    .options = multiline_options,
    .primary = "rule",
    .config = config_type<MultilineConfig>,
    .declare = declare,
    .filter = make_filter<Multiline, MultilineConfig>,
};

}  // namespace stook
