// SPDX-License-Identifier: Apache-2.0
#include "core/plan/modules.hh"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include "core/api/module.hh"
#include "core/base/fd.hh"
#include "core/base/text.hh"

namespace stook {

namespace {

namespace fs = std::filesystem;
constexpr std::string_view suffix = ".so";

/// By its path.
std::map<std::string, const Module*>& loaded() {
  static std::map<std::string, const Module*> the;
  return the;
}

std::vector<fs::path> folders() {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  std::vector<fs::path> all{STOOK_MODULES};
  if (!error) {
    all.insert(all.begin(), program.parent_path());
  }
  return all;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// Its code will do what this process may do. Empty: nothing is wrong.
std::string owner_fault(int fd, const std::string& path) {
  struct stat about {};
  if (::fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
    return "it is no file";
  }
  if (about.st_uid != 0 && about.st_uid != ::geteuid()) {
    return "it is another user's, so it is not loaded; chown root " + path;
  }
  if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return "others may write to it, so it is not loaded; chmod go-w " + path;
  }
  return {};
}

ModuleFile trouble_of(const std::string& path, const std::string& why) {
  return {{}, "module " + path + ": " + why};
}

}  // namespace

ModuleFile load_module(const std::string& path) {
  if (auto known = loaded().find(path); known != loaded().end()) {
    return {known->second->plugins, {}};
  }
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    return errno == ENOENT ? ModuleFile{} : trouble_of(path, std::strerror(errno));
  }
  if (std::string fault = owner_fault(file.get(), path); !fault.empty()) {
    return trouble_of(path, fault);
  }
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return trouble_of(path, printable(::dlerror()));
  }
  const auto* module = static_cast<const Module*>(::dlsym(library, "stook_module"));
  if (module == nullptr) {
    ::dlclose(library);
    return trouble_of(path, "it is no module of stook's, it has no symbol stook_module");
  }
  if (module->build != this_build()) {
    std::string build = printable(module->build, 64);
    ::dlclose(library);
    return trouble_of(path, "it was built for stook " + build + ", and this is " + std::string(this_build()) +
                                "; build it against this one's headers");
  }
  loaded()[path] = module;
  return {module->plugins, {}};
}

ModuleFile find_module(std::string_view name) {
  std::string small = lower(name);
  if (!is_name(small)) {
    return {};
  }
  for (const fs::path& folder : folders()) {
    std::string path = (folder / (small + std::string(suffix))).string();
    if (::access(path.c_str(), R_OK) == 0) {
      return load_module(path);
    }
  }
  return {};
}

std::vector<const Plugin*> loaded_plugins() {
  std::vector<const Plugin*> all;
  for (const auto& [path, module] : loaded()) {
    all.insert(all.end(), module->plugins.begin(), module->plugins.end());
  }
  return all;
}

void load_all_modules() {
  for (const fs::path& folder : folders()) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().extension() == suffix && is_name(entry.path().stem().string())) {
        (void)find_module(entry.path().stem().string());
      }
    }
  }
}

}  // namespace stook
