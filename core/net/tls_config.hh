// SPDX-License-Identifier: Apache-2.0
/// Floor 3a. The options of every plugin that speaks TLS, said once for sinks and once for sources.
///
/// A plugin's config derives from TlsConfig, its table ends with one of the groups, and its `declare` checks them:
/// `constexpr auto options = join_options(own, tls_sink_options<TcpConfig>);` … `declare_tls(config, TlsRole::Client,
/// folder);`
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/api/option.hh"

namespace stook {

/// Client: who connects. Server: who listens.
enum class TlsRole : uint8_t { Client, Server };

/// The oldest protocol that is spoken.
enum class TlsLeast : uint8_t { Tls12, Tls13 };
template <>
inline constexpr std::string_view choice_names<TlsLeast>[] = {"1.2", "1.3"};

/// What the options are read into. Paths are absolute once they are declared; `cred:NAME` has become that of a credential.
struct TlsConfig {
  bool tls = false;
  std::string tls_ca;
  std::string tls_cert;
  std::string tls_key;
  bool tls_verify = true;
  std::string tls_name;
  std::string tls_client_ca;
  TlsLeast tls_min = TlsLeast::Tls12;
};

/// Checks the options together, makes paths absolute, and loads the files once, so that `stook check` finds what
/// start-up would. Throws std::invalid_argument with one sentence. Nothing is looked at while `tls` is off, but
/// options that have no use then are refused; `on` is what the user sets `tls` to.
void declare_tls(TlsConfig& config, TlsRole role, std::string_view folder, const char* on = "yes");

namespace detail {
/// Reaches the member through the plugin's own config, wherever in it the group lies.
template <class C, auto P>
bool assign_of_group(void* config, std::string_view text, const Option& self, std::string& why) {
  TlsConfig& group = *static_cast<C*>(config);
  return assign_value(group.*P, text, self, why);
}
template <class C, auto P>
constexpr Option tls_option(const char* name, const char* fallback, const char* doc) {
  Option row = option<P>(name, fallback, doc);
  row.assign = &assign_of_group<C, P>;
  return row;
}
}  // namespace detail

template <class C>
inline constexpr std::array tls_sink_options = {
    detail::tls_option<C, &TlsConfig::tls>("tls", "no", "speak TLS"),
    detail::tls_option<C, &TlsConfig::tls_ca>("tls_ca", "",
                                              "file of the CAs that may vouch for the peer; empty: the system's"),
    detail::tls_option<C, &TlsConfig::tls_cert>("tls_cert", "", "file of the certificate shown to the peer, in PEM"),
    detail::tls_option<C, &TlsConfig::tls_key>("tls_key", "",
                                               "file of its private key, closed to others; empty: that of tls_cert"),
    detail::tls_option<C, &TlsConfig::tls_verify>("tls_verify", "yes", "the peer must prove that it is who was called"),
    detail::tls_option<C, &TlsConfig::tls_name>("tls_name", "",
                                                "name that the peer must prove; empty: the host it is called by"),
    detail::tls_option<C, &TlsConfig::tls_min>("tls_min", "1.2", "oldest version spoken"),
};

template <class C>
inline constexpr std::array tls_source_options = {
    detail::tls_option<C, &TlsConfig::tls>("tls", "no", "speak TLS"),
    detail::tls_option<C, &TlsConfig::tls_cert>("tls_cert", "", "file of the certificate shown to peers, in PEM"),
    detail::tls_option<C, &TlsConfig::tls_key>("tls_key", "",
                                               "file of its private key, closed to others; empty: that of tls_cert"),
    detail::tls_option<C, &TlsConfig::tls_client_ca>(
        "tls_client_ca", "", "file of the CAs one of which must vouch for each peer; empty: anybody"),
    detail::tls_option<C, &TlsConfig::tls_min>("tls_min", "1.2", "oldest version spoken"),
};

/// One table of two.
template <size_t A, size_t B>
constexpr std::array<Option, A + B> join_options(const std::array<Option, A>& a, const std::array<Option, B>& b) {
  std::array<Option, A + B> all{};
  for (size_t i = 0; i < A; i++) {
    all[i] = a[i];
  }
  for (size_t i = 0; i < B; i++) {
    all[A + i] = b[i];
  }
  return all;
}

}  // namespace stook
