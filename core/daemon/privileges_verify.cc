// SPDX-License-Identifier: Apache-2.0
/// Floor 5. What the kernel says of each thread, against what should be.
#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include "core/daemon/privileges.hh"

namespace stook {

namespace {

using Status = std::map<std::string, std::string>;

// The lines of /proc/self/task/TID/status by name; empty when the thread has ended.
Status status_of(const std::string& task) {
  std::ifstream in("/proc/self/task/" + task + "/status");
  Status status;
  for (std::string line; std::getline(in, line);) {
    size_t colon = line.find(':');
    if (colon != std::string::npos) {
      status[line.substr(0, colon)] = line.substr(std::min(line.size(), line.find_first_not_of("\t ", colon + 1)));
    }
  }
  return status;
}

std::vector<std::string> tasks() {
  std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/task"), ::closedir);
  std::vector<std::string> all;
  while (const dirent* entry = folder == nullptr ? nullptr : ::readdir(folder.get())) {
    if (entry->d_name[0] != '.') {
      all.emplace_back(entry->d_name);
    }
  }
  if (all.empty()) {
    throw PrivilegeError("cannot verify that rights are given up: /proc cannot be read; mount it");
  }
  return all;
}

std::vector<unsigned long> numbers(const std::string& text, int base = 10) {
  std::istringstream in(text);
  std::vector<unsigned long> all;
  for (std::string word; in >> word;) {
    all.push_back(std::strtoul(word.c_str(), nullptr, base));
  }
  return all;
}

void check(bool is_right, const std::string& task, const std::string& what) {
  if (!is_right) {
    throw PrivilegeError("rights are not given up: thread " + task + " has " + what + "; refusing to run");
  }
}

void verify_account(const std::string& task, const Status& status, const Expected& expected) {
  const Account& account = expected.account;
  auto are = [&](const std::string& name, unsigned long id) {
    std::vector<unsigned long> all = numbers(status.at(name));
    return all.size() == 4 && std::all_of(all.begin(), all.end(), [&](unsigned long one) { return one == id; });
  };
  check(are("Uid", account.user), task, "user ids " + status.at("Uid"));
  check(are("Gid", account.group), task, "group ids " + status.at("Gid"));
  std::vector<unsigned long> groups = numbers(status.at("Groups"));
  std::sort(groups.begin(), groups.end());
  check(std::equal(groups.begin(), groups.end(), account.groups.begin(), account.groups.end()), task,
        "groups " + status.at("Groups"));
  auto is_set = [&](const char* name, uint64_t set) {
    return std::strtoull(status.at(name).c_str(), nullptr, 16) == set;
  };
  for (const char* name : {"CapEff", "CapPrm"}) {
    check(is_set(name, expected.capabilities), task, std::string(name) + " " + status.at(name));
  }
  for (const char* name : {"CapInh", "CapBnd", "CapAmb"}) {
    check(is_set(name, 0), task, std::string(name) + " " + status.at(name));
  }
}

}  // namespace

void verify_privileges(const Expected& expected) {
  for (const std::string& task : tasks()) {
    Status status = status_of(task);
    if (status.count("Seccomp_filters") + status.count("Seccomp") == 0) {  // it has ended meanwhile
      continue;
    }
    if (expected.has_account) {
      verify_account(task, status, expected);
    }
    check(!expected.has_no_new_privileges || status["NoNewPrivs"] == "1", task, "no NoNewPrivs");
    check(!expected.has_filter || status["Seccomp"] == "2", task, "no filter for system calls");
  }
  if (expected.has_account && expected.account.user != 0 && (::setuid(0) == 0 || ::seteuid(0) == 0)) {
    throw PrivilegeError("became user '" + expected.account.name + "' but could go back to root; refusing to run");
  }
}

void verify_single_thread() {
#if !defined(__SANITIZE_THREAD__)
  if (size_t count = tasks().size(); count != 1) {
    throw PrivilegeError("cannot give rights up: " + std::to_string(count) + " threads run already");
  }
#endif
}

}  // namespace stook
