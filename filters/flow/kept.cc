// SPDX-License-Identifier: Apache-2.0
#include "filters/flow/kept.hh"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <vector>

#include "core/api/kept_text.hh"
#include "core/base/crc32c.hh"
#include "core/base/log.hh"

namespace stook {

namespace {

constexpr int most_slots = 16;
constexpr size_t largest_file = 16 * 1024 * 1024;
constexpr int64_t save_period = 60'000'000'000;
constexpr std::string_view first_line = "stook-templates 1\n";
constexpr size_t before_exporter = 5;

std::string hex_of(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text.empty() ? "-" : text;
}

bool read_hex(std::string_view text, std::string& bytes) {
  bytes.clear();
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    unsigned value = 0;
    auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    if (error != std::errc() || end != text.data() + i + 2) {
      return false;
    }
    bytes += static_cast<char>(value);
  }
  return text == "-" || text.size() % 2 == 0;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    size_t blank = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, blank));
    line.remove_prefix(std::min(blank + 1, line.size()));
  }
  return words;
}

template <class N>
bool read_number(std::string_view text, N& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

std::string end_line(std::string_view text, size_t lines) {
  char end[48];
  snprintf(end, sizeof end, "end %zu %08x\n", lines, crc32c(text));
  return end;
}

std::string read_file(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  std::string text;
  char part[64 * 1024];
  while (fd && text.size() < largest_file) {
    ssize_t got = ::read(fd.get(), part, sizeof part);
    if (got <= 0) {
      break;
    }
    text.append(part, static_cast<size_t>(got));
  }
  return text;
}

/// Reads lines into domains; a line that it does not know ends the domain at hand.
class TemplateLines {
 public:
  TemplateLines(FlowDomains& domains, int64_t now) : domains_(domains), now_(now) {}

  void take(std::string_view line) {
    std::vector<std::string_view> words = words_of(line);
    if (words.size() == 5 && words[0] == "domain") {
      take_domain(words);
    } else if (domain_ != nullptr && words.size() == 3 && words[0] == "sampler") {
      take_sampler(words);
    } else if (domain_ != nullptr && words.size() == 5 && words[0] == "template") {
      take_template(words);
    } else {
      domain_ = nullptr;
    }
  }

 private:
  void take_domain(const std::vector<std::string_view>& words) {
    unsigned version = 0;
    uint32_t number = 0;
    uint64_t sampling = 0;
    bool is_right = read_number(words[1], version) && read_number(words[2], number) && read_hex(words[3], bytes_) &&
                    read_number(words[4], sampling) && (version == 9 || version == 10);
    domain_ = nullptr;
    if (is_right) {
      version_ = static_cast<FlowVersion>(version);
      domain_ = &domains_.domain(version_, number, bytes_, now_);
      domain_->sampling = sampling;
    }
  }

  void take_sampler(const std::vector<std::string_view>& words) {
    uint64_t id = 0;
    uint64_t sampling = 0;
    if (read_number(words[1], id) && read_number(words[2], sampling) && domain_->samplers.size() < 256) {
      domain_->samplers.emplace_back(id, sampling);
    }
  }

  void take_template(const std::vector<std::string_view>& words) {
    TemplateSpec spec;
    unsigned is_options = 0;
    bool is_right = read_number(words[1], spec.id) && read_number(words[2], is_options) &&
                    read_number(words[3], spec.scopes) && read_hex(words[4], bytes_);
    std::optional<uint16_t> fields = is_right ? count_template_fields(version_, bytes_) : std::nullopt;
    if (fields) {
      spec.is_options = is_options == 1;
      spec.fields = *fields;
      spec.bytes = bytes_;
      (void)domains_.learn(*domain_, version_, spec, now_);
    }
  }

  FlowDomains& domains_;
  int64_t now_;
  FlowDomain* domain_ = nullptr;
  FlowVersion version_ = FlowVersion::V9;
  std::string bytes_;
};

}  // namespace

std::string show_templates(const FlowDomains& domains, size_t most) {
  std::string text(first_line);
  size_t lines = 0;
  for (const FlowDomain& domain : domains.all()) {
    if (domain.templates.empty()) {
      continue;
    }
    std::string part = "domain " + std::to_string(static_cast<unsigned char>(domain.name[0])) + " " +
                       std::to_string(domain.number()) + " " +
                       hex_of(std::string_view(domain.name).substr(before_exporter)) + " " +
                       std::to_string(domain.sampling) + "\n";
    for (const auto& [id, sampling] : domain.samplers) {
      part += "sampler " + std::to_string(id) + " " + std::to_string(sampling) + "\n";
    }
    for (auto form = domain.templates.rbegin(); form != domain.templates.rend(); ++form) {
      part += "template " + std::to_string(form->id) + (form->is_options ? " 1 " : " 0 ") +
              std::to_string(form->scopes) + " " + hex_of(form->spec) + "\n";
    }
    if (text.size() + part.size() > most) {
      break;
    }
    text += part;
    lines += 1 + domain.samplers.size() + domain.templates.size();
  }
  return text + end_line(text, lines);
}

bool take_templates(std::string_view text, FlowDomains& domains, int64_t now) {
  size_t end = text.rfind("end ");
  if (!text.starts_with(first_line) || end == std::string_view::npos) {
    return false;
  }
  std::string_view body = text.substr(first_line.size(), end - first_line.size());
  auto lines = static_cast<size_t>(std::count(body.begin(), body.end(), '\n'));
  if (text.substr(end) != end_line(text.substr(0, end), lines)) {
    return false;
  }
  TemplateLines taker(domains, now);
  while (!body.empty()) {
    size_t newline = std::min(body.find('\n'), body.size());
    taker.take(body.substr(0, newline));
    body.remove_prefix(std::min(newline + 1, body.size()));
  }
  return true;
}

std::string KeptTemplates::slot(int number) const {
  return number == 1 ? file_ : file_ + "." + std::to_string(number);
}

void KeptTemplates::claim() {
  for (int number = 1; number <= most_slots; number++) {
    std::string path = slot(number) + ".lock";
    Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) {
      log_event(Level::Warning, "templates_not_kept",
                Fields()("instance", id_)("path", path)("reason", std::string(std::strerror(errno))));
      return;
    }
    if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
      lock_ = std::move(fd);
      own_ = slot(number);
      return;
    }
  }
}

void KeptTemplates::load(FlowDomains& domains, int64_t now) {
  saved_at_ = now;
  if (file_.empty()) {
    return;
  }
  claim();
  for (int number = most_slots; number >= 0; number--) {
    // its own comes last and holds against the others
    std::string path = number == 0 ? own_ : slot(number);
    if (path.empty() || (number > 0 && path == own_)) {
      continue;
    }
    if (!take_templates(read_file(path), domains, now)) {
      (void)take_templates(read_file(path + ".old"), domains, now);
    }
  }
  saved_changes_ = domains.changes();
}

void KeptTemplates::save(const FlowDomains& domains, int64_t now, bool is_last) {
  bool is_due = domains.changes() != saved_changes_ && now - saved_at_ >= save_period;
  if (own_.empty() || (!is_due && !is_last)) {
    return;
  }
  saved_at_ = now;
  saved_changes_ = domains.changes();
  std::string why = keep_text(own_, show_templates(domains));
  if (!why.empty()) {
    static LogLimit limit;
    if (auto pass = limit.pass()) {
      log_event(Level::Warning, "templates_not_kept",
                Fields()("instance", id_)("path", own_)("reason", why)("suppressed", pass.suppressed));
    }
  }
}

}  // namespace stook
