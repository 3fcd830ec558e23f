// SPDX-License-Identifier: Apache-2.0
// What parse_json and parse_regex cost a row, beside simdjson's own walk and PCRE2's own match: ns a row, the least of
// many rounds over one bundle.
//
//     json_row [ROUNDS]
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/api/plugin.hh"

namespace stook {
extern const Plugin filter_parse_json;
extern const Plugin filter_parse_regex;
}  // namespace stook

using namespace stook;

namespace {

constexpr size_t rows = 256;
constexpr const char* access_pattern =
    R"re(^(?<addr>[^ ]+) [^ ]+ (?:-|(?<user>[^ ]+)) \[(?<time>[^]]+)\] "(?<method>[A-Z]+) (?<path>[^ ]+) )re"
    R"re((?<protocol>[^ "]+)" (?<status>[0-9]+) (?:-|(?<bytes>[0-9]+)) "(?:-|(?<referer>[^"]*))" "[^"]*"$)re";

std::string json_line(size_t i) {
  char line[512];
  std::snprintf(line, sizeof line,
                R"({"time":"2026-11-21T03:38:%02zu.123Z","host":"web-%zu","service":"checkout","level":"info",)"
                R"("status":%zu,"duration":0.0%zu,"bytes":%zu,"path":"/api/v1/items/%zu","trace":9007199254740%03zu,)"
                R"("cached":true,"message":"served","geo":{"country":"DE","lat":52.%zu,"lon":13.%zu}})",
                i % 60, i % 8, 200 + i % 300, 17 + i, 1000 + i * 7, i * 13, i, 100 + i, 400 + i);
  return line;
}

std::string access_line(size_t i) {
  char line[512];
  std::snprintf(
      line, sizeof line,
      R"line(192.0.2.%zu - - [21/Nov/2026:03:38:%02zu +0000] "GET /api/v1/items/%zu?q=abc HTTP/1.1" %zu %zu )line"
      R"line("https://example.org/shop/index.html" "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101")line",
      i % 256, i % 60, i * 13, 200 + i % 300, 1000 + i * 7);
  return line;
}

double now() {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class Work>
double least(int rounds, Work&& work) {
  double best = 1e300;
  for (int i = 0; i < rounds; i++) {
    best = std::min(best, work());
  }
  return best / static_cast<double>(rows);
}

/// One filter over one bundle, as a worker runs it: options are name and text.
double filter_cost(const Plugin& plugin, const std::vector<std::pair<std::string, std::string>>& given,
                   const std::vector<std::string>& lines, int rounds) {
  room::enter(room::worker);
  void* config = plugin.config.make();
  for (const Option& option : plugin.options) {
    std::string why;
    std::string text = option.fallback == nullptr ? "" : option.fallback;
    for (const auto& [name, value] : given) {
      text = name == option.name ? value : text;
    }
    if (!option.assign(config, text, option, why)) {
      std::fprintf(stderr, "json_row: %s: %s\n", option.name, why.c_str());
      std::exit(2);
    }
  }
  Wiring wiring;
  plugin.declare(config, ".", wiring);
  KeySchema schema;
  KeyId text_key = schema.add({wiring.reads[0].key, Type::Text, "", ""});
  std::vector<KeyId> in = {text_key};
  std::vector<KeyId> out;
  for (const Key& key : wiring.writes) {
    out.push_back(schema.add(key));
  }
  OpenKeys keys(schema, 256);
  Bundle bundle(rows, rows, keys.capacity());
  ElementMeter meter;
  std::unique_ptr<Filter> filter = plugin.filter({config, "bench", {}});
  size_t faults = 0;
  double cost = least(rounds, [&] {
    bundle.reset();
    for (size_t i = 0; i < rows; i++) {
      bundle.put(text_key, bundle.append(), Cell::of_text(bundle.arena().copy(lines[i])));
    }
    Selection selection;
    selection.select_all(rows);
    Batch batch(bundle, selection, keys, {in, out}, meter);
    double start = now();
    filter->run(batch);
    double spent = now() - start;
    faults += batch.faulted().size();
    return spent;
  });
  if (faults > 0) {
    std::fprintf(stderr, "json_row: %zu rows failed\n", faults);
    std::exit(1);
  }
  filter.reset();
  plugin.config.destroy(config);
  return cost;
}

/// simdjson's on-demand parser over the same lines, each value asked for by its type.
double simdjson_cost(const std::vector<std::string>& lines, int rounds) {
  std::vector<simdjson::padded_string> padded;
  for (const std::string& line : lines) {
    padded.emplace_back(line);
  }
  simdjson::ondemand::parser parser;
  size_t seen = 0;
  double cost = least(rounds, [&] {
    double start = now();
    for (const simdjson::padded_string& line : padded) {
      simdjson::ondemand::document document;
      simdjson::ondemand::object root;
      if (parser.iterate(line).get(document) != simdjson::SUCCESS || document.get_object().get(root)) {
        std::exit(1);
      }
      for (auto field : root) {
        seen += field.unescaped_key().value_unsafe().size() + field.value().raw_json_token().value_unsafe().size();
      }
    }
    return now() - start;
  });
  return seen == 0 ? 0 : cost;
}

double pcre2_cost(const std::vector<std::string>& lines, int rounds) {
  int error = 0;
  PCRE2_SIZE place = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(access_pattern), PCRE2_ZERO_TERMINATED,
                                   PCRE2_DOLLAR_ENDONLY, &error, &place, nullptr);
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  pcre2_match_data* match = pcre2_match_data_create_from_pattern(code, nullptr);
  size_t matched = 0;
  double cost = least(rounds, [&] {
    double start = now();
    for (const std::string& line : lines) {
      matched +=
          pcre2_jit_match(code, reinterpret_cast<PCRE2_SPTR>(line.data()), line.size(), 0, 0, match, nullptr) > 0;
    }
    return now() - start;
  });
  pcre2_match_data_free(match);
  pcre2_code_free(code);
  return matched == 0 ? 0 : cost;
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 2000;
  std::vector<std::string> json;
  std::vector<std::string> access;
  for (size_t i = 0; i < rows; i++) {
    json.push_back(json_line(i));
    access.push_back(access_line(i));
  }
  std::printf("parse_json   %4.0f ns a row of %zu bytes\n", filter_cost(filter_parse_json, {}, json, rounds),
              json[99].size());
  std::printf("simdjson     %4.0f ns\n", simdjson_cost(json, rounds));
  std::printf("parse_regex  %4.0f ns a row of %zu bytes, nine groups\n",
              filter_cost(filter_parse_regex, {{"regex", access_pattern}, {"types", "status:integer, bytes:integer"}},
                          access, rounds),
              access[99].size());
  std::printf("pcre2        %4.0f ns\n", pcre2_cost(access, rounds));
  return 0;
}
