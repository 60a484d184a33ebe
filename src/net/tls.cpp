#include "net/tls.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "net/tls_parts.h"

namespace berth::net {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t longest_line = 200;

/// OpenSSL's own sockets raise SIGPIPE.
int write_socket(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const auto sent = ::send(static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))), bytes,
                           static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int read_socket(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const auto got = ::recv(static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))), bytes,
                          static_cast<std::size_t>(size), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(got);
}

long control_socket(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

Bio over_socket(int socket) {
  static const auto* method = [] {
    auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without signals");
    BIO_meth_set_write(made, write_socket);
    BIO_meth_set_read(made, read_socket);
    BIO_meth_set_ctrl(made, control_socket);
    return made;
  }();
  Bio bio(BIO_new(method));
  BIO_set_data(bio.get(), reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
  BIO_set_init(bio.get(), 1);
  return bio;
}

/// Beyond what OpenSSL checks: an absent extendedKeyUsage would allow everything.
int problem_of_leaf(X509& certificate, bool of_worker, const std::string& host) {
  const auto usage = X509_get_extended_key_usage(&certificate);
  const std::uint32_t wanted = of_worker ? XKU_SSL_SERVER : XKU_SSL_CLIENT;
  if (usage == UINT32_MAX || (usage & wanted) == 0) return X509_V_ERR_INVALID_PURPOSE;
  if (!of_worker || X509_get_ext_by_NID(&certificate, NID_subject_alt_name, -1) < 0) return X509_V_OK;
  const bool named = X509_check_host(&certificate, host.data(), host.size(), 0, nullptr) == 1 ||
                     X509_check_ip_asc(&certificate, host.c_str(), 0) == 1;
  return named ? X509_V_OK : X509_V_ERR_HOSTNAME_MISMATCH;
}

void wait_for(int socket, short events, TlsStream::Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd watched{socket, events, 0};
    if (left > 0 && poll(&watched, 1, static_cast<int>(std::min<long long>(left, 60'000))) > 0) return;
    if (left <= 0) throw TlsError(TlsError::Kind::silent, "does not finish the handshake of TLS in time");
  }
}

}  // namespace

void TlsStream::Parts::open() {
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
  context = context_for(keys, is_worker);
  ssl.reset(SSL_new(context.get()));
  auto bio = over_socket(socket);
  SSL_set_bio(ssl.get(), bio.get(), bio.get());
  (void)bio.release();
  SSL_set_app_data(ssl.get(), this);
  const auto check = [](int fine, X509_STORE_CTX* store) {
    auto* connection = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& mine = *static_cast<Parts*>(SSL_get_app_data(connection));
    auto* certificate = X509_STORE_CTX_get_current_cert(store);
    if (fine == 1 && X509_STORE_CTX_get_error_depth(store) == 0) {
      const int problem = problem_of_leaf(*certificate, !mine.is_worker, mine.host);
      if (problem != X509_V_OK) X509_STORE_CTX_set_error(store, problem);
      fine = problem == X509_V_OK ? 1 : 0;
    }
    if (fine != 1 && certificate != nullptr)
      mine.complaint =
          certificate_problem(X509_STORE_CTX_get_error(store), *certificate, mine.keys, !mine.is_worker, mine.host);
    return fine;
  };
  SSL_set_verify(ssl.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, check);
  is_worker ? SSL_set_accept_state(ssl.get()) : SSL_set_connect_state(ssl.get());
}

short TlsStream::Parts::events_to_wait_for(int result) {
  const int system_error = errno;
  switch (SSL_get_error(ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return POLLIN;
    case SSL_ERROR_WANT_WRITE:
      return POLLOUT;
    case SSL_ERROR_SYSCALL:
      throw TlsError(TlsError::Kind::other, fmt::format("broke off: {}", std::strerror(system_error)));
    default:
      break;
  }
  const auto error = ERR_peek_error();
  ERR_clear_error();
  if (!complaint.empty()) throw TlsError(TlsError::Kind::refused, complaint);
  throw TlsError(TlsError::Kind::refused, handshake_problem(error, keys, is_worker));
}

TlsStream::TlsStream(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) { parts_->open(); }
TlsStream::TlsStream(TlsStream&&) noexcept = default;
TlsStream::~TlsStream() = default;

void send_own_failure(int socket) {
  constexpr std::array<unsigned char, 7> alert = {
      21, 3, 3, 0, 2, SSL3_AL_FATAL, SSL_AD_INTERNAL_ERROR};  // RFC 8446, 5.1 and 6
  (void)!::send(socket, alert.data(), alert.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

TlsStream TlsStream::of_worker(int socket, const TlsKeys& keys) {
  return TlsStream(std::unique_ptr<Parts>(new Parts{.socket = socket, .is_worker = true, .keys = keys}));
}

TlsStream TlsStream::of_client(int socket, const TlsKeys& keys, const std::string& host) {
  return TlsStream(std::unique_ptr<Parts>(new Parts{.socket = socket, .is_worker = false, .keys = keys, .host = host}));
}

void TlsStream::handshake(Deadline deadline, const std::function<void()>& on_hello) {
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(parts_->ssl.get());
    const auto state = SSL_get_state(parts_->ssl.get());
    if (state != TLS_ST_BEFORE && state != TLS_ST_SR_CLNT_HELLO) on_hello();
    if (result == 1) break;
    wait_for(parts_->socket, parts_->events_to_wait_for(result), deadline);
  }
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(parts_->ssl.get(), &protocol, &size);
  if (std::string_view(reinterpret_cast<const char*>(protocol), size) != worker_protocol)
    throw TlsError(TlsError::Kind::refused, handshake_problem(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_NO_APPLICATION_PROTOCOL),
                                                              parts_->keys, parts_->is_worker));
}

std::string TlsStream::peer() const {
  const Certificate certificate(SSL_get1_peer_certificate(parts_->ssl.get()));
  return certificate ? name_in(*certificate) : "";
}

void TlsStream::send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    ERR_clear_error();
    const int sent = SSL_write(parts_->ssl.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (sent > 0)
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    else
      wait_for(parts_->socket, parts_->events_to_wait_for(sent), deadline);
  }
}

std::string TlsStream::receive_line(Deadline deadline) {
  std::string line;
  for (char next = 0; line.size() <= longest_line;) {
    ERR_clear_error();
    const int got = SSL_read(parts_->ssl.get(), &next, 1);
    if (got <= 0 && SSL_get_error(parts_->ssl.get(), got) == SSL_ERROR_ZERO_RETURN)
      throw TlsError(TlsError::Kind::other, "closed the connection after the handshake of TLS");
    if (got <= 0)
      wait_for(parts_->socket, parts_->events_to_wait_for(got), deadline);
    else if (next == '\n')
      return line;
    else
      line += next;
  }
  throw TlsError(TlsError::Kind::other, "sends what makes no sense");
}

}  // namespace berth::net
