#include "system/curl_library.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <memory>

#include "berth/error.h"

namespace berth {

CurlLibrary::CurlLibrary(const std::vector<std::string>& names) try : library(names) {
} catch (const discovery::LibraryError& problem) {
  throw RemoteError(
      fmt::format("Remote models and RPC workers need libcurl 7.85 or later, which cannot be loaded: {}; on Debian, "
                  "install libcurl4",
                  problem.what()));
}

const CurlLibrary& curl() {
  // Never closed: a thread may still use it when the process ends.
  static const CurlLibrary& library = *[] {
    const std::vector<std::string> names{"libcurl.so.4", "libcurl.4.dylib"};
    auto loaded = std::make_unique<const CurlLibrary>(names);
    if (const auto problem = loaded->global_init(CURL_GLOBAL_DEFAULT); problem != CURLE_OK)
      throw RemoteError(fmt::format("libcurl cannot start: {}", loaded->easy_strerror(problem)));
    return loaded.release();
  }();
  return library;
}

CURL* new_curl_handle() {
  CURL* handle = curl().easy_init();
  if (handle == nullptr) return nullptr;
  const curl_opensocket_callback open = [](void*, curlsocktype, curl_sockaddr* address) {
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  };
  curl().easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open);
  return handle;
}

}  // namespace berth
