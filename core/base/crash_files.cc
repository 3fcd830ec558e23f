// SPDX-License-Identifier: Apache-2.0
#include "core/base/crash_files.hh"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "core/base/log.hh"

namespace stook {

namespace {
constexpr size_t most_reports = 8;
constexpr const char* untold = ".new";
}  // namespace

std::vector<std::string> crash_reports_in(const std::string& folder) {
  std::vector<std::pair<int64_t, std::string>> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    struct stat status {};
    std::string path = entry.path().string();
    if (entry.path().filename().string().starts_with("crash.") && ::lstat(path.c_str(), &status) == 0 &&
        S_ISREG(status.st_mode)) {
      found.emplace_back(status.st_mtim.tv_sec, path);
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> reports;
  for (auto& [time, path] : found) {
    reports.push_back(std::move(path));
  }
  return reports;
}

void tell_former_crashes(const std::string& folder) {
  if (folder.empty()) {
    return;
  }
  std::vector<std::string> reports = crash_reports_in(folder);
  for (size_t i = 0; i < reports.size(); i++) {
    std::string path = reports[i];
    if (path.ends_with(untold)) {
      std::string told = path.substr(0, path.size() - 4);
      path = std::rename(path.c_str(), told.c_str()) == 0 ? told : path;
      log_event(Level::Warning, "crashed_before",
                Fields()("report", path)("what", "`stook report` puts it together with what else a bug report needs"));
    }
    if (i + most_reports < reports.size()) {
      ::unlink(path.c_str());
    }
  }
}

}  // namespace stook
