// SPDX-License-Identifier: Apache-2.0
#include "sinks/http/curl.hh"

#include <dlfcn.h>

#include <string>

#include "core/base/status.hh"

namespace stook {

namespace {

constexpr const char* library_name = "libcurl.so.4";

CurlApi load_curl() {
  void* library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);  // stays for the process's life
  if (library == nullptr) {
    throw SetupError(std::string("libcurl cannot be loaded: ") + dlerror() + "; install it (Debian: libcurl4)");
  }
  CurlApi api{};
  auto load = [&]<class F>(F& function, const char* name) {
    function = reinterpret_cast<F>(dlsym(library, name));
    if (function == nullptr) {
      throw SetupError(std::string("libcurl lacks ") + name + "; 7.88 or later is needed");
    }
  };
  load(api.global_init, "curl_global_init");
  load(api.version_info, "curl_version_info");
  load(api.easy_init, "curl_easy_init");
  load(api.easy_cleanup, "curl_easy_cleanup");
  load(api.easy_setopt, "curl_easy_setopt");
  load(api.easy_getinfo, "curl_easy_getinfo");
  load(api.easy_strerror, "curl_easy_strerror");
  load(api.multi_init, "curl_multi_init");
  load(api.multi_cleanup, "curl_multi_cleanup");
  load(api.multi_add_handle, "curl_multi_add_handle");
  load(api.multi_remove_handle, "curl_multi_remove_handle");
  load(api.multi_perform, "curl_multi_perform");
  load(api.multi_poll, "curl_multi_poll");
  load(api.multi_info_read, "curl_multi_info_read");
  load(api.slist_append, "curl_slist_append");
  load(api.slist_free_all, "curl_slist_free_all");
  load(api.url, "curl_url");
  load(api.url_cleanup, "curl_url_cleanup");
  load(api.url_get, "curl_url_get");
  load(api.url_set, "curl_url_set");
  load(api.free, "curl_free");
  CURLcode begun = api.global_init(CURL_GLOBAL_DEFAULT);
  if (begun != CURLE_OK) {
    throw SetupError(std::string("libcurl: ") + api.easy_strerror(begun));
  }
  return api;
}

}  // namespace

const CurlApi& curl() {
  static const CurlApi api = load_curl();
  return api;
}

}  // namespace stook
