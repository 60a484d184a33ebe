#include "discover/remote/worker_link.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "discover/remote/rpc_worker.h"
#include "net/key_folder.h"
#include "net/sockets.h"
#include "system/curl_library.h"
#include "text/printable.h"

namespace berth::discovery {
namespace {

using Kind = RpcError::Kind;

KeyFileOf key_file_of_list = nullptr;

[[noreturn]] void fail_link(Kind kind, const std::string& endpoint, std::string_view what) {
  throw RpcError(kind, fmt::format("The RPC worker {} {}", endpoint, what));
}

struct FreeCurl {
  void operator()(CURL* handle) const { curl().easy_cleanup(handle); }
};

std::string text_of(CURL* handle, CURLINFO what) {
  const char* text = nullptr;
  curl().easy_getinfo(handle, what, &text);
  return text == nullptr ? "" : text;
}

/// libcurl for the way there: names, both versions of IP, a deadline on all of it. Nothing of HTTP is spoken.
std::unique_ptr<CURL, FreeCurl> connect_to(const std::string& endpoint, const RpcEndpoint& to,
                                           std::chrono::milliseconds time) {
  std::unique_ptr<CURL, FreeCurl> handle(new_curl_handle());
  if (handle == nullptr) fail_link(Kind::other, endpoint, "cannot be reached: libcurl cannot start");
  auto* it = handle.get();
  const auto host = to.host.find(':') == std::string::npos ? to.host : "[" + to.host + "]";
  curl().easy_setopt(it, CURLOPT_URL, fmt::format("http://{}:{}/", host, to.port).c_str());
  curl().easy_setopt(it, CURLOPT_CONNECT_ONLY, 1L);
  curl().easy_setopt(it, CURLOPT_PROXY, "");
  curl().easy_setopt(it, CURLOPT_NOSIGNAL, 1L);
  curl().easy_setopt(it, CURLOPT_CONNECTTIMEOUT_MS, std::max(1L, static_cast<long>(time.count())));
#if CURL_AT_LEAST_VERSION(7, 87, 0)
  curl().easy_setopt(it, CURLOPT_QUICK_EXIT, 1L);  // a name server that does not answer is not waited for
#endif
  std::array<char, CURL_ERROR_SIZE> error{};
  curl().easy_setopt(it, CURLOPT_ERRORBUFFER, error.data());
  const CURLcode result = curl().easy_perform(it);
  curl().easy_setopt(it, CURLOPT_ERRORBUFFER, nullptr);
  if (result == CURLE_OK) return handle;
  const std::string reason = printable(error[0] != '\0' ? error.data() : curl().easy_strerror(result));
  fail_link(result == CURLE_OPERATION_TIMEDOUT ? Kind::silent : Kind::unreachable, endpoint,
            fmt::format("cannot be reached: {}. Is the worker running, and may this machine connect to it?", reason));
}

}  // namespace

void set_key_file_of(KeyFileOf look_up) { key_file_of_list = look_up; }

net::TlsKeys keys_of_client(std::string_view endpoint) {
  const auto of_list = key_file_of_list == nullptr ? std::filesystem::path() : key_file_of_list(endpoint);
  if (!of_list.empty()) return net::keys_in(of_list);
  if (const char* named = std::getenv("BERTH_WORKER_KEY"); named != nullptr && *named != '\0')
    return net::keys_in(named);
  return net::keys_in(net::key_folder() / "client.pem");
}

std::optional<std::string> stranger_at(int socket) {
  const auto user = net::user_of_peer(socket);
  if (!user) return "nobody who can be told";
  if (*user == geteuid() || *user == 0) return std::nullopt;
  const char* named = std::getenv("BERTH_WORKER_USER");
  const auto name = net::name_of_user(*user);
  if (named != nullptr && (named == name || named == std::to_string(*user))) return std::nullopt;
  return fmt::format("another user ({})", name);
}

struct WorkerLink::Parts {
  std::unique_ptr<CURL, FreeCurl> handle;
  int socket = -1;
  std::string address = {};
  std::string local_address = {};
  std::optional<net::TlsStream> secured = {};
};

WorkerLink::WorkerLink(const std::string& endpoint, const net::TlsKeys& keys, std::chrono::milliseconds time,
                       std::chrono::milliseconds to_connect) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  const auto to = RpcEndpoint::parse(endpoint);
  parts_ = std::make_unique<Parts>(Parts{.handle = connect_to(endpoint, to, std::min(time, to_connect))});
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl().easy_getinfo(parts_->handle.get(), CURLINFO_ACTIVESOCKET, &socket);
  if (socket == CURL_SOCKET_BAD) fail_link(Kind::unreachable, endpoint, "cannot be reached: the connection is gone");
  parts_->socket = socket;
  parts_->address = text_of(parts_->handle.get(), CURLINFO_PRIMARY_IP);
  parts_->local_address = text_of(parts_->handle.get(), CURLINFO_LOCAL_IP);
  net::set_for_messages(socket);
  if (!to.tls) return;
  try {
    parts_->secured.emplace(net::TlsStream::of_client(socket, keys, to.host.substr(0, to.host.find('%'))));
    parts_->secured->handshake(deadline);
    if (const auto answer = parts_->secured->receive_line(deadline); answer != "ok")
      fail_link(Kind::other, endpoint, printable(answer));
  } catch (const net::TlsError& problem) {
    if (problem.kind == net::TlsError::Kind::keys)
      fail_link(Kind::other, endpoint,
                fmt::format("cannot be reached: {}. The worker's 'berth worker keys add' makes such a file, and "
                            "BERTH_WORKER_KEY names it here",
                            problem.what()));
    fail_link(problem.kind == net::TlsError::Kind::silent ? Kind::silent : Kind::other, endpoint, problem.what());
  }
}

WorkerLink::~WorkerLink() = default;

const std::string& WorkerLink::address() const { return parts_->address; }
const std::string& WorkerLink::local_address() const { return parts_->local_address; }
int WorkerLink::socket() const { return parts_->socket; }
bool WorkerLink::is_secured() const { return parts_->secured.has_value(); }
void WorkerLink::relay(int plain) {
  if (parts_->secured) return parts_->secured->relay(plain);
  const bool here = net::is_loopback(parts_->address);
  net::relay(plain, parts_->socket, [&] { return !here || !stranger_at(parts_->socket); });
}
void WorkerLink::shut_down() const { shutdown(parts_->socket, SHUT_RDWR); }

}  // namespace berth::discovery
