// SPDX-License-Identifier: Apache-2.0
/// none: encodes nothing. For sinks that only count rows, as `null` does.
///
///   stack = in:stdin, count:null
#include "core/api/plugin.hh"

namespace stook {

namespace {
class None final : public Codec {
 public:
  explicit None(const NoConfig&) {}
  void encode(Batch&, Payload&) override ROOM(worker) {}
};
}  // namespace

extern const Plugin codec_none;
const Plugin codec_none = {
    .kind = Kind::Codec,
    .name = "none",
    .doc = "nothing at all: rows are counted and forgotten",
    .options = {},
    .codec = make_codec<None, NoConfig>,
};

}  // namespace stook
