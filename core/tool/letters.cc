// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook letters list | show | export | replay DIR`: rows that a sink would not take.
#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

#include "core/api/letter_shelf.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"
#include "core/data/json_text.hh"
#include "core/run/service.hh"
#include "core/tool/commands.hh"
#include "core/tool/letter_id.hh"
#include "core/tool/letter_replay.hh"

namespace stook {

namespace {
constexpr const char* usage =
    "usage: stook letters list DIR                                counts and times by sink and reason\n"
    "       stook letters show DIR [N] [--sink ID]                the first N (10) of each sink\n"
    "       stook letters export DIR [--sink ID]                  the bytes of all rows, as the sink was to have them\n"
    "       stook letters replay DIR --config FILE --sink ID      offers a sink's letters to it once more\n"
    "DIR is the folder of all letters; with replay it may be the folder of another sink's letters\n";

struct LettersRequest {
  std::string deed;
  std::string folder;
  std::string config;
  std::string sink;
  uint64_t count = 10;
};

// False when the words are off.
bool read_words(const std::vector<std::string>& words, LettersRequest& request) {
  std::vector<std::string> plain;
  for (size_t i = 0; i < words.size(); i++) {
    if (words[i] == "--config" || words[i] == "--sink") {
      if (i + 1 == words.size()) {
        return false;
      }
      (words[i] == "--config" ? request.config : request.sink) = words[i + 1];
      i++;
    } else if (words[i].rfind("--", 0) == 0) {
      return false;
    } else {
      plain.push_back(words[i]);
    }
  }
  std::string why;
  bool has_count = plain.size() == 3 && plain[0] == "show" && read_value(plain[2], request.count, why);
  if (plain.size() != 2 && !has_count) {
    return false;
  }
  request.deed = plain[0];
  request.folder = plain[1];
  bool is_replay = request.deed == "replay";
  constexpr std::string_view deeds[] = {"list", "show", "export", "replay"};
  return std::find(std::begin(deeds), std::end(deeds), request.deed) != std::end(deeds) &&
         is_replay == !request.config.empty() && (!is_replay || !request.sink.empty());
}

std::string show_time(int64_t ns) {
  Payload text;
  append_json(text, Cell::of_time(ns), {});
  return std::string(text.bytes().substr(1, text.size() - 2));
}

// Calls `take` with each letter that is still there, folder after folder; it says whether to go on with that folder.
template <class Take>
void each_letter(const LettersRequest& request, Take&& take) {
  uint64_t unreadable = 0;
  for (const std::string& folder : letter_folders(request.folder)) {
    std::string name = folder.substr(folder.rfind('/') + 1);
    if (!request.sink.empty() && name != request.sink) {
      continue;
    }
    bool goes_on = true;
    for (const LetterFile& file : letter_files(folder)) {
      LetterScroll scroll(file.path);
      Letter letter;
      while (goes_on && scroll.next(letter)) {
        goes_on = take(folder, letter);
      }
      unreadable += scroll.unreadable();
    }
  }
  if (unreadable > 0) {
    std::fprintf(stderr, "stook letters: %llu lines are no letters, and were passed over\n",
                 static_cast<unsigned long long>(unreadable));
  }
}

void list(const LettersRequest& request) {
  struct Sum {
    uint64_t letters = 0;
    uint64_t rows = 0;
    int64_t first = INT64_MAX;
    int64_t last = INT64_MIN;
  };
  std::map<std::pair<std::string, std::string>, Sum> sums;
  each_letter(request, [&](const std::string&, const Letter& letter) {
    Sum& sum = sums[{letter.sink, letter.reason}];
    sum.letters++;
    sum.rows += letter.rows;
    sum.first = std::min(sum.first, letter.time);
    sum.last = std::max(sum.last, letter.time);
    return true;
  });
  if (sums.empty()) {
    std::puts("no letters");
    return;
  }
  std::printf("%-16s %10s %10s  %-24s  %-24s  %s\n", "sink", "letters", "rows", "first", "last", "reason");
  for (const auto& [key, sum] : sums) {
    std::printf("%-16s %10s %10s  %-24s  %-24s  %s\n", key.first.c_str(), show_count(sum.letters).c_str(),
                show_count(sum.rows).c_str(), show_time(sum.first).c_str(), show_time(sum.last).c_str(),
                printable(key.second).c_str());
  }
}

void show(const LettersRequest& request) {
  std::string at;
  uint64_t shown = 0;
  each_letter(request, [&](const std::string& folder, const Letter& letter) {
    shown = folder == at ? shown + 1 : 1;
    at = folder;
    if (shown > request.count) {
      return false;
    }
    std::string to = letter.address.empty() ? "" : " for " + printable(letter.address);
    std::string id = letter_id(letter);
    id = id.empty() ? "" : ", id " + printable(id);
    std::printf("%s %s%s: %s (asked %llu times, %s%s)\n  %s\n", show_time(letter.time).c_str(), letter.sink.c_str(),
                to.c_str(), printable(letter.reason).c_str(), static_cast<unsigned long long>(letter.attempts),
                letter.format.c_str(), id.c_str(), printable(letter.bytes, 65536).c_str());
    return true;
  });
}

void export_bytes(const LettersRequest& request) {
  each_letter(request, [](const std::string&, const Letter& letter) {
    return std::fwrite(letter.bytes.data(), 1, letter.bytes.size(), stdout) == letter.bytes.size();
  });
  if (std::fflush(stdout) != 0) {
    throw SetupError("write standard output", errno);
  }
}

Exit replay(const LettersRequest& request) {
  std::unique_ptr<Plan> plan = make_plan({request.config, {}});
  const Instance* sink = plan->find(request.sink);
  if (sink == nullptr || sink->plugin->kind != Kind::Sink || sink->wiring.becomes_letters) {
    std::fprintf(stderr, "stook letters replay: %s has no sink '%s' that delivers\n", request.config.c_str(),
                 request.sink.c_str());
    return Exit::Usage;
  }
  bool is_folder = !letter_files(request.folder).empty();
  room::enter(room::carrier);
  Replayed done = replay_letters(is_folder ? request.folder : request.folder + "/" + request.sink, *sink);
  std::printf("delivered %s, refused again %s\n", show_count(done.delivered).c_str(), show_count(done.refused).c_str());
  if (done.other_format > 0) {
    std::fprintf(stderr, "stook letters replay: %llu letters are in format '%s', and sink '%s' takes '%s'; they stay\n",
                 static_cast<unsigned long long>(done.other_format), done.format.c_str(), request.sink.c_str(),
                 sink->codec->name);
  }
  if (done.unreadable > 0) {
    std::fprintf(stderr, "stook letters replay: %llu lines are no letters, and stay\n",
                 static_cast<unsigned long long>(done.unreadable));
  }
  return done.refused + done.other_format + done.unreadable == 0 ? Exit::Well : Exit::Dropped;
}
}  // namespace

int letters_command(const std::vector<std::string>& words) {
  LettersRequest request;
  if (!read_words(words, request)) {
    std::fputs(usage, stderr);
    return static_cast<int>(Exit::Usage);
  }
  try {
    if (request.deed == "replay") {
      return static_cast<int>(replay(request));
    }
    request.deed == "list" ? list(request) : request.deed == "show" ? show(request) : export_bytes(request);
    return static_cast<int>(Exit::Well);
  } catch (const ConfigErrors& errors) {
    std::fputs(show_errors(errors).c_str(), stderr);
    return static_cast<int>(Exit::Usage);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "stook letters: %s\n", error.what());
    return static_cast<int>(Exit::Setup);
  }
}

}  // namespace stook
