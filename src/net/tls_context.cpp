#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "net/tls_parts.h"

namespace berth::net {
namespace {

[[noreturn]] void bad_file(const std::filesystem::path& file, std::string_view why) {
  ERR_clear_error();
  throw TlsError(TlsError::Kind::keys, fmt::format("{} {}", file.string(), why));
}

void check_key_file(const std::filesystem::path& file) {
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) bad_file(file, fmt::format("cannot be read: {}", std::strerror(errno)));
  // A key of the system's, such as root's, may be for a group that this user is in.
  const mode_t of_others = info.st_uid == geteuid() ? S_IRWXG | S_IRWXO : S_IWGRP | S_IRWXO;
  if ((info.st_mode & of_others) != 0)
    bad_file(file, "holds a private key, and others on this machine may read or change it: chmod 600");
}

/// A passphrase would be asked for at the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

void set_revoked(SSL_CTX& context, const std::filesystem::path& file) {
  const Bio bio(BIO_new_file(file.c_str(), "r"));
  const RevocationList list(bio ? PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  auto* store = SSL_CTX_get_cert_store(&context);
  if (!list || X509_STORE_add_crl(store, list.get()) != 1)
    bad_file(file, "holds no list of what was revoked, so that nobody is let in");
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  const std::string mine = static_cast<char>(worker_protocol.size()) + std::string(worker_protocol);
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(mine.data()),
                            static_cast<unsigned>(mine.size()), offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = offered;  // one of the offered ones is mine, and its bytes live as long as the handshake
  while (std::string_view(reinterpret_cast<const char*>(*chosen) + 1, **chosen) != worker_protocol)
    *chosen += 1 + **chosen;
  *size = *(*chosen)++;
  return SSL_TLSEXT_ERR_OK;
}

std::string date(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "a day that cannot be read";
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

std::string today() {
  const std::unique_ptr<ASN1_TIME, FreeBy<ASN1_TIME_free>> now(X509_gmtime_adj(nullptr, 0));
  return date(now.get());
}

}  // namespace

SslContext context_for(const TlsKeys& keys, bool is_worker) {
  ERR_clear_error();
  SslContext context(SSL_CTX_new(is_worker ? TLS_server_method() : TLS_client_method()));
  if (!context)
    throw TlsError(TlsError::Kind::other, "cannot be spoken to: OpenSSL cannot start: " + openssl_problem());
  auto* it = context.get();
  SSL_CTX_set_min_proto_version(it, TLS1_3_VERSION);
  // The first of them is the quickest where the processor has instructions for it, and safe.
  SSL_CTX_set_ciphersuites(it, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_session_cache_mode(it, SSL_SESS_CACHE_OFF);  // each connection is checked
  SSL_CTX_set_num_tickets(it, 0);
  SSL_CTX_set_options(it, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(it, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(it, 1);
  SSL_CTX_set_default_read_buffer_len(it, 128U << 10U);
  SSL_CTX_set_default_passwd_cb(it, no_passphrase);
  check_key_file(keys.key);
  // Not what was revoked when the file was made: OpenSSL would take one of the two lists.
  auto* ca = X509_STORE_add_lookup(SSL_CTX_get_cert_store(it), X509_LOOKUP_file());
  if (ca == nullptr || X509_load_cert_file(ca, keys.ca.c_str(), X509_FILETYPE_PEM) < 1)
    bad_file(keys.ca, "holds no certificate of a CA");
  if (SSL_CTX_use_certificate_chain_file(it, keys.certificate.c_str()) != 1)
    bad_file(keys.certificate, "holds no certificate");
  if (SSL_CTX_use_PrivateKey_file(it, keys.key.c_str(), SSL_FILETYPE_PEM) != 1)
    bad_file(keys.key, "holds no private key that can be used without a passphrase and belongs to the certificate");
  if (!keys.revoked.empty()) set_revoked(*it, keys.revoked);
  if (is_worker) {
    SSL_CTX_set_alpn_select_cb(it, choose_protocol, nullptr);
    if (auto* names = SSL_load_client_CA_file(keys.ca.c_str())) SSL_CTX_set_client_CA_list(it, names);
  } else {
    const std::string offered = static_cast<char>(worker_protocol.size()) + std::string(worker_protocol);
    SSL_CTX_set_alpn_protos(it, reinterpret_cast<const unsigned char*>(offered.data()),
                            static_cast<unsigned>(offered.size()));
  }
  ERR_clear_error();
  return context;
}

void check_worker_keys(const TlsKeys& keys) {
  const auto context = context_for(keys, true);
  auto* certificate = SSL_CTX_get0_certificate(context.get());
  const auto usage = X509_get_extended_key_usage(certificate);
  if (usage == UINT32_MAX || (usage & XKU_SSL_SERVER) == 0)
    bad_file(keys.certificate, "holds no certificate for a worker: its extendedKeyUsage lacks serverAuth");
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
    bad_file(keys.certificate, fmt::format("holds a certificate that expired on {}; here it is {}",
                                           date(X509_get0_notAfter(certificate)), today()));
}

std::string certificate_problem(int error, X509& certificate, const TlsKeys& keys, bool of_worker,
                                const std::string& host) {
  const auto has = fmt::format("has a certificate ('{}') that ", name_in(certificate));
  switch (error) {
    case X509_V_ERR_CERT_REVOKED:
      return has + "was revoked";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return has + fmt::format("expired on {}; here it is {}", date(X509_get0_notAfter(&certificate)), today());
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return has + fmt::format("is valid from {} on, and here it is {}: one of the two clocks is wrong",
                               date(X509_get0_notBefore(&certificate)), today());
    case X509_V_ERR_INVALID_PURPOSE:
      return has + fmt::format("is not that of a {}", of_worker ? "worker" : "client");
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return has + fmt::format("is for other hosts than {}", host);
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return has + fmt::format("comes from a CA whose list of what was revoked is not in {}", keys.revoked.string());
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return has + fmt::format("the CA in {} did not sign", keys.ca.string());
    default:
      return has + fmt::format("cannot be accepted: {}", X509_verify_cert_error_string(error));
  }
}

std::string handshake_problem(unsigned long error, const TlsKeys& keys, bool is_worker) {
  const auto refused = [&](std::string_view why) {
    return fmt::format("refused the certificate in {}: {}", keys.certificate.string(), why);
  };
  const char* other = is_worker ? "client" : "worker";
  switch (error == 0 ? SSL_R_UNEXPECTED_EOF_WHILE_READING : ERR_GET_REASON(error)) {
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
      return refused("it was revoked");
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return refused("it has expired, or a clock is wrong");
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
      return refused("it is not valid yet, or a clock is wrong");
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
      return refused(is_worker ? "it is not that of a worker" : "it is not that of a client");
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return refused(fmt::format("the CA of that {} did not sign it", other));
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "showed no certificate";
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
      return fmt::format("speaks TLS, but is no {} of Berth", other);
    case SSL_R_TLSV1_ALERT_INTERNAL_ERROR:
    case SSL_R_BAD_RECORD_TYPE:  // that alert without TLS, where it is spoken already
      return is_worker ? "broke off"
                       : "cannot take this connection: its own keys are of no use, or too many connect to it; its log "
                         "says more";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return is_worker ? "does not speak TLS" : "does not speak TLS: a plain worker is named HOST:PORT, without tls://";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "does not speak TLS 1.3";
    default: {
      const char* reason = ERR_reason_error_string(error);
      return fmt::format("broke off: {}", reason == nullptr ? "the connection was closed" : reason);
    }
  }
}

}  // namespace berth::net
