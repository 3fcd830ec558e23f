// SPDX-License-Identifier: Apache-2.0
#include "certificates.hh"

#include <stdlib.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace stook {

namespace {
const char script[] = R"(set -e
umask 077
exec >/dev/null 2>&1
ca() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.pem -subj /CN=$1 -days 3650
}
leaf() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.csr -subj /CN=$1
  printf 'subjectAltName=%s\n' "$2" > $1.ext
  openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out $1.pem -days $3 -extfile $1.ext
}
ca ca
ca other
leaf server DNS:logs.example,IP:127.0.0.1 3650
leaf client DNS:client.example 3650
leaf expired DNS:logs.example -1
)";
}  // namespace

const Certificates& Certificates::get() {
  static const Certificates one;
  return one;
}

Certificates::Certificates() {
  std::string name = (std::filesystem::temp_directory_path() / "stook-certificates-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("no folder for certificates");
  }
  folder_ = name;
  std::ofstream(folder_ / "make") << script;
  if (std::system(("cd " + name + " && sh ./make").c_str()) != 0) {
    throw std::runtime_error("the openssl command made no certificates in " + name);
  }
}

Certificates::~Certificates() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace stook
