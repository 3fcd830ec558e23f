// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/owners.hh"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/base/text.hh"
#include "core/daemon/privileges.hh"

namespace stook {

namespace {

namespace fs = std::filesystem;

std::string name_of(uid_t user) {
  const passwd* entry = ::getpwuid(user);
  return entry == nullptr ? std::to_string(user) : entry->pw_name;
}

// Empty: it is right.
std::string fault_of(const std::string& path, uid_t user, bool is_file) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return {};  // whoever needs it says so
  }
  std::string shown = printable(path);
  if (status.st_uid != 0 && status.st_uid != user) {
    return shown + " belongs to " + name_of(status.st_uid) + ", who decides by it what stookd does; chown root " +
           shown;
  }
  bool is_writable = (status.st_mode & 0002) != 0 || ((status.st_mode & 0020) != 0 && status.st_gid != 0);
  bool is_sticky = !is_file && (status.st_mode & S_ISVTX) != 0;
  return is_writable && !is_sticky
             ? shown + " may be written by others, who decide by it what stookd does; chmod go-w " + shown
             : std::string();
}

void add(std::vector<std::string>& faults, std::string fault) {
  if (!fault.empty() && std::find(faults.begin(), faults.end(), fault) == faults.end()) {
    faults.push_back(std::move(fault));
  }
}

// What a folder holds that `require` finds. One with more files than a folder of modules has is not looked through.
void check_modules(std::vector<std::string>& faults, const fs::path& folder, uid_t user) {
  constexpr size_t most = 10'000;
  std::error_code error;
  size_t seen = 0;
  for (fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error), end;
       !error && at != end && seen < most; at.increment(error), seen++) {
    bool is_folder = at->is_directory(error);
    if (is_folder || at->path().extension() == ".lua") {
      add(faults, fault_of(at->path().string(), user, true));
    }
  }
}

// What is above a file, or above a folder.
void check_above(std::vector<std::string>& faults, fs::path path, uid_t user) {
  while (path.has_relative_path()) {
    path = path.parent_path();
    add(faults, fault_of(path.string(), user, false));
  }
}

// The file and what is above it, both as it is named and as it is really.
void check_trusted(std::vector<std::string>& faults, const std::string& file, uid_t user) {
  std::error_code error;
  fs::path named = fs::absolute(file, error).lexically_normal();
  fs::path real = fs::canonical(named, error);
  if (error) {
    return;
  }
  add(faults, fault_of(real.string(), user, true));
  check_modules(faults, real, user);
  for (const fs::path& path : {real, named}) {
    check_above(faults, path, user);
  }
}

void check_state(std::vector<std::string>& faults, const std::string& folder, uid_t user) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    return;
  }
  std::string shown = printable(folder);
  if (status.st_uid != user) {
    add(faults, shown + " belongs to " + name_of(status.st_uid) + ", and stookd runs as " + name_of(user) +
                    "; chown -R " + name_of(user) + " " + shown);
  } else if ((status.st_mode & 0022) != 0) {
    add(faults, shown + " may be written by others, who could change what stookd remembers; chmod 0700 " + shown);
  }
}

}  // namespace

std::vector<std::string> owner_faults(const PlanNeeds& needs, uid_t user) {
  std::vector<std::string> faults;
  for (const std::string& file : needs.trusted) {
    check_trusted(faults, file, user);
  }
  for (const std::string& folder : needs.state_folders) {
    check_state(faults, folder, user);
  }
  return faults;
}

std::vector<std::string> folder_faults(const std::string& folder, uid_t user) {
  std::vector<std::string> faults;
  std::error_code error;
  fs::path named = fs::absolute(folder, error).lexically_normal();
  fs::path real = fs::canonical(named, error);
  if (error) {
    return {printable(folder) + ": " + error.message()};
  }
  add(faults, fault_of(real.string(), user, true));
  for (const fs::path& path : {real, named}) {
    check_above(faults, path, user);
  }
  return faults;
}

bool has_rights_to_lose() {
  return ::geteuid() == 0 || effective_capabilities() != 0;
}

}  // namespace stook
