// SPDX-License-Identifier: Apache-2.0
#include "sources/pcap/bpf.hh"

#include <dlfcn.h>

#include <stdexcept>

#include "core/base/text.hh"

namespace stook {

namespace {
constexpr const char* library_name = "libpcap.so.0.8";
constexpr uint16_t link_ethernet = 1;
constexpr unsigned unknown_netmask = 0xffffffff;

/// The part of libpcap's interface that is used; its structs are passed through as they are.
struct PcapLibrary {
  void* (*open_dead)(int link, int snap) = nullptr;
  void (*close)(void* handle) = nullptr;
  int (*compile)(void* handle, void* program, const char* expression, int optimize, unsigned netmask) = nullptr;
  void (*free_code)(void* program) = nullptr;
  char* (*error)(void* handle) = nullptr;
  unsigned (*run)(const void* instructions, const unsigned char* packet, unsigned length, unsigned captured) = nullptr;
  bool is_there = false;
};

template <class F>
bool find(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(library, name));
  return function != nullptr;
}

PcapLibrary load() {
  PcapLibrary found;
  void* library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  found.is_there = library != nullptr && find(library, "pcap_open_dead", found.open_dead) &&
                   find(library, "pcap_close", found.close) && find(library, "pcap_compile", found.compile) &&
                   find(library, "pcap_freecode", found.free_code) && find(library, "pcap_geterr", found.error) &&
                   find(library, "bpf_filter", found.run);
  return found;
}

const PcapLibrary& library() {
  static const PcapLibrary loaded = load();
  return loaded;
}

/// What libpcap calls a link type: in files some numbers are others, so that they are the same everywhere.
int link_of_libpcap(uint16_t link) {
  constexpr int raw = 12;
  return link == 101 || link == 14 ? raw : link;
}

/// Empty when the program was made, else why not.
std::string compile(const std::string& expression, uint16_t link, void* program) {
  void* handle = library().open_dead(link_of_libpcap(link), static_cast<int>(PcapReader::most_packet));
  if (handle == nullptr) {
    return "libpcap cannot be used";
  }
  bool is_made = library().compile(handle, program, expression.c_str(), 1, unknown_netmask) == 0;
  std::string why = is_made ? std::string() : library().error(handle);
  library().close(handle);
  return why;
}
}  // namespace

PacketFilter::~PacketFilter() {
  for (auto& [link, program] : programs_) {
    if (program.instructions != nullptr) {
      library().free_code(&program);
    }
  }
}

void PacketFilter::check(const std::string& expression) {
  if (!library().is_there) {
    throw std::invalid_argument(std::string("filter needs ") + library_name +
                                ", which cannot be loaded; Debian has it in the package libpcap0.8");
  }
  Program program;
  std::string why = compile(expression, link_ethernet, &program);
  if (!why.empty()) {
    throw std::invalid_argument("filter is '" + printable(expression, 128) + "': " + why +
                                "; it takes what tcpdump takes, such as tcp port 443");
  }
  library().free_code(&program);
}

bool PacketFilter::knows(uint16_t link) {
  auto [known, is_new] = programs_.try_emplace(link);
  if (is_new) {
    Program program;
    known->second = compile(expression_, link, &program).empty() ? program : Program{};
  }
  return known->second.instructions != nullptr;
}

std::string_view PacketFilter::instructions(uint16_t link) const {
  constexpr size_t size_of_one = 8;
  const Program& program = programs_.at(link);
  return {static_cast<const char*>(program.instructions), program.size * size_of_one};
}

bool PacketFilter::wants(const CapturedPacket& packet) {
  auto size = static_cast<unsigned>(packet.bytes.size());
  return library().run(programs_[packet.link].instructions, reinterpret_cast<const unsigned char*>(packet.bytes.data()),
                       size, size) != 0;
}

}  // namespace stook
