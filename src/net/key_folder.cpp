#include "net/key_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "net/certificates.h"
#include "text/descriptor.h"
#include "text/file.h"
#include "text/printable.h"

namespace berth::net {
namespace {

constexpr int days_of_ca = 3650;
constexpr std::size_t longest_name = 64;

[[noreturn]] void file_problem(const std::filesystem::path& file, std::string_view what) {
  throw std::runtime_error(fmt::format("{} {}", file.string(), what));
}

void make_private_folder(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::create_directories(folder.parent_path(), ignored);
  if (mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST)
    file_problem(folder, fmt::format("cannot be made: {}", std::strerror(errno)));
  struct stat info {};
  if (lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) file_problem(folder, "is no folder");
  if (info.st_uid != geteuid() || (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    file_problem(folder, "can be entered by others: it must be this user's own, with chmod 700");
}

/// For its owner's eyes only. A new one must not be there yet; another one is replaced in one step.
void write_private(const std::filesystem::path& file, std::string_view text, bool is_new) {
  const auto path = is_new ? file.string() : file.string() + fmt::format(".{}.new", getpid());
  const Descriptor to(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (to < 0 && is_new && errno == EEXIST) file_problem(file, "is there already, and may be in use");
  bool written = to >= 0;
  for (std::size_t at = 0; written && at < text.size();) {
    const auto count = ::write(to, text.data() + at, text.size() - at);
    written = count > 0;
    at += written ? static_cast<std::size_t>(count) : 0;
  }
  written = written && fsync(to) == 0 && (is_new || rename(path.c_str(), file.c_str()) == 0);
  const int problem = errno;
  if (to >= 0 && !written) unlink(path.c_str());
  if (!written) file_problem(file, fmt::format("cannot be written: {}", std::strerror(problem)));
}

void check_key_name(const std::string& name) {
  const bool plain = !name.empty() && name.size() <= longest_name && name[0] != '.' && name[0] != '-' &&
                     std::ranges::all_of(name, [](char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
                              c == '-' || c == '_';
                     });
  if (!plain)
    throw std::invalid_argument(fmt::format(
        "{} is no name for a key: letters, digits, '.', '-' and '_' are, at most {}", in_quotes(name), longest_name));
}

std::string host_of_this_machine() {
  char name[65] = {};
  return gethostname(name, sizeof name - 1) == 0 ? printable(name, 40) : "this machine";
}

bool is_in(X509_CRL& list, const X509& certificate) {
  X509_REVOKED* entry = nullptr;
  return X509_CRL_get0_by_serial(&list, &entry, const_cast<ASN1_INTEGER*>(X509_get0_serialNumber(&certificate))) == 1;
}

KeyUse use_of(X509& certificate) {
  return (X509_get_extended_key_usage(&certificate) & XKU_SSL_SERVER) != 0 ? KeyUse::worker : KeyUse::client;
}

KeyPair read_ca(const std::filesystem::path& folder) {
  return {.certificate = read_certificate(folder / "ca.pem"), .key = read_key(folder / "ca-key.pem")};
}

std::string bundle_text(const KeyPair& pair, const KeyPair& ca) {
  return pem_of(*pair.key) + pem_of(*pair.certificate) + pem_of(*ca.certificate);
}

bool is_there_at(const std::filesystem::path& file) {
  std::error_code ignored;
  return std::filesystem::exists(file, ignored);
}

bool holds_list(const std::filesystem::path& bundle) {
  constexpr std::size_t most = 1 << 20;
  try {
    return read_text_file(bundle, most).find("-----BEGIN X509 CRL-----") != std::string::npos;
  } catch (const std::exception&) {  // whoever uses the file says what is wrong
    return false;
  }
}

}  // namespace

std::filesystem::path key_folder() {
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config == '/')
    return std::filesystem::path(config) / "berth" / "keys";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "/" : home) / ".config" / "berth" / "keys";
}

TlsKeys keys_in(const std::filesystem::path& bundle) {
  auto keys = TlsKeys::bundle(bundle);
  const auto beside = bundle.parent_path() / "revoked.pem";
  if (is_there_at(beside))
    keys.revoked = beside;
  else if (holds_list(bundle))
    keys.revoked = bundle;
  return keys;
}

bool KeyFolder::is_there() const { return is_there_at(folder_ / "worker.pem"); }

TlsKeys KeyFolder::for_worker() const {
  auto keys = TlsKeys::bundle(folder_ / "worker.pem");
  std::error_code ignored;
  // A worker whose bundle was made elsewhere has none; the CA's own folder has always one.
  if (std::filesystem::exists(folder_ / "ca.pem", ignored) || std::filesystem::exists(folder_ / "revoked.pem", ignored))
    keys.revoked = folder_ / "revoked.pem";
  return keys;
}

void KeyFolder::init(const KeyOptions& of_worker) const {
  const auto in = [this](const char* name) { return folder_ / name; };
  make_private_folder(folder_);
  make_private_folder(in("issued"));
  const bool nothing_issued = std::filesystem::is_empty(in("issued"));
  const bool has_ca = is_there_at(in("ca-key.pem"));
  for (const char* name : {"worker.pem", "client.pem"})
    if (!has_ca && is_there_at(in(name))) file_problem(in(name), "is there already, and may be in use");
  if (has_ca && is_there_at(in("worker.pem")) && is_there_at(in("client.pem")))
    file_problem(in("ca-key.pem"), "is there already, and may be in use");
  if (nothing_issued) {  // a CA that signed nothing is begun anew
    for (const char* name : {"ca-key.pem", "ca.pem", "revoked.pem"}) std::filesystem::remove(in(name));
    const auto ca = make_ca("Berth on " + host_of_this_machine(), days_of_ca);
    write_private(in("ca-key.pem"), pem_of(*ca.key), true);
    write_private(in("ca.pem"), pem_of(*ca.certificate), true);
    write_private(in("revoked.pem"), pem_of(*make_revocation_list(ca, {})), true);
  }
  add_once("worker", {.use = KeyUse::worker, .days = of_worker.days, .hosts = of_worker.hosts});
  add_once("client", {.use = KeyUse::client, .days = of_worker.days});
}

/// A certificate whose key never got to its file is revoked.
void KeyFolder::add_once(const std::string& name, const KeyOptions& options) const {
  const auto file = folder_ / (name + ".pem");
  if (is_there_at(file)) return;
  if (is_there_at(folder_ / "issued" / (name + ".pem"))) revoke(name);
  add(name, file, options);
}

void KeyFolder::add(const std::string& name, const std::filesystem::path& file, const KeyOptions& options) const {
  check_key_name(name);
  const auto ca = read_ca(folder_);
  const auto issued = folder_ / "issued" / (name + ".pem");
  const auto revoked = read_revocation_list(revoked_file());
  if (is_there_at(issued) && !is_in(*revoked, *read_certificate(issued)))
    throw std::runtime_error(fmt::format("there is a key '{}' already: revoke it first, or take another name", name));
  if (is_there_at(file)) file_problem(file, "is there already, and may be in use");
  const auto made = make_key(ca, name, options);
  write_private(issued, pem_of(*made.certificate), false);  // first: what nobody knows of cannot be revoked
  try {
    write_private(file, bundle_text(made, ca) + pem_of(*revoked), true);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(issued, ignored);
    throw;
  }
}

KeyUse KeyFolder::revoke(const std::string& name) const {
  check_key_name(name);
  const auto ca = read_ca(folder_);
  const auto issued = folder_ / "issued" / (name + ".pem");
  if (!is_there_at(issued))
    throw std::runtime_error(fmt::format("there is no key '{}': berth worker keys list names them", name));
  const auto certificate = read_certificate(issued);
  const auto use = use_of(*certificate);
  const auto old = read_revocation_list(folder_ / "revoked.pem");
  std::vector<Certificate> kept;
  std::vector<const X509*> revoked = {certificate.get()};
  auto* entries = X509_CRL_get_REVOKED(old.get());
  for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
    Certificate stand_in(X509_new());  // a list is made of serial numbers only
    X509_set_serialNumber(stand_in.get(),
                          const_cast<ASN1_INTEGER*>(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(entries, i))));
    if (ASN1_INTEGER_cmp(X509_get0_serialNumber(stand_in.get()), X509_get0_serialNumber(certificate.get())) == 0)
      return use;
    revoked.push_back(stand_in.get());
    kept.push_back(std::move(stand_in));
  }
  write_private(revoked_file(), pem_of(*make_revocation_list(ca, revoked)), false);
  return use;
}

std::vector<IssuedKey> KeyFolder::list() const {
  const auto revoked = read_revocation_list(folder_ / "revoked.pem");
  std::vector<IssuedKey> keys;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "issued")) {
    if (entry.path().extension() != ".pem") continue;
    const auto certificate = read_certificate(entry.path());
    tm until{};
    ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &until);
    keys.push_back({.name = entry.path().stem().string(),
                    .use = use_of(*certificate),
                    .expires = fmt::format("{:04}-{:02}-{:02}", until.tm_year + 1900, until.tm_mon + 1, until.tm_mday),
                    .expired = X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0,
                    .revoked = is_in(*revoked, *certificate)});
  }
  std::ranges::sort(keys, {}, &IssuedKey::name);
  return keys;
}

}  // namespace berth::net
