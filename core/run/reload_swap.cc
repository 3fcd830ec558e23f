// SPDX-License-Identifier: Apache-2.0
/// What a reload has the threads do: each takes in, by a call, what concerns it.
#include <algorithm>
#include <utility>

#include "core/run/engine.hh"
#include "core/run/reload.hh"

namespace stook {

void Reload::attach() {
  std::vector<RouteRun*> in = routes_in();
  std::vector<RouteRun*> out = routes_out();
  std::vector<RouteRun*> none;
  for (auto* workers : {&engine_.workers_, &new_workers_}) {
    for (auto& worker : *workers) {
      bool is_former = workers == &engine_.workers_;
      swap_routes(*worker, is_former && !new_workers_.empty() ? none : in, is_former ? out : none);
    }
  }
  std::move(new_carriers_.begin(), new_carriers_.end(), std::back_inserter(engine_.carriers_));
  new_carriers_.clear();
  for (auto& carrier : engine_.carriers_) {
    auto concerns = [&](RouteRun* route) {
      return std::find(route->carriers.begin(), route->carriers.end(), carrier.get()) != route->carriers.end();
    };
    if (std::any_of(in.begin(), in.end(), concerns) || std::any_of(out.begin(), out.end(), concerns)) {
      Carrier* one = carrier.get();
      // Nobody waits for it: it may be in a delivery.
      one->call({[one, in, out]() ROOM(carrier) {
        std::for_each(in.begin(), in.end(), [&](RouteRun* route) ROOM(carrier) { one->add_route(*route); });
        std::for_each(out.begin(), out.end(), [&](RouteRun* route) ROOM(carrier) { one->remove_route(*route); });
      }});
    }
  }
  stage_ = Stage::Attaching;
}

// What goes on in both plans comes before what ends goes: its replicas stay.
void Reload::swap_routes(Worker& worker, const std::vector<RouteRun*>& in, const std::vector<RouteRun*>& out) {
  worker.call({[&worker, in, out]() ROOM(worker) {
    std::for_each(in.begin(), in.end(), [&](RouteRun* route) ROOM(worker) { worker.add_route(*route); });
    std::for_each(out.begin(), out.end(), [&](RouteRun* route) ROOM(worker) { worker.remove_route(*route); });
  }});
  awaited_.push_back(&worker.calls());
}

// What each front has to do in this stage is one call.
void Reload::on_front(Front& front, std::function<void()> work) {
  works_[&front].push_back(std::move(work));
}

void Reload::post_works() {
  for (auto& [front, works] : works_) {
    front->call(std::move(works));
    awaited_.push_back(&front->calls());
  }
  works_.clear();
}

void Reload::rework() {
  for (size_t i = 0; i < engine_.workers_.size() && !comparison_.reworked.empty(); i++) {
    Worker* one = engine_.workers_[i].get();
    one->call({[one]() ROOM(worker) { one->take_fresh(); }});
    awaited_.push_back(&one->calls());
  }
  stage_ = Stage::Reworking;
}

// Those that tick leave at the next tick, which need not wait for its time.
void Reload::tick_now() {
  for (auto& route : engine_.routes_) {
    RouteFeed* feed = route->feed.get();
    if (route->tick_period > 0 && !comparison_.reworked.empty()) {
      on_front(route->front, [feed]() ROOM(front) {
        if (!feed->is_stopped()) {
          feed->on_tick();
        }
      });
    }
  }
  post_works();
}

void Reload::drop_fresh() {
  for (size_t i = 0; i < workers().size() && !comparison_.reworked.empty(); i++) {
    Worker* one = workers()[i].get();
    one->call({[one]() ROOM(worker) { one->drop_fresh(); }});
    awaited_.push_back(&one->calls());
  }
}

void Reload::close_old() {
  for (auto& front : new_fronts_) {
    front->vigil = &engine_.health_.vigil;
    front->launch();
  }
  std::move(new_fronts_.begin(), new_fronts_.end(), std::back_inserter(engine_.fronts_));
  new_fronts_.clear();
  for (Change& change : changes_) {
    if (change.ends_source()) {
      RouteRun* old = change.old;
      on_front(old->front, [old]() ROOM(front) {
        old->feed->close();
        old->front.remove_feed(*old->feed);
      });
    }
  }
  post_works();
  stage_ = Stage::Closing;
}

void Reload::start_new() {
  for (Change& change : changes_) {
    if (change.starts_source()) {
      RouteRun* run = change.run;
      on_front(run->front, [run]() ROOM(front) {
        run->front.add_feed(*run->feed);
        run->feed->start();
      });
    }
  }
  post_works();
  stage_ = Stage::Starting;
}

// After a failure the sources that stay are not let go on: the way back follows at once.
void Reload::move_feeds() {
  bool goes_on = failure_.empty() || is_going_back_ || engine_.is_stopping_;
  for (Change& change : changes_) {
    if (change.turn == Turn::Changed) {
      RouteRun* run = change.run;
      RouteFeed* feed = change.old->feed.get();
      on_front(run->front, [feed, run, goes_on]() ROOM(front) {
        feed->move_to(*run);
        goes_on ? feed->release() : void();
      });
    }
  }
  post_works();
  stage_ = Stage::Moving;
}

}  // namespace stook
