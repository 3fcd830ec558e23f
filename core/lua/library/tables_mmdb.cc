// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Tables in MaxMind's format, found by an address: the one door to libmaxminddb.
#include <stdexcept>

#include "core/lua/library/tables.hh"

#ifdef STOOK_HAS_MAXMINDDB
#include <maxminddb.h>

#include "core/data/object.hh"
#endif

namespace stook {

#ifdef STOOK_HAS_MAXMINDDB
namespace {
class MmdbTable final : public LookupTable {
 public:
  explicit MmdbTable(const std::string& path) {
    int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &base_);
    if (status != MMDB_SUCCESS) {
      throw std::invalid_argument("the table " + path + " cannot be opened: " + MMDB_strerror(status));
    }
  }
  ~MmdbTable() override { MMDB_close(&base_); }
  MmdbTable(const MmdbTable&) = delete;
  MmdbTable& operator=(const MmdbTable&) = delete;

  bool find(std::string_view key, std::string& msgpack) const override;
  size_t size() const override { return base_.metadata.node_count; }

 private:
  MMDB_s base_{};
};

void append_cell(std::string& out, const Cell& cell) {
  size_t size = out.size();
  out.resize(size + cell_room(cell));
  out.resize(static_cast<size_t>(put_cell(out.data() + size, cell) - out.data()));
}

void append_head(std::string& out, bool is_map, uint32_t count) {
  size_t size = out.size();
  out.resize(size + 5);
  is_map ? put_wide_map_head(out.data() + size, count) : put_wide_array_head(out.data() + size, count);
}

// A list of entries is the value in the order in which msgpack has it.
void append_entry(std::string& out, const MMDB_entry_data_s& entry) {
  switch (entry.type) {
    case MMDB_DATA_TYPE_MAP:
    case MMDB_DATA_TYPE_ARRAY:
      append_head(out, entry.type == MMDB_DATA_TYPE_MAP, entry.data_size);
      return;
    case MMDB_DATA_TYPE_UTF8_STRING:
      append_cell(out, Cell::of_text({entry.utf8_string, entry.data_size}));
      return;
    case MMDB_DATA_TYPE_BYTES:
      append_cell(out, Cell::of_slice(Type::Bytes, {reinterpret_cast<const char*>(entry.bytes), entry.data_size}));
      return;
    case MMDB_DATA_TYPE_DOUBLE:
      append_cell(out, Cell::of_real(entry.double_value));
      return;
    case MMDB_DATA_TYPE_FLOAT:
      append_cell(out, Cell::of_real(static_cast<double>(entry.float_value)));
      return;
    case MMDB_DATA_TYPE_UINT16:
      append_cell(out, Cell::of_integer(entry.uint16));
      return;
    case MMDB_DATA_TYPE_UINT32:
      append_cell(out, Cell::of_integer(entry.uint32));
      return;
    case MMDB_DATA_TYPE_INT32:
      append_cell(out, Cell::of_integer(entry.int32));
      return;
    case MMDB_DATA_TYPE_UINT64:
      append_cell(out, Cell::of_unsigned(entry.uint64));
      return;
    case MMDB_DATA_TYPE_BOOLEAN:
      append_cell(out, Cell::of_boolean(entry.boolean));
      return;
    default:  // numbers of 128 bits, of which no map of the world has any
      append_cell(out, Cell::of_null());
  }
}

bool MmdbTable::find(std::string_view key, std::string& msgpack) const {
  std::string name(key);
  int no_address = 0;
  int status = MMDB_SUCCESS;
  MMDB_lookup_result_s found = MMDB_lookup_string(&base_, name.c_str(), &no_address, &status);
  if (no_address != 0 || status != MMDB_SUCCESS || !found.found_entry) {
    return false;
  }
  MMDB_entry_data_list_s* list = nullptr;
  if (MMDB_get_entry_data_list(&found.entry, &list) != MMDB_SUCCESS) {
    MMDB_free_entry_data_list(list);
    return false;
  }
  std::unique_ptr<MMDB_entry_data_list_s, void (*)(MMDB_entry_data_list_s*)> guard(list, MMDB_free_entry_data_list);
  for (; list != nullptr; list = list->next) {
    append_entry(msgpack, list->entry_data);
  }
  return is_object(msgpack);
}
}  // namespace

std::unique_ptr<LookupTable> read_mmdb_table(const std::string& path) {
  return std::make_unique<MmdbTable>(path);
}
#else
std::unique_ptr<LookupTable> read_mmdb_table(const std::string& path) {
  throw std::invalid_argument("the table " + path + " needs libmaxminddb, without which this stook was built");
}
#endif

}  // namespace stook
