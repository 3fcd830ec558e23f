// SPDX-License-Identifier: Apache-2.0
// Measures what writing rows costs: nine fields of an access line (about 270 bytes) through a codec, ns a row.
//
//     json_write [CODEC [ROUNDS]]
//
// Prints the best and the median of the rounds, each of 2,000 bundles of 256 rows.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "core/api/plugin.hh"
#include "core/base/clock.hh"
#include "core/base/room.hh"

using namespace stook;

namespace {

const Plugin* codec_named(std::string_view name) {
  for (const Plugin* plugin : all_plugins()) {
    if (plugin->kind == Kind::Codec && plugin->name == name) {
      return plugin;
    }
  }
  return nullptr;
}

// Fills a bundle as parse_access would: slices of the line in the arena.
void fill(Bundle& bundle, Selection& rows, OpenKeys& keys) {
  const char* agents[] = {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "curl/7.88.1",
                          "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"};
  for (int i = 0; i < 256; i++) {
    Row row = bundle.append();
    rows.add(row);
    auto text = [&](const char* key, const std::string& value) {
      bundle.put(keys.intern(key), row, Cell::of_text(bundle.arena().copy(value)));
    };
    text("remote_addr", "203.0." + std::to_string(i % 100) + "." + std::to_string(i));
    bundle.put(keys.intern("time"), row, Cell::of_time(1795232280'000000000 + int64_t{i} * 1'000'000'000));
    text("method", i % 5 == 0 ? "POST" : "GET");
    text("path", "/assets/images/products/" + std::to_string(i * 7919 % 10000) + "/large.jpg?size=1024");
    text("protocol", "HTTP/1.1");
    bundle.put(keys.intern("status"), row, Cell::of_integer(i % 10 == 0 ? 404 : 200));
    bundle.put(keys.intern("body_bytes_sent"), row, Cell::of_integer(i * 3571 % 100000));
    text("http_referer", "https://www.example.com/shop/");
    text("http_user_agent", agents[i % 3]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  room::enter(room::worker);
  const Plugin* plugin = codec_named(argc > 1 ? argv[1] : "json");
  if (plugin == nullptr) {
    std::fprintf(stderr, "no such codec\n");
    return 2;
  }
  int rounds = argc > 2 ? std::atoi(argv[2]) : 9;
  std::shared_ptr<void> config(plugin->config.make(), plugin->config.destroy);
  std::string why;
  for (const Option& option : plugin->options) {
    const char* text = option.fallback != nullptr ? option.fallback : "remote_addr";
    if (!option.assign(config.get(), text, option, why)) {
      return 2;
    }
  }
  Wiring wiring;
  if (plugin->declare != nullptr) {
    plugin->declare(config.get(), ".", wiring);
  }
  KeySchema schema;
  OpenKeys keys(schema, 64);
  Bundle bundle(256, 256, keys.capacity());
  Selection rows;
  fill(bundle, rows, keys);
  std::vector<KeyId> in;
  for (const Read& read : wiring.reads) {
    in.push_back(keys.intern(read.key));
  }
  std::unique_ptr<Codec> codec = plugin->codec({config.get(), "bench", {}});
  ElementMeter meter;
  Payload payload;
  std::vector<double> times;
  constexpr int bundles = 2000;
  for (int round = 0; round < rounds; round++) {
    int64_t begin = thread_cpu_ns();
    for (int i = 0; i < bundles; i++) {
      payload.reset();
      payload.begin_part({});
      Batch batch(bundle, rows, keys, {in, {}}, meter);
      codec->encode(batch, payload);
    }
    times.push_back(static_cast<double>(thread_cpu_ns() - begin) / (bundles * 256.0));
  }
  std::sort(times.begin(), times.end());
  std::printf("%s: %.1f ns a row at best, %.1f in the median, %zu bytes a row\n", plugin->name, times.front(),
              times[times.size() / 2], payload.size() / 256);
  return 0;
}
