// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook test FILE.stest… [--update] [--junit FILE]`: plays test files; see core/tool/stest/file.hh for their form.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "core/base/log.hh"
#include "core/plan/plan.hh"
#include "core/tool/commands.hh"
#include "core/tool/stest/verdict.hh"

namespace stook {

namespace {
struct TestRequest {
  std::vector<std::string> files;
  std::string junit;
  bool updates = false;
};

bool read_words(const std::vector<std::string>& words, TestRequest& request) {
  for (size_t i = 0; i < words.size(); i++) {
    if (words[i] == "--update") {
      request.updates = true;
    } else if (words[i] == "--junit" && i + 1 < words.size()) {
      request.junit = words[++i];
    } else if (words[i].size() > 1 && words[i][0] == '-') {
      return false;
    } else {
      request.files.push_back(words[i]);
    }
  }
  return !request.files.empty();
}

// In place of the file at once or not at all.
bool write_file(const std::string& path, const std::string& text) {
  std::string beside = path + ".new";
  std::ofstream out(beside, std::ios::binary);
  out << text;
  out.close();
  if (out && ::rename(beside.c_str(), path.c_str()) == 0) {
    return true;
  }
  std::fprintf(stderr, "stook test: %s cannot be written: %s\n", path.c_str(), std::strerror(errno));
  ::unlink(beside.c_str());
  return false;
}

// The verdicts of all files; false after a message on each file that is wrong.
bool play_files(const TestRequest& request, std::vector<TestVerdict>& verdicts) {
  bool is_right = true;
  for (const std::string& path : request.files) {
    try {
      TestFile file = read_test_file(path);
      std::vector<TestVerdict> own;
      bool has_edits = false;
      for (const TestCase& test : file.tests) {
        own.push_back(play_test(file, test));
        own.back().is_updated = request.updates && !own.back().edits.empty();
        has_edits = has_edits || own.back().is_updated;
      }
      is_right = (!has_edits || write_file(path, edited(file, own))) && is_right;
      verdicts.insert(verdicts.end(), own.begin(), own.end());
    } catch (const ConfigErrors& errors) {
      std::fputs(show_errors(errors).c_str(), stderr);
      is_right = false;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", path.c_str(), error.what());
      is_right = false;
    }
  }
  return is_right;
}
}  // namespace

int test_command(const std::vector<std::string>& words) {
  TestRequest request;
  if (!read_words(words, request)) {
    std::fputs("usage: stook test FILE.stest… [--update] [--junit FILE]\n", stderr);
    return 2;
  }
  // A test hears what the log is told, and shows it where it fails.
  set_log_level(Level::Info);
  set_log_file("/dev/null");
  std::vector<TestVerdict> verdicts;
  bool is_right = play_files(request, verdicts);
  std::fputs(show_tap(verdicts).c_str(), stdout);
  size_t failed = 0;
  double seconds = 0;
  for (const TestVerdict& verdict : verdicts) {
    failed += verdict.has_passed() ? 0 : 1;
    seconds += verdict.seconds;
  }
  std::printf("# %zu of %zu tests passed in %.2f s\n", verdicts.size() - failed, verdicts.size(), seconds);
  if (!request.junit.empty() && !write_file(request.junit, show_junit(verdicts))) {
    return 2;
  }
  return !is_right ? 2 : failed > 0 ? 1 : 0;
}

}  // namespace stook
