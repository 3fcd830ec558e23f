// SPDX-License-Identifier: Apache-2.0
/// Files and folders. All functions RAISE.
#include "core/lua/agent/files.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "core/lua/agent/run.hh"
#include "core/lua/library/desk.hh"
#include "core/lua/state.hh"

namespace stook {

namespace {
constexpr size_t first_room = 64 * 1024;
/// A longer line comes in pieces.
constexpr size_t longest_line = 1 << 20;

/// *Invariants:* [begin, end) of the bytes was read from `offset` on and not yet given.
struct OpenFile {
  int fd = -1;
  char* bytes = nullptr;
  size_t room = 0;
  size_t begin = 0;
  size_t end = 0;
  int64_t offset = 0;
  ~OpenFile() {
    if (fd >= 0) {
      ::close(fd);
    }
    std::free(bytes);
  }
};

int errno_answer(lua_State* raw) {
  int error = errno;
  lua_pushnil(raw);
  lua_pushstring(raw, std::strerror(error));
  lua_pushinteger(raw, error);
  return 3;
}

int file_line(lua_State* raw) ROOM(front);
int file_lines(lua_State* raw) ROOM(front);
int file_rest(lua_State* raw) ROOM(front);
int file_seek(lua_State* raw);
int file_tell(lua_State* raw);
int file_stat(lua_State* raw);
int file_close(lua_State* raw);
const luaL_Reg file_methods[] = {{"line", file_line}, {"lines", file_lines}, {"rest", file_rest},   {"seek", file_seek},
                                 {"tell", file_tell}, {"stat", file_stat},   {"close", file_close}, {nullptr, nullptr}};
const ObjectKind file_kind{"file", file_methods, destroy_object<OpenFile>};

OpenFile& file_argument(lua_State* raw, const char* function) {
  auto& file = *static_cast<OpenFile*>(object_argument(raw, 1, file_kind, function));
  if (file.fd < 0) {
    refuse(raw, function, "the file is closed");
  }
  return file;
}

// Reads more behind what is there; false: nothing more at the moment.
bool fill(lua_State* raw, OpenFile& file) {
  if (file.begin > 0) {
    std::memmove(file.bytes, file.bytes + file.begin, file.end - file.begin);
    file.end -= std::exchange(file.begin, 0);
  }
  if (file.end == file.room) {
    size_t room = file.room == 0 ? first_room : 2 * file.room;
    charge(raw, room - file.room);
    auto* bytes = static_cast<char*>(std::realloc(file.bytes, room));
    if (bytes == nullptr) {
      luaL_error(raw, "not enough memory");
    }
    file.bytes = bytes;
    file.room = room;
  }
  ssize_t got = 0;
  do {
    got = ::pread(file.fd, file.bytes + file.end, file.room - file.end,
                  file.offset + static_cast<int64_t>(file.end - file.begin));
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    luaL_error(raw, "file: it cannot be read: %s", std::strerror(errno));
  }
  file.end += static_cast<size_t>(got);
  return got > 0;
}

// Short lines given in one piece cost the script as much as if they came one by one.
int give(lua_State* raw, OpenFile& file, size_t size, size_t skipped) ROOM(front) {
  lua_pushlstring(raw, file.bytes + file.begin, size);
  file.begin += size + skipped;
  file.offset += static_cast<int64_t>(size + skipped);
  return SourceRun::of(raw, "file").give_turn(raw, "file", 1 + static_cast<uint32_t>(size / 64));
}

int file_line(lua_State* raw) ROOM(front) {
  OpenFile& file = file_argument(raw, "file:line");
  size_t searched = 0;
  for (;;) {
    size_t size = file.end - file.begin;
    const char* from = file.bytes + file.begin;
    const void* found = size > searched ? std::memchr(from + searched, '\n', size - searched) : nullptr;
    if (found != nullptr) {
      return give(raw, file, static_cast<size_t>(static_cast<const char*>(found) - from), 1);
    }
    if (size >= longest_line) {
      return give(raw, file, size, 0);
    }
    searched = size;
    if (!fill(raw, file)) {
      lua_pushnil(raw);
      return 1;
    }
  }
}

// file:lines([most]): all whole lines of the next bytes. Anything but a number is none, so that it can be iterated.
int file_lines(lua_State* raw) ROOM(front) {
  OpenFile& file = file_argument(raw, "file:lines");
  lua_Integer asked = lua_isinteger(raw, 2) != 0 ? lua_tointeger(raw, 2) : lua_Integer{first_room};
  auto most = static_cast<size_t>(std::clamp<lua_Integer>(asked, 1, longest_line));
  for (;;) {
    size_t size = std::min(file.end - file.begin, std::max(most, first_room));
    const char* from = file.bytes + file.begin;
    const void* last = size == 0 ? nullptr : memrchr(from, '\n', size);
    if (last != nullptr) {
      return give(raw, file, static_cast<size_t>(static_cast<const char*>(last) - from) + 1, 0);
    }
    if (file.end - file.begin >= longest_line) {
      return give(raw, file, file.end - file.begin, 0);
    }
    if (size < file.end - file.begin) {
      most = file.end - file.begin;
      continue;
    }
    if (!fill(raw, file)) {
      lua_pushnil(raw);
      return 1;
    }
    most = std::max(most, file.end - file.begin);
  }
}

int file_rest(lua_State* raw) ROOM(front) {
  OpenFile& file = file_argument(raw, "file:rest");
  while (file.end - file.begin < longest_line && fill(raw, file)) {}
  return give(raw, file, file.end - file.begin, 0);
}

int file_seek(lua_State* raw) {
  OpenFile& file = file_argument(raw, "file:seek");
  file.offset = integer_argument(raw, 2, "file:seek");
  if (file.offset < 0) {
    struct stat status {};
    file.offset = ::fstat(file.fd, &status) == 0 ? status.st_size : 0;
  }
  file.begin = 0;
  file.end = 0;
  lua_pushinteger(raw, file.offset);
  return 1;
}

int file_tell(lua_State* raw) {
  lua_pushinteger(raw, file_argument(raw, "file:tell").offset);
  return 1;
}

const char* kind_of(mode_t mode) {
  return S_ISREG(mode)    ? "file"
         : S_ISDIR(mode)  ? "folder"
         : S_ISFIFO(mode) ? "pipe"
         : S_ISSOCK(mode) ? "socket"
                          : "other";
}

int push_stat(lua_State* raw, const struct stat& status) {
  lua_createtable(raw, 0, 7);
  lua_pushstring(raw, kind_of(status.st_mode));
  lua_setfield(raw, -2, "kind");
  lua_pushfstring(raw, "%I:%I", static_cast<LUAI_UACINT>(status.st_dev), static_cast<LUAI_UACINT>(status.st_ino));
  lua_setfield(raw, -2, "id");
  lua_pushnumber(raw, static_cast<double>(status.st_mtim.tv_sec) + static_cast<double>(status.st_mtim.tv_nsec) / 1e9);
  lua_setfield(raw, -2, "mtime");
  struct Field {
    const char* name;
    lua_Integer value;
  };
  for (const Field& field : {Field{"size", status.st_size}, Field{"mode", status.st_mode & 07777},
                             Field{"uid", status.st_uid}, Field{"gid", status.st_gid}}) {
    lua_pushinteger(raw, field.value);
    lua_setfield(raw, -2, field.name);
  }
  return 1;
}

int file_stat(lua_State* raw) {
  OpenFile& file = file_argument(raw, "file:stat");
  struct stat status {};
  return ::fstat(file.fd, &status) == 0 ? push_stat(raw, status) : errno_answer(raw);
}

int file_close(lua_State* raw) {
  auto& file = *static_cast<OpenFile*>(object_argument(raw, 1, file_kind, "file:close"));
  if (file.fd >= 0) {
    ::close(std::exchange(file.fd, -1));
    refund(raw, std::exchange(file.room, 0));
    std::free(std::exchange(file.bytes, nullptr));
    file.begin = file.end = 0;
  }
  return 0;
}

// open(path): regular files, to read.
int open_file(lua_State* raw) {
  const char* path = luaL_checkstring(raw, 1);
  OpenFile& file = make_object<OpenFile>(raw, file_kind);
  file.fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (file.fd < 0) {
    return errno_answer(raw);
  }
  struct stat status {};
  if (::fstat(file.fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(std::exchange(file.fd, -1));
    return no_answer(raw, "it is no regular file");
  }
  return 1;
}

int stat_path(lua_State* raw) {
  struct stat status {};
  return ::stat(luaL_checkstring(raw, 1), &status) == 0 ? push_stat(raw, status) : errno_answer(raw);
}

/// A folder that is being listed.
struct OpenFolder {
  DIR* folder = nullptr;
  ~OpenFolder() {
    if (folder != nullptr) {
      ::closedir(folder);
    }
  }
};
const luaL_Reg no_methods[] = {{nullptr, nullptr}};
const ObjectKind folder_kind{"folder", no_methods, destroy_object<OpenFolder>};

int list(lua_State* raw) {
  const char* path = luaL_checkstring(raw, 1);
  OpenFolder& open = make_object<OpenFolder>(raw, folder_kind);
  open.folder = ::opendir(path);
  if (open.folder == nullptr) {
    return errno_answer(raw);
  }
  lua_createtable(raw, 0, 0);
  lua_Integer count = 0;
  while (const dirent* entry = ::readdir(open.folder)) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) {
      lua_pushstring(raw, entry->d_name);
      lua_rawseti(raw, -2, ++count);
    }
  }
  ::closedir(std::exchange(open.folder, nullptr));
  lua_getglobal(raw, "table");
  lua_getfield(raw, -1, "sort");
  lua_pushvalue(raw, -3);
  lua_call(raw, 1, 0);
  lua_pop(raw, 1);
  return 1;
}
}  // namespace

void open_inotify(lua_State* raw);

void open_files(lua_State* raw) {
  const luaL_Reg functions[] = {{"open", open_file}, {"list", list}, {"stat", stat_path}, {nullptr, nullptr}};
  luaL_setfuncs(raw, functions, 0);
  open_inotify(raw);
}

}  // namespace stook
