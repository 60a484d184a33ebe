/// TLS 1.3 in which both ends show a certificate: how programs reach workers on other machines.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace berth::net {

/// Files in PEM. One file may hold all three, as those of `berth worker keys add` do.
struct TlsKeys {
  std::filesystem::path ca;            ///< who may have signed the certificate of the other end
  std::filesystem::path certificate;   ///< of this end, with those between it and the CA
  std::filesystem::path key;           ///< its private key, without a passphrase
  std::filesystem::path revoked = {};  ///< a revocation list of that CA; empty: no certificate is looked up

  /// All in one file.
  static TlsKeys bundle(const std::filesystem::path& file) { return {file, file, file}; }

  bool operator==(const TlsKeys&) const = default;
};

/// Why there is no connection. what() goes on after the name of the other end: "has a certificate that expired on ..."; where
/// the keys of this end are wrong, it begins with their file.
struct TlsError : std::runtime_error {
  enum class Kind { keys, refused, silent, other };  ///< refused: by one of the two ends, for what the other one showed

  TlsError(Kind kind_of, const std::string& message) : std::runtime_error(message), kind(kind_of) {}

  Kind kind;
};

/// Throws TlsError where no worker can work with these keys.
void check_worker_keys(const TlsKeys& keys);

/// Tells a client, in the words of TLS, that it is not served for a reason that lies with the worker. Nothing secured may have been sent.
void send_own_failure(int socket);

/// One secured connection over a socket that belongs to the caller. For one thread at a time. No function of it is ended by
/// SIGPIPE, and none but relay() takes longer than its deadline.
class TlsStream {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// `socket` becomes non-blocking. The keys are read anew for each connection, so that what was revoked or replaced
  /// counts at once. Throws TlsError naming the file that is wrong.
  static TlsStream of_worker(int socket, const TlsKeys& keys);
  /// A certificate that names hosts must name `host`.
  static TlsStream of_client(int socket, const TlsKeys& keys, const std::string& host);
  TlsStream(TlsStream&&) noexcept;
  ~TlsStream();

  /// Both ends show their certificates and check the other one's: signed by the CA, not expired or revoked, and made for a
  /// worker or for a client (extendedKeyUsage). A client learns with the first line that it reads whether it was
  /// accepted. `on_hello` is called when the other end has begun as one that speaks TLS does. Throws TlsError.
  void handshake(
      Deadline deadline, const std::function<void()>& on_hello = [] {});

  std::string peer() const;  ///< the name in the other end's certificate, after the handshake

  /// Throw TlsError. A line is at most 200 bytes long, and told without its end.
  void send(std::string_view bytes, Deadline deadline);
  std::string receive_line(Deadline deadline);

  /// Hands on what comes from one side to the other until either of them ends; both are closed for sending then. Throws
  /// TlsError where the connection is cut or the other end does not even acknowledge what it was sent.
  void relay(int plain);

  struct Parts;  ///< for the sources of this class

 private:
  explicit TlsStream(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace berth::net
