// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. Files and folders for the script of a source. Room: the source's front, which waits for the disk.
#pragma once

#include <lua.hpp>

namespace stook {

/// Puts `open`, `list`, `stat` and `inotify` into the table on top. RAISES.
///
/// open(path)           → file, or nil and a reason. file:line() the next whole line, or nil at the end; file:lines(most)
///                        the next whole lines with their newlines in one text; file:rest() what stands behind the last
///                        newline; file:seek(offset), file:tell(), file:stat(), file:close()
/// list(folder)         → names, sorted; or nil and a reason
/// stat(path)           → { kind, size, mtime, id, mode, uid, gid }, or nil and a reason
/// inotify()            → watches:add(path) a number, or nil and a reason; watches:remove(number); watches:read([seconds])
///                        a list of { wd, kind, name, cookie }, or nil when the time is over; watches:close()
void open_files(lua_State* raw);

}  // namespace stook
