// SPDX-License-Identifier: Apache-2.0
/// The baseline of packets.py: one thread that does the work of one chain and no more, on a classic capture of Ethernet
/// frames in this machine's byte order.
///
///     packet_limit walk FILE         reads every header up to the ports, and prints sums of them
///     packet_limit print FILE OUT    writes each packet as printpkt does
#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

namespace {
constexpr size_t block_size = 256 * 1024;
constexpr size_t most_packet = 65536;

uint16_t two(const char* at) {
  uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return ntohs(value);
}
uint32_t four(const char* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return ntohl(value);
}
unsigned one(const char* at) {
  return static_cast<unsigned char>(*at);
}

/// Calls `take(frame, size)` for each packet; true when the file ends behind one.
template <class Take>
bool each_packet(const char* path, Take&& take) {
  int fd = ::open(path, O_RDONLY);
  auto buffer = std::make_unique<char[]>(block_size + most_packet);
  size_t begin = 24;
  size_t end = 0;
  for (ssize_t got; (got = ::read(fd, buffer.get() + end, block_size)) > 0;) {
    end += static_cast<size_t>(got);
    uint32_t size = 0;
    while (end >= begin + 16 && (std::memcpy(&size, buffer.get() + begin + 8, 4), size <= most_packet - 16) &&
           end - begin - 16 >= size) {
      take(buffer.get() + begin + 16, size);
      begin += 16 + size;
    }
    std::memmove(buffer.get(), buffer.get() + begin, end - begin);
    end -= begin;
    begin = 0;
  }
  ::close(fd);
  return end == 0;
}

/// What is to be known of a packet. Null: it is none, or cut.
struct Headers {
  const char* ip = nullptr;
  const char* above = nullptr;
  unsigned protocol = 0;
  bool is_six = false;
};

Headers open_frame(const char* frame, size_t size) {
  Headers found;
  uint16_t type = size < 34 ? 0 : two(frame + 12);
  const char* ip = frame + 14;
  size_t rest = size - 14;
  size_t head = type == 0x0800 ? (one(ip) & 15) * 4 : 40;
  if ((type != 0x0800 && type != 0x86dd) || head < 20 || rest < head + 8) {
    return found;
  }
  found = {ip, ip + head, one(ip + (type == 0x0800 ? 9 : 6)), type == 0x86dd};
  if (found.protocol == 6 && rest < head + 20) {
    found.above = nullptr;
  }
  return found;
}

class Line {
 public:
  explicit Line(char* to) : to_(to) {}
  Line& text(std::string_view text) {
    std::memcpy(to_, text.data(), text.size());
    to_ += text.size();
    return *this;
  }
  Line& number(uint64_t value) {
    to_ = std::to_chars(to_, to_ + 20, value).ptr;
    *to_++ = ' ';
    return *this;
  }
  Line& hex(unsigned value) {
    constexpr char digits[] = "0123456789ABCDEF";
    *to_++ = digits[value >> 4];
    *to_++ = digits[value & 15];
    return *this;
  }
  /// An Ethernet header.
  Line& mac(const char* bytes) {
    constexpr char digits[] = "0123456789abcdef";
    for (int i = 0; i < 14; i++) {
      *to_++ = digits[one(bytes + i) >> 4];
      *to_++ = digits[one(bytes + i) & 15];
      *to_++ = i == 13 ? ' ' : ':';
    }
    return *this;
  }
  Line& address(const char* bytes, bool is_six) {
    inet_ntop(is_six ? AF_INET6 : AF_INET, bytes, to_, 46);
    to_ += std::strlen(to_);
    return text(" ");
  }
  char* end() const { return to_; }

 private:
  char* to_;
};

char* print(char* to, const Headers& packet) {
  const char* ip = packet.ip;
  const char* up = packet.above;
  Line line(to);
  line.text("MAC=").mac(ip - 14).text("SRC=").address(ip + (packet.is_six ? 8 : 12), packet.is_six);
  line.text("DST=").address(ip + (packet.is_six ? 24 : 16), packet.is_six);
  if (packet.is_six) {
    line.text("LEN=").number(two(ip + 4) + 40u).text("TC=").number(four(ip) >> 20 & 0xff);
    line.text("HOPLIMIT=").number(one(ip + 7)).text("FLOWLBL=").number(four(ip) & 0xfffff);
  } else {
    unsigned flags = two(ip + 6);
    line.text("LEN=").number(two(ip + 2)).text("TOS=").hex(one(ip + 1) & 0x1e).text(" PREC=0x").hex(one(ip + 1) & 0xe0);
    line.text(" TTL=").number(one(ip + 8)).text("ID=").number(two(ip + 4)).text((flags & 0x4000) != 0 ? "DF " : "");
  }
  if (packet.protocol == 6) {
    line.text("PROTO=TCP SPT=").number(two(up)).text("DPT=").number(two(up + 2)).text("SEQ=").number(four(up + 4));
    line.text("ACK=").number(four(up + 8)).text("WINDOW=").number(two(up + 14));
    constexpr std::pair<unsigned, std::string_view> flags[] = {{0x20, "URG "}, {0x10, "ACK "}, {0x08, "PSH "},
                                                               {0x04, "RST "}, {0x02, "SYN "}, {0x01, "FIN "}};
    for (const auto& [bit, name] : flags) {
      line.text((one(up + 13) & bit) != 0 ? name : std::string_view());
    }
    line.text("URGP=").number((one(up + 13) & 0x20) != 0 ? two(up + 18) : 0);
  } else if (packet.protocol == 17) {
    line.text("PROTO=UDP SPT=").number(two(up)).text("DPT=").number(two(up + 2)).text("LEN=").number(two(up + 4));
  } else {
    line.text("PROTO=ICMP TYPE=").number(one(up)).text("CODE=").number(one(up + 1));
    line.text("ID=").number(two(up + 4)).text("SEQ=").number(two(up + 6));
  }
  return line.text("\n").end();
}

int walk(const char* path) {
  uint64_t packets = 0;
  uint64_t ports = 0;
  bool is_whole = each_packet(path, [&](const char* frame, size_t size) {
    Headers packet = open_frame(frame, size);
    packets++;
    ports += packet.above == nullptr ? 0 : two(packet.above) + two(packet.above + 2);
  });
  std::printf("%llu packets, ports %llu\n", static_cast<unsigned long long>(packets),
              static_cast<unsigned long long>(ports));
  return is_whole ? 0 : 1;
}

int print_all(const char* path, const char* out_path) {
  constexpr size_t most_line = 1024;
  int out = ::open(out_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  auto buffer = std::make_unique<char[]>(block_size + most_line);
  char* to = buffer.get();
  bool is_right = out >= 0;
  auto flush = [&] {
    is_right = ::write(out, buffer.get(), static_cast<size_t>(to - buffer.get())) == to - buffer.get() && is_right;
    to = buffer.get();
  };
  bool is_whole = each_packet(path, [&](const char* frame, size_t size) {
    Headers packet = open_frame(frame, size);
    to = packet.above == nullptr ? to : print(to, packet);
    if (to >= buffer.get() + block_size) {
      flush();
    }
  });
  flush();
  return is_whole && is_right && ::close(out) == 0 ? 0 : 1;
}
}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "walk") {
    return walk(argv[2]);
  }
  if (argc == 4 && std::string_view(argv[1]) == "print") {
    return print_all(argv[2], argv[3]);
  }
  std::fprintf(stderr, "usage: packet_limit walk FILE | print FILE OUT\n");
  return 2;
}
