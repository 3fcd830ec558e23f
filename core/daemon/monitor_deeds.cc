// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/monitor_deeds.hh"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "core/daemon/owners.hh"

namespace stook {

namespace {

Granted refuse(const std::string& what, int code) {
  return {Fd(), what + ": " + strerror(code)};
}

void check_owners(const std::vector<std::string>& files, uid_t owner) {
  PlanNeeds needs;
  needs.trusted = files;
  if (std::vector<std::string> faults = owner_faults(needs, owner); !faults.empty()) {
    throw std::runtime_error(faults.front());
  }
}

Granted bind_socket(const NamedSocket& named) {
  BoundSocket socket(named.listening, named.id);
  Fd fd(::fcntl(socket.fd(), F_DUPFD_CLOEXEC, 0));
  return fd ? Granted{std::move(fd), {}} : refuse("fcntl", errno);
}

}  // namespace

// The file is looked at before it is read, those that it includes before they count.
ConfigNames MonitorDeeds::read() const {
  check_owners({config_}, owner_);
  ConfigNames names = names_of(config_);
  check_owners(names.files, owner_);
  return names;
}

Granted MonitorDeeds::grant(const MonitorRequest& request) const {
  try {
    ConfigNames names = read();
    if (request.deed == MonitorRequest::Deed::Open) {
      const auto& all = names.outputs;
      bool is_named = std::find(all.begin(), all.end(), request.target) != all.end();
      return is_named ? open_output(request.target) : Granted{Fd(), "the configuration names no such output"};
    }
    for (const NamedSocket& one : names.sockets) {
      if (one.id == request.id && one.listening.is_stream == request.is_stream &&
          one.listening.endpoint.text() == request.target) {
        return bind_socket(one);
      }
    }
    return {Fd(), "the configuration names no such listener"};
  } catch (const std::exception& error) {
    return {Fd(), error.what()};
  }
}

bool MonitorDeeds::is_log(const std::string& path) const {
  try {
    return names_of(config_).log == path;
  } catch (const std::exception&) {
    return false;
  }
}

// Nobody but the owner may write to the folder, so nobody puts a link or another file there meanwhile.
Granted MonitorDeeds::open_output(const std::string& path) const {
  std::filesystem::path named(path);
  if (std::vector<std::string> faults = folder_faults(named.parent_path().string(), owner_); !faults.empty()) {
    return {Fd(), faults.front()};
  }
  std::string real = (std::filesystem::canonical(named.parent_path()) / named.filename()).string();
  int how = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW;
  Fd fd(::open(real.c_str(), how));
  if (!fd && errno == ENOENT) {
    fd.reset(::open(real.c_str(), how | O_CREAT | O_EXCL, 0640));
    if (fd && ::fchown(fd.get(), account_.user, account_.group) != 0) {
      return refuse("fchown", errno);
    }
  }
  struct stat about {};
  if (!fd || ::fstat(fd.get(), &about) != 0) {
    return refuse("open", errno);
  }
  return S_ISREG(about.st_mode) ? Granted{std::move(fd), {}} : Granted{Fd(), "it is no regular file"};
}

}  // namespace stook
