/// What a secured connection is made of.
#pragma once

#include <string>

#include "net/openssl.h"
#include "net/tls.h"

namespace berth::net {

/// What both ends must speak inside of TLS: a line from the worker that says whether it takes the client, then ggml's RPC.
inline constexpr std::string_view worker_protocol = "berth-worker/1";

struct TlsStream::Parts {
  int socket;
  bool is_worker;
  TlsKeys keys;
  std::string host = {};  ///< that a client connected to
  SslContext context = {};
  Ssl ssl = {};
  std::string complaint = {};  ///< about the other end's certificate

  /// With contexts of OpenSSL. Throws TlsError.
  void open();
  /// Throws what the last call's failure means, unless it can be tried again when the socket is ready for the events that
  /// are answered.
  short events_to_wait_for(int result);
};

/// Keys, versions and what is checked, for one connection. Throws TlsError.
SslContext context_for(const TlsKeys& keys, bool is_worker);
/// What is wrong with a certificate, by OpenSSL's X509_V_ERR_...: "has a certificate ('laptop') that was revoked".
std::string certificate_problem(int error, X509& certificate, const TlsKeys& keys, bool of_worker,
                                const std::string& host);
/// By OpenSSL's SSL_R_..., 0 where the connection was just closed: "refused the certificate in client.pem: it was revoked".
std::string handshake_problem(unsigned long error, const TlsKeys& keys, bool is_worker);

}  // namespace berth::net
