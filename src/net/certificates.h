/// Certificates and revocation lists, made by OpenSSL.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "net/key_folder.h"
#include "net/openssl.h"

namespace berth::net {

/// A certificate and its private key, an elliptic curve's (P-256).
struct KeyPair {
  Certificate certificate;
  PrivateKey key;
};

/// These throw std::runtime_error where OpenSSL cannot.
KeyPair make_ca(const std::string& name, int days);
KeyPair make_key(const KeyPair& ca, const std::string& name, const KeyOptions& options);
/// Signs a list of the serial numbers of `revoked`.
RevocationList make_revocation_list(const KeyPair& ca, const std::vector<const X509*>& revoked);

std::string pem_of(X509& certificate);
std::string pem_of(EVP_PKEY& key);
std::string pem_of(X509_CRL& list);

/// These throw std::runtime_error naming the file.
Certificate read_certificate(const std::filesystem::path& file);
PrivateKey read_key(const std::filesystem::path& file);
RevocationList read_revocation_list(const std::filesystem::path& file);

}  // namespace berth::net
