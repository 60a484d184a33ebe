/// OpenSSL's objects, which are freed by themselves.
#pragma once

#include <memory>
#include <string>

#include "system/openssl_library.h"

namespace berth::net {

using namespace openssl;

template <const auto& free_it>
struct FreeBy {
  template <class T>
  void operator()(T* object) const {
    free_it(object);
  }
};

using SslContext = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, FreeBy<SSL_free>>;
using Bio = std::unique_ptr<BIO, FreeBy<BIO_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeBy<X509_free>>;
using RevocationList = std::unique_ptr<X509_CRL, FreeBy<X509_CRL_free>>;

/// What OpenSSL's functions complained of last on this thread, which is forgotten by that; never a key.
std::string openssl_problem();

/// The name of whom a certificate is for, fit to be printed.
std::string name_in(const X509& certificate);

}  // namespace berth::net
