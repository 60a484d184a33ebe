/// The way to a worker: TCP, or TLS over it, with a deadline on all that may take long.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "discover/remote/rpc_endpoint.h"
#include "net/tls.h"

namespace berth::discovery {

/// The keys with which this process shows itself to the worker at `endpoint`: those in the file that the user's list of workers names
/// for it, else BERTH_WORKER_KEY, else in berth/keys/client.pem below XDG_CONFIG_HOME or ~/.config.
net::TlsKeys keys_of_client(std::string_view endpoint);

/// What the list says, which a folder above this one reads: the file of keys for an endpoint; empty where it names none.
using KeyFileOf = std::filesystem::path (*)(std::string_view endpoint);
/// To be called once, before anything else runs.
void set_key_file_of(KeyFileOf look_up);

/// Whether a plain worker at the other end of a connection within this machine may see prompts and weights: one of this user's, of
/// root's, who sees everything anyway, or of the user whom BERTH_WORKER_USER names. Otherwise says whose it is.
std::optional<std::string> stranger_at(int socket);

/// A connection to a worker that took it. It ends with this.
class WorkerLink {
 public:
  /// Connects, within `to_connect` where that is less than `deadline`, and in the case of TLS shows the keys and waits until
  /// the worker took them. Throws RpcError.
  WorkerLink(const std::string& endpoint, const net::TlsKeys& keys, std::chrono::milliseconds deadline,
             std::chrono::milliseconds to_connect = std::chrono::milliseconds::max());
  ~WorkerLink();
  WorkerLink(const WorkerLink&) = delete;
  WorkerLink& operator=(const WorkerLink&) = delete;

  const std::string& address() const;        ///< numeric, of the worker
  const std::string& local_address() const;  ///< of this end

  bool is_secured() const;

  /// Non-blocking. What is secured goes through relay().
  int socket() const;

  /// Hands on what comes from `plain` and to it until one of the two ends. A plain worker on this machine that belongs to a
  /// stranger gets nothing but a greeting. Throws net::TlsError.
  void relay(int plain);
  /// Ends relay() on another thread.
  void shut_down() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace berth::discovery
