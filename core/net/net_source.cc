// SPDX-License-Identifier: Apache-2.0
#include "core/net/net_source.hh"

#include <charconv>
#include <stdexcept>

namespace stook {

unsigned parse_mode(std::string_view text) {
  unsigned mode = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc() || end != text.data() + text.size() || mode > 0777) {
    throw std::invalid_argument("mode: `" + std::string(text) + "` is no permissions; write them in octal, as 0660");
  }
  return mode;
}

Endpoint parse_listen(const char* option, std::string_view text, AddressForm form, std::optional<uint16_t> port) {
  return read_option(option, [&] { return parse_listening(text, form, port); });
}

NetSource::NetSource(const NetConfig& config, std::span<const NetKey> keys, Protocol* protocol)
    : rows_(keys), streams_(config, rows_, *this, protocol), datagrams_(config, rows_, *this) {}

void NetSource::start(Feed& feed) {
  rows_.attach(feed);
  try {
    streams_.start();
    datagrams_.start();
  } catch (...) {
    streams_.hand_back();
    datagrams_.hand_back();
    throw;
  }
}

void NetSource::pause() {
  streams_.pause();
  datagrams_.pause();
}

void NetSource::resume() {
  streams_.resume();
  datagrams_.resume();
}

bool NetSource::leave(std::span<const Listening* const> next) {
  parts_to_end_ = 2;
  bool has_streams = streams_.leave(next);
  bool has_datagrams = datagrams_.leave(next);
  parts_to_end_ = (has_streams ? 1 : 0) + (has_datagrams ? 1 : 0);
  return parts_to_end_ > 0;
}

void NetSource::stay() {
  streams_.stay();
  datagrams_.stay();
}

void NetSource::part_ended() {
  if (--parts_to_end_ == 0) {
    rows_.feed().finish();
  }
}

void NetSource::stop() {
  streams_.stop();
  datagrams_.stop();
}

}  // namespace stook
