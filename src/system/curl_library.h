/// libcurl, loaded when the first remote component needs it: linked, it and the 20 libraries that it brings along cost
/// each start of a program some 5 ms.
#pragma once

#include <curl/curl.h>

#include <string>
#include <vector>

#include "system/dynamic_library.h"

namespace berth {

/// The functions of libcurl, by their names without "curl_".
struct CurlLibrary {
  /// Throws RemoteError where there is none, or one without these functions.
  explicit CurlLibrary(const std::vector<std::string>& names);

  discovery::DynamicLibrary library;

#define BERTH_CURL(name) decltype(curl_##name)* name = library.function<decltype(curl_##name)>("curl_" #name)
  BERTH_CURL(easy_cleanup);
  BERTH_CURL(easy_escape);
  BERTH_CURL(easy_getinfo);
  BERTH_CURL(easy_header);
  BERTH_CURL(easy_init);
  BERTH_CURL(easy_perform);
  BERTH_CURL(easy_recv);
  BERTH_CURL(easy_send);
  BERTH_CURL(easy_setopt);
  BERTH_CURL(easy_strerror);
  BERTH_CURL(free);
  BERTH_CURL(getdate);
  BERTH_CURL(global_init);
  BERTH_CURL(multi_add_handle);
  BERTH_CURL(multi_cleanup);
  BERTH_CURL(multi_info_read);
  BERTH_CURL(multi_init);
  BERTH_CURL(multi_perform);
  BERTH_CURL(multi_poll);
  BERTH_CURL(multi_remove_handle);
  BERTH_CURL(multi_wakeup);
  BERTH_CURL(slist_append);
  BERTH_CURL(slist_free_all);
  BERTH_CURL(url);
  BERTH_CURL(url_cleanup);
  BERTH_CURL(url_get);
  BERTH_CURL(url_set);
  BERTH_CURL(url_strerror);
#undef BERTH_CURL
};

/// The one of this process, ready for use. Throws RemoteError. Safe to call from several threads.
const CurlLibrary& curl();

/// A handle whose connections are not handed to programs that this process starts: one of those would keep them open. Null
/// where libcurl cannot make one. For curl().easy_cleanup().
CURL* new_curl_handle();

}  // namespace berth
