// SPDX-License-Identifier: Apache-2.0
#include "test/unit/sources/fake_feed.hh"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>

#include "core/base/fd.hh"
#include "core/data/pattern.hh"

namespace stook::test {

namespace {

void assign(const Plugin& plugin, void* config, const std::string& name, const std::string& text) {
  for (const Option& option : plugin.options) {
    if (option.name == name) {
      std::string why;
      if (!option.assign(config, text, option, why)) {
        throw std::invalid_argument(name + ": " + why);
      }
      return;
    }
  }
  throw std::invalid_argument("unknown option " + name);
}

std::string text_of(const Cell& cell) {
  switch (cell.type) {
    case Type::Text:
    case Type::Bytes:
      return std::string(cell.bytes());
    case Type::Boolean:
      return cell.is_truth() ? "true" : "false";
    case Type::Address: {
      char text[64];
      return std::string(text, put_address(text, cell.bytes()));
    }
    default:
      return std::to_string(cell.bits);
  }
}

}  // namespace

FakeFeed::FakeFeed(std::string_view name, const Options& options, size_t bundles, size_t bundle_rows,
                   const std::vector<std::string>& read)
    : plugin_(plugin(Kind::Source, name)), config_(plugin_.config.make(), plugin_.config.destroy) {
  room::enter(room::front);
  for (const Option& option : plugin_.options) {
    if (option.fallback != nullptr) {
      assign(plugin_, config_.get(), option.name, option.fallback);
    }
  }
  for (const auto& [key, text] : options) {
    assign(plugin_, config_.get(), key, text);
  }
  Wiring wiring;
  plugin_.declare(config_.get(), "", wiring);
  for (const Key& key : wiring.writes) {
    bool is_read = read.empty() || std::find(read.begin(), read.end(), key.name) != read.end();
    keys_.push_back(is_read ? schema_.add(key) : no_key);
  }
  out_ = keys_;
  open_.resize(1, nullptr);
  texts_.resize(schema_.size());
  size_t count = schema_.size();
  pool_ = Pool<Bundle>(bundles, [&] { return std::make_unique<Bundle>(bundle_rows, bundle_rows, count); });
  make();
}

FakeFeed::~FakeFeed() {
  room::enter(room::front);
  source_->stop();
}

void FakeFeed::make() {
  source_ = plugin_.source(Make{config_.get(), "in", {}});
  is_paused = false;
}

void FakeFeed::start() {
  source_->start(*this);
}

void FakeFeed::restart() {
  source_->stop();
  seal();
  give_back();
  source_->close();
  make();
  start();
}

Bundle* FakeFeed::next_bundle(size_t lane) {
  if (open_[lane] != nullptr) {
    seal();
  }
  open_[lane] = pool_.take();
  if (open_[lane] == nullptr && !is_paused) {
    is_paused = true;
    pauses++;
    source_->pause();
  }
  return open_[lane];
}

void FakeFeed::mark(uint64_t stream, uint64_t position, uint64_t) {
  marks_.push_back({stream, position});
}

void FakeFeed::seal() {
  Bundle* bundle = open_[0];
  if (bundle == nullptr || (bundle->rows() == 0 && marks_.empty())) {
    return;
  }
  open_[0] = nullptr;
  bundles_sealed++;
  keep_rows(*bundle);
  held_.push_back({bundle, std::move(marks_)});
  marks_.clear();
}

void FakeFeed::keep_rows(Bundle& bundle) {
  rows += bundle.rows();
  for (size_t key = 0; keeps_text && key < texts_.size(); key++) {
    const Column* column = bundle.column(static_cast<KeyId>(key));
    for (size_t row = 0; row < bundle.rows(); row++) {
      const Cell* cell = column == nullptr ? nullptr : column->find(static_cast<Row>(row));
      texts_[key].push_back(cell == nullptr ? "-" : text_of(*cell));
    }
  }
}

void FakeFeed::give_back(size_t count, bool is_acknowledged) {
  for (; count > 0 && !held_.empty(); count--) {
    Sealed sealed = std::move(held_.front());
    held_.pop_front();
    sealed.bundle->reset();
    pool_.put(sealed.bundle);
    if (is_acknowledged && !sealed.marks.empty()) {
      source_->acknowledged(sealed.marks);
    }
    if (is_paused) {
      is_paused = false;
      source_->resume();
    }
  }
}

void FakeFeed::turn(int turns) {
  for (int i = 0; i < turns; i++) {
    loop_.poll();
    if (keeps_giving_back) {
      give_back();
    }
  }
}

std::vector<std::string> FakeFeed::values(const std::string& key) {
  KeyId id = schema_.find(key);
  REQUIRE(id != no_key);
  return texts_[index_of(id)];
}

std::string FakeFeed::joined(const std::string& key, const char* between) {
  std::string all;
  bool is_first = true;
  for (const std::string& value : values(key)) {
    all += (is_first ? "" : between) + value;
    is_first = false;
  }
  return all;
}

TempFolder::TempFolder() {
  char name[] = "/tmp/stook-test-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  path_ = name;
}

TempFolder::~TempFolder() {
  std::string command = "rm -rf '" + path_ + "'";
  if (system(command.c_str()) != 0) {
    WARN("cannot remove " << path_);
  }
}

void TempFolder::write(const std::string& name, std::string_view text) const {
  Fd fd(open(path(name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  REQUIRE(::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

void TempFolder::append(const std::string& name, std::string_view text) const {
  Fd fd(open(path(name).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  REQUIRE(::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

std::string TempFolder::read(const std::string& name) const {
  Fd fd(open(path(name).c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char piece[4096];
  for (ssize_t got; (got = ::read(fd.get(), piece, sizeof piece)) > 0;) {
    text.append(piece, static_cast<size_t>(got));
  }
  return text;
}

}  // namespace stook::test
