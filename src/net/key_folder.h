/// A small CA of the user's own, whose certificates let programs of other machines use the workers of this one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "net/tls.h"

namespace berth::net {

/// berth/keys below XDG_CONFIG_HOME, else below .config in the home folder.
std::filesystem::path key_folder();

/// All in one file, as `add` writes it. What was revoked stands in revoked.pem beside it, else at its end.
TlsKeys keys_in(const std::filesystem::path& bundle);

enum class KeyUse { client, worker };

struct KeyOptions {
  KeyUse use = KeyUse::client;
  int days = 730;  ///< that it is valid
  /// Of a worker: the names and addresses that it may be reached by, which clients check; none: any, as no client can be taken
  /// for a worker.
  std::vector<std::string> hosts = {};
};

/// One certificate that was made.
struct IssuedKey {
  std::string name;
  KeyUse use = KeyUse::client;
  std::string expires;  ///< "2028-11-28"
  bool expired = false;
  bool revoked = false;
};

/// What stands in a folder of its own: ca.pem and ca-key.pem, revoked.pem, and issued/NAME.pem, certificates without their keys.
/// Only its owner may read it. Everything throws std::runtime_error saying what is wrong and what to do.
class KeyFolder {
 public:
  explicit KeyFolder(std::filesystem::path folder = key_folder()) : folder_(std::move(folder)) {}

  bool is_there() const;
  std::filesystem::path revoked_file() const { return folder_ / "revoked.pem"; }

  /// Makes the CA, worker.pem for workers here, and client.pem for programs here. Goes on where it was interrupted.
  void init(const KeyOptions& of_worker = {}) const;
  /// Makes a certificate with its key, and puts both with the CA and what it has revoked into `file`, which is new.
  void add(const std::string& name, const std::filesystem::path& file, const KeyOptions& options = {}) const;
  /// From here on workers here refuse it, also those that run, and so do programs here; others when they have revoked.pem. Answers of
  /// whom it was.
  KeyUse revoke(const std::string& name) const;
  std::vector<IssuedKey> list() const;

  /// Those of the worker.
  TlsKeys for_worker() const;

 private:
  void add_once(const std::string& name, const KeyOptions& options) const;

  std::filesystem::path folder_;
};

}  // namespace berth::net
