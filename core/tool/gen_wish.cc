// SPDX-License-Identifier: Apache-2.0
#include "core/tool/gen_wish.hh"

#include <charconv>
#include <cmath>

#include "core/base/text.hh"

namespace stook {

namespace {
struct TargetForm {
  std::string_view lead;
  std::string_view sink;
  std::string_view sink_option;
  std::string_view source;
};
constexpr TargetForm forms[] = {
    {"tcp:", "tcp", "to", "tcp"},    {"udp:", "udp", "to", "udp"},
    {"unix:", "unix", "to", "unix"}, {"forward:", "forward", "to", "forward"},
    {"file:", "file", "path", ""},
};
constexpr const char* target_hint =
    "it is one of tcp:HOST:PORT, udp:…, unix:PATH, forward:…, http://…, file:PATH, stdout";

std::string number_text(double number) {
  return std::to_string(static_cast<uint64_t>(std::llround(number)));
}
}  // namespace

bool read_many(std::string_view text, double& number) {
  double unit = 1;
  switch (text.empty() ? ' ' : text.back()) {
    case 'k':
      unit = 1e3;
      break;
    case 'M':
      unit = 1e6;
      break;
    case 'G':
      unit = 1e9;
      break;
    default:
      break;
  }
  text.remove_suffix(unit > 1 ? 1 : 0);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  number *= unit;
  return error == std::errc() && end == text.data() + text.size() && number > 0 && number <= 1e12;
}

GenTarget target_of(std::string_view text, bool is_source) {
  if (text == "stdout" && !is_source) {
    return {"stdout", "", ""};
  }
  if (text.starts_with("http://") || text.starts_with("https://")) {
    return is_source ? GenTarget{} : GenTarget{"http", "url", std::string(text)};
  }
  if (text.starts_with("http:") && is_source) {
    return {"http", "listen", std::string(text.substr(5))};
  }
  for (const TargetForm& form : forms) {
    if (text.starts_with(form.lead) && text.size() > form.lead.size()) {
      std::string rest(text.substr(form.lead.size()));
      return is_source ? GenTarget{std::string(form.source), "listen", rest}
                       : GenTarget{std::string(form.sink), std::string(form.sink_option), rest};
    }
  }
  return {};
}

std::string framing_of(std::string_view text) {
  return text == "lf" ? "lf" : text == "octet" || text == "octets" ? "octets" : "";
}

std::string GenWish::read_templates(const std::string& value) {
  for (std::string_view one : split_list(value)) {
    size_t sign = one.find('=');
    std::string name(one.substr(0, sign));
    double parts = 1;
    if (sign != std::string_view::npos && !read_many(one.substr(sign + 1), parts)) {
      return "--template " + value + ": parts are numbers, as in access=3,json=1";
    }
    if (name != "access" && name != "syslog" && name != "json") {
      return "--template: there is no '" + printable(name, 64) + "'; there are access, syslog and json";
    }
    for (const auto& other : templates) {
      if (other.first == name) {
        return "--template: '" + name + "' is named twice";
      }
    }
    templates.emplace_back(name, parts);
  }
  return {};
}

std::string GenWish::read_option(const std::string& name, const std::string& value) {
  std::string why;
  Duration duration;
  Size bytes;
  uint64_t number = 0;
  if (name == "--to") {
    to = target_of(value, false);
    return to.plugin.empty() ? "--to " + printable(value) + ": " + target_hint : "";
  }
  if (name == "--template") {
    return read_templates(value);
  }
  if (name == "--count" || name == "--rate") {
    bool is_good = read_many(value, name == "--count" ? count : rate);
    return is_good ? "" : name + " " + printable(value) + ": a number, as 50k or 1M, is needed";
  }
  if (name == "--for") {
    bool is_good = read_value(value, duration, why) && duration.ns > 0;
    span = duration.ns;
    return is_good ? "" : "--for " + printable(value) + ": " + (why.empty() ? "more than 0 is needed" : why);
  }
  if (name == "--size") {
    size = value;
    return read_value(value, bytes, why) ? "" : "--size " + printable(value) + ": " + why;
  }
  if (name == "--seed") {
    seed = value;
    return read_value(value, number, why) ? "" : "--seed " + printable(value) + ": " + why;
  }
  if (name == "--framing") {
    framing = framing_of(value);
    return framing.empty() ? "--framing is lf or octet" : "";
  }
  return "there is no option " + printable(name, 64);
}

std::string GenWish::read(const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); i++) {
    if (words[i] == "--id" || words[i] == "--json") {
      (words[i] == "--id" ? is_numbered : as_json) = true;
      continue;
    }
    if (i + 1 == words.size()) {
      return printable(words[i], 64) + " needs a value, or is no option";
    }
    std::string why = read_option(words[i], words[i + 1]);
    if (!why.empty()) {
      return why;
    }
    i++;
  }
  if (to.plugin.empty()) {
    return std::string("--to is needed: ") + target_hint;
  }
  bool is_stream = to.plugin == "tcp" || to.plugin == "unix";
  if (!framing.empty() && !is_stream) {
    return "--framing is for tcp: and unix:";
  }
  if (templates.empty()) {
    templates.emplace_back("access", 1);
  }
  return {};
}

std::string GenWish::config() const {
  double parts = 0;
  for (const auto& one : templates) {
    parts += one.second;
  }
  std::string head = "[global]\nloglevel = warning\nthreads = 1\n";
  std::string sections;
  double left = count;
  for (size_t i = 0; i < templates.size(); i++) {
    const auto& [name, part] = templates[i];
    // The last one has what rounding left.
    double own = i + 1 == templates.size() ? left : std::round(count * part / parts);
    left -= own;
    if (count > 0 && own == 0) {
      continue;
    }
    head += "stack = " + name + ":made, to:" + to.plugin + "\n";
    sections += "[" + name + "]\nwhat = " + name + "\nnumbered = " + (is_numbered ? "yes" : "no") + "\n";
    sections += count > 0 ? "count = " + number_text(own) + "\n" : "";
    sections += rate > 0 ? "rate = " + std::to_string(rate * part / parts) + "\n" : "";
    sections += size.empty() ? "" : "size = " + size + "\n";
    sections += seed.empty() ? "" : "seed = " + seed + "\n";
  }
  sections += "[to]\n";
  sections += to.option.empty() ? "" : to.option + " = " + to.value + "\n";
  sections += framing.empty() ? "" : "framing = " + framing + "\n";
  bool is_raw = to.plugin != "forward" && to.plugin != "http";
  sections += is_raw ? "format = raw\n" : "";
  return head + sections;
}

}  // namespace stook
