// SPDX-License-Identifier: Apache-2.0
/// A library to be preloaded: a world of names without a network. `logs.test` is 127.0.0.1, `two.test` is ::1 and
/// 127.0.0.1, `slow.test` is never answered, all other names under `.test` do not exist.
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#include <string>

namespace {
using Ask = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

bool ends_with(const std::string& name, const std::string& end) {
  return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
}
}  // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
  static auto real = reinterpret_cast<Ask>(dlsym(RTLD_NEXT, "getaddrinfo"));
  std::string name = node == nullptr ? "" : node;
  if (!ends_with(name, ".test")) {
    return real(node, service, hints, found);
  }
  while (name == "slow.test") {
    pause();
  }
  if (name == "logs.test") {
    return real("127.0.0.1", service, hints, found);
  }
  if (name != "two.test") {
    return EAI_NONAME;
  }
  int error = real("::1", service, hints, found);
  return error != 0 ? error : real("127.0.0.1", service, hints, &(*found)->ai_next);
}
