#include "system/openssl_library.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string_view>

#include "system/dynamic_library.h"

namespace berth::openssl {
namespace {

/// Never closed: a thread may still use it when the process ends.
const discovery::DynamicLibrary& opened(const char* linux_name, const char* mac_name) try {
  return *new discovery::DynamicLibrary({linux_name, mac_name});
} catch (const discovery::LibraryError& problem) {
  throw std::runtime_error(
      fmt::format("OpenSSL 3, which cannot be loaded, is needed: {}; on Debian, install libssl3", problem.what()));
}

}  // namespace

void* address_of(const char* name) {
  const std::string_view called(name);
  if (called.starts_with("SSL_") || called.starts_with("TLS_")) {
    static const auto& ssl = opened("libssl.so.3", "libssl.3.dylib");
    return reinterpret_cast<void*>(ssl.function<void()>(name));
  }
  static const auto& crypto = opened("libcrypto.so.3", "libcrypto.3.dylib");
  return reinterpret_cast<void*>(crypto.function<void()>(name));
}

}  // namespace berth::openssl
