// SPDX-License-Identifier: Apache-2.0
/// ifindex: the names of interfaces for their numbers, as ulogd's IFINDEX.
///
/// `oob.in` and `oob.out` are written on every row; they are empty where a packet has no such interface, or where no
/// interface has the number any more. A name is asked of the kernel once and again after `refresh`, not for each row. The
/// source's `netns` is needed here too: numbers mean other interfaces in another network namespace.
///
///     stack=in:NFLOG,dev:IFINDEX,out:JSON
///
/// `oob.ifindex_in=2` becomes `oob.in=eth0 oob.out=""`.
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <unordered_map>

#include "core/api/plugin.hh"
#include "core/base/fd.hh"
#include "core/base/status.hh"
#include "filters/packet/cells.hh"

namespace stook {

namespace {
struct IfIndexConfig {
  Duration refresh;
  std::string netns;
};

constexpr Option ifindex_options[] = {
    option<&IfIndexConfig::refresh>("refresh", "5s", "how long a name is believed before it is asked for again",
                                    {0, 8.64e13}),
    option<&IfIndexConfig::netns>("netns", "", "network namespace of the numbers, a name or a path; empty: one's own"),
};

/// A socket belongs to the namespace of the thread that opens it; so a thread goes there, opens it and ends. COLD.
Fd socket_in(const std::string& netns) {
  constexpr int kind = SOCK_DGRAM | SOCK_CLOEXEC;
  if (netns.empty()) {
    return Fd(::socket(AF_UNIX, kind, 0));
  }
  std::string path = netns.find('/') == std::string::npos ? "/run/netns/" + netns : netns;
  Fd place(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  int error = place ? 0 : errno;
  int fd = -1;
  if (place) {
    std::thread visitor([&] {
      fd = ::setns(place.get(), CLONE_NEWNET) == 0 ? ::socket(AF_UNIX, kind, 0) : -1;
      error = fd < 0 ? errno : 0;
    });
    visitor.join();
  }
  if (fd < 0) {
    const char* more = error == EPERM ? "; it takes CAP_SYS_ADMIN" : "";
    throw SetupError("cannot enter the network namespace " + path + ": " + std::strerror(error) + more, error);
  }
  return Fd(fd);
}

/// Names by number. *Invariants:* holds at most `most_names`. *Rooms:* the worker of its replica.
class InterfaceNames {
 public:
  explicit InterfaceNames(const IfIndexConfig& config)
      : refresh_(config.refresh.ns), socket_(socket_in(config.netns)) {}

  /// Empty when no interface has the number. Lives until the next call. COLD for a name that is not known: one ioctl(2),
  /// which does not block.
  std::string_view name(uint32_t index, int64_t now) {
    auto known = names_.find(index);
    if (known == names_.end()) {
      if (names_.size() >= most_names) {
        names_.clear();
      }
      known = names_.emplace(index, Name{}).first;
      ask(index, known->second, now);
    } else if (now - known->second.asked >= refresh_) {
      ask(index, known->second, now);
    }
    return known->second.text;
  }

 private:
  struct Name {
    char text[IFNAMSIZ] = {};
    int64_t asked = 0;
  };
  static constexpr size_t most_names = 4096;

  void ask(uint32_t index, Name& name, int64_t now) {
    ifreq request{};
    request.ifr_ifindex = static_cast<int>(index);
    bool is_there = socket_ && ioctl(socket_.get(), SIOCGIFNAME, &request) == 0;
    name.asked = now;
    std::memcpy(name.text, request.ifr_name, IFNAMSIZ);
    name.text[is_there ? IFNAMSIZ - 1 : 0] = '\0';
  }

  int64_t refresh_;
  Fd socket_;
  std::unordered_map<uint32_t, Name> names_;
};

/// *Rooms:* a replica per worker.
class IfIndex final : public Filter {
 public:
  explicit IfIndex(const IfIndexConfig& config) : names_(config) {}

  void run(Batch& batch) override ROOM(worker) {
    int64_t now = monotonic_ns();
    for (size_t i : {0, 1}) {
      Column* texts = batch.write(batch.out(i));
      if (texts == nullptr) {
        continue;
      }
      const Column* numbers = batch.read(batch.in(i));
      uint64_t last = 0;
      Cell text = Cell::of_text("");
      for (Row row : batch.rows()) {
        NumberAt number = number_at(numbers, row);
        if (number.value != last) {
          last = number.value;
          std::string_view name = last == 0 ? "" : names_.name(static_cast<uint32_t>(last), now);
          text = Cell::of_text(batch.arena().copy(name));
        }
        texts->set(row, text);
      }
    }
  }

 private:
  InterfaceNames names_ OWNED(worker);
};

void declare_ifindex(void*, std::string_view, Wiring& wiring) {
  wiring.reads = {{"oob.ifindex_in", Type::Unsigned, true}, {"oob.ifindex_out", Type::Unsigned, true}};
  wiring.writes = {{"oob.in", Type::Text, {}, "the interface it came in by"},
                   {"oob.out", Type::Text, {}, "the interface it leaves by"}};
}

void needs_of(const void* config, Needs& needs) {
  const std::string& netns = static_cast<const IfIndexConfig*>(config)->netns;
  if (!netns.empty()) {
    needs.add_capability(CAP_SYS_ADMIN);
    needs.enters_namespaces = true;
    needs.reads.push_back(netns.find('/') == std::string::npos ? "/run/netns/" + netns : netns);
  }
}
}  // namespace

extern const Plugin filter_ifindex;
const Plugin filter_ifindex = {
    .kind = Kind::Filter,
    .name = "ifindex",
    .doc = "the names of interfaces for their numbers",
    .options = ifindex_options,
    .config = config_type<IfIndexConfig>,
    .declare = declare_ifindex,
    .needs = needs_of,
    .filter = make_filter<IfIndex, IfIndexConfig>,
};

}  // namespace stook
