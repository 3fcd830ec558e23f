// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook spool list | check | show | export | repair DIR`: what is in a spool, whether a daemon uses it or not.
#include <algorithm>
#include <cstdio>

#include "core/base/status.hh"
#include "core/base/text.hh"
#include "core/tool/commands.hh"
#include "core/tool/spool_view.hh"

namespace stook {

namespace {

using Number = unsigned long long;

struct Finding {
  std::string file;
  uint64_t offset;
  std::string what;
};

int list_spool(const SpoolView& view, bool as_json) {
  uint64_t records = 0;
  uint64_t bytes = 0;
  std::string rows;
  for (const SpoolSegmentView& segment : view.segments) {
    const uint64_t count = segment.last_sequence + 1 - segment.first_sequence;
    const uint64_t first = std::max(segment.first_sequence, view.state ? view.state->reader.sequence + 1 : 0);
    records += segment.last_sequence >= first ? segment.last_sequence - first + 1 : 0;
    bytes += segment.file_bytes;
    char line[256];
    const char* form =
        as_json
            ? "%s{\"segment\":\"%016llx\",\"first\":%llu,\"last\":%llu,\"records\":%llu,\"rows\":%llu,\"bytes\":%llu,"
              "\"state\":\"%s\"}"
            : "%s%016llx %12llu %12llu %9llu %11llu %12llu  %s\n";
    const char* state = !segment.header ? "damaged" : segment.footer ? "sealed" : "open";
    std::snprintf(line, sizeof line, form, as_json && !rows.empty() ? "," : "", Number{segment.id},
                  Number{segment.first_sequence}, Number{segment.last_sequence}, Number{count}, Number{segment.rows},
                  Number{segment.file_bytes}, state);
    rows += line;
  }
  const SpoolPosition reader = view.state ? view.state->reader : SpoolPosition{};
  if (as_json) {
    std::printf(
        "{\"in_use\":%s,\"waiting_records\":%llu,\"bytes\":%llu,\"reader\":{\"segment\":\"%016llx\",\"offset\":%llu,"
        "\"sequence\":%llu,\"rows\":%llu},\"segments\":[%s]}\n",
        view.is_in_use ? "true" : "false", Number{records}, Number{bytes}, Number{reader.segment},
        Number{reader.offset}, Number{reader.sequence}, Number{reader.rows}, rows.c_str());
    return 0;
  }
  std::printf("segment                 first         last   records        rows        bytes  state\n%s", rows.c_str());
  std::printf("%s: %s; %llu records wait, %s in %zu segments; delivered up to sequence %llu\n", view.folder.c_str(),
              view.is_in_use ? "in use" : "at rest", Number{records}, show_size(bytes).c_str(), view.segments.size(),
              Number{reader.sequence});
  return 0;
}

bool is_dropped(const SpoolView& view, uint64_t first, uint64_t last) {
  return std::any_of(view.dropped.begin(), view.dropped.end(),
                     [&](const DroppedRange& range) { return range.first <= first && last <= range.last; });
}

// The bytes behind the last record of the last segment are being written, or were when a crash came: no damage.
std::vector<Finding> findings_of(const SpoolView& view) {
  std::vector<Finding> findings;
  uint64_t expected = 0;
  if (view.has_state_file && !view.state) {
    findings.push_back({view.folder + "/state", 0, "neither slot verifies; everything is delivered again"});
  }
  for (const SpoolSegmentView& segment : view.segments) {
    const std::string path = segment_path(view.folder, segment.id);
    if (!segment.header) {
      findings.push_back({path, 0, "the header does not verify"});
    }
    const auto gap = [&](uint64_t to, uint64_t at) {
      if (expected != 0 && to > expected && !is_dropped(view, expected, to - 1) && !view.is_delivered(to - 1)) {
        findings.push_back(
            {path, at, "records " + std::to_string(expected) + " to " + std::to_string(to - 1) + " are gone"});
      }
      expected = std::max(expected, to);
    };
    gap(segment.header ? segment.header->first_sequence : 0, 0);
    const size_t before = findings.size();
    size_t whole = before;
    view.walk(segment.id, [&](const Scanned& found) {
      const bool is_right = found.kind == Scanned::Kind::Record && read_body_header(found.body);
      if (is_right) {
        gap(found.header.sequence, found.begin);
        expected = std::max(expected, found.header.sequence + 1);
        whole = findings.size();
        return;
      }
      findings.push_back(
          {path, found.begin,
           std::to_string(found.end - found.begin) + " bytes do not verify" +
               (found.kind == Scanned::Kind::BadBody ? ": record " + std::to_string(found.header.sequence) : "")});
    });
    if (segment.footer) {
      gap(segment.footer->last_sequence + 1, segment.file_bytes - segment_footer_size);
    } else if (segment.id == view.segments.back().id) {
      findings.resize(whole);
    }
  }
  return findings;
}

int check_spool(const SpoolView& view, bool as_json) {
  const std::vector<Finding> findings = findings_of(view);
  std::string text = as_json ? "[" : "";
  for (const Finding& finding : findings) {
    if (as_json) {
      text += (text.size() > 1 ? "," : "") + std::string("{\"file\":\"") + finding.file +
              "\",\"offset\":" + std::to_string(finding.offset) + ",\"what\":\"" + finding.what + "\"}";
    } else {
      text += finding.file + ":" + std::to_string(finding.offset) + ": " + finding.what + "\n";
    }
  }
  if (as_json) {
    text += "]\n";
  } else if (findings.empty()) {
    text = view.folder + ": no damage in " + std::to_string(view.segments.size()) + " segments\n";
  }
  std::fputs(text.c_str(), stdout);
  return findings.empty() ? 0 : 1;
}

// Visits the records that are not delivered, or all of them, each once.
template <class Visit>
void each_record(const SpoolView& view, bool all, Visit visit) {
  uint64_t last = 0;
  for (const SpoolSegmentView& segment : view.segments) {
    view.walk(segment.id, [&](const Scanned& found) {
      auto body = found.kind == Scanned::Kind::Record ? read_body_header(found.body) : std::nullopt;
      if (body && found.header.sequence > last && (all || !view.is_delivered(found.header.sequence))) {
        last = found.header.sequence;
        visit(found, *body);
      }
    });
  }
}

int show_spool(const SpoolView& view, bool all) {
  std::printf("    sequence  time (s since 1970)      rows       bytes  address\n");
  each_record(view, all, [](const Scanned& found, const BodyHeader& body) {
    Payload payload;
    std::string addresses;
    const bool is_read = read_body(found.body, payload);
    for (size_t i = 0; is_read && i < payload.parts(); i++) {
      addresses += (i == 0 ? "" : ", ") + printable(payload.part(i).address);
    }
    std::printf("%12llu  %19.3f  %8lu  %10zu  %s\n", Number{found.header.sequence},
                static_cast<double>(body.sealed_wall) / 1e9, static_cast<unsigned long>(body.rows),
                body_bytes(found.body, body).size(), addresses.empty() ? "-" : addresses.c_str());
  });
  return 0;
}

int export_spool(const SpoolView& view, bool all) {
  bool is_written = true;
  each_record(view, all, [&](const Scanned& found, const BodyHeader& body) {
    const std::string_view bytes = body_bytes(found.body, body);
    is_written = is_written && std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size();
  });
  if (!is_written || std::fflush(stdout) != 0) {
    std::fputs("stook: cannot write to the standard output\n", stderr);
    return 3;
  }
  return 0;
}

}  // namespace

int spool_command(const std::vector<std::string>& words) {
  std::vector<std::string> names;
  bool as_json = false;
  bool all = false;
  bool is_right = true;
  for (const std::string& word : words) {
    as_json = as_json || word == "--json";
    all = all || word == "--all";
    if (word.rfind("--", 0) != 0) {
      names.push_back(word);
    }
    is_right = is_right && (word.rfind("--", 0) != 0 || word == "--json" || word == "--all");
  }
  const std::string verb = names.size() == 2 ? names[0] : "";
  const bool is_table = verb == "list" || verb == "check";
  const bool is_records = verb == "show" || verb == "export";
  if (!is_right || (!is_table && !is_records && verb != "repair") || (as_json && !is_table) || (all && !is_records)) {
    std::fputs(
        "usage: stook spool list | check DIR [--json]\n       stook spool show | export DIR [--all]\n"
        "       stook spool repair DIR\n",
        stderr);
    return 2;
  }
  try {
    if (verb == "repair") {
      return repair_spool(names[1]);
    }
    const SpoolView view(names[1]);
    if (is_table) {
      return verb == "list" ? list_spool(view, as_json) : check_spool(view, as_json);
    }
    return verb == "show" ? show_spool(view, all) : export_spool(view, all);
  } catch (const SetupError& error) {
    std::fprintf(stderr, "stook: %s\n", error.what());
    return 3;
  }
}

}  // namespace stook
