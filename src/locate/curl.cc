#include "locate/curl.h"

#include <dlfcn.h>

namespace inquest::locate {
namespace {

constexpr const char* kLibrary = "libcurl.so.4";  // the one of Debian's libcurl4

template <typename Function>
bool find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
  return function != nullptr;
}

bool load(Curl& curl) {
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (!library) return false;
  decltype(&curl_global_init) global_init = nullptr;
  return find(library, "curl_global_init", global_init) &&
         find(library, "curl_easy_init", curl.easy_init) &&
         find(library, "curl_easy_reset", curl.easy_reset) &&
         find(library, "curl_easy_setopt", curl.easy_setopt) &&
         find(library, "curl_easy_perform", curl.easy_perform) &&
         find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
         find(library, "curl_easy_strerror", curl.easy_strerror) &&
         find(library, "curl_easy_cleanup", curl.easy_cleanup) &&
         find(library, "curl_slist_append", curl.slist_append) &&
         find(library, "curl_slist_free_all", curl.slist_free_all) &&
         global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

}  // namespace

const Curl* load_curl() {
  static Curl curl;
  static const bool loaded = load(curl);
  return loaded ? &curl : nullptr;
}

}  // namespace inquest::locate
