// SPDX-License-Identifier: Apache-2.0
/// What framing costs: a file of lines through the `file` source's LineReader into bundles that nobody reads.
/// Usage: lines [FILE [ROUNDS]]; without a file, 200-byte lines are made. Prints ns a line and lines a second, read(2)
/// from the page cache included.
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "core/base/clock.hh"
#include "core/base/fd.hh"
#include "core/data/pool.hh"
#include "sources/lines.hh"

namespace stook {
namespace {

/// Gives the bundles back at once, 16 in turn as an engine has them.
class EmptyFeed final : public Feed {
 public:
  EmptyFeed() : pool_(16, [] { return std::make_unique<Bundle>(256, 256, 1); }) {
    open_.resize(1, nullptr);
    out_ = keys_;
  }
  void mark(uint64_t, uint64_t, uint64_t) override {}
  void seal() override {
    if (open_[0] != nullptr) {
      rows += open_[0]->rows();
      bundles++;
      out_of_pool_.push_back(open_[0]);
      open_[0] = nullptr;
    }
    if (out_of_pool_.size() > 8) {
      out_of_pool_.front()->reset();
      pool_.put(out_of_pool_.front());
      out_of_pool_.erase(out_of_pool_.begin());
    }
  }
  void finish() override {}
  void lose(Loss, uint64_t) override {}
  void count_bytes(uint64_t count) override { bytes += count; }
  Loop& loop() override { return loop_; }
  std::string_view id() const override { return "bench"; }
  uint64_t rows = 0;
  uint64_t bytes = 0;
  uint64_t bundles = 0;

 protected:
  Bundle* next_bundle(size_t) override {
    seal();
    return open_[0] = pool_.take();
  }

 private:
  KeyId keys_[file_keys] = {KeyId{0}, no_key, no_key, no_key, no_key};
  Pool<Bundle> pool_;
  std::vector<Bundle*> out_of_pool_;
  Loop loop_{false};
};

std::string make_file() {
  char name[] = "/tmp/stook-lines-XXXXXX";
  Fd fd(mkstemp(name));
  std::string line(199, 'x');
  std::string text;
  for (int i = 0; i < 10'000; i++) {
    text += line + "\n";
  }
  for (int i = 0; i < 100; i++) {
    if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      perror(name);
      exit(1);
    }
  }
  return name;
}

int run(const std::string& path, int rounds) {
  room::enter(room::front);
  std::vector<double> costs;
  for (int round = 0; round < rounds; round++) {
    EmptyFeed feed;
    LineReader reader(256 * 1024);
    reader.attach(feed, file_keys);
    Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
      perror(path.c_str());
      return 1;
    }
    PlainBytes bytes(fd.get());
    LineState state;
    int64_t before = thread_cpu_ns();
    while (reader.read(bytes, state, {path}) == LineReader::Step::Some) {
      feed.seal();
    }
    int64_t ns = thread_cpu_ns() - before;
    costs.push_back(static_cast<double>(ns) / static_cast<double>(feed.rows));
    printf("rows=%llu bytes=%llu rows_of_bundle=%.1f ns_of_row=%.1f\n", static_cast<unsigned long long>(feed.rows),
           static_cast<unsigned long long>(feed.bytes),
           static_cast<double>(feed.rows) / static_cast<double>(feed.bundles), costs.back());
  }
  std::sort(costs.begin(), costs.end());
  double median = costs[costs.size() / 2];
  printf("median: %.1f ns a line, %.2f M lines/s\n", median, 1000 / median);
  return 0;
}

}  // namespace
}  // namespace stook

int main(int argc, char** argv) {
  bool is_made = argc < 2;
  std::string path = is_made ? stook::make_file() : argv[1];
  int code = stook::run(path, argc > 2 ? atoi(argv[2]) : 5);
  if (is_made) {
    unlink(path.c_str());
  }
  return code;
}
