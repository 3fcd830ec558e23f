// SPDX-License-Identifier: Apache-2.0
/// A folder of certificates for tests, made by the openssl command: CAs, servers, clients, good ones and wrong ones.
#pragma once

#include <filesystem>
#include <string>

namespace stook {

/// One for the process, made at first use and removed at its end. `path("ca.pem")`: ca, other (CAs); server (for
/// logs.example and 127.0.0.1), client, expired (for logs.example, long ago), each with its key in NAME.key.
class Certificates {
 public:
  static const Certificates& get();
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  ~Certificates();

 private:
  Certificates();
  std::filesystem::path folder_;
};

}  // namespace stook
