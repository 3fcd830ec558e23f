// SPDX-License-Identifier: Apache-2.0
//
// The baseline of agent.py: a program that writes prepared lines to a pipe, and one that reads lines from it, by hand, as
// little as can be done.
//
//     pipe_limit write LINES text|json     writes lines to its standard output
//     pipe_limit read OUT WORD…            starts the words, reads what they write, line by line, and writes each line to OUT

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

extern char** environ;

namespace {

constexpr size_t piece = 256 * 1024;
constexpr size_t kinds = 1024;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0) {
      fail("pipe_limit: write");
    }
    bytes.remove_prefix(static_cast<size_t>(put));
  }
}

std::string line_of(size_t number, bool is_json) {
  char text[200];
  std::snprintf(text, sizeof text,
                "203.0.113.%zu GET /api/v1/orders/%zu HTTP/1.1 200 %zu Mozilla/5.0 (X11; Linux x86_64)", number % 256,
                number, number * 7919 % 100000);
  return is_json ? std::string("{\"message\":\"") + text + "\"}\n" : std::string(text) + "\n";
}

int write_lines(size_t lines, bool is_json) {
  std::string block;
  std::vector<size_t> ends{0};
  for (size_t i = 0; i < kinds; i++) {
    block += line_of(i, is_json);
    ends.push_back(block.size());
  }
  for (; lines > 0; lines -= std::min(lines, kinds)) {
    write_all(STDOUT_FILENO, std::string_view(block).substr(0, ends[std::min(lines, kinds)]));
  }
  return 0;
}

// Cuts the bytes into lines; the number of bytes in whole ones.
size_t take_lines(std::string_view bytes, std::string& out) {
  size_t begin = 0;
  while (const void* found = std::memchr(bytes.data() + begin, '\n', bytes.size() - begin)) {
    size_t end = static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
    out.append(bytes.substr(begin, end - begin));
    out += '\n';
    begin = end + 1;
  }
  return begin;
}

int read_lines(const char* path, char** words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    fail("pipe_limit: pipe");
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child = 0;
  if (posix_spawnp(&child, words[0], &actions, nullptr, words, environ) != 0) {
    fail("pipe_limit: start");
  }
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  int file = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) {
    fail("pipe_limit: open");
  }
  std::vector<char> bytes(2 * piece);
  std::string out;
  size_t held = 0;
  for (ssize_t got; (got = ::read(ends[0], bytes.data() + held, piece)) > 0;) {
    size_t size = held + static_cast<size_t>(got);
    size_t taken = take_lines({bytes.data(), size}, out);
    held = size - taken;
    std::memmove(bytes.data(), bytes.data() + taken, held);
    if (out.size() >= piece) {
      write_all(file, out);
      out.clear();
    }
  }
  write_all(file, out);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main(int count, char** words) {
  if (count == 4 && std::strcmp(words[1], "write") == 0) {
    return write_lines(std::strtoull(words[2], nullptr, 10), std::strcmp(words[3], "json") == 0);
  }
  if (count >= 4 && std::strcmp(words[1], "read") == 0) {
    return read_lines(words[2], words + 3);
  }
  std::fprintf(stderr, "usage: pipe_limit write LINES text|json, or pipe_limit read OUT WORD…\n");
  return 2;
}
