// SPDX-License-Identifier: Apache-2.0
/// Floor 1. JSON of values of any size: nested ones without recursion, long texts in steps.
#include "core/data/json_text.hh"
#include "core/data/object.hh"
#include "core/data/utf8.hh"

namespace stook {

namespace {
// Texts beyond this size are written in steps.
constexpr size_t step_size = 4096;

bool is_all_text(std::string_view text) {
  const char* end = text.data() + text.size();
  for (const char* from = text.data(); from < end;) {
    Utf8Step step = read_utf8(from, end);
    if (!step.is_valid) {
      return false;
    }
    from += step.size;
  }
  return true;
}
// A string too long for one room.
void append_long_string(Payload& out, std::string_view text, BinaryForm binary) {
  out.append('"');
  if (binary == BinaryForm::Base64 && !is_all_text(text)) {
    out.append(std::string_view("base64:"));
    constexpr size_t third = step_size / 4 * 3;
    for (size_t at = 0; at < text.size(); at += third) {
      out.commit(put_json_base64(out.room(step_size + 4), text.substr(at, third)));
    }
  } else {
    const char* end = text.data() + text.size();
    for (const char* from = text.data(); from < end;) {
      const char* stop = static_cast<size_t>(end - from) > step_size ? from + step_size : end;
      JsonBody body = put_json_body(out.room(6 * step_size + json_margin), from, stop, end, binary);
      out.commit(body.to);
      from = body.from;
    }
  }
  out.append('"');
}

// Forgets what was appended since the payload had this size.
void shrink(Payload& out, size_t size) {
  out.commit(out.room(0) - (out.size() - size));
}

// Walks one object and writes it: no recursion, the open maps and arrays are on a small stack.
class ObjectWalk {
 public:
  ObjectWalk(Payload& out, std::string_view bytes, const JsonStyle& style) : out_(out), reader_(bytes), style_(style) {}

  // `is_bare`: only the members of the outermost map, each behind a comma.
  bool run(bool is_bare) {
    is_bare_ = is_bare;
    do {
      Cell cell;
      uint32_t size = 0;
      Item item = reader_.next(cell, size);
      if (item == Item::End || item == Item::Broken || (is_bare && depth_ == 0 && item != Item::Map)) {
        return false;
      }
      if (depth_ > 0 && !separate()) {
        if (item != Item::Value) {
          return false;
        }
        put_key(cell);
        continue;
      }
      if (item == Item::Value) {
        append_json(out_, cell, style_);
      } else if (!open(item == Item::Map, size)) {
        return false;
      }
      close();
    } while (depth_ > 0);
    return reader_.left() == 0;
  }

 private:
  struct Level {
    uint32_t left;
    bool is_map;
    bool has_key;
    bool is_first;
  };

  // Says whether a value comes next, and not a map's key; puts the comma.
  bool separate() {
    Level& level = levels_[depth_ - 1];
    if (level.has_key) {
      level.has_key = false;
      return true;
    }
    if (!level.is_first || (is_bare_ && depth_ == 1)) {
      out_.append(',');
    }
    level.is_first = false;
    level.left--;
    level.has_key = level.is_map;
    return !level.is_map;
  }

  // JSON's names are strings: other scalars stand in quotes.
  void put_key(Cell cell) {
    cell.is_number = false;
    bool is_quoted = cell.is_slice() || (cell.type == Type::Time && style_.time == TimeForm::Iso);
    if (!is_quoted) {
      out_.append('"');
    }
    append_json(out_, cell, style_);
    out_.append(is_quoted ? std::string_view(":") : std::string_view("\":"));
  }

  bool open(bool is_map, uint32_t size) {
    if (depth_ == max_object_depth) {
      return false;
    }
    levels_[depth_++] = {size, is_map, false, true};
    if (!is_bare_ || depth_ > 1) {
      out_.append(is_map ? '{' : '[');
    }
    return true;
  }

  // Closes all that is complete.
  void close() {
    while (depth_ > 0 && levels_[depth_ - 1].left == 0) {
      depth_--;
      if (!is_bare_ || depth_ > 0) {
        out_.append(levels_[depth_].is_map ? '}' : ']');
      }
    }
  }

  Payload& out_;
  ObjectReader reader_;
  const JsonStyle& style_;
  bool is_bare_ = false;
  int depth_ = 0;
  Level levels_[max_object_depth];
};
}  // namespace

void append_json(Payload& out, const Cell& cell, const JsonStyle& style) {
  if (cell.type == Type::Object && cell.is_json) {
    out.append(cell.bytes());
    return;
  }
  if (cell.type == Type::Object) {
    size_t before = out.size();
    if (!ObjectWalk(out, cell.bytes(), style).run(false)) {
      shrink(out, before);
      append_json(out, Cell::of_slice(Type::Bytes, cell.bytes()), style);
    }
    return;
  }
  if (cell.is_slice() && cell.size > step_size && !(cell.is_number && is_json_number(cell.bytes()))) {
    append_long_string(out, cell.bytes(), style.binary);
    return;
  }
  out.commit(put_json(out.room(json_room(cell)), cell, style));
}

bool append_json_members(Payload& out, std::string_view object, const JsonStyle& style) {
  size_t before = out.size();
  if (ObjectWalk(out, object, style).run(true)) {
    return true;
  }
  shrink(out, before);
  return false;
}

}  // namespace stook
