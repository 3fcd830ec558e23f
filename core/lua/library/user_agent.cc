// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. `stook.user_agent`: what a browser's or program's header says about itself. A small table of what is common;
/// what it does not know it does not guess. All functions of the script's RAISE.
#include <cstring>

#include "core/lua/library/desk.hh"

namespace stook {

namespace {
constexpr size_t longest = 2048;

struct Name {
  std::string_view token;
  std::string_view name;
};
// The first that stands in the text counts: most browsers name those that they descend from, too.
constexpr Name browsers[] = {
    {"Edg/", "Edge"},
    {"EdgA/", "Edge"},
    {"EdgiOS/", "Edge"},
    {"Edge/", "Edge"},
    {"OPR/", "Opera"},
    {"OPiOS/", "Opera"},
    {"Opera/", "Opera"},
    {"Vivaldi/", "Vivaldi"},
    {"YaBrowser/", "Yandex"},
    {"SamsungBrowser/", "Samsung Internet"},
    {"UCBrowser/", "UC Browser"},
    {"DuckDuckGo/", "DuckDuckGo"},
    {"FxiOS/", "Firefox"},
    {"Firefox/", "Firefox"},
    {"HeadlessChrome/", "Headless Chrome"},
    {"CriOS/", "Chrome"},
    {"Chrome/", "Chrome"},
    {"MSIE ", "Internet Explorer"},
};
constexpr std::string_view bots[] = {"bot",         "crawl",         "spider",  "slurp",   "facebookexternalhit",
                                     "bingpreview", "mediapartners", "preview", "monitor", "scan"};
constexpr Name windows[] = {{"10.0", "10"}, {"6.3", "8.1"},   {"6.2", "8"},
                            {"6.1", "7"},   {"6.0", "Vista"}, {"5.1", "XP"}};

struct Agent {
  std::string_view family;
  std::string_view version;
  std::string_view os;
  std::string_view os_version;
  std::string_view device;
};

char lower_of(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

size_t find_in_any_case(std::string_view text, std::string_view small) {
  for (size_t i = 0; i + small.size() <= text.size(); i++) {
    size_t k = 0;
    while (k < small.size() && lower_of(text[i + k]) == small[k]) {
      k++;
    }
    if (k == small.size()) {
      return i;
    }
  }
  return std::string_view::npos;
}

bool is_name(char c) {
  return (c >= '0' && c <= '9') || (lower_of(c) >= 'a' && lower_of(c) <= 'z') || c == '-' || c == '_' || c == '.' ||
         c == '+';
}

// Digits and the marks between them, from a place on.
std::string_view version_at(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && ((text[end] >= '0' && text[end] <= '9') || text[end] == '.' || text[end] == '_')) {
    end++;
  }
  return text.substr(at, end - at);
}

std::string_view version_behind(std::string_view text, std::string_view token) {
  size_t at = text.find(token);
  return at == std::string_view::npos ? std::string_view() : version_at(text, at + token.size());
}

bool has(std::string_view text, std::string_view token) {
  return text.find(token) != std::string_view::npos;
}

// The word around a place, and the version behind its slash.
void take_product(std::string_view text, size_t at, Agent& agent) {
  size_t begin = at;
  while (begin > 0 && is_name(text[begin - 1])) {
    begin--;
  }
  size_t end = at;
  while (end < text.size() && is_name(text[end])) {
    end++;
  }
  agent.family = text.substr(begin, end - begin);
  if (end < text.size() && text[end] == '/') {
    size_t from = end + 1;
    from += from < text.size() && lower_of(text[from]) == 'v' ? 1 : 0;
    agent.version = version_at(text, from);
  }
}

void find_system(std::string_view text, Agent& agent) {
  if (has(text, "Windows")) {
    agent.os = "Windows";
    std::string_view number = version_behind(text, "Windows NT ");
    for (const Name& known : windows) {
      agent.os_version = number == known.token ? known.name : agent.os_version;
    }
  } else if (has(text, "iPhone") || has(text, "iPad") || has(text, "iPod")) {
    agent.os = "iOS";
    agent.os_version = version_behind(text, has(text, "CPU iPhone OS ") ? "CPU iPhone OS " : "CPU OS ");
  } else if (has(text, "Android")) {
    agent.os = "Android";
    agent.os_version = version_behind(text, "Android ");
  } else if (has(text, "Mac OS X")) {
    agent.os = "macOS";
    agent.os_version = version_behind(text, "Mac OS X ");
  } else if (has(text, "CrOS")) {
    agent.os = "ChromeOS";
  } else if (has(text, "Linux") || has(text, "X11")) {
    agent.os = has(text, "FreeBSD") ? "FreeBSD" : has(text, "OpenBSD") ? "OpenBSD" : "Linux";
  }
}

void find_device(std::string_view text, Agent& agent) {
  bool is_mobile = has(text, "Mobile") || has(text, "iPhone") || has(text, "iPod");
  if (has(text, "iPad") || has(text, "Tablet") || (agent.os == "Android" && !is_mobile)) {
    agent.device = "tablet";
  } else if (is_mobile) {
    agent.device = "phone";
  } else if (!agent.os.empty()) {
    agent.device = "desktop";
  }
}

void find_browser(std::string_view text, Agent& agent) {
  for (const Name& browser : browsers) {
    size_t at = text.find(browser.token);
    if (at != std::string_view::npos) {
      agent.family = browser.name;
      agent.version = version_at(text, at + browser.token.size());
      return;
    }
  }
  if (has(text, "Trident/")) {
    agent.family = "Internet Explorer";
    agent.version = version_behind(text, "rv:");
  } else if (has(text, "Safari/")) {
    agent.family = "Safari";
    agent.version = version_behind(text, "Version/");
  }
}

Agent look_at(std::string_view text) {
  Agent agent;
  find_system(text, agent);
  for (std::string_view bot : bots) {
    size_t at = find_in_any_case(text, bot);
    if (at != std::string_view::npos) {
      take_product(text, at, agent);
      agent.device = "bot";
      return agent;
    }
  }
  if (text.substr(0, 8) != "Mozilla/" && text.substr(0, 6) != "Opera/") {
    if (!text.empty() && text[0] >= '0' && is_name(text[0])) {
      take_product(text, 0, agent);
      agent.device = "program";
    }
    return agent;
  }
  find_browser(text, agent);
  find_device(text, agent);
  return agent;
}

// stook.user_agent(text): a table of what is known.
int user_agent(lua_State* raw) {
  std::string_view text = text_argument(raw, 1, "stook.user_agent").substr(0, longest);
  Agent agent = look_at(text);
  lua_createtable(raw, 0, 5);
  const std::pair<const char*, std::string_view> fields[] = {{"family", agent.family},
                                                             {"version", agent.version},
                                                             {"os", agent.os},
                                                             {"os_version", agent.os_version},
                                                             {"device", agent.device}};
  for (const auto& [name, value] : fields) {
    if (value.empty()) {
      continue;
    }
    luaL_Buffer buffer;
    char* to = luaL_buffinitsize(raw, &buffer, value.size());
    for (size_t i = 0; i < value.size(); i++) {
      to[i] = value[i] == '_' && std::strstr(name, "version") != nullptr ? '.' : value[i];
    }
    luaL_pushresultsize(&buffer, value.size());
    lua_setfield(raw, -2, name);
  }
  return 1;
}
}  // namespace

void open_user_agent(lua_State* raw) {
  lua_pushcfunction(raw, user_agent);
}

}  // namespace stook
