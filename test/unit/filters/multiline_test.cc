// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "filters/multiline/joiner.hh"
#include "test/unit/kit.hh"

using namespace stook;
using namespace stook::test;

namespace {
/// A line of a file, and its number among all lines.
struct Input {
  std::string file;
  std::string text;
};
/// An event: its file, the number of its first line, its text; `is_cut`: it is marked as truncated.
struct Output {
  std::string file;
  uint64_t number;
  std::string text;
  bool is_cut;
  bool operator==(const Output&) const = default;
};
std::ostream& operator<<(std::ostream& to, const Output& output) {
  return to << output.file << '#' << output.number << (output.is_cut ? " cut \"" : " \"") << output.text << '"';
}

/// Feeds lines in bundles and gathers what comes out, in order.
class Feeder {
 public:
  Feeder(const Options& options, const std::string& newline)
      : rig_(Kind::Filter, "multiline", options), newline_(newline) {}

  void bundle(const std::vector<Input>& lines) {
    std::string text;  // as a source has them: one behind the other
    for (const Input& line : lines) {
      text += line.text + newline_;
    }
    rig_.clear();
    size_t at = 0;
    for (const Input& line : lines) {
      rig_.row({{"message", Cell::of_text({text.data() + at, line.text.size()})},
                {"file.path", Cell::of_text(line.file)},
                {"number", Cell::of_unsigned(number_++)}});
      at += line.text.size() + newline_.size();
    }
    rig_.run();
    gather();
    // What was not handed on has been copied: nothing points into a bundle that is gone.
    std::fill(text.begin(), text.end(), '#');
  }
  void tick(int64_t now, bool is_last = false) {
    rig_.tick(now, is_last);
    gather();
  }
  const ElementMeter& meter() const { return rig_.meter(); }
  size_t held() const { return rig_.held(); }
  std::vector<Output> outputs;

 private:
  void gather() {
    for (int row : rig_.selected()) {
      auto text = [&](const char* key) {
        const Cell* cell = rig_.cell(key, static_cast<size_t>(row));
        return cell == nullptr ? std::string("?") : std::string(cell->bytes());
      };
      const Cell* cut = rig_.cell("truncated", static_cast<size_t>(row));
      const Cell* number = rig_.cell("number", static_cast<size_t>(row));
      outputs.push_back({text("file.path"), number == nullptr ? ~uint64_t{0} : number->bits, text("message"),
                         cut != nullptr && cut->is_truth()});
      rows_out_++;
    }
    const ElementMeter& meter = rig_.meter();
    REQUIRE(number_ + meter.appended.read() == rows_out_ + meter.held.read());
    REQUIRE(meter.disposed.read() == 0);
  }

  Rig rig_;
  std::string newline_;
  uint64_t number_ = 0;
  uint64_t rows_out_ = 0;
};

std::vector<Input> of_file(const std::vector<std::string>& lines, const std::string& file = "a") {
  std::vector<Input> inputs;
  for (const std::string& line : lines) {
    inputs.push_back({file, line});
  }
  return inputs;
}

std::vector<std::string> texts_of(const std::vector<Output>& outputs) {
  std::vector<std::string> texts;
  for (const Output& output : outputs) {
    texts.push_back(output.text);
  }
  return texts;
}

std::vector<std::string> join(const Options& options, const std::vector<std::string>& lines) {
  Feeder feeder(options, "\n");
  feeder.bundle(of_file(lines));
  feeder.tick(1, true);
  return texts_of(feeder.outputs);
}

/// What should come out, line by line, without bundles: the judge's word is taken, the rest is done anew.
std::vector<Output> reference(const MultilineConfig& config, const std::vector<Input>& lines) {
  struct Open {
    std::vector<Output> done;
    bool is_open = false;
    bool is_cut = false;
    int64_t lines = 0;
    uint8_t state = 0;
  };
  std::map<std::string, Open> files;
  LinesJudge judge(config);
  for (size_t i = 0; i < lines.size(); i++) {
    Open& open = files[lines[i].file];
    Judged judged = judge.judge(lines[i].text, open.state).judged;
    open.state = judged.state;
    bool is_further = judged.turn == Turn::Follows || judged.turn == Turn::Ends;
    if (is_further && open.is_open) {
      Output& event = open.done.back();
      if (open.lines < config.max_lines && event.text.size() + 1 + lines[i].text.size() <= config.max_bytes.bytes) {
        event.text += "\n" + lines[i].text;
        open.lines++;
        open.is_open = judged.turn == Turn::Follows;
        continue;
      }
      event.is_cut = true;
      open.is_cut = true;
    }
    open.is_cut = open.is_cut && is_further;
    open.done.push_back({lines[i].file, i, lines[i].text, open.is_cut});
    open.is_open = !open.is_cut && (judged.turn == Turn::Begins || judged.turn == Turn::Follows);
    open.is_cut = open.is_cut && judged.turn != Turn::Ends;
    open.lines = 1;
  }
  std::vector<Output> outputs;
  for (auto& [file, open] : files) {
    outputs.insert(outputs.end(), open.done.begin(), open.done.end());
  }
  return outputs;
}

/// By file, in the order in which they came.
std::vector<Output> by_file(std::vector<Output> outputs) {
  std::stable_sort(outputs.begin(), outputs.end(), [](const Output& a, const Output& b) { return a.file < b.file; });
  return outputs;
}

MultilineConfig config_of(const Options& options) {
  const Plugin& multiline = plugin(Kind::Filter, "multiline");
  MultilineConfig config;
  for (const Option& option : multiline.options) {
    std::string text = option.fallback;
    for (const auto& [name, value] : options) {
      text = name == option.name ? value : text;
    }
    std::string why;
    REQUIRE(option.assign(&config, text, option, why));
  }
  Wiring wiring;
  multiline.declare(&config, ".", wiring);
  return config;
}
}  // namespace

TEST_CASE("start: all lines up to the next start are one event") {
  CHECK(join({{"start", "^\\d{4}-"}}, {"2026-01-01 a", "b", " c", "2026-01-02 d", "", "2026-01-03 e"}) ==
        std::vector<std::string>{"2026-01-01 a\nb\n c", "2026-01-02 d\n", "2026-01-03 e"});
  CHECK(join({{"start", "^S"}}, {"x", "y", "S1", "z"}) == std::vector<std::string>{"x", "y", "S1\nz"});
}

TEST_CASE("continue: a line belongs to the one before") {
  CHECK(join({{"continue", "^\\s"}}, {"a", " b", "\tc", "d", "e", " f"}) ==
        std::vector<std::string>{"a\n b\n\tc", "d", "e\n f"});
  CHECK(join({{"start", "^S"}, {"continue", "^\\s"}}, {" x", "S1", " b", "c", " d", "S2", "S3", " e"}) ==
        std::vector<std::string>{" x", "S1\n b", "c", " d", "S2", "S3\n e"});
}

TEST_CASE("end: a line is the last one of its event") {
  CHECK(join({{"end", ";$"}}, {"a", "b;", "c;", "d"}) == std::vector<std::string>{"a\nb;", "c;", "d"});
  CHECK(join({{"end", "(?<!\\\\)$"}}, {"a\\", "b\\", "c", "d"}) == std::vector<std::string>{"a\\\nb\\\nc", "d"});
  CHECK(join({{"start", "^BEGIN"}, {"end", "^END"}}, {"x", "BEGIN", "a", "END", "y", "END", "BEGIN END"}) ==
        std::vector<std::string>{"x", "BEGIN\na\nEND", "y", "END", "BEGIN END"});
}

TEST_CASE("the lines that mark begin and end may be left out") {
  Options options{{"start", "^BEGIN"}, {"end", "^END"}, {"keep_start", "no"}, {"keep_end", "no"}};
  CHECK(join(options, {"BEGIN", "a", "b", "END", "BEGIN", "END"}) == std::vector<std::string>{"a\nb", ""});
  options[2].second = "yes";
  CHECK(join(options, {"BEGIN", "a", "b", "END"}) == std::vector<std::string>{"BEGIN\na\nb"});
  options[2].second = "no";
  options[3].second = "yes";
  CHECK(join(options, {"BEGIN", "a", "b", "END"}) == std::vector<std::string>{"a\nb\nEND"});
}

TEST_CASE("patterns go before the rule") {
  CHECK(join({{"rule", "java"}, {"continue", "^java\\."}},
             {"1 ERROR failed", "java.io.IOException: x", "\tat a.B", "2 ok"}) ==
        std::vector<std::string>{"1 ERROR failed\njava.io.IOException: x\n\tat a.B", "2 ok"});
}

TEST_CASE("another separator stands between the lines") {
  CHECK(join({{"continue", "^ "}, {"separator", " | "}}, {"a", " b"}) == std::vector<std::string>{"a |  b"});
  CHECK(join({{"continue", "^ "}, {"separator", "\\t"}}, {"a", " b"}) == std::vector<std::string>{"a\t b"});
  CHECK(join({{"continue", "^ "}, {"separator", ""}}, {"a", " b"}) == std::vector<std::string>{"a b"});
}

TEST_CASE("a slice over the lines is made where they lie so, else a copy") {
  for (const char* newline : {"\n", "\r\n", "", "xx"}) {
    Feeder feeder({{"continue", "^ "}}, newline);
    feeder.bundle(of_file({"a", " b", " c", "d", " e"}));
    feeder.tick(1, true);
    CHECK(texts_of(feeder.outputs) == std::vector<std::string>{"a\n b\n c", "d\n e"});
  }
}

TEST_CASE("an event of too many lines is cut, and what still belongs to it is joined to nothing") {
  Feeder feeder({{"continue", "^ "}, {"max_lines", "3"}}, "\n");
  feeder.bundle(of_file({"a", " 1", " 2", " 3", " 4", "b", " 5"}));
  feeder.tick(1, true);
  CHECK(feeder.outputs ==
        std::vector<Output>{
            {"a", 0, "a\n 1\n 2", true}, {"a", 3, " 3", true}, {"a", 4, " 4", true}, {"a", 5, "b\n 5", false}});
  CHECK(feeder.meter().faults.read() == 1);
}

TEST_CASE("an event of too many bytes is cut before the line that is too much") {
  std::string half(40, 'x');
  Feeder feeder({{"continue", "^x"}, {"max_bytes", "64"}}, "\n");
  feeder.bundle(of_file({"a", half, half, "b"}));
  feeder.bundle(of_file({std::string(100, 'y'), half, "c"}));
  feeder.tick(1, true);
  CHECK(feeder.outputs == std::vector<Output>{{"a", 0, "a\n" + half, true},
                                              {"a", 2, half, true},
                                              {"a", 3, "b", false},
                                              {"a", 4, std::string(100, 'y'), true},
                                              {"a", 5, half, true},
                                              {"a", 6, "c", false}});
}

TEST_CASE("an unfinished event is handed on when nothing came for flush") {
  constexpr int64_t second = 1'000'000'000;
  Feeder feeder({{"continue", "^ "}, {"flush", "2s"}}, "\n");
  feeder.bundle(of_file({"a", " b"}));
  feeder.tick(100 * second);
  feeder.tick(101 * second);
  CHECK(feeder.outputs.empty());
  feeder.bundle(of_file({" c"}));
  feeder.tick(102 * second);
  feeder.tick(103 * second);
  CHECK(feeder.outputs.empty());
  feeder.tick(104 * second);
  CHECK(feeder.outputs == std::vector<Output>{{"a", 0, "a\n b\n c", false}});
  feeder.bundle(of_file({" d"}));
  feeder.tick(105 * second, true);
  CHECK(feeder.outputs.back() == Output{"a", 3, " d", false});
}

TEST_CASE("an event that grows for a minute is cut") {
  constexpr int64_t second = 1'000'000'000;
  Feeder feeder({{"continue", "^ "}, {"flush", "2s"}}, "\n");
  feeder.bundle(of_file({"a"}));
  for (int64_t at = 100; at <= 160; at++) {
    feeder.tick(at * second);
    if (at < 160) {
      CHECK(feeder.outputs.empty());
      feeder.bundle(of_file({" b"}));
    }
  }
  REQUIRE(feeder.outputs.size() == 1);
  CHECK(feeder.outputs[0].is_cut);
  feeder.bundle(of_file({" c", "d"}));
  CHECK(feeder.outputs.back() == Output{"a", 61, " c", true});
}

TEST_CASE("more streams than are remembered: the longest unused one is handed on early") {
  Feeder feeder({{"continue", "^ "}}, "\n");
  for (int file = 0; file < 600; file += 200) {
    std::vector<Input> lines;
    for (int i = file; i < file + 200; i++) {
      lines.push_back({std::to_string(i), "a"});
    }
    feeder.bundle(lines);
  }
  CHECK(feeder.outputs.size() == 600 - Joiner::max_streams);
  CHECK(feeder.outputs[0].file == "0");
  feeder.bundle({{"599", " b"}, {"598", "c"}});
  feeder.tick(1, true);
  CHECK(feeder.outputs.size() == 601);
  CHECK(std::count(feeder.outputs.begin(), feeder.outputs.end(), Output{"599", 599, "a\n b", false}) == 1);
}

TEST_CASE("options that say nothing, or too much, are refused") {
  auto make = [](const Options& options) { Rig(Kind::Filter, "multiline", options); };
  CHECK_THROWS_WITH(make({}),
                    "rule: neither a rule nor a pattern says which lines belong together; write one, as in "
                    "multiline(java), or set start, continue or end");
  CHECK_THROWS_WITH(make({{"rule", "cri"}, {"start", "a"}}),
                    "rule: docker and cri take no patterns; join the parts first, and their lines by another multiline "
                    "behind it");
  CHECK_THROWS_WITH(make({{"end", "("}}), Catch::StartsWith("end: "));
}

TEST_CASE("wherever bundles are cut, the same events come out") {
  std::vector<Options> all = {{{"continue", "^ "}},
                              {{"start", "^a"}},
                              {{"end", "^c"}},
                              {{"start", "^a"}, {"end", "^c"}},
                              {{"start", "^[ab]"}, {"end", "^[bc]"}},
                              {{"start", "^[ac]"}, {"continue", "^ "}, {"end", "c$"}},
                              {{"rule", "java"}, {"continue", "^ "}},
                              {{"continue", "^[ b]"}, {"max_lines", "3"}},
                              {{"start", "^a"}, {"max_bytes", "64"}}};
  uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 400; round++) {
    const Options& options = all[random() % all.size()];
    CAPTURE(options);
    MultilineConfig config = config_of(options);
    size_t files = 1 + random() % 4;
    std::vector<Input> lines;
    for (size_t count = random() % 200; count > 0; count--) {
      std::string text =
          std::vector<std::string>{"a", " b", "c", "ac", "b", "", "\tat x", std::string(30, ' ')}[random() % 8];
      lines.push_back({std::string(1, static_cast<char>('a' + random() % files)), text});
    }
    Feeder feeder(options, random() % 4 == 0 ? "\r\n" : "\n");
    size_t most = 1 + random() % 20;
    for (size_t at = 0; at < lines.size();) {
      size_t size = std::min(lines.size() - at, 1 + random() % most);
      feeder.bundle(
          {lines.begin() + static_cast<std::ptrdiff_t>(at), lines.begin() + static_cast<std::ptrdiff_t>(at + size)});
      at += size;
    }
    feeder.tick(1, true);
    REQUIRE(by_file(feeder.outputs) == reference(config, lines));
    REQUIRE(feeder.held() == 0);
  }
}
