// SPDX-License-Identifier: Apache-2.0
#include "sources/netfilter/flow_choice.hh"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace stook {

namespace {

bool read_number(std::string_view text, unsigned most, unsigned& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number <= most;
}

/// Whether the first bits agree.
bool agree(std::string_view a, std::string_view b, unsigned bits) {
  size_t whole = bits / 8;
  unsigned rest = bits % 8;
  if (a.size() != b.size() || a.substr(0, whole) != b.substr(0, whole)) {
    return false;
  }
  return rest == 0 ||
         ((static_cast<unsigned char>(a[whole]) ^ static_cast<unsigned char>(b[whole])) >> (8 - rest)) == 0;
}

}  // namespace

std::vector<FlowChoice::Network> FlowChoice::read(const char* option, const std::vector<std::string>& networks) {
  std::vector<Network> all;
  for (const std::string& text : networks) {
    size_t slash = text.find('/');
    std::string host = text.substr(0, slash);
    char bytes[16];
    bool is_six = host.find(':') != std::string::npos;
    unsigned most = is_six ? 128 : 32;
    unsigned bits = most;
    bool is_right = inet_pton(is_six ? AF_INET6 : AF_INET, host.c_str(), bytes) == 1 &&
                    (slash == std::string::npos || read_number(std::string_view(text).substr(slash + 1), most, bits));
    if (!is_right) {
      throw std::invalid_argument(std::string(option) + ": '" + text +
                                  "' is no network; it takes 192.0.2.0/24, 2001:db8::/32 or an address");
    }
    all.push_back({std::string(bytes, most / 8), bits});
  }
  return all;
}

void FlowChoice::take_sources(const std::vector<std::string>& networks) {
  sources_ = read("accept_src_filter", networks);
}

void FlowChoice::take_destinations(const std::vector<std::string>& networks) {
  destinations_ = read("accept_dst_filter", networks);
}

void FlowChoice::take_protocols(const std::vector<std::string>& names) {
  protocols_.clear();
  for (const std::string& name : names) {
    unsigned number = 0;
    if (!read_number(name, 255, number)) {
      const protoent* known = getprotobyname(name.c_str());
      if (known == nullptr) {
        throw std::invalid_argument("accept_proto_filter: there is no protocol '" + name +
                                    "'; it takes names of /etc/protocols, such as tcp, or numbers");
      }
      number = static_cast<unsigned>(known->p_proto);
    }
    protocols_.push_back(static_cast<uint8_t>(number));
  }
}

void FlowChoice::take_mark(const std::string& text) {
  mark_ = mark_mask_ = 0;
  if (text.empty()) {
    return;
  }
  auto read = [&](std::string_view part, uint32_t& number) {
    bool is_hex = part.substr(0, 2) == "0x";
    part.remove_prefix(is_hex ? 2 : 0);
    auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number, is_hex ? 16 : 10);
    return error == std::errc() && end == part.data() + part.size();
  };
  size_t slash = text.find('/');
  mark_mask_ = UINT32_MAX;
  bool is_right = read(std::string_view(text).substr(0, slash), mark_) &&
                  (slash == std::string::npos || read(std::string_view(text).substr(slash + 1), mark_mask_));
  if (!is_right || (mark_ & ~mark_mask_) != 0) {
    throw std::invalid_argument(
        "mark_filter: '" + text +
        "' is no mark; it takes a number, or a number and a mask that has its bits, as 0x10/0xf0");
  }
}

bool FlowChoice::has(const std::vector<Network>& networks, std::string_view address) {
  return networks.empty() || std::any_of(networks.begin(), networks.end(), [&](const Network& network) {
           return agree(network.address, address, network.bits);
         });
}

bool FlowChoice::takes(const TrackedFlow& flow) const {
  return (flow.mark & mark_mask_) == mark_ && has(sources_, flow.orig.source) &&
         has(destinations_, flow.orig.destination) &&
         (protocols_.empty() ||
          std::find(protocols_.begin(), protocols_.end(), flow.orig.protocol) != protocols_.end());
}

}  // namespace stook
