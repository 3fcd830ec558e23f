// SPDX-License-Identifier: Apache-2.0
#include "sources/lua/paths.hh"

#include "sources/glob.hh"

namespace stook {

std::string package_path(std::string_view folder, const std::vector<std::string>& paths) {
  std::string all;
  for (const std::string& one : paths) {
    std::string place = path_in(folder, one);
    all += all.empty() ? "" : ";";
    all += place.find('?') != std::string::npos ? place : place + "/?.lua;" + place + "/?/init.lua";
  }
  return all;
}

}  // namespace stook
