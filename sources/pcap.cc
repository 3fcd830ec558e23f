// SPDX-License-Identifier: Apache-2.0
/// pcap: reads packets from capture files, and ends.
///
/// Files are pcap (of either byte order, with micro- or nanoseconds) or pcapng, plain or packed with gzip or zstd; they are
/// read one after the other in the order in which they are given, and a pattern stands for its matches, sorted by name. A
/// pipe will do (`tcpdump -w - | stook run 'pcap(/dev/stdin), …'`). Link types are those that carry IP. A row is a packet
/// from its network layer on, with the keys of ulogd's NFLOG; `base` takes it apart. Packets that end within their link
/// layer, or of a link type that is unknown or means nothing to `filter`, are counted as `framing`; a file that is damaged is logged, counted as `unreadable`,
/// and the next one is read. With `lanes = 2` and more the packets of a flow stay in order, both directions together.
///
///     stack=in:PCAP,base:BASE,ip:IP2STR,text:PRINTPKT,out:FILE
///     [in]
///     path=/var/log/ulogd.pcap, /srv/captures/*.pcapng.zst
///
/// The row of a packet:
///
///     raw.pktlen=60 raw.pktcount=1 raw.mac_len=14 raw.type=1 oob.time.sec=1795232280 oob.time.usec=17
///     time=2026-11-21T03:38:00.000017Z oob.family=2 oob.protocol=2048 oob.seq.local=0
#include "sources/pcap/rows.hh"

#include <set>
#include <stdexcept>

#include "core/base/log.hh"
#include "sources/glob.hh"
#include "sources/pcap/bpf.hh"
#include "sources/pcap/file.hh"

namespace stook {

namespace {

struct PcapConfig {
  std::vector<std::string> path;
  std::string filter;
};

constexpr Option options[] = {
    option<&PcapConfig::path>("path", required, "capture files, in this order; patterns with * ? [ ] are expanded"),
    option<&PcapConfig::filter>("filter", "", "packets that are wanted, as tcpdump says it; empty: all"),
};

constexpr int packets_a_turn = 256;

void declare(void* config, std::string_view folder, Wiring& wiring) {
  auto& pcap = *static_cast<PcapConfig*>(config);
  for (std::string& path : pcap.path) {
    if (path.empty()) {
      throw std::invalid_argument("path has an empty element; it takes file names and patterns");
    }
    path = path_in(folder, path);
  }
  if (!pcap.filter.empty()) {
    PacketFilter::check(pcap.filter);
  }
  declare_pcap_keys(wiring);
}

/// *Rooms:* its front. Files are read in the loop's idle turns, one bundle a turn; pipes when they are readable.
class Pcap final : public Source {
 public:
  explicit Pcap(const PcapConfig& config) : config_(config), filter_(config.filter) {}

  void start(Feed& feed) override ROOM(front) {
    feed_ = &feed;
    rows_.attach(feed);
    files_ = files_to_read(config_.path);
    resume();
  }
  void pause() override ROOM(front) { watcher_.stop(); }
  void resume() override ROOM(front) {
    if (has_finished_) {
      return;
    }
    if (is_blocked_) {
      watcher_.on_readable<&Pcap::turn>(feed_->loop(), this, file_.fd());
    } else {
      watcher_.on_idle<&Pcap::turn>(feed_->loop(), this);
    }
  }
  void stop() override ROOM(front) {
    has_finished_ = true;
    watcher_.stop();
    file_.close();
  }

 private:
  void turn() ROOM(front);
  void open_next() ROOM(front);
  void end_file() ROOM(front);
  bool read() ROOM(front);
  bool put() ROOM(front);
  bool is_known(uint16_t link) ROOM(front) {
    return is_known_link(link) && (filter_.is_empty() || filter_.knows(link));
  }
  void lose_packet(uint16_t link) ROOM(front);
  void lose_file() ROOM(front);

  const PcapConfig& config_;
  PacketFilter filter_ OWNED(front);
  Feed* feed_ OWNED(front) = nullptr;
  Watcher watcher_ OWNED(front);
  PcapRows rows_ OWNED(front);
  PcapFile file_ OWNED(front);
  LinkFrame frame_ OWNED(front);
  std::vector<std::string> files_ OWNED(front);
  size_t next_ OWNED(front) = 0;
  std::set<uint16_t> unknown_links_ OWNED(front);  // of the open file
  bool is_bundle_full_ OWNED(front) = false;
  bool is_blocked_ OWNED(front) = false;  // a pipe has no more for now
  bool has_finished_ OWNED(front) = false;
};

void Pcap::lose_file() {
  feed_->lose(Loss::Unreadable, 1);
  log_event(Level::Error, "file_unreadable",
            Fields()("instance", feed_->id())("path", files_[next_ - 1])("offset", file_.position())("reason",
                                                                                                     file_.reason()));
}

void Pcap::lose_packet(uint16_t link) {
  feed_->lose(Loss::Framing, 1);
  if (!is_known(link) && unknown_links_.insert(link).second) {
    log_event(Level::Warning, "packets_unknown",
              Fields()("instance", feed_->id())("path", files_[next_ - 1])("link_type", uint64_t{link}));
  }
}

void Pcap::open_next() {
  if (next_ == files_.size()) {
    has_finished_ = true;
    watcher_.stop();
    feed_->finish();
    return;
  }
  const std::string& path = files_[next_++];
  if (!file_.open(path)) {
    lose_file();
    file_.close();
    return;
  }
  rows_.begin_file(path, id_of_file(feed_->id(), file_.inode(), 0));
}

void Pcap::end_file() {
  unknown_links_.clear();
  is_blocked_ = false;
  watcher_.stop();
  file_.close();
  resume();
}

/// Called in each turn of the loop while there is more: one bundle at the most, so that others get theirs.
void Pcap::turn() {
  if (!file_.is_open()) {
    open_next();
    return;
  }
  is_bundle_full_ = false;
  for (int i = 0; i < packets_a_turn && !is_bundle_full_ && read(); i++) {}
  feed_->count_bytes(file_.take_count());
  feed_->seal();
}

// One packet. False: no more in this turn.
bool Pcap::read() {
  PcapFile::Step step = file_.next();
  bool is_waiting = step == PcapFile::Step::Blocked;
  switch (step) {
    case PcapFile::Step::Packet:
      if (!put()) {
        return false;
      }
      file_.take();
      break;
    case PcapFile::Step::Blocked:
      break;
    case PcapFile::Step::Failed:
      lose_file();
      end_file();
      return false;
    case PcapFile::Step::End:
      end_file();
      return false;
  }
  if (is_waiting != is_blocked_) {
    is_blocked_ = is_waiting;
    watcher_.stop();
    resume();
  }
  return !is_waiting;
}

// False: the pool is empty.
bool Pcap::put() {
  const CapturedPacket& packet = file_.packet();
  bool is_readable = is_known(packet.link);
  if (is_readable && !filter_.is_empty() && !filter_.wants(packet)) {
    return true;
  }
  if (!is_readable || !open_frame(packet, frame_)) {
    lose_packet(packet.link);
    return true;
  }
  Bundle* bundle = feed_->bundle(flow_number(frame_));
  if (bundle == nullptr) {
    return false;
  }
  rows_.put(*bundle, packet, frame_, file_.position());
  is_bundle_full_ = !bundle->has_room() || bundle->arena().used() >= Feed::arena_budget;
  return true;
}

void needs_of(const void* config, Needs& needs) {
  needs.reads = static_cast<const PcapConfig*>(config)->path;
}

}  // namespace

extern const Plugin source_pcap;
const Plugin source_pcap = {
    .kind = Kind::Source,
    .name = "pcap",
    .doc = "Reads packets from capture files, pcap and pcapng, and ends",
    .options = options,
    .primary = "path",
    .config = config_type<PcapConfig>,
    .declare = declare,
    .needs = needs_of,
    .source = make_source<Pcap, PcapConfig>,
    .is_finite = true,
};

}  // namespace stook
