// SPDX-License-Identifier: Apache-2.0
/// Floor 5. `stook graph`: the stacks of a running stookd with what passes, or those of a configuration.
#include <cstdio>
#include <ctime>

#include "core/base/clock.hh"
#include "core/base/status.hh"
#include "core/base/text.hh"
#include "core/plan/plan.hh"
#include "core/tool/ask.hh"
#include "core/tool/commands.hh"
#include "core/tool/control_socket.hh"
#include "core/tool/graph_view.hh"
#include "core/tool/scraped.hh"

namespace stook {

namespace {
enum Code : int { well = 0, usage_code = 2, unreachable = 3 };

constexpr const char* usage =
    "usage: stook graph [--dot | --svg | --json] [-d TIME] [--socket PATH | -c FILE]\n"
    "       stook graph [--dot | --svg | --json] FILE | 'STACK'\n"
    "The stacks of a running stookd as a tree, with rows a second over TIME (1s); or those of a configuration.\n"
    "  --dot   for Graphviz     --svg   a picture     --json   an object\n";

struct Wish {
  std::string what;
  std::string socket;
  std::string file;
  std::string form;
  Duration span{1'000'000'000};
};

bool read_words(const std::vector<std::string>& words, Wish& wish) {
  for (size_t i = 0; i < words.size(); i++) {
    const std::string& word = words[i];
    bool has_value = i + 1 < words.size();
    std::string why;
    if ((word == "--dot" || word == "--svg" || word == "--json") && wish.form.empty()) {
      wish.form = word;
    } else if (word == "-d" && has_value && read_value(words[i + 1], wish.span, why) && wish.span.ns > 0) {
      i++;
    } else if (word == "--socket" && has_value && wish.file.empty()) {
      wish.socket = words[++i];
    } else if (word == "-c" && has_value && wish.socket.empty()) {
      wish.file = words[++i];
    } else if (!word.starts_with("-") && wish.what.empty()) {
      wish.what = word;
    } else {
      std::fputs(usage, stderr);
      return false;
    }
  }
  bool is_one = wish.what.empty() || (wish.socket.empty() && wish.file.empty());
  std::fputs(is_one ? "" : usage, stderr);
  return is_one;
}

// What has grown between two looks; of a process that began anew all of it.
double grown(const Scraped& former, const Scraped& now, std::string_view name, const Scraped::Wanted& wanted) {
  double before = former.sum(name, wanted);
  double after = now.sum(name, wanted);
  return after < before ? after : after - before;
}

double rows_of(const GraphView& view, const Topology::Edge& edge, const Scraped& former, const Scraped& now) {
  const Topology::Node& from = view.graph.nodes[edge.from];
  if (edge.way == "member") {
    return grown(former, now, "stook_rows_in_total", {{"element", view.graph.nodes[edge.to].id}, {"kind", "member"}});
  }
  std::string_view name = edge.way == "error" ? "stook_rows_routed_total" : "stook_rows_out_total";
  return grown(former, now, name, {{"element", from.id}, {"kind", from.kind}, {"route", from.route}});
}

std::string note_of(const Topology::Node& node, const Scraped& now) {
  double lost = 0;
  for (std::string_view kind : {std::string_view(node.kind), std::string_view(node.kind == "sink" ? "codec" : ""),
                                std::string_view(node.kind == "sink" ? "spool" : "")}) {
    if (!kind.empty()) {
      Scraped::Wanted of{{"element", node.id}, {"kind", kind}};
      if (!node.route.empty()) {
        of.emplace_back("route", node.route);
      }
      lost += now.sum("stook_rows_dropped_total", of) + now.sum("stook_rows_letters_total", of);
    }
  }
  std::string text = lost > 0 ? show_count(static_cast<uint64_t>(lost)) + (lost == 1 ? " row lost" : " rows lost") : "";
  bool is_failing = node.kind == "sink" && now.most("stook_sink_failing", {{"element", node.id}}) > 0;
  bool is_stalled = node.kind == "source" && now.most("stook_stalled", {{"element", node.id}}) > 0;
  const char* state = is_failing ? "failing" : is_stalled ? "stalled" : "";
  return text.empty() || *state == 0 ? text + state : std::string(state) + ", " + text;
}

GraphView look(const std::string& socket, int64_t span) {
  GraphView view;
  view.graph = Topology::parse(ask(socket, "graph"));
  Scraped former(ask(socket, "metrics"));
  int64_t begin = monotonic_ns();
  timespec wait{span / 1'000'000'000, span % 1'000'000'000};
  ::nanosleep(&wait, nullptr);
  Scraped now(ask(socket, "metrics"));
  double seconds = static_cast<double>(monotonic_ns() - begin) / 1e9;
  for (const Topology::Edge& edge : view.graph.edges) {
    view.rates.push_back(rows_of(view, edge, former, now) / seconds);
  }
  for (const Topology::Node& node : view.graph.nodes) {
    view.notes.push_back(note_of(node, now));
  }
  return view;
}

GraphView draw_plan(const std::string& what) {
  PlanRequest request;
  // A stack has a comma where a path seldom has.
  (what.find(',') != std::string::npos ? request.stack : request.file) = what;
  GraphView view;
  view.graph = topology_of(*make_plan(request));
  return view;
}

void print(const GraphView& view, const std::string& form) {
  std::string text = form == "--dot"    ? view.dot()
                     : form == "--svg"  ? view.svg()
                     : form == "--json" ? view.json()
                                        : view.tree();
  std::fputs(text.c_str(), stdout);
}
}  // namespace

int graph_command(const std::vector<std::string>& words) {
  Wish wish;
  if (words.size() == 1 && (words[0] == "-h" || words[0] == "--help")) {
    std::fputs(usage, stdout);
    return well;
  }
  if (!read_words(words, wish)) {
    return usage_code;
  }
  try {
    if (!wish.what.empty()) {
      print(draw_plan(wish.what), wish.form);
      return well;
    }
    std::string socket = control_socket(wish.socket, wish.file);
    if (socket.empty()) {
      return usage_code;
    }
    print(look(socket, wish.span.ns), wish.form);
    return well;
  } catch (const ConfigErrors& errors) {
    std::fputs(show_errors(errors).c_str(), stderr);
    return usage_code;
  } catch (const SetupError& error) {
    std::fprintf(stderr, "stook graph: %s\n", error.what());
    return unreachable;
  }
}

}  // namespace stook
