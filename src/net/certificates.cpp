#include "net/certificates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "text/printable.h"

namespace berth::net {
namespace {

constexpr long seconds_of_a_day = 24 * 60 * 60;

void require_openssl(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(fmt::format("OpenSSL cannot {}: {}", what, openssl_problem()));
}

PrivateKey new_key() {
  PrivateKey key(EVP_EC_gen("P-256"));
  require_openssl(key != nullptr, "make a key");
  return key;
}

void add_extension(X509& certificate, const X509& issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, const_cast<X509*>(&issuer), &certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, FreeBy<X509_EXTENSION_free>> made(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  require_openssl(made && X509_add_ext(&certificate, made.get(), -1) == 1, "make a certificate");
}

/// In the form of OpenSSL's configuration, which has a syntax of its own.
std::string names_of(const std::vector<std::string>& hosts) {
  std::string names;
  for (const auto& host : hosts) {
    const bool plain = !host.empty() && std::ranges::all_of(host, [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
             c == ':';
    });
    if (!plain)
      throw std::invalid_argument(fmt::format("{} is neither the name nor the address of a host", in_quotes(host)));
    const std::unique_ptr<ASN1_OCTET_STRING, FreeBy<ASN1_OCTET_STRING_free>> address(a2i_IPADDRESS(host.c_str()));
    names += fmt::format("{}{}:{}", names.empty() ? "" : ",", address ? "IP" : "DNS", host);
  }
  return names;
}

/// Unsigned, from a day ago on, as clocks differ; `days` may be negative.
Certificate blank_certificate(EVP_PKEY& key, const std::string& name, int days) {
  Certificate made(X509_new());
  require_openssl(made && X509_set_version(made.get(), X509_VERSION_3) == 1, "make a certificate");
  std::array<unsigned char, 16> number{};
  require_openssl(RAND_bytes(number.data(), number.size()) == 1, "make a random number");
  number[0] = static_cast<unsigned char>((number[0] & 0x3fU) | 0x40U);  // positive, and of one length
  const std::unique_ptr<BIGNUM, FreeBy<BN_free>> serial(BN_bin2bn(number.data(), number.size(), nullptr));
  BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(made.get()));
  X509_gmtime_adj(X509_getm_notBefore(made.get()), std::min(days, 0) * seconds_of_a_day - seconds_of_a_day);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), days * seconds_of_a_day);
  X509_set_pubkey(made.get(), &key);
  auto* subject = X509_get_subject_name(made.get());
  require_openssl(
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.data()),
                                 static_cast<int>(name.size()), -1, 0) == 1,
      "make a certificate");
  return made;
}

template <class Read>
auto read_pem(const std::filesystem::path& file, Read read) {
  const Bio bio(BIO_new_file(file.c_str(), "r"));
  auto made = read(bio.get());
  if (!bio || !made) throw std::runtime_error(fmt::format("{} cannot be read: {}", file.string(), openssl_problem()));
  return made;
}

template <class Write>
std::string pem_by(Write write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  require_openssl(bio && write(bio.get()) == 1, "write PEM");
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

}  // namespace

KeyPair make_ca(const std::string& name, int days) {
  KeyPair ca{.certificate = {}, .key = new_key()};
  ca.certificate = blank_certificate(*ca.key, name, days);
  auto* it = ca.certificate.get();
  X509_set_issuer_name(it, X509_get_subject_name(it));
  add_extension(*it, *it, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(*it, *it, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(*it, *it, NID_subject_key_identifier, "hash");
  require_openssl(X509_sign(it, ca.key.get(), EVP_sha256()) > 0, "sign");
  return ca;
}

KeyPair make_key(const KeyPair& ca, const std::string& name, const KeyOptions& options) {
  KeyPair made{.certificate = {}, .key = new_key()};
  made.certificate = blank_certificate(*made.key, name, options.days);
  auto* it = made.certificate.get();
  X509_set_issuer_name(it, X509_get_subject_name(ca.certificate.get()));
  add_extension(*it, *ca.certificate, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(*it, *ca.certificate, NID_key_usage, "critical,digitalSignature");
  add_extension(*it, *ca.certificate, NID_ext_key_usage, options.use == KeyUse::worker ? "serverAuth" : "clientAuth");
  add_extension(*it, *ca.certificate, NID_authority_key_identifier, "keyid");
  if (!options.hosts.empty())
    add_extension(*it, *ca.certificate, NID_subject_alt_name, names_of(options.hosts).c_str());
  require_openssl(X509_sign(it, ca.key.get(), EVP_sha256()) > 0, "sign");
  return made;
}

RevocationList make_revocation_list(const KeyPair& ca, const std::vector<const X509*>& revoked) {
  RevocationList list(X509_CRL_new());
  require_openssl(list != nullptr, "make a list");
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(ca.certificate.get()));
  const std::unique_ptr<ASN1_TIME, FreeBy<ASN1_TIME_free>> now(X509_gmtime_adj(nullptr, -seconds_of_a_day));
  X509_CRL_set1_lastUpdate(list.get(), now.get());
  for (const auto* certificate : revoked) {
    auto* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, const_cast<ASN1_INTEGER*>(X509_get0_serialNumber(certificate)));
    X509_REVOKED_set_revocationDate(entry, now.get());
    require_openssl(X509_CRL_add0_revoked(list.get(), entry) == 1, "make a list");
  }
  X509_CRL_sort(list.get());
  require_openssl(X509_CRL_sign(list.get(), ca.key.get(), EVP_sha256()) > 0, "sign");
  return list;
}

std::string pem_of(X509& certificate) {
  return pem_by([&](BIO* to) { return PEM_write_bio_X509(to, &certificate); });
}
std::string pem_of(EVP_PKEY& key) {
  return pem_by([&](BIO* to) { return PEM_write_bio_PrivateKey(to, &key, nullptr, nullptr, 0, nullptr, nullptr); });
}
std::string pem_of(X509_CRL& list) {
  return pem_by([&](BIO* to) { return PEM_write_bio_X509_CRL(to, &list); });
}

Certificate read_certificate(const std::filesystem::path& file) {
  return read_pem(file, [](BIO* from) {
    return Certificate(from == nullptr ? nullptr : PEM_read_bio_X509(from, nullptr, nullptr, nullptr));
  });
}
PrivateKey read_key(const std::filesystem::path& file) {
  const auto none = [](char*, int, int, void*) { return 0; };
  return read_pem(file, [&](BIO* from) {
    return PrivateKey(from == nullptr ? nullptr : PEM_read_bio_PrivateKey(from, nullptr, none, nullptr));
  });
}
RevocationList read_revocation_list(const std::filesystem::path& file) {
  return read_pem(file, [](BIO* from) {
    return RevocationList(from == nullptr ? nullptr : PEM_read_bio_X509_CRL(from, nullptr, nullptr, nullptr));
  });
}

}  // namespace berth::net
