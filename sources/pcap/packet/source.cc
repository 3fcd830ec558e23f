// SPDX-License-Identifier: Apache-2.0
#include "sources/pcap/packet/source.hh"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <algorithm>
#include <utility>

#include "core/api/identity.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"

namespace stook {

namespace {

constexpr int packets_a_turn = 1024;
constexpr int64_t second = 1'000'000'000;
constexpr uint16_t link_ethernet = 1;
constexpr uint16_t link_raw = 101;

/// What frames of this hardware are to a capture file: those of others are taken from their network layer on.
uint16_t link_of(int hardware) {
  return hardware == ARPHRD_ETHER || hardware == ARPHRD_LOOPBACK ? link_ethernet : link_raw;
}

}  // namespace

void PacketSource::start(Feed& feed) {
  feed_ = &feed;
  rows_.attach(feed, true);
  rows_.begin_file({}, id_of_run(feed.id()));
  restarts_.begin(feed.loop().now());
  try {
    open();
  } catch (const SetupError& error) {
    if (error.code == EPERM || error.code == EACCES || error.code == 0) {
      throw;
    }
    wait(error.what());
  }
  look_.on_time<&PacketSource::look>(feed.loop(), this, second, second);
}

void PacketSource::open() {
  restarts_.begin(feed_->loop().now());
  ring_.open(config_);
  uint16_t link = link_of(ring_.hardware() < 0 ? ARPHRD_ETHER : ring_.hardware());
  if (!filter_.is_empty() && !filter_.knows(link)) {
    ring_.close();
    throw SetupError("filter means nothing for the link layer of " + config_.interface);
  }
  std::string_view wanted = filter_.is_empty() ? std::string_view() : filter_.instructions(link);
  ring_.choose(packet_choice(wanted, config_.direction, static_cast<uint32_t>(config_.snap_length)));
  log_event(Level::Notice, "listening",
            Fields()("instance", feed_->id())("interface", config_.interface.empty() ? "all" : config_.interface)(
                "ring", config_.ring.bytes));
  watch();
}

/// Called when the pause after a failure is over.
void PacketSource::open_again() {
  try {
    open();
  } catch (const SetupError& error) {
    wait(error.what());
  }
}

void PacketSource::wait(const std::string& reason) {
  int64_t pause = std::min(restarts_.pause(feed_->loop().now()), second);
  if (auto pass = wait_limit_.pass()) {
    log_event(Level::Warning, "packet_waits",
              Fields()("instance", feed_->id())("interface", config_.interface)("reason", reason)(
                  "again_in", show_duration(pause))("suppressed", pass.suppressed));
  }
  again_.on_time<&PacketSource::open_again>(feed_->loop(), this, pause);
}

void PacketSource::watch() {
  if (!is_paused_ && !has_ended_ && ring_.is_open()) {
    readable_.on_readable<&PacketSource::on_readable>(feed_->loop(), this, ring_.fd());
  }
}

void PacketSource::pause() {
  is_paused_ = was_paused_ = true;
  readable_.stop();
}

void PacketSource::resume() {
  is_paused_ = false;
  watch();
}

/// Called when a block is there, or something is wrong with the interface.
void PacketSource::on_readable() {
  int error = ring_.error();
  bool has_more = true;
  for (int i = 0; i < packets_a_turn && has_more; i++) {
    has_more = read();
  }
  feed_->seal();
  was_paused_ = was_paused_ && (has_more || is_paused_);
  if (error != 0 && !is_paused_) {
    look();
  }
}

// One packet. False: there is none, or no room for it.
bool PacketSource::read() {
  RingPacket packet{};
  if (!ring_.next(packet) || !put(packet)) {
    return false;
  }
  feed_->count_bytes(packet.frame.size());
  ring_.take();
  return true;
}

bool PacketSource::put(const RingPacket& packet) {
  CapturedPacket captured;
  captured.link = link_of(packet.hardware);
  captured.bytes = captured.link == link_ethernet ? packet.frame : packet.network;
  captured.time = packet.time;
  captured.has_time = true;
  if (!open_frame(captured, frame_)) {
    feed_->lose(Loss::Framing, 1);
    return true;
  }
  Bundle* bundle = feed_->bundle(flow_number(frame_));
  if (bundle == nullptr) {
    return false;
  }
  frame_.type = packet.hardware;
  frame_.vlan = packet.vlan >= 0 ? packet.vlan : frame_.vlan;
  (packet.is_outgoing ? frame_.out : frame_.in) = packet.interface;
  rows_.put(*bundle, captured, frame_, number_++);
  return true;
}

void PacketSource::count_lost() {
  if (uint64_t lost = ring_.count_lost(); lost > 0) {
    feed_->lose(was_paused_ ? Loss::Pool : Loss::Kernel, lost);
  }
}

/// Called each second, and when the socket has failed: an interface that is down comes back by itself, one that has
/// gone does not.
void PacketSource::look() {
  count_lost();
  char name[IF_NAMESIZE];
  bool is_there = ring_.interface() == 0 || ::if_indextoname(ring_.interface(), name) != nullptr;
  if (!ring_.is_open() || is_there || is_paused_ || is_ending_ || has_ended_) {
    return;
  }
  while (read()) {}
  feed_->seal();
  if (is_paused_) {
    return;  // the rest of the ring first
  }
  leave_interface();
  wait("the interface has gone");
}

void PacketSource::leave_interface() {
  readable_.stop();
  count_lost();
  uint64_t left = ring_.put() - std::min(ring_.put(), ring_.taken());
  if (left > 0) {
    feed_->lose(Loss::Pool, left);
  }
  ring_.close();
}

bool PacketSource::end() {
  if (has_ended_ || is_ending_) {
    return !has_ended_;
  }
  again_.stop();
  if (!ring_.is_open()) {
    return false;
  }
  is_ending_ = true;
  ring_.end();
  constexpr int64_t often = second / 100;
  end_.on_time<&PacketSource::finish>(feed_->loop(), this, often, often);
  return true;
}

/// Called until the last block has been handed over and read.
void PacketSource::finish() {
  count_lost();
  if (has_ended_ || ring_.taken() < ring_.put()) {
    return;
  }
  stop();
  feed_->finish();
}

void PacketSource::stop() {
  if (std::exchange(has_ended_, true)) {
    return;
  }
  readable_.stop();
  look_.stop();
  again_.stop();
  end_.stop();
  if (ring_.is_open()) {
    leave_interface();
  }
}

}  // namespace stook
