// SPDX-License-Identifier: Apache-2.0
/// What the engine can say of itself in a signal handler: by loads alone, from whatever thread has crashed. Lists may be
/// torn by a reload that was under way; then this crashes too, and what was written before it stays.
#include <cstdio>

#include "core/base/raw_text.hh"
#include "core/run/engine.hh"
#include "core/run/runner.hh"

namespace stook {

namespace {
// Milliseconds since then.
void put_age(RawText& out, int64_t now, int64_t since) {
  out.put(now > since ? static_cast<uint64_t>(now - since) / 1'000'000 : 0).put(" ms");
}

bool is_name(std::string_view thread, std::string_view begin, uint64_t number) {
  uint64_t said = 0;
  if (!thread.starts_with(begin) || thread.size() == begin.size()) {
    return false;
  }
  for (char c : thread.substr(begin.size())) {
    said = said * 10 + static_cast<uint64_t>(c - '0');
  }
  return said == number;
}

void put_worker(RawText& out, const std::vector<std::unique_ptr<RouteRun>>& routes, size_t worker, int64_t now) {
  bool is_busy = false;
  for (const auto& route : routes) {
    const Runner* runner = worker < route->runners.size() ? route->runners[worker].get() : nullptr;
    int64_t since = runner == nullptr ? 0 : runner->busy_since.read();
    if (since == 0) {
      continue;
    }
    auto node = static_cast<size_t>(runner->busy_node.read());
    if (node < route->plan.nodes.size()) {
      const Instance& instance = *route->plan.nodes[node].instance;
      out.put("runs [").put(instance.id).put("] ").put(instance.plugin->name).put(" in rows of [");
      out.put(route->plan.source->id).put("] for ");
      put_age(out, now, since);
      is_busy = true;
    }
  }
  out.put(is_busy ? "" : "idle");
}
}  // namespace

void Engine::write_state(RawText& out, std::string_view thread, int64_t now) const {
  auto end_line = [&](bool is_here) { out.put(is_here ? "   <- here\n" : "\n"); };
  for (size_t i = 0; i < workers_.size(); i++) {
    out.put("worker ").put(i).put(": ");
    put_worker(out, routes_, i, now);
    end_line(is_name(thread, "stook-work-", i));
  }
  for (const auto& route : routes_) {
    const Instance& source = *route->plan.source;
    out.put("source [").put(source.id).put("] ").put(source.plugin->name);
    out.put(": rows ").put(route->feed->meter.rows.read());
    out.put(", unsettled ").put(static_cast<uint64_t>(route->feed->ledger_meter().rows_out.read()));
    out.put(", bundles ").put(route->plan.bundles);
    end_line(route->front.is_own() && is_name(thread, "stook-front-", route->front.number));
  }
  for (const auto& carrier : carriers_) {
    const Instance& sink = carrier->instance;
    const Pulse& pulse = carrier->meter.pulse;
    out.put("sink [").put(sink.id).put("] ").put(sink.plugin->name).put(": ");
    int64_t oldest = pulse.oldest_at.read();
    out.put(oldest == 0 ? "nothing waits" : "oldest row ");
    if (oldest != 0) {
      put_age(out, now, oldest);
    }
    out.put(pulse.failing_since.read() != 0 ? ", failing" : "");
    char name[16] = {};
    std::snprintf(name, sizeof name, "stook-%s", sink.id.c_str());
    end_line(thread == std::string_view(name));
  }
}

}  // namespace stook
