// SPDX-License-Identifier: Apache-2.0
#include "sources/proc/connections.hh"

#include <dirent.h>
#include <unistd.h>

#include <cstring>
#include <memory>

namespace stook {

namespace {

constexpr std::string_view files[] = {"tcp", "tcp6", "udp", "udp6"};
/// As `ss` writes them; by the numbers of include/net/tcp_states.h, from 1.
constexpr std::string_view states[] = {"ESTAB",  "SYN-SENT",   "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
                                       "UNCONN", "CLOSE-WAIT", "LAST-ACK", "LISTEN",     "CLOSING",    "NEW-SYN-RECV"};

std::string_view state_name(uint64_t state) {
  return state >= 1 && state <= std::size(states) ? states[state - 1] : "UNKNOWN";
}

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

}  // namespace

bool read_socket_end(std::string_view text, SocketEnd& end) {
  size_t colon = text.find(':');
  if (colon != 8 && colon != 32) {
    return false;
  }
  end.size = colon / 2;
  for (size_t i = 0; i < colon; i += 8) {
    uint32_t word = 0;
    auto [stop, error] = std::from_chars(text.data() + i, text.data() + i + 8, word, 16);
    if (error != std::errc() || stop != text.data() + i + 8) {
      return false;
    }
    // The kernel prints the word as a number; in memory it is in network order.
    std::memcpy(end.bytes + i / 2, &word, sizeof word);
  }
  auto [stop, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), end.port, 16);
  return error == std::errc() && stop == text.data() + text.size();
}

void ConnectionStage::begin() {
  users_.refresh();
  owners_.clear();
  is_walking_ = has_owners_;
  if (is_walking_) {
    walk_.open(root_);
  }
  file_ = 0;
  lines_.open(root_ + "/net/" + std::string(files[0]));
}

/// Sockets among the descriptors of a process; of others' processes only root may see them.
void ConnectionStage::look_at(uint64_t pid) {
  std::string path = root_ + "/" + std::to_string(pid) + "/fd";
  std::unique_ptr<DIR, CloseFolder> folder(opendir(path.c_str()));
  while (dirent* entry = folder ? readdir(folder.get()) : nullptr) {
    char target[64];
    ssize_t size = readlinkat(dirfd(folder.get()), entry->d_name, target, sizeof target);
    constexpr std::string_view begin = "socket:[";
    std::string_view text(target, size > 0 ? static_cast<size_t>(size) : 0);
    uint64_t inode = 0;
    if (text.substr(0, begin.size()) == begin &&
        std::from_chars(target + begin.size(), target + text.size(), inode).ec == std::errc()) {
      owners_.try_emplace(inode, pid);
    }
  }
}

bool ConnectionStage::step(ProcRows& rows) {
  for (int i = 0; is_walking_ && i < items_a_step / 4; i++) {
    uint64_t pid = walk_.next();
    is_walking_ = pid > 0;
    if (is_walking_) {
      look_at(pid);
    }
  }
  if (is_walking_) {
    return false;
  }
  for (int i = 0; i < items_a_step;) {
    std::string_view line = lines_.line();
    if (line.data() == nullptr) {
      if (++file_ == std::size(files)) {
        return true;
      }
      lines_.open(root_ + "/net/" + std::string(files[file_]));
      continue;
    }
    if (!put(rows, line)) {
      return false;
    }
    lines_.step();
    i++;
  }
  return false;
}

/// False: the pool is empty.
bool ConnectionStage::put(ProcRows& rows, std::string_view line) {
  Words words(line);
  words.skip(1);
  SocketEnd local;
  SocketEnd remote;
  if (!read_socket_end(words.next(), local) || !read_socket_end(words.next(), remote)) {
    return true;  // the head
  }
  if (!rows.begin("connection")) {
    return false;
  }
  uint64_t state = words.number(16);
  words.skip(3);
  uint64_t uid = words.number();
  words.skip(1);
  uint64_t inode = words.number();
  rows.text(ProcKey::Proto, files[file_]);
  rows.address(ProcKey::LocalIp, {local.bytes, local.size});
  rows.number(ProcKey::LocalPort, local.port);
  rows.address(ProcKey::RemoteIp, {remote.bytes, remote.size});
  rows.number(ProcKey::RemotePort, remote.port);
  rows.text(ProcKey::State, state_name(state));
  rows.text(ProcKey::User, users_.name(uid));
  rows.number(ProcKey::Inode, inode);
  if (auto owner = owners_.find(inode); owner != owners_.end() && inode > 0) {
    rows.number(ProcKey::Pid, owner->second);
  }
  return true;
}

}  // namespace stook
