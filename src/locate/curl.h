/// libcurl, loaded when the first server is asked.
///
/// With what it needs (TLS, LDAP, Kerberos: 25 libraries) it takes longer to load than most reports
/// take in all, and most reports ask no server.
#pragma once

#include <curl/curl.h>

namespace inquest::locate {

struct Curl {
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_reset) easy_reset = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_perform) easy_perform = nullptr;
  decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
};

/// Null when this machine has no libcurl that can be used. Thread-safe; it stays loaded.
const Curl* load_curl();

}  // namespace inquest::locate
