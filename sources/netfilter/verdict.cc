// SPDX-License-Identifier: Apache-2.0
/// verdict: tells the kernel what becomes of the packets whose rows reach it; the end of a stack that begins with nfqueue.
///
///     stack=q:NFQUEUE,base:BASE,judge:LUA,v:VERDICT
///     [v]
///     verdict=accept
///
/// A row's own verdict is its key `nfq.verdict`: accept, drop, repeat (the hook's rules are asked again; set a mark, so that
/// they do not queue it again) or queue:7 (it goes to that queue). Rows without the key get `verdict`. The packet's mark
/// becomes `nfq.mark`, or `mark`, where one of them is given; rules behind the queue see it.
///
/// Packets that follow each other in a queue and have one verdict are told to the kernel by one message. A row is delivered
/// when the kernel has its verdict. One that comes after `patience` of the source is told, and changes nothing.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/api/plugin.hh"
#include "core/api/script_meters.hh"
#include "core/base/log.hh"
#include "sources/netfilter/packet_decision.hh"
#include "sources/netfilter/packet_verdict.hh"

namespace stook {

namespace {

struct VerdictConfig {
  std::string verdict;
  std::string mark;

  // Completed by declare.
  PacketVerdict otherwise;
};

constexpr Option options[] = {
    option<&VerdictConfig::verdict>("verdict", "accept",
                                    "of rows without nfq.verdict: accept, drop, repeat, or queue:7 for another queue"),
    option<&VerdictConfig::mark>("mark", "",
                                 "of rows without nfq.mark: the packet's mark from here on; empty: as it was"),
};

void declare(void* raw, std::string_view, Wiring&) {
  auto& config = *static_cast<VerdictConfig*>(raw);
  std::optional<uint32_t> action = action_named(config.verdict);
  if (!action) {
    throw std::invalid_argument("verdict: '" + config.verdict +
                                "' is no verdict; it takes accept, drop, repeat or queue:7");
  }
  config.otherwise = {*action, 0, !config.mark.empty()};
  std::string_view text = config.mark;
  bool is_hex = text.substr(0, 2) == "0x";
  text.remove_prefix(is_hex ? 2 : 0);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), config.otherwise.mark, is_hex ? 16 : 10);
  if (config.otherwise.has_mark && (error != std::errc() || end != text.data() + text.size())) {
    throw std::invalid_argument("mark: '" + config.mark + "' is no mark; it takes a number of 32 bits, as 7 or 0x7");
  }
}

/// *Invariants:* between deliveries nothing is gathered, and no line is held. *Rooms:* its carrier.
class VerdictSink final : public Sink {
 public:
  explicit VerdictSink(const Make& make) : config_(*static_cast<const VerdictConfig*>(make.config)), id_(make.id) {}

  void open() override ROOM(carrier) {}

  Outcome deliver(Shipment shipment) override ROOM(carrier) {
    if (!std::all_of(shipment.begin(), shipment.end(), [](const Payload* one) { return is_ours(one->bytes()); })) {
      return Outcome::Refused;
    }
    for (const Payload* payload : shipment) {
      std::string_view bytes = payload->bytes();
      for (PacketDecision one; !bytes.empty(); bytes.remove_prefix(sizeof one)) {
        std::memcpy(&one, bytes.data(), sizeof one);
        take(one);
      }
    }
    end_run();
    send();
    line_.reset();  // the source may close its queues now
    return Outcome::Done;
  }

  std::string reason() const override ROOM(carrier) { return "these rows are not in the format verdict"; }
  bool refuses_all() const override ROOM(carrier) { return true; }

 private:
  /// Packets that follow each other, with one verdict.
  struct Run {
    uint32_t line = 0;
    uint16_t queue = 0;
    uint32_t first = 0;
    uint32_t last = 0;
    PacketVerdict verdict;
    bool is_open = false;
  };
  struct Reach {
    uint16_t queue;
    uint32_t id;
  };

  static bool is_ours(std::string_view bytes) {
    PacketDecision first;
    if (bytes.size() % sizeof first != 0 || bytes.empty()) {
      return bytes.empty();
    }
    std::memcpy(&first, bytes.data(), sizeof first);
    return first.magic == PacketDecision::right_magic;
  }
  void take(const PacketDecision& one) ROOM(carrier);
  PacketVerdict verdict_of(const PacketDecision& one) ROOM(carrier);
  void end_run() ROOM(carrier);
  bool find_line(uint32_t number) ROOM(carrier);
  uint32_t reached(uint16_t queue) const ROOM(carrier);
  void make_room() ROOM(carrier);
  void send() ROOM(carrier);
  void complain() ROOM(carrier);

  const VerdictConfig& config_;
  const std::string id_;
  Run run_ OWNED(carrier);
  VerdictPile pile_ OWNED(carrier);
  std::vector<Reach> reached_ OWNED(carrier);        // by what is in the pile
  std::shared_ptr<VerdictLine> line_;                // shared with its source, while a delivery lasts
  std::weak_ptr<VerdictLine> found_ OWNED(carrier);  // so that it is looked for once
  uint32_t found_number_ OWNED(carrier) = 0;
  std::shared_ptr<ScriptMeter> unreadable_ OWNED(
      carrier);  // made when the first one is counted; the report holds it, too
  LogLimit unreadable_limit_;
};

void VerdictSink::take(const PacketDecision& one) {
  PacketVerdict verdict = verdict_of(one);
  bool goes_on = run_.is_open && one.line == run_.line && one.queue == run_.queue && one.id == run_.last + 1 &&
                 verdict == run_.verdict;
  if (!goes_on) {
    end_run();
    run_ = {one.line, one.queue, one.id, one.id, verdict, true};
  }
  run_.last = one.id;
}

PacketVerdict VerdictSink::verdict_of(const PacketDecision& one) {
  PacketVerdict verdict = config_.otherwise;
  if (one.is_unreadable) {
    complain();
  }
  if (one.has_action) {
    verdict.action = one.action;
  }
  if (one.has_mark) {
    verdict.mark = one.mark;
    verdict.has_mark = true;
  }
  return verdict;
}

/// One message is for all packets up to a number. So it is only right where those before the run have had theirs.
void VerdictSink::end_run() {
  if (!std::exchange(run_.is_open, false) || !find_line(run_.line) || !line_->has(run_.queue)) {
    return;
  }
  bool is_next = run_.first == reached(run_.queue) + 1;
  if (is_next && run_.first != run_.last) {
    make_room();
    pile_.put_up_to(run_.queue, run_.last, run_.verdict);
  } else {
    for (uint32_t id = run_.first; id != run_.last + 1; id++) {
      make_room();
      pile_.put(run_.queue, id, run_.verdict);
    }
  }
  if (is_next) {
    std::erase_if(reached_, [&](const Reach& one) ROOM(carrier) { return one.queue == run_.queue; });
    reached_.push_back({run_.queue, run_.last});
  }
}

uint32_t VerdictSink::reached(uint16_t queue) const {
  for (const Reach& one : reached_) {
    if (one.queue == queue) {
      return one.id;
    }
  }
  return line_->done(queue);
}

/// False: its source has closed it, and the kernel has let go of the packets.
bool VerdictSink::find_line(uint32_t number) {
  if (line_ && line_->number() == number) {
    return true;
  }
  send();
  line_ = found_number_ == number ? found_.lock() : nullptr;
  if (!line_) {
    line_ = find_verdict_line(number);
    found_ = line_;
    found_number_ = number;
  }
  return line_ != nullptr;
}

void VerdictSink::make_room() {
  if (!pile_.has_room()) {
    send();
  }
}

void VerdictSink::send() {
  if (line_ && !pile_.is_empty() && line_->send(pile_.bytes())) {
    for (const Reach& one : reached_) {
      line_->set_done(one.queue, one.id);
    }
  }
  pile_.clear();
  reached_.clear();
}

/// COLD: a script wrote what is no verdict.
void VerdictSink::complain() {
  if (!unreadable_) {
    unreadable_ = script_meter(ScriptMeter::Kind::Counter, id_, "verdicts_unreadable",
                               "rows whose nfq.verdict or nfq.mark is none");
  }
  unreadable_->count(1);
  if (auto pass = unreadable_limit_.pass()) {
    log_event(
        Level::Warning, "verdict_unreadable",
        Fields()("instance", id_)("reason",
                                  "nfq.verdict is accept, drop, repeat or queue:7, and nfq.mark a number of 32 bits; "
                                  "the options of the sink hold for such rows")("suppressed", pass.suppressed));
  }
}

std::unique_ptr<Sink> make(const Make& make) {
  return std::make_unique<VerdictSink>(make);
}

}  // namespace

extern const Plugin sink_verdict;
const Plugin sink_verdict = {
    .kind = Kind::Sink,
    .name = "verdict",
    .doc = "Tells the kernel what becomes of the packets whose rows reach it",
    .options = options,
    .primary = "verdict",
    .config = config_type<VerdictConfig>,
    .declare = declare,
    .needs = needs_nothing,
    .sink = make,
    .format = "verdict",
};

}  // namespace stook
