// SPDX-License-Identifier: Apache-2.0
/// How the results of tests are written for machines, which people read too.
#include <algorithm>
#include <cstdio>

#include "core/tool/stest/verdict.hh"

namespace stook {

namespace {
// XML has no way to write most control characters.
std::string xml_text(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return out;
}

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", seconds);
  return text;
}

std::string head(const char* tag, const std::string& name, const std::vector<const TestVerdict*>& of) {
  double seconds = 0;
  size_t failures = 0;
  for (const TestVerdict* verdict : of) {
    seconds += verdict->seconds;
    failures += verdict->has_passed() ? 0 : 1;
  }
  return std::string("<") + tag + " name=\"" + xml_text(name) + "\" tests=\"" + std::to_string(of.size()) +
         "\" failures=\"" + std::to_string(failures) + "\" time=\"" + seconds_text(seconds) + "\">\n";
}
}  // namespace

std::string show_tap(const std::vector<TestVerdict>& verdicts) {
  std::string out = "TAP version 13\n1.." + std::to_string(verdicts.size()) + "\n";
  for (size_t i = 0; i < verdicts.size(); i++) {
    const TestVerdict& verdict = verdicts[i];
    // In TAP a '#' begins a directive.
    std::string name = verdict.name;
    for (size_t at = 0; (at = name.find('#', at)) != std::string::npos; at += 2) {
      name.insert(at, 1, '\\');
    }
    out +=
        (verdict.has_passed() ? "ok " : "not ok ") + std::to_string(i + 1) + " - " + verdict.file + ": " + name + "\n";
    if (verdict.is_updated) {
      out += "# updated\n";
      continue;
    }
    for (const std::string& line : verdict.faults) {
      out += "# " + line + "\n";
    }
  }
  return out;
}

std::string show_junit(const std::vector<TestVerdict>& verdicts) {
  std::vector<const TestVerdict*> all;
  std::vector<std::string> files;
  for (const TestVerdict& verdict : verdicts) {
    all.push_back(&verdict);
    if (std::find(files.begin(), files.end(), verdict.file) == files.end()) {
      files.push_back(verdict.file);
    }
  }
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + head("testsuites", "stook test", all);
  for (const std::string& file : files) {
    std::vector<const TestVerdict*> own;
    std::copy_if(all.begin(), all.end(), std::back_inserter(own), [&](auto* verdict) { return verdict->file == file; });
    out += "  " + head("testsuite", file, own);
    for (const TestVerdict* verdict : own) {
      out += "    <testcase classname=\"" + xml_text(file) + "\" name=\"" + xml_text(verdict->name) + "\" time=\"" +
             seconds_text(verdict->seconds) + "\"";
      if (verdict->has_passed()) {
        out += "/>\n";
        continue;
      }
      out += ">\n      <failure message=\"" + xml_text(verdict->faults.front()) + "\">";
      for (const std::string& line : verdict->faults) {
        out += xml_text(line) + "\n";
      }
      out += "</failure>\n    </testcase>\n";
    }
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace stook
