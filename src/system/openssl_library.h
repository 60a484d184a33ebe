/// OpenSSL, loaded when the first of its functions is called: linked, it costs each start of a program a quarter of its time.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <atomic>

namespace berth::openssl {

/// Where the function is. Throws std::runtime_error where there is no OpenSSL, or one without it.
void* address_of(const char* name);

/// One of its functions, called as it is by its own name. Safe to use from several threads. The first call throws
/// std::runtime_error where OpenSSL cannot be loaded; later ones do not.
template <class Called>
class Function {
 public:
  constexpr explicit Function(const char* name) : name_(name) {}

  operator Called*() const {  // NOLINT(google-explicit-constructor): so that it can be called
    auto* address = address_.load(std::memory_order_acquire);
    if (address == nullptr) address_.store(address = address_of(name_), std::memory_order_release);
    return reinterpret_cast<Called*>(address);
  }

 private:
  const char* name_;
  mutable std::atomic<void*> address_ = nullptr;
};

// What is not in this list is not found when libberth is linked. The names hide those of OpenSSL's headers, in their macros too,
// within berth::openssl and where that is used.
#define BERTH_OPENSSL(name) inline constinit const Function<decltype(::name)> name(#name)
BERTH_OPENSSL(ASN1_INTEGER_cmp);
BERTH_OPENSSL(ASN1_OCTET_STRING_free);
BERTH_OPENSSL(ASN1_TIME_free);
BERTH_OPENSSL(ASN1_TIME_to_tm);
BERTH_OPENSSL(BIO_clear_flags);
BERTH_OPENSSL(BIO_ctrl);
BERTH_OPENSSL(BIO_free);
BERTH_OPENSSL(BIO_get_data);
BERTH_OPENSSL(BIO_get_new_index);
BERTH_OPENSSL(BIO_meth_new);
BERTH_OPENSSL(BIO_meth_set_ctrl);
BERTH_OPENSSL(BIO_meth_set_read);
BERTH_OPENSSL(BIO_meth_set_write);
BERTH_OPENSSL(BIO_new);
BERTH_OPENSSL(BIO_new_file);
BERTH_OPENSSL(BIO_s_mem);
BERTH_OPENSSL(BIO_set_data);
BERTH_OPENSSL(BIO_set_flags);
BERTH_OPENSSL(BIO_set_init);
BERTH_OPENSSL(BIO_test_flags);
BERTH_OPENSSL(BN_bin2bn);
BERTH_OPENSSL(BN_free);
BERTH_OPENSSL(BN_to_ASN1_INTEGER);
BERTH_OPENSSL(ERR_clear_error);
BERTH_OPENSSL(ERR_peek_error);
BERTH_OPENSSL(ERR_peek_last_error);
BERTH_OPENSSL(ERR_reason_error_string);
BERTH_OPENSSL(EVP_DecodeBlock);
BERTH_OPENSSL(EVP_Digest);
BERTH_OPENSSL(EVP_PKEY_Q_keygen);
BERTH_OPENSSL(EVP_PKEY_free);
BERTH_OPENSSL(EVP_sha256);
BERTH_OPENSSL(OPENSSL_sk_num);
BERTH_OPENSSL(OPENSSL_sk_value);
BERTH_OPENSSL(PEM_read_bio_PrivateKey);
BERTH_OPENSSL(PEM_read_bio_X509);
BERTH_OPENSSL(PEM_read_bio_X509_CRL);
BERTH_OPENSSL(PEM_write_bio_PrivateKey);
BERTH_OPENSSL(PEM_write_bio_X509);
BERTH_OPENSSL(PEM_write_bio_X509_CRL);
BERTH_OPENSSL(RAND_bytes);
BERTH_OPENSSL(SSL_CTX_ctrl);
BERTH_OPENSSL(SSL_CTX_free);
BERTH_OPENSSL(SSL_CTX_get0_certificate);
BERTH_OPENSSL(SSL_CTX_get_cert_store);
BERTH_OPENSSL(SSL_CTX_new);
BERTH_OPENSSL(SSL_CTX_set_alpn_protos);
BERTH_OPENSSL(SSL_CTX_set_alpn_select_cb);
BERTH_OPENSSL(SSL_CTX_set_ciphersuites);
BERTH_OPENSSL(SSL_CTX_set_client_CA_list);
BERTH_OPENSSL(SSL_CTX_set_default_passwd_cb);
BERTH_OPENSSL(SSL_CTX_set_default_read_buffer_len);
BERTH_OPENSSL(SSL_CTX_set_num_tickets);
BERTH_OPENSSL(SSL_CTX_set_options);
BERTH_OPENSSL(SSL_CTX_use_PrivateKey_file);
BERTH_OPENSSL(SSL_CTX_use_certificate_chain_file);
BERTH_OPENSSL(SSL_do_handshake);
BERTH_OPENSSL(SSL_free);
BERTH_OPENSSL(SSL_get0_alpn_selected);
BERTH_OPENSSL(SSL_get1_peer_certificate);
BERTH_OPENSSL(SSL_get_error);
BERTH_OPENSSL(SSL_get_ex_data);
BERTH_OPENSSL(SSL_get_ex_data_X509_STORE_CTX_idx);
BERTH_OPENSSL(SSL_get_state);
BERTH_OPENSSL(SSL_load_client_CA_file);
BERTH_OPENSSL(SSL_new);
BERTH_OPENSSL(SSL_read);
BERTH_OPENSSL(SSL_select_next_proto);
BERTH_OPENSSL(SSL_set_accept_state);
BERTH_OPENSSL(SSL_set_bio);
BERTH_OPENSSL(SSL_set_connect_state);
BERTH_OPENSSL(SSL_set_ex_data);
BERTH_OPENSSL(SSL_set_verify);
BERTH_OPENSSL(SSL_shutdown);
BERTH_OPENSSL(SSL_write);
BERTH_OPENSSL(TLS_client_method);
BERTH_OPENSSL(TLS_server_method);
BERTH_OPENSSL(X509V3_EXT_conf_nid);
BERTH_OPENSSL(X509V3_set_ctx);
BERTH_OPENSSL(X509_CRL_add0_revoked);
BERTH_OPENSSL(X509_CRL_free);
BERTH_OPENSSL(X509_CRL_get0_by_serial);
BERTH_OPENSSL(X509_CRL_get_REVOKED);
BERTH_OPENSSL(X509_CRL_new);
BERTH_OPENSSL(X509_CRL_set1_lastUpdate);
BERTH_OPENSSL(X509_CRL_set_issuer_name);
BERTH_OPENSSL(X509_CRL_set_version);
BERTH_OPENSSL(X509_CRL_sign);
BERTH_OPENSSL(X509_CRL_sort);
BERTH_OPENSSL(X509_EXTENSION_free);
BERTH_OPENSSL(X509_LOOKUP_file);
BERTH_OPENSSL(X509_NAME_add_entry_by_txt);
BERTH_OPENSSL(X509_NAME_get_text_by_NID);
BERTH_OPENSSL(X509_REVOKED_get0_serialNumber);
BERTH_OPENSSL(X509_REVOKED_new);
BERTH_OPENSSL(X509_REVOKED_set_revocationDate);
BERTH_OPENSSL(X509_REVOKED_set_serialNumber);
BERTH_OPENSSL(X509_STORE_CTX_get_current_cert);
BERTH_OPENSSL(X509_STORE_CTX_get_error);
BERTH_OPENSSL(X509_STORE_CTX_get_error_depth);
BERTH_OPENSSL(X509_STORE_CTX_get_ex_data);
BERTH_OPENSSL(X509_STORE_CTX_set_error);
BERTH_OPENSSL(X509_STORE_add_crl);
BERTH_OPENSSL(X509_STORE_add_lookup);
BERTH_OPENSSL(X509_STORE_set_flags);
BERTH_OPENSSL(X509_add_ext);
BERTH_OPENSSL(X509_check_host);
BERTH_OPENSSL(X509_check_ip_asc);
BERTH_OPENSSL(X509_cmp_current_time);
BERTH_OPENSSL(X509_free);
BERTH_OPENSSL(X509_get0_notAfter);
BERTH_OPENSSL(X509_get0_notBefore);
BERTH_OPENSSL(X509_get0_serialNumber);
BERTH_OPENSSL(X509_get_ext_by_NID);
BERTH_OPENSSL(X509_get_extended_key_usage);
BERTH_OPENSSL(X509_get_serialNumber);
BERTH_OPENSSL(X509_get_subject_name);
BERTH_OPENSSL(X509_getm_notAfter);
BERTH_OPENSSL(X509_getm_notBefore);
BERTH_OPENSSL(X509_gmtime_adj);
BERTH_OPENSSL(X509_load_cert_file);
BERTH_OPENSSL(X509_new);
BERTH_OPENSSL(X509_set_issuer_name);
BERTH_OPENSSL(X509_set_pubkey);
BERTH_OPENSSL(X509_set_serialNumber);
BERTH_OPENSSL(X509_set_version);
BERTH_OPENSSL(X509_sign);
BERTH_OPENSSL(X509_verify_cert_error_string);
BERTH_OPENSSL(a2i_IPADDRESS);
#undef BERTH_OPENSSL

}  // namespace berth::openssl
