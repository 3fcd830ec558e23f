// SPDX-License-Identifier: Apache-2.0
/// null: takes rows and forgets them. For measuring, and the template for a new sink.
///
///   stack = in:made, parse:parse_access, end:null
///
/// A sink has two halves. Its codec (`format =`) turns rows into bytes on the workers; the class below gets those bytes on
/// a thread of its own, where it may block. `open` makes the connection, `deliver` says Done, Again or Refused of all
/// that it is offered, `close` comes after the last delivery. `null` asks for the codec `none`, which writes nothing.
#include "core/api/plugin.hh"

namespace stook {

namespace {
class Null final : public Sink {
 public:
  explicit Null(const NoConfig&) {}
  void open() override ROOM(carrier) {}
  Outcome deliver(Shipment) override ROOM(carrier) { return Outcome::Done; }
};
}  // namespace

extern const Plugin sink_null;
const Plugin sink_null = {
    .kind = Kind::Sink,
    .name = "null",
    .doc = "takes rows and forgets them",
    .options = {},
    .needs = needs_nothing,
    .sink = make_sink<Null, NoConfig>,
    .format = "none",
};

}  // namespace stook
