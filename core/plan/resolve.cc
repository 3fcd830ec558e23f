// SPDX-License-Identifier: Apache-2.0
#include "core/plan/resolve.hh"

#include <map>
#include <set>

#include "core/base/text.hh"
#include "core/data/pattern.hh"
#include "core/plan/key_place.hh"
#include "core/plan/registry.hh"

namespace stook {

namespace {
// A key that is there at some point of the tree, and who writes it.
struct Offer {
  Type type;
  const Instance* writer;
  bool is_meta;
};

// What an element finds.
struct Stream {
  std::map<std::string, Offer> offers;
  // Keys that only the data names may be there too.
  bool is_open = false;
  // Taken away since: these are not there although the stream is open.
  std::set<std::string> gone;
};

// What the elements below want.
struct Wanted {
  std::set<std::string> names;
  bool wants_all = false;
  bool has(const Key& key) const { return names.count(key.name) != 0 || (wants_all && !key.is_meta); }
};

bool is_text(Type type) {
  return type == Type::Text || type == Type::Bytes;
}
bool is_integer(Type type) {
  return type == Type::Integer || type == Type::Unsigned;
}
bool agree(Type a, Type b) {
  return a == b || a == Type::Mixed || b == Type::Mixed || (is_text(a) && is_text(b)) ||
         (is_integer(a) && is_integer(b));
}

const Wiring& wiring_of(const Instance& instance) {
  return instance.plugin->kind == Kind::Sink ? instance.codec_wiring : instance.wiring;
}

class Resolver {
 public:
  Resolver(Draft& draft, Route& route) : draft_(draft), route_(route) {}

  bool resolve() {
    Stream stream;
    const Instance& source = *route_.source;
    std::vector<KeyId> source_ids;
    for (const Key& key : source.wiring.writes) {
      source_ids.push_back(plan(key));
      offer(stream, key, source);
    }
    stream.is_open = source.wiring.opens;
    for (size_t root : route_.roots) {
      descend(root, stream);
    }
    Wanted wanted = climb(route_.roots);
    for (size_t j = 0; j < source_ids.size(); j++) {
      route_.source_out.push_back(wanted.has(source.wiring.writes[j]) ? source_ids[j] : no_key);
    }
    for (const Key& key : keys_) {
      route_.schema.add(key);
    }
    if (keys_.size() + draft_.settings.open_keys >= index_of(no_key)) {
      draft_.refuse(source.place, "[" + source.id + "] more keys than 65534 on one route");
      is_right_ = false;
    }
    return is_right_;
  }

 private:
  // The number of a key, which is Mixed once two writers differ.
  KeyId plan(const Key& key) {
    auto [known, is_new] = ids_.emplace(key.name, keys_.size());
    if (is_new) {
      keys_.push_back(key);
      return static_cast<KeyId>(known->second);
    }
    Key& former = keys_[known->second];
    former.type = former.type == key.type ? former.type : Type::Mixed;
    former.is_meta = former.is_meta && key.is_meta;
    former.unit = former.unit.empty() ? key.unit : former.unit;
    former.doc = former.doc.empty() ? key.doc : former.doc;
    return static_cast<KeyId>(known->second);
  }

  static void offer(Stream& stream, const Key& key, const Instance& writer) {
    stream.offers[key.name] = {key.type, &writer, key.is_meta};
    stream.gone.erase(key.name);
  }

  void descend(size_t at, Stream stream) {
    const Instance& instance = *route_.nodes[at].instance;
    const Wiring& wiring = wiring_of(instance);
    for (const Read& read : wiring.reads) {
      route_.nodes[at].in.push_back(find(read, stream, instance));
    }
    if (instance.plugin->kind == Kind::Sink) {
      resolve_sink(at, stream);
      failed(at, stream);
      return;
    }
    Stream before = stream;
    for (const std::string& name : wiring.removes) {
      stream.offers.erase(name);
      stream.gone.insert(name);
    }
    for (const Key& key : wiring.writes) {
      check_write(key, stream, instance);
      route_.nodes[at].out.push_back(plan(key));
      offer(stream, key, instance);
    }
    rename(wiring, stream, instance);
    if (wiring.opens) {
      stream.is_open = true;
      stream.gone.clear();
    }
    for (size_t i = 0; i < route_.nodes[at].children.size(); i++) {
      descend(route_.nodes[at].children[i], stream);
    }
    // Failed rows may still have what the element takes away from the others.
    before.offers.insert(stream.offers.begin(), stream.offers.end());
    before.is_open = stream.is_open;
    failed(at, before);
  }

  void failed(size_t at, const Stream& stream) {
    for (size_t i = 0; i < route_.nodes[at].error_children.size(); i++) {
      descend(route_.nodes[at].error_children[i], stream);
    }
  }

  void rename(const Wiring& wiring, Stream& stream, const Instance& instance) {
    for (const Wiring::Rename& one : wiring.renames) {
      auto from = stream.offers.find(one.from);
      bool is_read = false;
      for (const Read& read : wiring.reads) {
        is_read = is_read || read.key == one.from;
      }
      if (!is_read) {
        find({one.from, Type::Mixed, false}, stream, instance);
      }
      bool is_known = from != stream.offers.end();
      Key key{one.to, is_known ? from->second.type : Type::Mixed, {}, {}, is_known && from->second.is_meta};
      plan(key);
      stream.offers.erase(one.from);
      stream.gone.insert(one.from);
      offer(stream, key, instance);
    }
  }

  void resolve_sink(size_t at, const Stream& stream) {
    const Instance& sink = *route_.nodes[at].instance;
    for (const Read& read : sink.wiring.reads) {
      find(read, stream, sink);
    }
    if (sink.wiring.address.empty()) {
      return;
    }
    Pattern pattern(sink.wiring.address, true);
    for (const std::string& name : pattern.keys()) {
      bool has_default = true;
      for (const Pattern::Piece& piece : pattern.pieces()) {
        has_default = has_default && (piece.key != name || !piece.text.empty());
      }
      route_.nodes[at].address.push_back(find({name, Type::Mixed, has_default}, stream, sink));
    }
  }

  // The key that a read means: no_key when it is not there.
  KeyId find(const Read& read, const Stream& stream, const Instance& instance) {
    auto found = stream.offers.find(read.key);
    if (found != stream.offers.end()) {
      const Offer& there = found->second;
      if (!agree(read.type, there.type)) {
        refuse_clash(read.key, "reads", read.type, instance, there);
      }
      return plan({read.key, there.type, {}, {}, there.is_meta});
    }
    if (stream.is_open && stream.gone.count(read.key) == 0) {
      return plan({read.key, Type::Mixed, {}, {}, false});
    }
    if (!read.is_optional) {
      refuse_missing(read.key, stream, instance);
    }
    return no_key;
  }

  void check_write(const Key& key, const Stream& stream, const Instance& instance) {
    auto found = stream.offers.find(key.name);
    if (found != stream.offers.end() && !agree(key.type, found->second.type)) {
      refuse_clash(key.name, "writes", key.type, instance, found->second);
    }
  }

  // Each mistake is told once, although an element may stand in many places.
  void refuse(const std::string& key, const Instance& instance, const std::string& what, const std::string& hint) {
    is_right_ = false;
    if (told_.insert(what).second) {
      draft_.refuse(place_of_key(draft_, key, instance), what, hint);
    }
  }

  void refuse_missing(const std::string& key, const Stream& stream, const Instance& instance) {
    std::vector<std::string> names;
    for (const auto& [name, there] : stream.offers) {
      names.push_back(name);
    }
    std::string hint = did_you_mean(key, names);
    hint += hint.empty() ? "" : " ";
    hint += names.empty() ? "there is no key at all" : "there are " + show_names(names);
    refuse(key, instance, "[" + instance.id + "] reads key '" + key + "', which nothing before it writes", hint);
  }

  void refuse_clash(const std::string& key, const char* verb, Type type, const Instance& instance, const Offer& there) {
    refuse(key, instance,
           "[" + instance.id + "] " + verb + " key '" + key + "' as " + std::string(type_name(type)) + " (" +
               show_place(instance.place) + "), and [" + there.writer->id + "] writes it as " +
               std::string(type_name(there.type)) + " (" + show_place(there.writer->place) + ")",
           "a key has one type");
  }

  // What these nodes and all below them read; on the way, writes that nobody reads lose their key.
  Wanted climb(const std::vector<size_t>& nodes) {
    Wanted all;
    for (size_t at : nodes) {
      Node& node = route_.nodes[at];
      const Instance& instance = *node.instance;
      const Wiring& wiring = wiring_of(instance);
      Wanted below = climb(node.children);
      Wanted failed = climb(node.error_children);
      below.names.insert(failed.names.begin(), failed.names.end());
      below.wants_all = below.wants_all || failed.wants_all;
      for (size_t j = 0; j < node.out.size(); j++) {
        node.out[j] = below.has(wiring.writes[j]) ? node.out[j] : no_key;
      }
      for (const Wiring::Rename& one : wiring.renames) {
        if (below.names.count(one.to) != 0) {
          below.names.insert(one.from);
        }
      }
      for (const Wiring* part : {&wiring, &instance.wiring}) {
        for (const Read& read : part->reads) {
          below.names.insert(read.key);
        }
      }
      for (const std::string& name : Pattern(instance.wiring.address, true).keys()) {
        below.names.insert(name);
      }
      all.wants_all = all.wants_all || below.wants_all || wiring.reads_all;
      all.names.insert(below.names.begin(), below.names.end());
    }
    return all;
  }

  Draft& draft_;
  Route& route_;
  std::vector<Key> keys_;
  std::map<std::string, size_t> ids_;
  std::set<std::string> told_;
  bool is_right_ = true;
};
}  // namespace

bool resolve_keys(Draft& draft, Route& route) {
  return Resolver(draft, route).resolve();
}

}  // namespace stook
