// SPDX-License-Identifier: Apache-2.0
/// Floor 5. Which folders the files of a configuration lie in.
#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/daemon/file_fence.hh"

namespace stook {

namespace {

namespace fs = std::filesystem;

// What any process reads: code and data that libraries load when they need them, names, certificates, time zones; what
// the system says of itself; and where resolvers keep what /etc/resolv.conf is a link to.
constexpr const char* usual_reads[] = {"/usr",
                                       "/lib",
                                       "/lib64",
                                       "/bin",
                                       "/etc",
                                       "/proc",
                                       "/sys",
                                       "/run/systemd/resolve",
                                       "/run/resolvconf",
                                       "/run/NetworkManager",
                                       "/dev/null",
                                       "/dev/zero",
                                       "/dev/urandom",
                                       "/dev/random"};
constexpr const char* usual_writes[] = {"/dev/null", "/dev/full"};

// The folder, or the nearest one above it that is there, by its real path.
std::string standing(fs::path folder) {
  std::error_code error;
  folder = fs::absolute(folder, error).lexically_normal();
  while (!fs::exists(folder, error) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  fs::path real = fs::canonical(folder, error);
  return error ? folder.string() : real.string();
}

// What stands before a pattern or a key.
std::string begin_of(const std::string& path) {
  size_t cut = path.find_first_of("*?[$");
  return cut == std::string::npos ? path : path.substr(0, path.rfind('/', cut) + 1);
}

void add(std::vector<std::string>& all, const std::string& path) {
  if (std::find(all.begin(), all.end(), path) == all.end()) {
    all.push_back(path);
  }
}

// A file is replaced by others of its name, so its folder is meant; but a device is that one, and never all devices.
void add_place(std::vector<std::string>& all, const std::string& file) {
  std::error_code error;
  fs::path path = fs::absolute(file, error).lexically_normal();
  bool is_device = path.parent_path() == "/dev" || path.parent_path() == "/" || fs::is_directory(path, error);
  add(all, standing(is_device ? path : path.parent_path()));
  fs::path real = fs::canonical(path, error);
  if (!error && real != path) {
    bool is_open_file = real.string().starts_with("/proc/") || real.parent_path() == "/dev";
    add(all, is_open_file || fs::is_directory(real, error) ? real.string() : real.parent_path().string());
  }
}

void add_path(std::vector<std::string>& all, const std::string& path) {
  std::string begin = begin_of(path);
  if (begin.size() == path.size()) {
    add_place(all, path);
    return;
  }
  add(all, standing(begin));
  glob_t found{};
  if (::glob(path.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; i++) {
      add_place(all, found.gl_pathv[i]);  // links may lead elsewhere
    }
  }
  ::globfree(&found);
}

bool is_within(const std::vector<std::string>& all, const std::string& path) {
  return std::any_of(all.begin(), all.end(), [&](const std::string& one) {
    return path == one || one == "/" || (path.size() > one.size() && path.starts_with(one) && path[one.size()] == '/');
  });
}

// What a configuration needs, without what any process does.
Reach own_reach(const PlanNeeds& needs, const Settings& settings) {
  Reach reach;
  for (const auto* paths : {&needs.reads, &needs.trusted, &settings.read_paths}) {
    for (const std::string& path : *paths) {
      add_path(reach.reads, path);
    }
  }
  for (const auto* paths : {&needs.writes, &needs.state, &settings.write_paths}) {
    for (const std::string& path : *paths) {
      add_path(reach.writes, path);
    }
  }
  for (const std::string& folder : needs.state_folders) {
    add(reach.writes, standing(folder));
  }
  return reach;
}

}  // namespace

bool Reach::has_read(const std::string& path) const {
  return is_within(reads, path) || is_within(writes, path);
}

bool Reach::has_write(const std::string& path) const {
  return is_within(writes, path);
}

Reach reach_of(const PlanNeeds& needs, const Settings& settings) {
  Reach reach = own_reach(needs, settings);
  std::error_code error;
  for (const char* path : usual_reads) {
    if (fs::exists(path, error)) {
      add(reach.reads, standing(path));
    }
  }
  for (const char* path : usual_writes) {
    add(reach.writes, path);
  }
  add(reach.reads, standing(fs::read_symlink("/proc/self/exe", error).parent_path()));
  if (const char* folder = ::getenv("CREDENTIALS_DIRECTORY")) {
    add(reach.reads, standing(folder));
  }
  return reach;
}

std::string outside_of(const Reach& reach, const PlanNeeds& needs, const Settings& settings) {
  Reach own = own_reach(needs, settings);
  for (const std::string& path : own.writes) {
    if (!reach.has_write(path)) {
      return "write " + path;
    }
  }
  for (const std::string& path : own.reads) {
    if (!reach.has_read(path)) {
      return "read " + path;
    }
  }
  return {};
}

}  // namespace stook
